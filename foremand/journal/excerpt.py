"""A part of one task's history, found from either end without reading the rest."""

import sqlite3
from collections.abc import Generator
from contextlib import closing

from .records import AGENT_EVENT, Excerpt, Item, Record

CHUNK_EVENTS = 1000
"""At most this many agent events in one row, so that a reader never has to take in more to find one."""

EXCERPT_BYTES = 256 * 1024
"""An excerpt ends with the item that makes it this long."""

# Rows do not overlap: the bound of a row's length lets the index find the one that holds :before.
_RUN_BACK = f"""
SELECT last_seq, first_seq, at, '{AGENT_EVENT}', body FROM chunks
WHERE task = :task AND attempt = :attempt AND last_seq < :before + {CHUNK_EVENTS} AND first_seq < :before
ORDER BY last_seq DESC
"""  # noqa: S608 (constants)
_RUN_ON = f"""
SELECT last_seq, first_seq, at, '{AGENT_EVENT}', body FROM chunks
WHERE task = :task AND attempt = :attempt AND last_seq > :after AND first_seq < :before ORDER BY last_seq
"""  # noqa: S608 (constants)
_FACTS = "SELECT seq, seq, at, type, body FROM facts WHERE task = :task AND seq > :after AND seq < :before ORDER BY seq"
_FACTS_BACK = f"{_FACTS} DESC"


def excerpt(connection: sqlite3.Connection, asked: Excerpt) -> tuple[list[Item], bool]:
    """The items asked for, in order, and whether there are further ones in that direction."""
    found: list[Item] = []
    size = 0
    more = False
    with closing(_items(connection, asked)) as items:
        for item in items:
            if len(found) == asked.most or size >= EXCERPT_BYTES:
                more = True
                break
            found.append(item)
            size += len(item.body)
    return (found[::-1] if asked.after is None else found), more


def _items(connection: sqlite3.Connection, asked: Excerpt) -> Generator[Item]:
    back = asked.after is None
    after = asked.after or 0
    sql = (_FACTS_BACK if back else _FACTS) if asked.attempt is None else (_RUN_BACK if back else _RUN_ON)
    values = {"task": asked.task, "attempt": asked.attempt, "before": asked.before, "after": after}
    with closing(connection.execute(sql, values)) as rows:
        for _, first, at, type_, body in rows:
            bodies = [body] if asked.attempt is None else body.split(b"\n")
            items = Record(first, at, asked.task, type_, asked.attempt, bodies).items(after)
            yield from (item for item in (reversed(items) if back else items) if item.seq < asked.before)
