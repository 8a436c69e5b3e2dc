"""The secrets gate: whether any line that would land holds a secret, told without ever telling the secret."""

from collections.abc import Sequence

from msgspec import Struct

from .command import Judged

NAMED = 3
"""Secrets that the one line of a reason names."""


class Added(Struct, frozen=True, array_like=True):
    """One line that a commit adds: its number in the file as the commit leaves it, and its text without the end.

    `binary`: a run of text in a file without lines, where only what cannot be chance is believed.
    """

    commit: str
    path: str
    line: int
    text: str
    binary: bool = False

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
    """What the worker says: what it saw in how many lines, or in `failed` why it cannot tell."""

    findings: tuple[Finding, ...] = ()
    scanners: tuple[str, ...] = ()
    cut: bool = False
    lines: int = 0
    failed: str = ""


class ScanFailed(Exception):
    """There is no answer, so the gate is an `error`. `reason` says why in one line and holds nothing of the lines."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def judge(scanned: Scanned, allow: Sequence[str]) -> Judged:
    """The verdict. `allow`: the gate's fingerprints, each of which stands for one secret in one file."""
    firsts = {each.fingerprint: each for each in reversed(refused(scanned, allow))}
    if not firsts and not scanned.cut:
        allowed = f"; {len(scanned.findings)} allowed" if scanned.findings else ""
        return Judged("pass", f"no secrets, say {' and '.join(scanned.scanners)}{allowed}")
    shown = [f"{_at(each)} (commit {each.commit[:7]})" for each in reversed(firsts.values())]
    named = ", ".join(shown[:NAMED]) or "more than can be named"
    more = f" and {len(shown) - NAMED} more" if len(shown) > NAMED else ""
    count = f"{len(shown)}{' or more' if scanned.cut else ''} secret{'s' if scanned.cut or len(shown) > 1 else ''}"
    return Judged("fail", f"{count}: {named}{more}")


def refused(scanned: Scanned, allow: Sequence[str]) -> tuple[Finding, ...]:
    """What was found and is not allowed."""
    known = frozenset(allow)
    return tuple(each for each in scanned.findings if each.fingerprint not in known)


def output(scanned: Scanned, allow: Sequence[str]) -> str:
    """The gate's output: each secret with its fingerprint, and what to do about it. Empty: there is none."""
    found = refused(scanned, allow)
    rows = [f"{_at(each)} (commit {each.commit[:12]}), fingerprint {each.fingerprint}" for each in found]
    if scanned.cut:
        rows.append("and more than can be named: does the change add files that a program made?")
    return (
        "\n".join([*rows, "", ADVICE.format(fingerprint=found[0].fingerprint if found else "..."), ""]) if rows else ""
    )


ADVICE = """\
Take each of them out of the files: read it from the environment, or from a file that is not committed.
One that was ever real must also be revoked where it was issued.
Is one no secret? A person can let it pass: add its fingerprint to the gate in the pipeline file,
    allow = ["{fingerprint}"]
It then passes wherever it stands in that file, and in no other."""


def _at(finding: Finding) -> str:
    where = f"{finding.kind} in {finding.path}:{finding.line}"
    return "".join(each if each.isprintable() else f"\\x{ord(each):02x}" for each in where)
