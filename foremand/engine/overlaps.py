"""Who works on the same files: worked out in the background as seals come, and told at once from memory."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from msgspec import Struct
from msgspec.structs import replace

from foremand.core import queue
from foremand.core.task import Task
from foremand.git import GitError, Side, changed_paths, forecast

from .ledger import Ledger
from .repositories import Repositories

log = logging.getLogger("foremand.overlaps")


class Overlap(Struct, frozen=True, kw_only=True):
    """Another live task for the same branch that changes the same `files`.

    `conflicts` are those of them that would conflict if one landed after the other.
    """

    id: int
    title: str
    files: tuple[str, ...]
    conflicts: tuple[str, ...]


class _Change(Struct, frozen=True, kw_only=True):
    """What a task has changed, as far as it is sealed. `paths` None: not looked at yet."""

    target: queue.Target
    base: str
    revision: str
    paths: frozenset[str] | None = None


class _Common(Struct, frozen=True):
    files: tuple[str, ...]
    conflicts: tuple[str, ...]


class Overlaps:
    """Keeps the overlaps of all live tasks. One look at a time is under way, at the newest seal first."""

    def __init__(self, ledger: Ledger, repositories: Repositories, group: asyncio.TaskGroup) -> None:
        self._ledger = ledger
        self._repositories = repositories
        self._group = group
        self._changes: dict[int, _Change] = {}
        self._common: dict[int, dict[int, _Common]] = {}
        self._waiting: list[int] = []
        self._working: asyncio.Task[None] | None = None
        self._closed = False
        self._idle = asyncio.Event()
        self._idle.set()
        self._tell: Callable[[int], None] = lambda _task: None
        ledger.listen(self.look)

    def listen(self, tell: Callable[[int], None]) -> None:
        """Call `tell` with a task's id whenever what it overlaps with is something else."""
        self._tell = tell

    def start(self) -> None:
        """Look at every task once: nothing of this is stored."""
        for task in sorted(self._ledger.all(), key=lambda task: task.updated_at):
            self.look(task.id)

    def close(self) -> None:
        """Look at nothing any more."""
        self._closed = True
        if self._working is not None:
            self._working.cancel()

    async def settled(self) -> None:
        """Wait until nothing is to be looked at."""
        await self._idle.wait()

    def of(self, task_id: int) -> tuple[Overlap, ...]:
        """The tasks that overlap with this one, as far as is known by now."""
        found = sorted(self._common.get(task_id, {}).items())
        return tuple(
            Overlap(
                id=other,
                title=self._ledger[other].submitted.title,
                files=common.files,
                conflicts=common.conflicts,
            )
            for other, common in found
        )

    def look(self, task_id: int) -> None:
        """See whether the task's change is another by now."""
        if self._closed:
            return
        change, known = last_change(self._ledger[task_id]), self._changes.get(task_id)
        if change is None:
            self._forget(task_id)
        elif known is None or replace(known, paths=None) != change:
            self._changes[task_id] = change
            if task_id in self._waiting:
                self._waiting.remove(task_id)
            self._waiting.append(task_id)
            self._idle.clear()
            if self._working is None:
                self._working = self._group.create_task(self._work(), name="overlaps")

    def _forget(self, task_id: int) -> None:
        self._changes.pop(task_id, None)
        for other in self._common.pop(task_id, {}):
            self._common[other].pop(task_id, None)
            self._tell(other)

    async def _work(self) -> None:
        try:
            while self._waiting:
                await self._examine(self._waiting.pop())
        finally:
            self._working = None
            self._idle.set()

    async def _examine(self, number: int) -> None:
        """Compare a task's change with all others that are known. Who is not known yet will compare itself."""
        change = self._changes.get(number)
        if change is None:
            return
        with _told(number):
            paths = await changed_paths(self._side(number, change).work, change.base, change.revision)
            if self._changes.get(number) is change:
                change = self._changes[number] = replace(change, paths=paths)
        for other in self._others(number, change):
            with _told(number):
                await self._compare(number, other)

    def _others(self, number: int, change: _Change) -> list[int]:
        others = [
            other
            for other, its in self._changes.items()
            if other != number and its.target == change.target and its.paths is not None
        ]
        return sorted(others, key=lambda other: self._ledger[other].updated_at, reverse=True)

    async def _compare(self, one: int, other: int) -> None:
        a, b = sorted((one, other))
        changes = self._changes.get(a), self._changes.get(b)
        if changes[0] is None or changes[1] is None or changes[0].paths is None or changes[1].paths is None:
            return  # one of them has ended, or goes on and will compare itself
        files = changes[0].paths & changes[1].paths
        conflicts: tuple[str, ...] = ()
        if files:
            conflicts = await forecast(self._side(a, changes[0]), self._side(b, changes[1]))
            if (self._changes.get(a), self._changes.get(b)) != changes:
                return
        common = _Common(tuple(sorted(files.union(conflicts))), conflicts) if files else None
        if common == self._common.get(a, {}).get(b):
            return
        for this, that in ((a, b), (b, a)):
            self._common.setdefault(this, {}).pop(that, None)
            if common is not None:
                self._common[this][that] = common
        self._tell(a)
        self._tell(b)

    def _side(self, number: int, change: _Change) -> Side:
        return Side(self._repositories.work(self._ledger[number]), change.base, change.revision)


@contextmanager
def _told(number: int) -> Iterator[None]:
    """What cannot be looked at is said, and left out: nothing else depends on it."""
    try:
        yield
    except (GitError, OSError) as error:
        log.warning("task %d: what it overlaps with cannot be told: %s", number, error)


def last_change(task: Task) -> _Change | None:
    """What the last seal that changed anything says; also while an agent is at it again. None once it is over."""
    sealed = (attempt.work for attempt in reversed(task.attempts) if attempt.work is not None)
    work = next((work for work in sealed if work.tree != work.base_tree), None)
    if task.over is not None or work is None:
        return None
    return _Change(target=queue.target(task), base=work.base, revision=work.revision)
