"""When the disk or the database does not take it: callers hear it, nothing is published, and it goes on later."""

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from foremand.core.facts import TimeCame
from foremand.journal import Ingested, Journal, JournalFailed, Request

Make = Callable[..., TimeCame]
MakeBatch = Callable[..., Ingested]


async def pragma(journal: Journal, text: str) -> None:
    await journal._writer.write(lambda transaction: transaction.execute(f"PRAGMA {text}").fetchall())


async def test_disk_full(journal: Journal, fact: Make, batch: MakeBatch) -> None:
    await journal.append([fact("before")])
    await journal.ingest(batch(0, 1))
    async with journal.subscribe(2) as subscription:
        await pragma(journal, "max_page_count = 1")  # no more than there are
        with pytest.raises(JournalFailed, match="full"):
            await journal.append([fact("small"), fact("x" * 1_000_000)], request=Request("r", b"done"))
        with pytest.raises(JournalFailed):
            await journal.ingest(batch(10, 100_000))
        assert await journal.answer("r") is None
        cursor = journal.cursor(1, 1)
        assert cursor is not None
        assert cursor.offset == 10
        assert journal.last_seq == 2

        await pragma(journal, "max_page_count = 1000000")
        await journal.append([fact("after")], request=Request("r", b"done"))
        await journal.ingest(batch(10, 2))
        items = await anext(subscription)
        while len(items) < 3:
            items += await anext(subscription)
    assert [item.seq for item in items] == [3, 4, 5]
    assert [entry.fact.key for entry in journal.facts()] == ["before", "after"]


async def test_a_full_disk_fails_everyone_who_waits(journal: Journal, fact: Make) -> None:
    await pragma(journal, "max_page_count = 1")
    tries = [journal.append([fact("x" * 100_000)]) for _ in range(20)]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert all(isinstance(result, JournalFailed) for result in results)
    assert len({id(result) for result in results}) == 20
    assert list(journal.facts()) == []


async def test_read_only(journal: Journal, fact: Make) -> None:
    await pragma(journal, "query_only = ON")
    with pytest.raises(JournalFailed, match="readonly"):
        await journal.append([fact()])
    assert journal.last_seq == 0
    journal._writer._connection.execute("PRAGMA query_only = OFF")
    assert (await journal.append([fact()]))[0].seq == 1


async def test_locked_by_another_program(path: Path, fact: Make) -> None:
    async with Journal.open(path, busy=0.01) as journal:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(JournalFailed, match="locked"):
            await journal.append([fact()])
        assert list(journal.facts()) == []
        other.execute("ROLLBACK")
        other.close()
        assert (await journal.append([fact()]))[0].seq == 1


async def test_an_error_says_what_and_what_to_do(journal: Journal, path: Path, fact: Make) -> None:
    await pragma(journal, "query_only = ON")
    with pytest.raises(JournalFailed) as failed:
        await journal.append([fact()])
    assert str(path) in str(failed.value)
    assert "room" in failed.value.hint
    assert failed.value.reason == "JOURNAL_FAILED"
