"""What landed on the branch while a task was at work: for who has to resolve a conflict with it."""

from collections.abc import Collection
from contextlib import aclosing

from foremand.core.task import Task
from foremand.git import changed_paths, commits_between, patch

from .ledger import Ledger
from .repositories import Repositories

PATCH_LIMIT = 20_000
"""Bytes of another task's change that are shown: enough to see what it was about."""


class Others:
    """Tells of other tasks, as far as they have landed."""

    def __init__(self, ledger: Ledger, repositories: Repositories) -> None:
        self._ledger = ledger
        self._repositories = repositories

    async def between(self, task: Task, base: str, tip: str, paths: Collection[str]) -> str:
        """Titles and changes of the tasks that brought `base` to `tip` and touched one of these paths."""
        work = self._repositories.work(task)
        landed = set(await commits_between(work, base, tip))
        told = []
        for other in self._ledger.all():
            if other.landed_commit not in landed or other.submitted.repo != task.submitted.repo:
                continue
            before = f"{other.landed_commit}^1"
            if not set(paths).isdisjoint(await changed_paths(work, before, other.landed_commit)):
                change = await self._change(task, before, other.landed_commit)
                told.append(f"Task {other.id} landed meanwhile: {other.submitted.title}\n\n{change}")
        return "\n\n".join(told)

    async def _change(self, task: Task, base: str, revision: str) -> str:
        shown = bytearray()
        async with aclosing(patch(self._repositories.work(task), base, revision)) as pieces:
            async for piece in pieces:
                shown += piece
                if len(shown) > PATCH_LIMIT:
                    return bytes(shown[:PATCH_LIMIT]).decode(errors="replace") + "\n[...]"
        return bytes(shown).decode(errors="replace")
