"""What a reviewer's words amount to, and what several reviewers' votes do."""

import re
from collections.abc import Sequence
from typing import Literal

import msgspec
from msgspec import Struct

from .spec import Gate
from .task import Attempt

_LAST_BLOCK = re.compile(
    r"^[ \t]*```(?:json)?[ \t]*\n((?:(?!\n[ \t]*```).)*)\n[ \t]*```\s*\Z", re.DOTALL | re.MULTILINE
)
"""A fenced block with nothing after it: one that is followed by words may be quoted from what is reviewed."""


class Vote(Struct, frozen=True, kw_only=True):
    """One reviewer's answer. `text` is what the author hears of it: every finding and the summary."""

    approves: bool
    text: str


class Tally(Struct, frozen=True, kw_only=True):
    """How the votes on one subject stand. `missing` are the reviewers still to be heard, in their order.

    `verdict` None: it hangs on them.
    """

    verdict: Literal["pass", "fail"] | None
    reason: str
    missing: tuple[str, ...] = ()
    objections: str = ""


class _Finding(Struct, frozen=True, kw_only=True):
    """What a reviewer found, as they were asked to write it."""

    text: str = ""
    file: str | None = None
    line: int | float | str | None = None
    severity: str | None = None

    def __str__(self) -> str:
        place = ":".join(str(each) for each in (self.file, self.line) if each)
        severity = f"[{self.severity}] " if self.severity else ""
        return f"{severity}{place + ': ' if place else ''}{self.text.strip()}"


class _Said(Struct, frozen=True, kw_only=True):
    """The answer that a reviewer was asked to end with."""

    verdict: Literal["approve", "reject"]
    findings: list[_Finding] | None = None
    summary: str | None = None


def vote(attempt: Attempt) -> Vote | None:
    """What a reviewer's run says; None where it says nothing clear: that is an error, never a yes.

    A yes is the word `approve` alone. A no needs a finding, so that its author knows what to mend.
    """
    said = _said(attempt.output) if attempt.outcome == "done" else None
    if said is None:
        return None
    findings = [str(finding) for finding in said.findings or () if finding.text.strip()]
    if said.verdict == "reject" and not findings:
        return None
    summary = (said.summary or "").strip()
    text = "\n".join([*(f"- {finding}" for finding in findings), *([summary] if summary else [])])
    return Vote(approves=said.verdict == "approve", text=text)


def tally(gate: Gate, runs: Sequence[Attempt]) -> Tally:
    """The votes so far. Nobody is asked any more once the rest cannot change it."""
    votes = {run.agent: given for run in runs if (given := vote(run)) is not None}
    reviewers = tuple(dict.fromkeys(gate.reviewers))
    quorum = gate.quorum if gate.quorum > 0 else max(len(reviewers), 1)  # nobody is never enough
    yes = [name for name in reviewers if name in votes and votes[name].approves]
    no = [name for name in reviewers if name in votes and not votes[name].approves]
    missing = tuple(name for name in reviewers if name not in votes)
    counted = f"{len(yes)} of {len(reviewers)} approve, {quorum} must"
    if len(yes) >= quorum:
        return Tally(verdict="pass", reason=counted)
    if len(yes) + len(missing) < quorum:
        objections = "\n\n".join(f"{name}:\n{votes[name].text}" for name in no)
        return Tally(verdict="fail", reason=f"{counted}; {', '.join(no)} rejects", objections=objections)
    return Tally(verdict=None, reason=counted, missing=missing)


def _said(output: str) -> _Said | None:
    """The JSON that the words end with, in a block of its own, or that they are."""
    block = _LAST_BLOCK.search(output)
    try:
        return msgspec.json.decode(block.group(1) if block else output, type=_Said)
    except (msgspec.DecodeError, RecursionError):
        return None
