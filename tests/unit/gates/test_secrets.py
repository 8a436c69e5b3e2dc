"""What a scan amounts to, in words that hold no secret."""

from foremand.gates.secrets import Added, Finding, Scanned, judge, output, refused
from foremand.gates.secrets_worker import fingerprint

HERE = ("detect-secrets",)


def finding(number: int = 1, path: str = "src/a.py", mark: str | None = None) -> Finding:
    return Finding(mark or f"{number:016x}", path, number, "AWS access key", "abc1234def")


def test_nothing_found_passes_and_says_who_looked() -> None:
    judged = judge(Scanned((), ("detect-secrets", "gitleaks")), ())
    assert (judged.result, judged.reason) == ("pass", "no secrets, say detect-secrets and gitleaks")
    assert output(Scanned((), HERE), ()) == ""


def test_a_finding_fails_with_its_place_and_how_to_allow_it() -> None:
    scanned = Scanned((finding(12),), HERE)
    judged = judge(scanned, ())
    assert (judged.result, judged.reason) == ("fail", "1 secret: AWS access key in src/a.py:12 (commit abc1234)")
    said = output(scanned, ())
    assert "fingerprint 000000000000000c" in said
    assert 'allow = ["000000000000000c"]' in said


def test_only_what_is_allowed_is_let_pass() -> None:
    scanned = Scanned((finding(1), finding(2)), HERE)
    assert judge(scanned, [finding(1).fingerprint]).result == "fail"
    assert refused(scanned, [finding(1).fingerprint]) == (finding(2),)
    both = [finding(1).fingerprint, finding(2).fingerprint]
    assert judge(scanned, both).reason == "no secrets, say detect-secrets; 2 allowed"
    for near in ("", finding(1).fingerprint[:8], finding(1).fingerprint.upper() + " ", "*"):
        assert judge(Scanned((finding(1),), HERE), [near]).result == "fail"


def test_a_secret_in_many_lines_is_one_secret_and_many_secrets_are_counted() -> None:
    same = Scanned(tuple(finding(line, mark="f" * 16) for line in (3, 9)), HERE)
    assert judge(same, ()).reason == "1 secret: AWS access key in src/a.py:3 (commit abc1234)"
    assert "a.py:3" in output(same, ())
    assert "a.py:9" in output(same, ())
    many = judge(Scanned(tuple(finding(line) for line in range(1, 7)), HERE), ()).reason
    assert many.startswith("6 secrets: AWS access key in src/a.py:1 (commit abc1234), ")
    assert many.endswith("src/a.py:3 (commit abc1234) and 3 more")


def test_more_than_can_be_named_never_passes() -> None:
    scanned = Scanned((finding(1),), HERE, cut=True)
    assert judge(scanned, ()).reason.startswith("1 or more secrets: ")
    judged = judge(scanned, [finding(1).fingerprint])
    assert (judged.result, judged.reason) == ("fail", "0 or more secrets: more than can be named")
    assert "made" in output(scanned, [finding(1).fingerprint])


def test_a_reason_is_one_line_whatever_a_path_holds() -> None:
    judged = judge(Scanned((finding(1, "a\nb\x1b[31m.py"),), HERE), ())
    assert judged.reason == r"1 secret: AWS access key in a\x0ab\x1b[31m.py:1 (commit abc1234)"


def test_a_line_does_not_show_its_text() -> None:
    assert "hush" not in f"{Added('c', 'p', 1, 'hush')!r} {Added('c', 'p', 1, 'hush')}"


def test_a_fingerprint_is_of_a_secret_in_a_file() -> None:
    assert fingerprint("a", "s") == fingerprint("a", "s")
    assert len({fingerprint("a", "s"), fingerprint("b", "s"), fingerprint("a", "t")}) == 3
    assert fingerprint("a.py", "made up for this") == "4766491e748538a2", "people have written them down"
