"""The journal: what happened, on disk before anything acts on it."""

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from foremand.core.facts import AnyFact, GateRan, TaskSubmitted

from .errors import AlreadyAnswered, IngestRefused
from .excerpt import CHUNK_EVENTS
from .reader import Reader
from .records import AGENT_EVENT, Cursor, Entry, Excerpt, Folded, Ingested, Item, Page, Request
from .schema import connect_writer
from .tail import BUFFER_BYTES, BUFFER_ITEMS, Feed, Subscription
from .writer import Transaction, Writer

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(GateRan).decode


class Journal:
    """One journal file and all that is done with it. Use it from one event loop; `open` and reading need none.

    Every method that reads or writes may raise JournalFailed or JournalCorrupt. A write that raised has stored and
    published nothing. A write whose caller was cancelled may still be stored.
    """

    def __init__(self, path: Path, *, busy: float = 5.0) -> None:
        connection, last = connect_writer(path, busy)
        self._reader = Reader(path)
        self._feed = Feed(last, self._history)
        self._writer = Writer(connection, path, last, self._feed.publish)

    @classmethod
    def open(cls, path: Path, *, busy: float = 5.0) -> Self:
        """Open the journal at `path`, made or brought to the present version if need be.

        `busy` is how long, in seconds, every access waits for another program that holds the file.
        Raises JournalNewer, JournalCorrupt or JournalFailed, and then leaves the file as it is.
        """
        return cls(path, busy=busy)

    async def close(self) -> None:
        """Commit what is queued, end all subscriptions and close the file."""
        await self._writer.finish()
        self._feed.close()
        await asyncio.to_thread(self._reader.close)
        await asyncio.to_thread(self._writer.close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def last_seq(self) -> int:
        """The number of the last fact or event that is on disk and published; 0 in an empty journal."""
        return self._feed.last

    # Facts

    async def append(self, facts: Sequence[AnyFact], *, request: Request | None = None) -> tuple[Entry, ...]:
        """Store facts, and the request's answer with them, all or nothing; return once they are on disk.

        Raises AlreadyAnswered when the request id was used before.
        """
        if not facts and request is None:
            return ()
        bodies = [(fact, _encode(fact)) for fact in facts]

        def work(transaction: Transaction) -> tuple[Entry, ...]:
            if request is not None:
                _answer(transaction, request)
            return tuple(_store(transaction, fact, body) for fact, body in bodies)

        return await self._writer.write(work)

    async def next_task_id(self) -> int:
        """A number for a new task: from 1 on, given once and never again, even if it is not used."""

        def work(transaction: Transaction) -> int:
            transaction.execute("UPDATE counters SET value = value + 1 WHERE name = 'task'")
            (number,) = transaction.execute("SELECT value FROM counters WHERE name = 'task'").fetchone()
            return int(number)

        return await self._writer.write(work)

    async def answer(self, request_id: str) -> bytes | None:
        """What was answered to a request; None if it is not known."""
        return self._reader.answer(request_id)

    def facts(self, after: int = 0, task: int | None = None) -> Iterator[Entry]:
        """The facts after the cursor `after`, of one task or of all, in order. For start and for tools: it blocks."""
        return self._reader.facts(after, task)

    # Transcripts

    async def ingest(self, batch: Ingested) -> None:
        """Store a part of a transcript: its events, and that it has been read, in one transaction.

        Raises IngestRefused unless the batch begins exactly where the stored cursor ends: what was ingested
        before is not ingested again, and nothing is left out.
        """
        events = batch.events
        chunks = [events[start : start + CHUNK_EVENTS] for start in range(0, len(events), CHUNK_EVENTS)]
        joined = [b"\n".join(chunk) for chunk in chunks]
        if sum(body.count(b"\n") + 1 for body in joined) != len(events):
            raise ValueError("an agent event must be a JSON object on one line")

        def work(transaction: Transaction) -> None:
            _move_cursor(transaction, batch)
            for chunk, body in zip(chunks, joined, strict=True):
                record = transaction.add(batch.at, batch.task, AGENT_EVENT, batch.attempt, chunk)
                values = (record.last, record.first, batch.task, batch.attempt, batch.at, body)
                transaction.execute("INSERT INTO chunks VALUES (?, ?, ?, ?, ?, ?)", *values)

        await self._writer.write(work)

    def cursor(self, task: int, attempt: int) -> Cursor | None:
        """How far an attempt's transcript is ingested, with usage and reader state of there; None: not begun."""
        return self._reader.cursor(task, attempt)

    # Watching

    def subscribe(
        self,
        after: int,
        task: int | None = None,
        *,
        buffer_items: int = BUFFER_ITEMS,
        buffer_bytes: int = BUFFER_BYTES,
    ) -> Subscription:
        """Everything after the cursor `after`, of one task or of all, and then what comes, in batches.

        Close it, or use it as a context manager. Raises CursorAhead; iterating raises SlowConsumer.
        """
        return self._feed.subscribe(after, task, buffer_items=buffer_items, buffer_bytes=buffer_bytes)

    async def page(self, after: int, task: int | None = None) -> Page:
        """A part of what stands after the cursor `after`. It was the last part when `reached` is `last_seq`."""
        return await self._history(after, self._feed.last, task)

    async def excerpt(self, asked: Excerpt) -> tuple[list[Item], bool]:
        """The items asked for, in order, and whether there are further ones in that direction."""
        return await asyncio.to_thread(self._reader.excerpt, asked)

    async def _history(self, after: int, until: int, task: int | None) -> Page:
        return await asyncio.to_thread(self._reader.page, after, until, task)

    # Projections: copies of what the facts say

    async def remember(self, task: int, seq: int, body: bytes) -> None:
        """Keep a task as it is after fact `seq`. An older state never replaces a newer one."""
        await self._writer.write(
            lambda transaction: transaction.execute(
                "INSERT INTO folded VALUES (?, ?, ?) ON CONFLICT DO UPDATE"
                " SET seq = excluded.seq, body = excluded.body WHERE excluded.seq > folded.seq",
                *(task, seq, body),
            )
        )

    def folded(self) -> dict[int, Folded]:
        """What is remembered, by task."""
        return self._reader.folded()

    def unremembered(self) -> Iterator[Entry]:
        """The facts that are not in what is remembered of their task, in order."""
        return self._reader.unremembered()

    def base_run(self, definition: str, tree: str) -> GateRan | None:
        """What the gate so defined did on a base, in whichever task: the last run with `on_base`."""
        return self._reader.base_run(definition, tree)

    async def rebuild(self) -> None:
        """Forget what is remembered, and make the other projections anew from the facts."""

        def work(transaction: Transaction) -> None:
            transaction.execute("DELETE FROM folded")
            transaction.execute("DELETE FROM base_runs")
            for seq, body in transaction.execute("SELECT seq, body FROM facts WHERE type = 'GateRan' ORDER BY seq"):
                _project(transaction, Entry(seq, _decode(body)))

        await self._writer.write(work)


def _answer(transaction: Transaction, request: Request) -> None:
    row = transaction.execute("SELECT answer FROM answers WHERE request = ?", request.id).fetchone()
    if row is not None:
        raise AlreadyAnswered(request.id, row[0])
    transaction.execute("INSERT INTO answers VALUES (?, ?, ?)", request.id, transaction.seq, request.answer)


def _store(transaction: Transaction, fact: AnyFact, body: bytes) -> Entry:
    type_ = type(fact).__name__
    entry = Entry(transaction.add(fact.at, fact.task, type_, None, [body]).first, fact)
    transaction.execute("INSERT INTO facts VALUES (?, ?, ?, ?, ?)", entry.seq, fact.task, fact.at, type_, body)
    _project(transaction, entry)
    return entry


def _project(transaction: Transaction, entry: Entry) -> None:
    match entry.fact:
        case GateRan(definition=definition, tree=tree, on_base=True):
            transaction.execute("INSERT OR REPLACE INTO base_runs VALUES (?, ?, ?)", definition, tree, entry.seq)
        case TaskSubmitted(task=task):
            transaction.execute("UPDATE counters SET value = max(value, ?) WHERE name = 'task'", task)


def _move_cursor(transaction: Transaction, batch: Ingested) -> None:
    key = (batch.task, batch.attempt)
    sql = "SELECT offset, inode FROM cursors WHERE task = ? AND attempt = ?"
    offset, inode = transaction.execute(sql, *key).fetchone() or (0, None)
    if offset != batch.start or inode not in (None, batch.inode) or batch.offset < batch.start:
        raise IngestRefused(*key, (offset, inode), (batch.start, batch.inode))
    values = (*key, batch.offset, batch.inode, batch.usage, batch.reader_state)
    transaction.execute("INSERT OR REPLACE INTO cursors VALUES (?, ?, ?, ?, ?, ?)", *values)
