"""What landed on the branch while a task was at work: for who has to resolve a conflict with it."""

from collections.abc import Collection
from contextlib import aclosing

from foremand.core.feedback import headline
from foremand.core.task import Task
from foremand.git import changed_paths, commits_between, patch

from .ledger import Ledger
from .repositories import Repositories

PATCH_LIMIT = 20_000
"""Bytes of another task's change that are shown: enough to see what it was about."""

TOLD_LIMIT = 60_000
"""Bytes of all others' changes together: it goes into the journal, and into a prompt. Of the rest the titles come."""

TITLES = 50
"""Tasks that are named."""

TITLE = 200
"""Characters of a title: whoever submitted it may have written a book."""


class Others:
    """Tells of other tasks, as far as they have landed."""

    def __init__(self, ledger: Ledger, repositories: Repositories) -> None:
        self._ledger = ledger
        self._repositories = repositories

    async def between(self, task: Task, base: str, tip: str, paths: Collection[str]) -> str:
        """Titles and changes of the tasks that brought `base` to `tip` and touched one of these paths.

        The newest first, which is the one that most of the conflict is likely to be with.
        """
        work = self._repositories.work(task)
        landed = set(await commits_between(work, base, tip))
        told: list[str] = []
        left, unnamed = TOLD_LIMIT, 0
        for other in sorted(self._ledger.all(), key=lambda each: each.updated_at, reverse=True):
            if other.landed_commit not in landed or other.submitted.repo != task.submitted.repo:
                continue
            before = f"{other.landed_commit}^1"
            if set(paths).isdisjoint(await changed_paths(work, before, other.landed_commit)):
                continue
            if len(told) == TITLES:
                unnamed += 1
                continue
            change = await self._change(task, before, other.landed_commit, min(left, PATCH_LIMIT))
            left -= len(change.encode())
            told.append(f"Task {other.id} landed meanwhile: {headline(other.submitted.title)[:TITLE]}\n\n{change}")
        more = [f"[{unnamed} more tasks landed meanwhile]"] if unnamed else []
        return "\n\n".join([*told, *more])

    async def _change(self, task: Task, base: str, revision: str, most: int) -> str:
        cut = f"[...] all of it: git show {revision}"
        if most <= 0:
            return cut
        shown = bytearray()
        async with aclosing(patch(self._repositories.work(task), base, revision)) as pieces:
            async for piece in pieces:
                shown += piece
                if len(shown) > most:
                    return f"{bytes(shown[:most]).decode(errors='replace')}\n{cut}"
        return bytes(shown).decode(errors="replace")
