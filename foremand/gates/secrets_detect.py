"""Secrets in one line of text: those that a provider's pattern tells, and those that a name or their look gives away.

What a provider's pattern tells is believed anywhere. The rest is a guess, so it must look random to count and is not
made where files are made of random text. Words in a comment that ask to be let off ("pragma: allowlist secret") are
not heard: the one who writes the lines is the one who is looked after.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from detect_secrets.filters.heuristic import is_lock_file, is_potential_uuid, is_sequential_string
from detect_secrets.plugins.high_entropy_strings import Base64HighEntropyString
from detect_secrets.plugins.keyword import KeywordDetector
from msgspec import Struct

from .secrets_patterns import PROVIDERS

PIECE, OVERLAP = 8192, 1024
"""Characters of a line that are looked at together: patterns take longer than in proportion to a line's length."""

RUN = re.compile(r"(?<![\w+/=.:@~-])[\w+/=.:@~-]{10}")
"""No provider's secret is without a run of such characters, and most lines are."""

NAMED = ("key", "pass", "pwd", "secret", "token", "credential", "contrase")
"""Without one of them a line names no secret."""

ASSIGNED = re.compile(
    r"""(?:key|token|secret|passw(?:or)?d|passphrase|pwd|credentials?)\w{0,20}['"\]]{0,2}\s{0,4}(?:=>|:=|[=:,(])\s{0,4}"""
    r"""['"`]([^\s'"`]{8,200})['"`]""",
    re.IGNORECASE,
)
"""A quoted value next to a telling name."""

EXPORTED = re.compile(
    r"^\s*(?:[-+]\s+|export\s+|ENV\s+|ARG\s+|set\s+)?[\w.-]*(?:KEY|TOKEN|SECRET|PASS|PASSWORD|PASSWD|PWD|CREDENTIALS?)"
    r"\s?[=:]\s?([^\s'\"`()\[\]{}<>]{8,200})(?:\s.*)?$",
    re.IGNORECASE,
)
"""A bare value at the begin of a line, as in environments, Dockerfiles and settings."""

PLACEHOLDER = re.compile(
    r"example|sample|dummy|placeholder|change.?me|redacted|your[-_]?|insert|replace|fake|foobar|test|todo|password|"
    r"secret|passwd|xxxx|\*\*\*|\.\.\.|1234567|abcdef|qwerty|lorem|^[$<{\[%]|[>}]$|[$%]\(\w+\)|\$\{|\{\{|\{\w+[}:!.]|"
    r"\\[xu]|^\d{4}-\d\d-\d\d|^SHA\d+:|^(?:MFkwEwYH|MIIBIjAN|MIICIjAN|MCowBQYD)",
    re.IGNORECASE,
)
"""What stands where a secret will be, or is something else: an expression, a date, a hash, a public key in DER."""

SHOWN = re.compile(r"example|xxxx|abcdefgh|12345678|\*\*\*", re.IGNORECASE)
"""What makes a provider's token one of documentation."""

SPOKEN = re.compile(r"(?:[A-Z]?[a-z]+\d{1,2}(?=[A-Z]))?[A-Za-z]*\d{0,5}|\d+")
HUMP = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
"""A word, a few in camelCase, a number: names of things consist of them, and their humps are no shorter than words."""

BETWEEN = re.compile(r"[-_./:,;=()\[\]\\|\s]+")
"""What stands between the words of a name, a path, a call."""

TOLD = re.compile(
    r"public.?key|sha\d|md5|hash|digest|checksum|integrity|etag|fingerprint|nonce|uuid|guid|signature", re.IGNORECASE
)
"""Words beside which a random string is nothing that must be kept."""

MADE = re.compile(
    r"(?:^|/)(?:go\.sum|go\.mod|[^/]*[.-]lock(?:\.\w+)?|[^/]*\.(?:svg|min\.js|min\.css|map|sum|ipynb|po))$"
)
"""Files made of hashes and numbers, where guesses are not worth making."""

GUESS = "random string"
UNNAMED = (24, 200)
"""Least and most characters of a random string that nothing names."""


class Hit(Struct, frozen=True):
    """A secret in a line. It never leaves the process that looks."""

    kind: str
    secret: str


