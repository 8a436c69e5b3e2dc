"""What has become of a change since a person approved it, or somebody looked at it."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from foremand.core.reviews import vote
from foremand.core.steps import RunAttempt
from foremand.core.task import Task
from foremand.git import WorkRepo, interdiff

LIMIT = 100_000
"""Bytes of a patch that a reviewer is shown beside the whole change."""


def last_approved(task: Task) -> str:
    """The revision that a person approved last; empty where nobody has approved anything."""
    return next((d.revision for d in reversed(task.decisions) if d.decision == "approved"), "")


async def since(task: Task, work: WorkRepo, seen: str, present: tuple[str, str]) -> AsyncGenerator[bytes, None]:
    """A patch from the change that they have seen to the present one (its base and revision), in pieces."""
    old = (await _base(task, work, seen), seen)
    async with aclosing(interdiff(work, old, present)) as pieces:
        async for piece in pieces:
            yield piece


async def last_look(task: Task, work: WorkRepo, step: RunAttempt, base: str) -> str:
    """What this reviewer said of the change when asked before, and what has become of it since; else nothing."""
    mine = (a for a in reversed(task.attempts) if (a.gate, a.agent) == (step.gate, step.agent))
    before = next((a for a in mine if a.about != step.about and vote(a) is not None), None)
    said = vote(before) if before is not None else None
    if before is None or said is None:
        return ""
    patch = b""
    async with aclosing(since(task, work, before.entered, (base, step.entered))) as pieces:
        async for piece in pieces:
            patch += piece
            if len(patch) > LIMIT:
                patch = patch[:LIMIT] + b"\n[...]\n"
                break
    did = "approved" if said.approves else "rejected"
    changed = patch.decode(errors="replace") or "(nothing that a patch shows)"
    return f"You {did} an earlier state of this change:\n\n{said.text}\n\nWhat has changed since:\n\n{changed}"


async def _base(task: Task, work: WorkRepo, seen: str) -> str:
    """What that change stood on. A candidate's first parent is the tip that it was built on."""
    known = (attempt.work for attempt in task.attempts if attempt.work is not None)
    base = next((each.base for each in known if each.revision == seen), "")
    return base or await work.git.line("rev-parse", "--verify", f"{seen}^1")
