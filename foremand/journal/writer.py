"""The one writer: a thread that commits what many callers ask for, as much as is waiting in one transaction.

A commit with fsync costs the same for one fact and for a hundred. While one is under way the next callers queue,
so the groups grow with the load and nobody waits longer than two commits.
"""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple, TypeVar

from .errors import JournalError, JournalFailed
from .records import Record
from .schema import failure

T = TypeVar("T")

GROUP = 256
"""At most this many pieces of work in one commit."""


class Transaction:
    """What a piece of work sees: the database inside one commit, and the sequence to number things by."""

    def __init__(self, connection: sqlite3.Connection, seq: int) -> None:
        self._connection = connection
        self.seq = seq
        """The last number given."""
        self.records: list[Record] = []
        """What the commit will publish."""

    def execute(self, sql: str, *values: object) -> sqlite3.Cursor:
        """Run one statement."""
        return self._connection.execute(sql, values)

    def add(self, at: float, task: int, type_: str, attempt: int | None, bodies: list[bytes]) -> Record:
        """Number `bodies` and have them published when the commit stands. Storing them is the caller's."""
        record = Record(self.seq + 1, at, task, type_, attempt, bodies)
        self.seq = record.last
        self.records.append(record)
        return record


class _Job(NamedTuple):
    work: Callable[[Transaction], Any]
    answer: asyncio.Future[Any]


Outcomes = list[tuple[_Job, Any, Exception | None]]


class Writer:
    """Owns the writing connection. `publish` is called on the event loop, in the order of commits."""

    def __init__(
        self, connection: sqlite3.Connection, path: Path, seq: int, publish: Callable[[list[Record]], None]
    ) -> None:
        self._connection = connection
        self._path = path
        self._seq = seq
        self._publish = publish
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._closed = False
        # A daemon thread: to end without `close` is a crash, which the journal is made to survive.
        self._thread = threading.Thread(target=self._run, name="journal-writer", daemon=True)
        self._thread.start()

    async def write(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` in the writer's thread and return its result once it is on disk.

        `work` may raise a JournalError as long as it has written nothing; any other error undoes it alone.
        Raises JournalFailed when the commit failed: nothing of it is stored or published.
        """
        if self._closed:
            raise JournalFailed(self._path, "it is closed")
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._jobs.put(_Job(work, answer))
        return await answer

    async def finish(self) -> None:
        """Commit what is queued and take no more."""
        if not self._closed:
            self._closed = True
            self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)

    def close(self) -> None:
        """Close the database, after `finish` and after all readers: the last to close tidies the WAL away."""
        self._connection.close()

    def _run(self) -> None:
        while group := self._next_group():
            outcomes, records = self._commit(group)
            # A loop that is gone has nobody who waits.
            with suppress(RuntimeError):
                group[0].answer.get_loop().call_soon_threadsafe(self._deliver, outcomes, records)

    def _next_group(self) -> list[_Job]:
        """The jobs that wait, at least one; none at the end."""
        group: list[_Job] = []
        with suppress(Empty):
            while len(group) < GROUP:
                job = self._jobs.get(block=not group)
                if job is None:
                    if group:
                        self._jobs.put(None)
                    break
                group.append(job)
        return group

    def _commit(self, group: list[_Job]) -> tuple[Outcomes, list[Record]]:
        try:
            return self._try_commit(group)
        except sqlite3.OperationalError as error:
            self._undo()
            return [(job, None, failure(self._path, error)) for job in group], []
        except Exception as error:  # noqa: BLE001 (whatever one caller asked for, the others must be served)
            self._undo()
            if len(group) == 1:
                wrong = failure(self._path, error) if isinstance(error, sqlite3.Error) else error
                return [(group[0], None, wrong)], []
            return _joined(self._commit([job]) for job in group)

    def _try_commit(self, group: list[_Job]) -> tuple[Outcomes, list[Record]]:
        transaction = Transaction(self._connection, self._seq)
        outcomes: Outcomes = []
        self._connection.execute("BEGIN IMMEDIATE")
        for job in group:
            try:
                outcomes.append((job, job.work(transaction), None))
            except JournalError as refused:
                outcomes.append((job, None, refused))
        if transaction.seq != self._seq:
            transaction.execute("UPDATE counters SET value = ? WHERE name = 'seq'", transaction.seq)
        self._connection.execute("COMMIT")
        self._seq = transaction.seq
        return outcomes, transaction.records

    def _undo(self) -> None:
        if self._connection.in_transaction:
            with suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")

    def _deliver(self, outcomes: Outcomes, records: list[Record]) -> None:
        if records:
            self._publish(records)
        for job, result, error in outcomes:
            if job.answer.done():
                continue
            if error is None:
                job.answer.set_result(result)
            else:
                job.answer.set_exception(error)


def _joined(parts: Iterable[tuple[Outcomes, list[Record]]]) -> tuple[Outcomes, list[Record]]:
    outcomes: Outcomes = []
    records: list[Record] = []
    for some, published in parts:
        outcomes += some
        records += published
    return outcomes, records
