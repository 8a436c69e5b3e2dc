"""What is seen in a line: the planted secrets, and not what an ordinary tree is full of."""

import random
import string
import time

import pytest
from planted import planted

from foremand.gates.secrets_detect import Detector, random_looking
from foremand.gates.secrets_keys import KeyFinder, rows_of
from foremand.gates.secrets_patterns import PROVIDERS

DETECTOR = Detector()
ONE_LINE = [each for each in planted() if len(each.lines) == 1 and "private key" not in each.what]


def some(length: int, alphabet: str = string.ascii_letters + string.digits) -> str:
    return "".join(random.Random(7).choices(alphabet, k=length))


@pytest.mark.parametrize("each", ONE_LINE, ids=lambda each: each.what)
def test_a_planted_secret_is_seen_whole_and_once(each) -> None:
    (hit,) = DETECTOR.look(each.path, each.lines[0])
    assert each.secret in hit.secret  # the key of a storage account is told with the words before it
    assert len(hit.secret) - len(each.secret) in (0, len("AccountKey="))


def test_nearly_all_of_many_are_seen() -> None:
    asked = [each for seed in range(40) for each in planted(seed) if len(each.lines) == 1]
    keyless = [each for each in asked if "private key" not in each.what]
    seen = sum(bool(DETECTOR.look(each.path, each.lines[0])) for each in keyless)
    assert seen / len(keyless) >= 0.98


@pytest.mark.parametrize(
    "line",
    [
        'password = "changeme"',
        'PASSWORD = os.environ["DB_PASSWORD"]',
        "password: ${DB_PASSWORD}",
        "DB_PASSWORD={{ vault_db_password }}",
        'API_KEY = "your-api-key-here-123"',
        'aws_access_key_id = "AKIAIOSFODNN7EXAMPLE"',
        'aws_secret_access_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"',
        'TOKEN = "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"',
        'token = "ghp_1234567890abcdefghijklmnopqrstuvwxyz"',
        "postgres://user:password@localhost/db",
        "postgres://postgres:postgres@localhost/db",
        'url = f"https://{user}:{token}@example.org"',
        'key = f"cache:{user_id}:v2"',
        'key=f"{number:016x}"',
        'TOKEN_HINT = "max_tokens=2000000"',
        'request_id = "3f2504e0-4f89-11d3-9a0c-0305e82c3301"',
        'commit = "9fceb02d0ae598e95dc970b74767f19372d61af8"',
        'sha256 = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"',
        'integrity: "sha512-VTH1dGGr0XMLzcuOmN2zZ8Q8gXTM9WRP3JgUGgVF+9yM8xWKdCQZ0h2vd6gPz0a"',
        "def get_token(self, access_token: str, session_key: bytes) -> AccessTokenResponse:",
        'secret_name = "my-service-credentials-v2"',
        'auth_token_header = "X-Auth-Token-V2"',
        'expires_key = "2024-01-02T00:00:00Z"',
        'if text.startswith("-----BEGIN RSA " + "PRIVATE KEY-----"): return parse_rsa_private_key(text)',
        "",
    ],
)
def test_ordinary_lines_are_left_alone(line: str) -> None:
    assert DETECTOR.look("src/a.py", line) == []


def test_a_guess_is_not_made_in_a_lock_file_but_a_token_is_seen_there() -> None:
    guess = f'password = "{some(32)}"'
    token = "glpat-" + some(20)
    for path in ("poetry.lock", "web/package-lock.json", "go.sum", "uv.lock", "pnpm-lock.yaml"):
        assert DETECTOR.look(path, guess) == []
        assert [hit.secret for hit in DETECTOR.look(path, f'"x": "{token}"')] == [token]
    assert len(DETECTOR.look("lock.py", guess)) == 1


@pytest.mark.parametrize("comment", ["# pragma: allowlist secret", "# nosec", "# gitleaks:allow", "// EXAMPLE"])
def test_no_comment_lets_a_secret_pass(comment: str) -> None:
    assert DETECTOR.look("a.py", f'password = "{some(24)}"  {comment}')


def test_a_secret_deep_in_a_long_line_is_seen_whole() -> None:
    token = "github_pat_" + some(82)
    for before in (0, 7_000, 7_150, 8_190, 50_000):
        line = "," * before + f'"{token}"' + "," * 9_000
        assert token in [hit.secret for hit in DETECTOR.look("bundle.json", line)]