class Detector:
    """Looks at lines one by one."""

    def __init__(self) -> None:
        self._keyword = KeywordDetector()
        self._base64 = Base64HighEntropyString()

    def look(self, path: str, text: str, *, guess: bool = True) -> list[Hit]:
        """The secrets in one line of `path`, each once by its surest name; without `guess` the sure ones alone."""
        hits: list[Hit] = []
        for piece in _pieces(text):
            for hit in self._piece(path, piece, guess=guess):
                if not any(same(hit.secret, known.secret) for known in hits):
                    hits.append(hit)
        return hits

    def _piece(self, path: str, text: str, *, guess: bool) -> Iterator[Hit]:
        folded = text.casefold()
        if RUN.search(text) or "://" in text:
            yield from _told(text, folded)
        if guess and not made_of_noise(path):
            yield from self._guessed(path, text, folded)

    def _guessed(self, path: str, text: str, folded: str) -> Iterator[Hit]:
        if any(name in folded for name in NAMED):
            yield from (Hit("password or key", secret) for secret in self._named(path, text) if random_looking(secret))
        if "'" in text or '"' in text:
            for secret in self._base64.analyze_string(text):
                if self._unnamed(text, secret):
                    yield Hit(GUESS, secret)

    def _named(self, path: str, text: str) -> Iterator[str]:
        yield from (secret for found in self._keyword.analyze_line(path, text) if (secret := found.secret_value))
        for pattern in (ASSIGNED, EXPORTED):
            yield from (match.group(1) for match in pattern.finditer(text))

    def _unnamed(self, text: str, secret: str) -> bool:
        return (
            UNNAMED[0] <= len(secret) <= UNNAMED[1]
            and any(map(str.islower, secret))
            and any(map(str.isupper, secret))
            and secret.count("/") < 3
            and "\\" not in secret
            and self._base64.calculate_shannon_entropy(secret) > self._base64.entropy_limit
            and random_looking(secret)
            and not TOLD.search(text)
        )


def _told(text: str, folded: str) -> Iterator[Hit]:
    for provider in PROVIDERS:
        seen = folded if provider.folded else text
        if any(needle in seen for needle in provider.needles):
            for secret in provider.matches(text):
                if not _stands_for_one(provider.kind, secret):
                    yield Hit(provider.kind, secret)


@lru_cache(maxsize=16)
def made_of_noise(path: str) -> bool:
    """Whether the file holds hashes or numbers by nature."""
    return is_lock_file(path) or MADE.search(path) is not None


def random_looking(value: str) -> bool:
    """Whether a value could be a secret rather than a word, a name, a placeholder or an expression."""
    value = value.strip().rstrip(",;")
    return (
        len(value) >= 8
        and len(set(value)) >= 6
        and not any(map(str.isspace, value))
        and any(map(str.isalpha, value))
        and (any(map(str.isdigit, value)) or value not in (value.lower(), value.upper()))
        and not PLACEHOLDER.search(value)
        and not is_potential_uuid(value)
        and not is_sequential_string(value)
        and not all(_spoken(word) for word in BETWEEN.split(value))
    )


def _spoken(word: str) -> bool:
    return SPOKEN.fullmatch(word) is not None and (len(word) < 4 or len(word) >= 2.7 * len(HUMP.findall(word)))


def _stands_for_one(kind: str, secret: str) -> bool:
    """Whether documentation shows it in the place of a secret."""
    if kind in ("Basic Auth Credentials", "password in a URL"):
        words = secret.isalpha() and _spoken(secret)
        return words or secret.startswith("://") or PLACEHOLDER.search(secret) is not None
    return len(set(secret)) < 8 or SHOWN.search(secret) is not None


def same(one: str, other: str) -> bool:
    """Whether two findings in one line are the same secret, one cut a little shorter than the other."""
    short, long = sorted((one, other), key=len)
    return short in long and 2 * len(short) >= len(long)


def _pieces(text: str) -> Iterator[str]:
    if len(text) <= PIECE:
        yield text
        return
    for start in range(0, len(text) - OVERLAP, PIECE - OVERLAP):
        yield text[start : start + PIECE]
