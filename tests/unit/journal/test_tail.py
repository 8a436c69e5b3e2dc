"""A subscription's promises, with a history and a feed that the test holds in its hands."""

import asyncio

import pytest

from foremand.journal.errors import CursorAhead, SlowConsumer
from foremand.journal.records import AGENT_EVENT, Item, Page, Record
from foremand.journal.tail import BATCH_ITEMS, Feed, Subscription


def record(first: int, count: int = 1, task: int = 1, size: int = 2) -> Record:
    return Record(first, 0.0, task, AGENT_EVENT, 1, [b"x" * size] * count)


class Past:
    """A history whose pages hold ten items; `hold` keeps a page back until it is set."""

    def __init__(self) -> None:
        self.items: list[Item] = []
        self.hold: asyncio.Event | None = None
        self.asked = asyncio.Event()

    def add(self, part: Record) -> None:
        self.items += part.items()

    async def __call__(self, after: int, until: int, task: int | None) -> Page:
        found = [i for i in self.items if after < i.seq <= until and task in (None, i.task)]
        self.asked.set()
        if self.hold is not None:
            await self.hold.wait()
        return Page(found[:10], found[9].seq if len(found) > 10 else until)


class Stage:
    """History and feed moving together, as the journal moves them."""

    def __init__(self) -> None:
        self.past = Past()
        self.feed = Feed(0, self.past)

    def happen(self, count: int = 1, task: int = 1, size: int = 2) -> None:
        part = record(self.feed.last + 1, count, task, size)
        self.past.add(part)
        self.feed.publish([part])


@pytest.fixture
def stage() -> Stage:
    return Stage()


async def seqs(subscription: Subscription, count: int) -> list[int]:
    found: list[int] = []
    async with asyncio.timeout(60):
        while len(found) < count:
            found += [item.seq for item in await anext(subscription)]
    return found


async def test_history_then_what_happens(stage: Stage) -> None:
    stage.happen(25)
    subscription = stage.feed.subscribe(3, None)
    assert await seqs(subscription, 22) == list(range(4, 26))
    waiting = asyncio.get_running_loop().create_task(seqs(subscription, 1))
    await asyncio.sleep(0)
    stage.happen()
    assert await waiting == [26]


async def test_what_happens_while_history_is_read_comes_once(stage: Stage) -> None:
    stage.happen(5)
    stage.past.hold = asyncio.Event()
    subscription = stage.feed.subscribe(0, None)
    async with asyncio.TaskGroup() as group:
        reading = group.create_task(seqs(subscription, 12))
        await stage.past.asked.wait()
        stage.happen(7)
        stage.past.hold.set()
    assert reading.result() == list(range(1, 13))


async def test_only_one_task(stage: Stage) -> None:
    for task in (1, 2, 1, 2):
        stage.happen(2, task)
    subscription = stage.feed.subscribe(0, 2)
    assert await seqs(subscription, 4) == [3, 4, 7, 8]
    waiting = asyncio.get_running_loop().create_task(seqs(subscription, 1))
    await asyncio.sleep(0)
    stage.happen(1, 1)
    stage.happen(1, 2)
    assert await waiting == [10]


async def joined(stage: Stage, **bounds: int) -> Subscription:
    """A subscription that has caught up and holds nothing."""
    stage.happen()
    subscription = stage.feed.subscribe(0, None, **bounds)
    assert await seqs(subscription, 1) == [1]
    waiting = asyncio.get_running_loop().create_task(seqs(subscription, 1))
    await asyncio.sleep(0)
    stage.happen()
    assert await waiting == [2]
    return subscription


async def test_a_batch_is_bounded_and_full_ones_do_not_wait(stage: Stage) -> None:
    subscription = await joined(stage)
    stage.happen(3 * BATCH_ITEMS)
    clock = asyncio.get_running_loop().time
    begun = clock()
    sizes = [len(await anext(subscription)) for _ in range(3)]
    assert sizes == [BATCH_ITEMS] * 3
    assert clock() - begun < 0.03


