"""The secrets gate: whether any line that would land holds a secret, told without ever telling the secret."""

from collections.abc import Sequence

from msgspec import Struct

from .command import Judged

NAMED = 3
"""Secrets that the one line of a reason names."""


class Added(Struct, frozen=True, array_like=True):
    """One line that a commit adds: its number in the file as the commit leaves it, and its text without the end."""

    commit: str
    path: str
    line: int
    text: str

    def __repr__(self) -> str:
        return f"Added({self.commit!r}, {self.path!r}, {self.line})"


class Finding(Struct, frozen=True):
    """A secret, without the secret. `fingerprint` stays when it moves within its file; a gate may `allow` it."""

    fingerprint: str
    path: str
    line: int
    kind: str
    commit: str


class Scanned(Struct, frozen=True):
    """All that was found, and by whom it was looked for. `cut`: there is more than is named."""

    findings: tuple[Finding, ...]
    scanners: tuple[str, ...]
    cut: bool = False


class Answer(Struct, frozen=True):
    """What the worker says: what it saw, or in `failed` why it cannot tell."""

    findings: tuple[Finding, ...] = ()
    scanners: tuple[str, ...] = ()
    cut: bool = False
    failed: str = ""


class ScanFailed(Exception):
    """There is no answer, so the gate is an `error`. `reason` says why in one line and holds nothing of the lines."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def judge(scanned: Scanned, allow: Sequence[str]) -> Judged:
    """The verdict. `allow`: the gate's fingerprints, each of which stands for one secret in one file."""
    open_ones = refused(scanned, allow)
    if not open_ones and not scanned.cut:
        allowed = f", {len(scanned.findings)} allowed" if scanned.findings else ""
        return Judged("pass", f"no secrets ({', '.join(scanned.scanners)}{allowed})")
    firsts = {each.fingerprint: each for each in reversed(open_ones)}
    shown = [f"{_at(each)} (commit {each.commit[:7]})" for each in reversed(firsts.values())]
    count = f"{len(shown)} secret{'s' if len(shown) != 1 else ''}" + (" or more" if scanned.cut else "")
    more = f" and {len(shown) - NAMED} more" if len(shown) > NAMED else ""
    return Judged("fail", f"{count}: {', '.join(shown[:NAMED])}{more}")


def refused(scanned: Scanned, allow: Sequence[str]) -> tuple[Finding, ...]:
    """What was found and is not allowed."""
    known = frozenset(allow)
    return tuple(each for each in scanned.findings if each.fingerprint not in known)


def output(scanned: Scanned, allow: Sequence[str]) -> str:
    """The gate's output: each secret with its fingerprint, and what to do about it. Empty: there is none."""
    open_ones = refused(scanned, allow)
    if not open_ones and not scanned.cut:
        return ""
    rows = [f"{_at(each)} (commit {each.commit[:12]}), fingerprint {each.fingerprint}" for each in open_ones]
    if scanned.cut:
        rows.append("and more than are named here: does the change add generated files?")
    return "\n".join([*rows, "", ADVICE.format(fingerprint=open_ones[0].fingerprint if open_ones else "..."), ""])


ADVICE = """\
Take each of them out of the files: read it from the environment or from a file that is not committed.
One that was ever real must also be revoked where it was issued.
Is one no secret? A person can let it pass: add its fingerprint to the gate in the pipeline file,
    allow = ["{fingerprint}"]
It then passes in that file wherever it stands, and in no other."""


def _at(finding: Finding) -> str:
    path = "".join(each if each.isprintable() else f"\\x{ord(each):02x}" for each in finding.path)
    return f"{finding.kind} in {path}:{finding.line}"
