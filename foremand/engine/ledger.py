"""The tasks as they are: facts go to the journal first, then into the fold, then to whoever must look again."""

import asyncio
import contextlib
import hashlib
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence

import msgspec

from foremand.core import queue
from foremand.core.facts import AnyFact
from foremand.core.fold import FOLD, apply
from foremand.core.task import Task
from foremand.journal import Entry, Journal, JournalError, Request

Listener = Callable[[int], None]
Command = Callable[[Task], Sequence[AnyFact]]


class Ledger:
    """All tasks in memory, always equal to the fold of the journal's facts."""

    def __init__(self, journal: Journal, group: asyncio.TaskGroup, clock: Callable[[], float] = time.time) -> None:
        self._journal = journal
        self._group = group
        self._tasks: dict[int, Task] = {}
        self._listeners: list[Listener] = []
        self._heads: frozenset[int] = frozenset()
        self._locks: dict[int, asyncio.Lock] = {}
        self._reached: dict[int, int] = {}
        self._moved = asyncio.Event()
        self._writing: set[asyncio.Future[Task]] = set()
        self.now = clock

    def load(self) -> None:
        """Fold the journal: tasks that are over come from their snapshots, the rest from their facts."""
        for task_id, folded in self._journal.folded().items():
            try:
                self._tasks[task_id] = _remembered(folded.body)
                self._reached[task_id] = folded.seq
            except msgspec.DecodeError:  # a snapshot by another version: the facts say it anyway
                for entry in self._journal.facts(task=task_id):
                    if entry.seq <= folded.seq:
                        self._fold(entry)
        for entry in self._journal.unremembered():
            self._fold(entry)
        self._heads = queue.heads(self._tasks.values())

    def listen(self, listener: Listener) -> None:
        """Call `listener` with a task's id whenever its next steps may be others."""
        self._listeners.append(listener)

    @contextlib.asynccontextmanager
    async def waking(self, task: int, waiter: asyncio.Event) -> AsyncIterator[None]:
        """Set `waiter` whenever this task may be another, as long as the block lasts."""

        def changed(which: int) -> None:
            if which == task:
                waiter.set()

        self._listeners.append(changed)
        try:
            yield
        finally:
            self._listeners.remove(changed)

    @contextlib.asynccontextmanager
    async def halted(self, task: int) -> AsyncIterator[None]:
        """Nothing happens to this task as long as the block lasts: who has something to write down waits."""
        async with self._locks.setdefault(task, asyncio.Lock()):
            yield

    def get(self, task: int) -> Task | None:
        """The task with this id."""
        return self._tasks.get(task)

    def __getitem__(self, task: int) -> Task:
        return self._tasks[task]

    def all(self) -> Iterable[Task]:
        """Every task, the oldest first."""
        return self._tasks.values()

    def known(self) -> Mapping[int, Task]:
        """Every task by its id."""
        return self._tasks

    def is_head(self, task: int) -> bool:
        """Whether it is this task's turn to land."""
        return task in self._heads

    async def record(self, *facts: AnyFact) -> None:
        """Write facts of one task down, then let them be so. Once begun it is done, even if the caller is cancelled.

        Raises what the journal raises: then nothing has happened.
        """
        await self.decide(facts[0].task, lambda _task: facts)

    async def submit(self, fact: AnyFact, request: Request | None = None) -> Task:
        """Begin a task with its first fact."""
        return await self._uninterrupted(fact.task, lambda _task: (fact,), request)

    async def decide(self, task: int, command: Command, request: Request | None = None) -> Task:
        """Let a pure command look at the task and write its facts with nothing in between: the first of two wins.

        Raises KeyError for an unknown task, and what the command raises.
        """
        return await self._uninterrupted(task, lambda known: command(known[task]), request)

    async def _uninterrupted(
        self, task: int, command: Callable[[dict[int, Task]], Sequence[AnyFact]], request: Request | None
    ) -> Task:
        outcome: asyncio.Future[Task] = asyncio.get_running_loop().create_future()

        async def write() -> None:
            try:
                async with self._locks.setdefault(task, asyncio.Lock()):
                    self._writing.add(outcome)  # not before: who waits for a halted task has published nothing yet
                    await self._append(command(self._tasks), request)
                outcome.set_result(self._tasks[task])
            except Exception as error:  # noqa: BLE001 (it is the caller's, not the group's)
                outcome.set_exception(error)

        outcome.add_done_callback(self._writing.discard)
        self._group.create_task(write(), name=f"write:{task}")
        return await asyncio.shield(outcome)

    async def settle(self) -> None:
        """Wait until all that is published now is folded too."""
        if self._writing:
            await asyncio.wait(tuple(self._writing))

    async def _append(self, facts: Sequence[AnyFact], request: Request | None) -> None:
        entries = await self._journal.append(facts, request=request)
        for entry in entries:
            self._fold(entry)
            task = self._tasks[entry.fact.task]
            if task.over is not None:
                with contextlib.suppress(JournalError):  # only a copy, to start faster: what happened has happened
                    await self._journal.remember(task.id, entry.seq, _memory(task))
        self._tell({entry.fact.task for entry in entries})

    def _fold(self, entry: Entry) -> None:
        fact = entry.fact
        task = apply(self._tasks.get(fact.task), fact)
        if task is not None:
            self._tasks[fact.task] = task
        self._reached[fact.task] = entry.seq
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    async def as_of(self, task: int, seq: int) -> Task:
        """The task with the fact of this number in it: a fact is published before it is folded."""
        while self._reached.get(task, 0) < seq:
            await self._moved.wait()
        return self._tasks[task]

    def _tell(self, changed: set[int]) -> None:
        heads = queue.heads(self._tasks.values()) if self._touches_queue(changed) else self._heads
        changed = changed | (heads ^ self._heads)
        self._heads = heads
        for task in changed:
            for listener in self._listeners:
                listener(task)

    def _touches_queue(self, changed: set[int]) -> bool:
        return any(task in self._heads or self._tasks[task].queued_at is not None for task in changed)


class _Memory(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A folded task, and by which fold: by any other it might be another task."""

    fold: str
    task: msgspec.Raw


_FOLD = f"{FOLD}:{hashlib.sha256(msgspec.json.encode(msgspec.json.schema(Task))).hexdigest()[:16]}"
"""This fold: its number, and the shape of what it makes, so that no field is ever missed."""


def _memory(task: Task) -> bytes:
    return msgspec.msgpack.encode(_Memory(fold=_FOLD, task=msgspec.Raw(msgspec.msgpack.encode(task))))


def _remembered(body: bytes) -> Task:
    """The task of a snapshot. Raises ValidationError for one that another fold made."""
    memory = msgspec.msgpack.decode(body, type=_Memory)
    if memory.fold != _FOLD:
        raise msgspec.ValidationError(f"made by fold {memory.fold}, this is {_FOLD}")
    return msgspec.msgpack.decode(memory.task, type=Task)