async def test_a_batch_ends_at_a_megabyte(stage: Stage) -> None:
    subscription = await joined(stage)
    stage.happen(5, size=600_000)
    assert [len(await anext(subscription)) for _ in range(2)] == [2, 2]


async def test_small_items_in_a_row_are_gathered(stage: Stage) -> None:
    subscription = await joined(stage)
    stage.happen()
    waiting = asyncio.get_running_loop().create_task(anext(subscription))
    await asyncio.sleep(0)
    stage.happen()
    assert [item.seq for item in await waiting] == [3, 4]


async def test_a_slow_one_is_told_and_forgotten(stage: Stage) -> None:
    subscription = await joined(stage, buffer_items=10)
    stage.happen(10)
    stage.happen(1)
    with pytest.raises(SlowConsumer) as told:
        await anext(subscription)
    assert told.value.last_seq == 2
    assert not stage.feed._live
    assert await seqs(stage.feed.subscribe(told.value.last_seq, None), 11) == list(range(3, 14))


async def test_bytes_bound_a_buffer_too(stage: Stage) -> None:
    subscription = await joined(stage, buffer_bytes=1000)
    stage.happen(1, size=900)
    stage.happen(1, size=200)
    with pytest.raises(SlowConsumer):
        await anext(subscription)


async def test_what_was_taken_frees_the_buffer(stage: Stage) -> None:
    subscription = await joined(stage, buffer_bytes=1000)
    stage.happen(1)
    for _ in range(20):
        stage.happen(BATCH_ITEMS)  # 128 bytes, of which one item is left over each time
        assert len(await anext(subscription)) == BATCH_ITEMS


async def test_one_large_commit_does_not_end_an_attentive_one(stage: Stage) -> None:
    subscription = await joined(stage, buffer_items=10)
    stage.happen(500)
    assert await seqs(subscription, 500) == list(range(3, 503))


async def test_reading_history_slowly_is_not_being_slow(stage: Stage) -> None:
    stage.happen(100)
    subscription = stage.feed.subscribe(0, None, buffer_items=10)
    first = await seqs(subscription, 1)
    stage.happen(1000)
    assert first + await seqs(subscription, 1100 - len(first)) == list(range(1, 1101))


async def test_closing_ends_it_after_what_it_holds(stage: Stage) -> None:
    subscription = await joined(stage)
    stage.happen(2)
    stage.feed.close()
    assert [item.seq for item in await anext(subscription)] == [3, 4]
    with pytest.raises(StopAsyncIteration):
        await anext(subscription)


async def test_closing_wakes_one_that_waits(stage: Stage) -> None:
    subscription = await joined(stage)
    async with asyncio.timeout(60):
        waiting = asyncio.get_running_loop().create_task(seqs(subscription, 1))
        await asyncio.sleep(0)
        subscription.close()
        with pytest.raises(StopAsyncIteration):
            await waiting


async def test_a_cancelled_wait_loses_nothing(stage: Stage) -> None:
    subscription = await joined(stage)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.001):
            await anext(subscription)
    stage.happen()
    assert await seqs(subscription, 1) == [3]


async def test_a_cursor_from_another_journal(stage: Stage) -> None:
    stage.happen(4)
    with pytest.raises(CursorAhead) as refused:
        stage.feed.subscribe(5, None)
    assert (refused.value.after, refused.value.last) == (5, 4)
    stage.feed.subscribe(4, None)


def test_a_record_gives_its_items_after_a_cursor() -> None:
    part = Record(5, 1.5, 2, AGENT_EVENT, 3, [b"a", b"b", b"c"])
    assert part.last == 7
    assert part.items(after=5) == [Item(6, 1.5, 2, AGENT_EVENT, 3, b"b"), Item(7, 1.5, 2, AGENT_EVENT, 3, b"c")]
    assert len(part.items()) == 3
    assert part.items(after=7) == []
