"""Pruning: what has been kept long enough goes, and at once what a secrets gate has refused.

Of a task that has not landed its revisions stay for ever, with all that agents committed themselves, and so does what
it said: only its workspace goes. A live task loses nothing, nor does one of which something still runs.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

from msgspec import Struct

from foremand.core.task import Task
from foremand.executors import Spool
from foremand.git import GitError, keep_commits
from foremand.git.prune import forget, held_alone, is_half_forgotten, refs_holding
from foremand.git.work import CONFLICT_SUFFIX
from foremand.journal import Journal
from foremand.paths import Places

from . import trash
from .ledger import Ledger
from .repositories import Repositories
from .runs import running
from .taint import taint

log = logging.getLogger("foremand.pruning")

KEPT = "kept"
"""Below a workspace: what agents committed themselves."""

LEAVING = "leaving"
"""Below a workspace: its tree, while the commits in it are put in safety."""


class Pruned(Struct, frozen=True, kw_only=True):
    """Something that was removed, or would be. `task` 0: no task's. `bytes` on disk that it frees.

    `what`: workspace, environment, transcripts, gates, checkout, revisions, setup or mirror.
    """

    task: int
    what: str
    path: str
    bytes: int


class _Doomed(Struct, frozen=True, kw_only=True):
    """A folder or file to be removed, if `still` holds at that very moment. `keeps`: what of it stays."""

    task: int
    what: str
    path: Path
    still: Callable[[], bool]
    keeps: str = ""


class Pruner:
    """Removes what nothing needs. `keep`: seconds for which things are kept once a task has ended."""

    def __init__(
        self, places: Places, ledger: Ledger, journal: Journal, repositories: Repositories, keep: float
    ) -> None:
        self._places = places
        self._ledger = ledger
        self._journal = journal
        self._repositories = repositories
        self._trash = trash.Trash(places.state / "trash")
        self._one_at_a_time = asyncio.Lock()
        self.keep = keep

    async def prune(self, dry_run: bool) -> tuple[Pruned, ...]:
        """What was removed; with `dry_run` what would be, and nothing is touched. Safe to repeat after a crash.

        What cannot be removed is logged and left for the next time.
        """
        async with self._one_at_a_time:
            if not dry_run:
                await asyncio.to_thread(self._trash.empty)
            pruned = await self._tainted(dry_run)
            for doomed in await asyncio.to_thread(lambda: list(self._doomed())):
                size = await asyncio.to_thread(_size, doomed)
                if dry_run or await self._remove(doomed):
                    pruned.append(Pruned(task=doomed.task, what=doomed.what, path=str(doomed.path), bytes=size))
            if not dry_run:
                await asyncio.to_thread(self._trash.empty)
            return tuple(pruned)

    async def _tainted(self, dry_run: bool) -> list[Pruned]:
        """What a secrets gate refused, of every task that has ended."""
        pruned = []
        for number in [task.id for task in self._ledger.all()]:
            path = self._places.work(number)
            if not (self._is_over(number) and path.exists()):
                continue
            try:
                # Who retries it meanwhile does so afterwards, when it shows what is gone. Until the last object is, a
                # retry could still go on from it: so the task, but nobody else, waits for as long as git takes.
                async with self._ledger.halted(number):
                    size = await self._forget_tainted(number, dry_run)
            except (GitError, OSError) as error:
                log.warning("task %d: its tainted revisions cannot be removed: %s", number, error)
                continue
            if size is not None:
                pruned.append(Pruned(task=number, what="revisions", path=str(path), bytes=size))
        return pruned

    async def _forget_tainted(self, number: int, dry_run: bool) -> int | None:
        """The bytes that it frees; None where nothing is tainted (any more), or something of the task runs."""
        busy = await asyncio.to_thread(running, self._places, number)
        if busy or not self._is_over(number):
            return None
        work, now = self._repositories.work(self._ledger[number]), self._ledger.now()
        facts = await asyncio.to_thread(lambda: [entry.fact for entry in self._journal.facts(task=number)])
        tainted = taint(facts)
        made = (work.candidate_ref(number) for number in tainted.candidates)
        names = [name for ref in made for name in (ref, ref + CONFLICT_SUFFIX)]
        refs = await refs_holding(work, tainted.commits, names)
        if not refs and not is_half_forgotten(work):
            return None
        bases = {a.work.base for a in self._ledger[number].attempts if a.work is not None}
        size = await held_alone(work, refs, bases)
        if not dry_run:
            await forget(work, refs, now)
        return size

    def _doomed(self) -> Iterator[_Doomed]:
        """What is old enough, the tasks' first: their repositories hold mirrors."""
        now, tasks = self._ledger.now(), list(self._ledger.all())
        landed: set[int] = set()
        for task in tasks:
            if task.over is None or now - task.updated_at < self.keep or running(self._places, task.id):
                continue
            if task.over == "LANDED":
                landed.add(task.id)
            yield from self._of_task(task)
        yield from self._environments({task.id for task in tasks}, now)
        yield from self._setups(now)
        yield from self._mirrors(tasks, landed, now)

    def _of_task(self, task: Task) -> Iterator[_Doomed]:
        places = self._places
        found = [("environment", places.environment(task.id))]
        found += [("checkout", path) for path in places.state.glob(f"checkouts/{task.id}-*")]
        workspace = places.workspace(task.id)
        if task.over == "LANDED":
            found += [
                ("workspace", workspace),
                ("transcripts", places.state / "attempts" / str(task.id)),
                ("gates", places.state / "gates" / str(task.id)),
                ("revisions", places.work(task.id)),
            ]
        elif _is_sealed(task) and workspace.is_dir() and any(path.name != KEPT for path in workspace.iterdir()):
            yield self._doom(task.id, "workspace", workspace, keeps=KEPT)
        yield from (self._doom(task.id, what, path) for what, path in found if path.exists())

    def _doom(self, task: int, what: str, path: Path, keeps: str = "") -> _Doomed:
        return _Doomed(task=task, what=what, path=path, still=lambda: self._is_over(task), keeps=keeps)

    def _is_over(self, task: int) -> bool:
        return self._ledger[task].over is not None

    def _environments(self, known: set[int], now: float) -> Iterator[_Doomed]:
        """Those of submits that a crash has cut off: no task came of them."""
        for path in self._places.state.glob("environments/*"):
            if not (path.stem.isdecimal() and int(path.stem) in known):
                yield from self._unused("environment", path, now)

    def _setups(self, now: float) -> Iterator[_Doomed]:
        """Whoever takes a copy of a snapshot touches it."""
        for path in self._places.state.glob("setups/*"):
            if Spool(path / "run").state() != "running":
                yield from self._unused("setup", path, now)

    def _mirrors(self, tasks: Iterable[Task], landed: set[int], now: float) -> Iterator[_Doomed]:
        """Those from which neither a live task nor a kept revision borrows. `landed`: whose revisions go too."""
        borrowing = {
            self._places.mirror(Path(task.submitted.repo))
            for task in tasks
            if task.over is None or (task.id not in landed and self._places.work(task.id).exists())
        }
        for path in self._places.state.glob("repos/*.git"):
            if path not in borrowing:
                yield from self._unused("mirror", path, now, partial(self._is_free, path))

    def _is_free(self, mirror: Path) -> bool:
        return not any(
            self._places.mirror(Path(task.submitted.repo)) == mirror
            and (task.over is None or self._places.work(task.id).exists())
            for task in self._ledger.all()
        )

    def _unused(self, what: str, path: Path, now: float, still: Callable[[], bool] = lambda: True) -> Iterator[_Doomed]:
        """What is no task's, once nobody has used it for long enough."""
        if now - _used(path) >= self.keep:
            is_unused = lambda: now - _used(path) >= self.keep and still()  # noqa: E731 (asked at the last moment)
            yield _Doomed(task=0, what=what, path=path, still=is_unused)

    async def _remove(self, doomed: _Doomed) -> bool:
        try:
            if doomed.keeps:
                return await self._let_go(doomed)
            if not doomed.still():
                return False
            self._trash.take(doomed.path)
        except OSError as error:
            log.warning("%s cannot be removed: %s", doomed.path, error)
            return False
        return True

    async def _let_go(self, workspace: _Doomed) -> bool:
        """Remove a workspace but for what agents committed themselves. The tree leaves first: somebody may retry."""
        root, keeps = workspace.path, workspace.path / workspace.keeps
        tree, leaving = root / "tree", root / LEAVING
        if leaving.exists():
            await self._keep_commits(leaving, keeps)
        if workspace.still() and tree.exists():
            trash.move(tree, leaving)
            await self._keep_commits(leaving, keeps)
        if not workspace.still():
            return False
        for path in [path for path in root.iterdir() if path != keeps]:
            self._trash.take(path)
        return True

    async def _keep_commits(self, leaving: Path, keeps: Path) -> None:
        await asyncio.to_thread(trash.unlock, leaving)
        await asyncio.to_thread(keep_commits, leaving, keeps)
        self._trash.take(leaving)


def _is_sealed(task: Task) -> bool:
    """Whether all that the task's agents did is kept as revisions: else the workspace is the only place that has it."""
    return all(attempt.work is not None for attempt in task.attempts if not attempt.gate)


def _used(path: Path) -> float:
    """When something was last used, as far as its time tells."""
    try:
        return path.lstat().st_mtime
    except FileNotFoundError:
        return 0.0


def _size(doomed: _Doomed) -> int:
    kept = doomed.path / doomed.keeps if doomed.keeps else None
    return trash.size(doomed.path) - (trash.size(kept) if kept is not None and kept.exists() else 0)
