"""Excerpts: any part of one attempt's words or one task's facts, found from either end."""

from collections.abc import Callable

import pytest

from foremand.core.facts import TimeCame
from foremand.journal import Excerpt, Ingested, Item, Journal, excerpt
from foremand.journal.records import Record

Make = Callable[..., TimeCame]
MakeBatch = Callable[..., Ingested]

END = 10**9


@pytest.fixture
async def filled(journal: Journal, fact: Make, batch: MakeBatch) -> Journal:
    """Two attempts and another task that talk at the same time, in rows of all lengths, with facts in between."""
    starts = {1: 0, 2: 0}
    for number in range(40):
        for attempt in (1, 2):
            part = batch(starts[attempt], 1 + number * 7 % 23, attempt=attempt)
            await journal.ingest(part)
            starts[attempt] = part.offset
        await journal.append([fact(f"f{number}")])
        await journal.ingest(batch(10 * number, 1, task=2))
    return journal


async def everything(journal: Journal, attempt: int | None) -> list[Item]:
    seen: list[Item] = []
    reached = 0
    while reached < journal.last_seq:
        page = await journal.page(reached, 1)
        seen += page.items
        reached = page.reached
    return [item for item in seen if item.attempt == attempt]


@pytest.mark.parametrize("attempt", [None, 1, 2])
@pytest.mark.parametrize("most", [1, 7, 1000])
async def test_pages_backwards_are_the_whole(filled: Journal, attempt: int | None, most: int) -> None:
    seen: list[Item] = []
    before, more = END, True
    while more:
        items, more = await filled.excerpt(Excerpt(task=1, attempt=attempt, before=before, most=most))
        assert len(items) <= most
        seen = items + seen
        before = items[0].seq
    assert seen == await everything(filled, attempt)


@pytest.mark.parametrize("attempt", [None, 1, 2])
async def test_pages_forwards_are_the_whole(filled: Journal, attempt: int | None) -> None:
    seen: list[Item] = []
    after, more = 0, True
    while more:
        items, more = await filled.excerpt(Excerpt(task=1, attempt=attempt, before=END, after=after, most=13))
        seen += items
        after = items[-1].seq
    assert seen == await everything(filled, attempt)


async def test_an_excerpt_is_bounded_in_bytes_and_always_moves(
    filled: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(excerpt, "EXCERPT_BYTES", 1)
    items, more = await filled.excerpt(Excerpt(task=1, attempt=1, before=END, most=100))
    assert len(items) == 1
    assert more


async def test_nothing_is_not_more(filled: Journal) -> None:
    assert await filled.excerpt(Excerpt(task=1, attempt=9, before=END, most=100)) == ([], False)
    assert await filled.excerpt(Excerpt(task=1, attempt=1, before=1, most=100)) == ([], False)


async def test_it_is_found_without_reading_what_lies_behind(journal: Journal) -> None:
    plan = journal._reader._paging.execute(
        f"EXPLAIN QUERY PLAN {excerpt._RUN_BACK}", {"task": 1, "attempt": 1, "before": 5}
    ).fetchall()
    assert "chunks_of_task (task=? AND rowid<?)" in plan[0][3]
    assert len(plan) == 1  # no sorting beside it


@pytest.mark.parametrize("where", [{"before": END}, {"before": END, "after": 0}])
async def test_a_page_takes_as_many_reads_however_long_the_whole_is(
    journal: Journal, batch: MakeBatch, monkeypatch: pytest.MonkeyPatch, where: dict[str, int]
) -> None:
    read: list[int] = []

    def counted(first: int, *rest: object) -> Record:
        read.append(first)
        return Record(first, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(excerpt, "Record", counted)
    start, reads = 0, []
    for rows in (10, 300):
        for _ in range(rows):
            part = batch(start, 5)
            await journal.ingest(part)
            start = part.offset
        read.clear()
        items, more = await journal.excerpt(Excerpt(task=1, attempt=1, most=20, **where))
        assert len(items) == 20
        assert more
        reads.append(len(read))
    assert reads[0] == reads[1] <= 5
