"""Transcripts: events and offset move together, so nothing is ingested twice and nothing left out."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from foremand.core.facts import TimeCame
from foremand.journal import AGENT_EVENT, Cursor, Ingested, IngestRefused, Item, Journal, reader

Make = Callable[..., TimeCame]
MakeBatch = Callable[..., Ingested]


async def everything(journal: Journal, task: int | None = None) -> list[Item]:
    items: list[Item] = []
    after = 0
    while after < journal.last_seq:
        page = await journal.page(after, task)
        items += page.items
        after = page.reached
    return items


async def test_events_and_cursor_are_stored_together(path: Path, batch: MakeBatch) -> None:
    async with Journal.open(path) as journal:
        assert journal.cursor(1, 1) is None
        await journal.ingest(batch(0, 3))
    async with Journal.open(path) as journal:
        assert journal.cursor(1, 1) == Cursor(30, 7, b"usage 0", b"state")
        assert journal.cursor(1, 2) is None
        assert await everything(journal) == [
            Item(seq, 2.5, 1, AGENT_EVENT, 1, b'{"n":%d}' % number) for number, seq in enumerate((1, 2, 3))
        ]


async def test_a_batch_without_events_moves_the_cursor(journal: Journal, batch: MakeBatch) -> None:
    silent = Ingested(task=1, attempt=1, at=0.0, inode=7, start=0, offset=44, events=[], reader_state=b"s")
    await journal.ingest(silent)
    assert journal.cursor(1, 1) == Cursor(44, 7, b"", b"s")
    assert journal.last_seq == 0


@pytest.mark.parametrize(
    ("start", "inode"),
    [(0, 7), (20, 7), (40, 7), (30, 8)],
    ids=["all again", "a part again", "a gap", "another file"],
)
async def test_what_does_not_follow_is_refused(journal: Journal, batch: MakeBatch, start: int, inode: int) -> None:
    await journal.ingest(batch(0, 3))
    with pytest.raises(IngestRefused):
        await journal.ingest(batch(start, 2, inode=inode))
    assert len(await everything(journal)) == 3
    assert journal.cursor(1, 1) == Cursor(30, 7, b"usage 0", b"state")
    await journal.ingest(batch(30, 1))


async def test_the_first_batch_begins_at_the_beginning(journal: Journal, batch: MakeBatch) -> None:
    with pytest.raises(IngestRefused):
        await journal.ingest(batch(10, 1))
    assert journal.cursor(1, 1) is None


async def test_of_two_readers_of_one_transcript_one_wins(journal: Journal, batch: MakeBatch) -> None:
    results = await asyncio.gather(*(journal.ingest(batch(0, 5)) for _ in range(8)), return_exceptions=True)
    assert sum(result is None for result in results) == 1
    assert sum(isinstance(result, IngestRefused) for result in results) == 7
    assert len(await everything(journal)) == 5


async def test_attempts_are_apart(journal: Journal, batch: MakeBatch) -> None:
    await journal.ingest(batch(0, 1, attempt=1))
    await journal.ingest(batch(0, 2, attempt=2))
    await journal.ingest(batch(0, 3, task=2))
    assert [item.attempt for item in await everything(journal, task=1)] == [1, 2, 2]
    assert len(await everything(journal, task=2)) == 3


async def test_an_event_of_two_lines_is_refused(journal: Journal) -> None:
    two = Ingested(task=1, attempt=1, at=0.0, inode=7, start=0, offset=9, events=[b'{\n"a":1}', b"{}"])
    with pytest.raises(ValueError, match="one line"):
        await journal.ingest(two)
    assert journal.cursor(1, 1) is None


async def test_pages_mix_facts_and_events_in_order_from_any_cursor(
    journal: Journal, fact: Make, batch: MakeBatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "PAGE_BYTES", 5000)
    for number in range(20):
        await journal.append([fact(str(number))] * 3)
        await journal.ingest(batch(number * 700_0, 700))
    items = await everything(journal)
    assert [item.seq for item in items] == list(range(1, 20 * 703 + 1))
    for after in (0, 1, 3, 4, 5, 703, 704, 1999, 14059, 14060):
        page = await journal.page(after)
        assert page.items == items[after : after + len(page.items)]
        assert page.reached == (page.items[-1].seq if page.items else 14060)


async def test_a_large_batch_is_stored_in_pieces(journal: Journal, batch: MakeBatch) -> None:
    await journal.ingest(batch(0, 12_345))
    assert [item.body for item in await everything(journal)] == [b'{"n":%d}' % n for n in range(12_345)]
    rows = await journal._writer.write(
        lambda transaction: transaction.execute("SELECT first_seq FROM chunks").fetchall()
    )
    assert rows == [(first,) for first in range(1, 12_345, 1000)]


async def test_a_replay_does_not_read_a_million_events(path: Path, fact: Make) -> None:
    async with Journal.open(path) as journal:
        await journal.append([fact("first")])
        for start in range(0, 1_000_000, 50_000):
            await journal.ingest(
                Ingested(
                    task=1, attempt=1, at=0.0, inode=7, start=start, offset=start + 50_000, events=[b"{}"] * 50_000
                )
            )
        await journal.append([fact("last")])
    clock = asyncio.get_running_loop().time
    begun = clock()
    async with Journal.open(path) as journal:
        assert [entry.seq for entry in journal.facts()] == [1, 1_000_002]
        assert journal.cursor(1, 1) is not None
        assert clock() - begun < 0.5  # a hundredth of it is enough; a scan takes longer than the whole
