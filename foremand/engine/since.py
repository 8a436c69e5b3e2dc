"""What has become of a change since a person approved it, or looked at it."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from foremand.core.facts import Work
from foremand.core.task import Task
from foremand.git import WorkRepo, interdiff


def last_approved(task: Task) -> str:
    """The revision that a person approved last; empty where nobody has approved anything."""
    return next((d.revision for d in reversed(task.decisions) if d.decision == "approved"), "")


async def since(task: Task, work: WorkRepo, seen: str, present: Work) -> AsyncGenerator[bytes, None]:
    """A patch for people from the change that they have seen to the present one, in pieces."""
    old = (await _base(task, work, seen), seen)
    async with aclosing(interdiff(work, old, (present.base, present.revision))) as pieces:
        async for piece in pieces:
            yield piece


async def _base(task: Task, work: WorkRepo, seen: str) -> str:
    """What that change stood on. A candidate's first parent is the tip that it was built on."""
    known = (attempt.work for attempt in task.attempts if attempt.work is not None)
    base = next((each.base for each in known if each.revision == seen), "")
    return base or await work.git.line("rev-parse", "--verify", f"{seen}^1")
