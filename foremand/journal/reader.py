"""Reading the journal, beside the writer and never in its way."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec

from foremand.core.facts import AnyFact, GateRan

from .errors import JournalCorrupt
from .excerpt import excerpt
from .records import AGENT_EVENT, Cursor, Entry, Excerpt, Folded, Item, Page, Record
from .schema import connect_reader, translated

_decode_fact: Callable[[bytes], AnyFact] = msgspec.json.Decoder(AnyFact).decode
_decode_gate_ran = msgspec.json.Decoder(GateRan).decode

PAGE_BYTES = 256 * 1024
"""A page ends with the row that makes it this long."""

_ITEMS = f"""
SELECT seq, seq, at, task, type, NULL, body FROM facts WHERE seq > :after AND seq <= :until {{task}}
UNION ALL
SELECT last_seq, first_seq, at, task, '{AGENT_EVENT}', attempt, body FROM chunks
WHERE last_seq > :after AND last_seq <= :until {{task}}
ORDER BY 1
"""  # noqa: S608 (a constant)
_ALL_ITEMS = _ITEMS.format(task="")
_TASK_ITEMS = _ITEMS.format(task="AND task = :task")


class Reader:
    """Look-ups that take microseconds, and pages, which are to be read in another thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._point = connect_reader(path)
        self._paging = connect_reader(path)
        self._one_page = threading.Lock()

    def close(self) -> None:
        """Close, after a page that is being read."""
        with self._one_page:
            self._paging.close()
        self._point.close()

    def answer(self, request: str) -> bytes | None:
        """The answer stored for a request id."""
        row = self._row("SELECT answer FROM answers WHERE request = ?", request)
        return None if row is None else row[0]

    def cursor(self, task: int, attempt: int) -> Cursor | None:
        """How far an attempt's transcript is ingested; None where nothing is yet."""
        sql = "SELECT offset, inode, usage, reader_state FROM cursors WHERE task = ? AND attempt = ?"
        row = self._row(sql, task, attempt)
        return None if row is None else Cursor(*row)

    def base_run(self, definition: str, tree: str) -> GateRan | None:
        """The last run on a base of the gate so defined, whichever task asked for it."""
        sql = "SELECT body FROM base_runs JOIN facts USING (seq) WHERE definition = ? AND tree = ?"
        row = self._row(sql, definition, tree)
        return None if row is None else _decode_gate_ran(row[0])

    def folded(self) -> dict[int, Folded]:
        """What is remembered, by task."""
        with translated(self._path):
            rows = self._point.execute("SELECT task, seq, body FROM folded").fetchall()
        return {task: Folded(seq, body) for task, seq, body in rows}

    def facts(self, after: int, task: int | None) -> Iterator[Entry]:
        """Facts in order. Agent events are not even looked at."""
        if task is None:
            return self._entries("SELECT seq, body FROM facts WHERE seq > ? ORDER BY seq", after)
        return self._entries("SELECT seq, body FROM facts WHERE seq > ? AND task = ? ORDER BY seq", after, task)

    def unremembered(self) -> Iterator[Entry]:
        """Facts in order, without those that are in what is remembered of their task."""
        return self._entries(
            "SELECT facts.seq, facts.body FROM facts LEFT JOIN folded USING (task)"
            " WHERE facts.seq > coalesce(folded.seq, 0) ORDER BY facts.seq"
        )

    def page(self, after: int, until: int, task: int | None) -> Page:
        """Items with `after` < seq <= `until`, as many as a page holds. `until` must be the end of a commit."""
        items: list[Item] = []
        size = 0
        values = {"after": after, "until": until, "task": task}
        with self._one_page, translated(self._path):
            rows = self._paging.execute(_ALL_ITEMS if task is None else _TASK_ITEMS, values)
            with closing(rows):
                for last, first, at, owner, type_, attempt, body in rows:
                    bodies = body.split(b"\n") if attempt is not None else [body]
                    items += Record(first, at, owner, type_, attempt, bodies).items(after)
                    size += len(body)
                    if size >= PAGE_BYTES:
                        return Page(items, last)
        return Page(items, until)

    def excerpt(self, asked: Excerpt) -> tuple[list[Item], bool]:
        """The items asked for, in order, and whether there are further ones in that direction."""
        with self._one_page, translated(self._path):
            return excerpt(self._paging, asked)

    def _entries(self, sql: str, *values: int) -> Iterator[Entry]:
        # A connection of its own, so that a replay half read disturbs nobody.
        with translated(self._path), closing(connect_reader(self._path)) as connection:
            for seq, body in connection.execute(sql, values):
                yield Entry(seq, self._fact(seq, body))

    def _fact(self, seq: int, body: bytes) -> AnyFact:
        try:
            return _decode_fact(body)
        except msgspec.MsgspecError as error:
            raise JournalCorrupt(self._path, f"fact {seq} cannot be decoded: {error}") from error

    def _row(self, sql: str, *values: str | int) -> Any:
        with translated(self._path):
            return self._point.execute(sql, values).fetchone()
