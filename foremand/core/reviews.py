"""What a reviewer's words amount to, and what several reviewers' votes do."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Literal

import msgspec
from msgspec import Struct

from .spec import Gate
from .task import Attempt

_BLOCK = re.compile(r"```(?:json)?[ \t]*\n(.*?)\n[ \t]*```", re.DOTALL)


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


def vote(attempt: Attempt) -> Vote | None:
    """What a reviewer's run says; None where it says nothing clear: that is an error, never a yes.

    A yes is the word `approve` alone. A no needs a finding, so that its author knows what to mend.
    """
    said = _said(attempt.output) if attempt.outcome == "done" else None
    if said is None:
        return None
    findings = [_finding(each) for each in said.get("findings") or () if isinstance(each, dict)]
    summary = str(said.get("summary") or "").strip()
    text = "\n".join([*(f"- {finding}" for finding in findings if finding), *([summary] if summary else [])])
    if said.get("verdict") == "approve":
        return Vote(approves=True, text=text)
    if said.get("verdict") == "reject" and any(findings):
        return Vote(approves=False, text=text)
    return None


def tally(gate: Gate, runs: Sequence[Attempt]) -> Tally:
    """The votes so far. Nobody is asked any more once the rest cannot change it."""
    votes = {run.agent: given for run in runs if (given := vote(run)) is not None}
    yes = [name for name in gate.reviewers if name in votes and votes[name].approves]
    no = [name for name in gate.reviewers if name in votes and not votes[name].approves]
    missing = tuple(name for name in gate.reviewers if name not in votes)
    counted = f"{len(yes)} of {len(gate.reviewers)} approve, {gate.quorum} must"
    if len(yes) >= gate.quorum:
        return Tally(verdict="pass", reason=counted)
    if len(yes) + len(missing) < gate.quorum:
        objections = "\n\n".join(f"{name}:\n{votes[name].text}" for name in no)
        return Tally(verdict="fail", reason=f"{counted}; {', '.join(no)} rejects", objections=objections)
    return Tally(verdict=None, reason=counted, missing=missing)


def _said(output: str) -> dict[str, Any] | None:
    """The last JSON object that the words end with, in a block of its own or bare."""
    for text in _candidates(output):
        try:
            found = msgspec.json.decode(text)
        except (msgspec.DecodeError, RecursionError):
            continue
        if isinstance(found, dict) and "verdict" in found:
            return found
    return None


def _candidates(output: str) -> Iterator[str]:
    blocks = _BLOCK.findall(output)
    if blocks:
        yield blocks[-1]
    else:
        yield output.strip()


def _finding(each: dict[str, Any]) -> str:
    text = str(each.get("text") or "").strip()
    if not text:
        return ""
    place = ":".join(str(each[key]) for key in ("file", "line") if each.get(key))
    severity = f"[{each['severity']}] " if each.get("severity") else ""
    return f"{severity}{place + ': ' if place else ''}{text}"