def test_every_pattern_is_behind_needles_that_it_cannot_do_without() -> None:
    """The planted lines pass with the needles and would pass without: nothing is lost to the quick look."""
    for each in ONE_LINE:
        line = each.lines[0]
        folded = line.casefold()
        for provider in PROVIDERS:
            if any(True for _ in provider.matches(line)):
                assert any(needle in (folded if provider.folded else line) for needle in provider.needles), each.what


@pytest.mark.parametrize(
    "line",
    ["key=" * 25_000, "eyJ" * 33_000, "aws key " * 12_000, "secret[]" * 12_000, "://a:" * 20_000, "'" + "aB3" * 33_000],
    ids=lambda line: line[:8],
)
def test_no_line_takes_long(line: str) -> None:
    began = time.process_time()
    DETECTOR.look("a.py", line)
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    ("value", "random"),
    [("Sunshine42!", True), ("Tr0ub4dor&3", True), ("oauth2_access_token", False), ("hmac-sha256", False),
     ("correct-horse-battery", False), ("self.tokens[1]", False), ("us-east-1", False), ("aaaaaaaaaaaa1", False)],
)  # fmt: skip
def test_names_are_told_from_random_values(value: str, random: bool) -> None:
    assert random_looking(value) is random


def keys(lines: list[str], first: int = 1) -> list[tuple[int, str]]:
    finder = KeyFinder()
    found = [key for number, line in enumerate(lines, first) for key in finder.read("c", "p", number, line)]
    return [(key.line, key.rows) for key in [*found, *finder.end()]]


BEGIN, END = "-----BEGIN RSA " + "PRIVATE KEY-----", "-----END RSA " + "PRIVATE KEY-----"
ROWS = [some(64 + row)[row:] for row in range(5)]


@pytest.mark.parametrize(
    "lines",
    [
        [BEGIN, *ROWS, END],
        ["  " + each for each in [BEGIN, *ROWS, END]],
        ["k = '''" + BEGIN, *ROWS, END + "'''"],
        [f'"{each}\\n"' for each in [BEGIN, *ROWS, END]],
        ['{"k": "' + "\\n".join([BEGIN, *ROWS, END]) + '"}'],
        [BEGIN, "Proc-Type: 4,ENCRYPTED", "DEK-Info: AES-128-CBC,01", "", *ROWS, END],
        [BEGIN, *ROWS],
        [BEGIN.replace("RSA", "OPENSSH"), *ROWS],
        [BEGIN.replace("RSA", "PGP").replace("KEY", "KEY BLOCK"), "", *ROWS],
        ["PuTTY-User-Key-File-3: ssh-rsa", "Private-Lines: 5", *ROWS, "Private-MAC: 00"],
    ],
)
def test_a_private_key_is_the_same_in_every_dress(lines: list[str]) -> None:
    ((_, rows),) = keys(lines)
    assert rows == "".join(ROWS)


@pytest.mark.parametrize(
    "lines",
    [
        [BEGIN],
        [BEGIN, END],
        [f"if line == '{BEGIN}':", "    return self.parse_private_key_of_some_kind(line)", "x = 1"],
        [BEGIN, *["a comment about what stands in such a file"] * 9, *ROWS],
        ["-----BEGIN CERTIFICATE-----", *ROWS, "-----END CERTIFICATE-----"],
        ["-----BEGIN PUBLIC KEY-----", *ROWS],
    ],
)
def test_a_marker_without_rows_is_no_key(lines: list[str]) -> None:
    assert keys(lines) == []


def test_keys_end_where_the_lines_do_and_two_are_two() -> None:
    finder = KeyFinder()
    assert not list(finder.read("c", "p", 1, BEGIN))
    assert not list(finder.read("c", "p", 2, ROWS[0]))
    assert [key.line for key in finder.read("c", "q", 3, ROWS[1])] == [1], "the key of p, without the row of q"
    assert [line for line, _ in keys([BEGIN, *ROWS[:2], END, "", BEGIN, *ROWS[2:], END], 5)] == [5, 10]
    assert rows_of("\n".join([BEGIN, *ROWS, END])) == "".join(ROWS)
    assert rows_of(some(200)) is None


def test_in_a_binary_file_only_what_cannot_be_chance_counts() -> None:
    told, guessed = "AKIA" + "2E0A8F3B244C9986", 'password = "' + "vT9!kq2Zx7Lm" + '"'
    detector = Detector()
    assert [hit.secret for hit in detector.look("a.db", told, guess=False)] == [told]
    assert detector.look("a.db", guessed)
    assert not detector.look("a.db", guessed, guess=False)
