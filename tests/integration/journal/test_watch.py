"""Watching a journal that is being written: every number once, in order, for everyone."""

import asyncio
import random
from collections.abc import Callable

import pytest

from foremand.core.facts import TimeCame
from foremand.journal import Ingested, Item, Journal, SlowConsumer, reader

Make = Callable[..., TimeCame]
MakeBatch = Callable[..., Ingested]
FACTS, BATCHES = 60, 30


async def write_much(journal: Journal, fact: Make, batch: MakeBatch) -> None:
    async def appender(task: int) -> None:
        for number in range(FACTS):
            await journal.append([fact(f"{task}-{number}", task)] * (number % 3 + 1))

    async def ingester(task: int) -> None:
        start = 0
        for number in range(BATCHES):
            part = batch(start, 1 + number * 7 % 40, task)
            await journal.ingest(part)
            start = part.offset

    async with asyncio.TaskGroup() as group:
        for task in range(4):
            group.create_task(appender(task))
            group.create_task(ingester(task))


async def watch(
    journal: Journal, after: int, done: asyncio.Event, task: int | None, chance: random.Random
) -> list[Item]:
    """Watch until all is written and seen, dropping the subscription and resuming by its cursor now and then."""
    seen: list[Item] = []
    while not (done.is_set() and after >= journal.last_seq):
        async with journal.subscribe(after, task) as subscription:
            for _ in range(chance.randint(1, 20)):
                try:
                    async with asyncio.timeout(2):
                        batch = await anext(subscription)
                except TimeoutError:
                    if done.is_set() and task is not None:  # what is left is not of this task
                        after = journal.last_seq
                    break
                seen += batch
                after = batch[-1].seq
    return seen


async def test_concurrent_writers_and_watchers(
    journal: Journal, fact: Make, batch: MakeBatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "PAGE_BYTES", 500)
    done = asyncio.Event()
    chance = random.Random(20)
    async with asyncio.TaskGroup() as group:
        everything = [group.create_task(watch(journal, 0, done, None, chance)) for _ in range(4)]
        of_one = [group.create_task(watch(journal, 0, done, task, chance)) for task in range(4)]
        await write_much(journal, fact, batch)
        late = group.create_task(watch(journal, 17, done, None, chance))
        done.set()
    for watcher in everything:
        assert [item.seq for item in watcher.result()] == list(range(1, journal.last_seq + 1))
    whole = everything[0].result()
    assert late.result() == whole[17:]
    for task, watcher in enumerate(of_one):
        assert watcher.result() == [item for item in whole if item.task == task]


async def test_live_and_stored_items_are_the_same(journal: Journal, fact: Make, batch: MakeBatch) -> None:
    async with journal.subscribe(0) as subscription:
        waiting = asyncio.get_running_loop().create_task(anext(subscription))
        await asyncio.sleep(0)
        await journal.append([fact("a")])
        live = await waiting
        await journal.ingest(batch(0, 5, task=3, attempt=2))
        live += await anext(subscription)
    assert live == (await journal.page(0)).items
    assert [item.type for item in live] == ["TimeCame"] + ["AgentEvent"] * 5


async def test_one_who_sleeps_hinders_nobody(journal: Journal, fact: Make) -> None:
    async with journal.subscribe(0, buffer_items=100) as sleeper:
        waiting = asyncio.get_running_loop().create_task(anext(sleeper))
        await asyncio.sleep(0)
        await journal.append([fact("first")])
        assert [item.seq for item in await waiting] == [1]
        for number in range(300):
            await journal.append([fact(str(number))])
        with pytest.raises(SlowConsumer) as told:
            await anext(sleeper)
    assert told.value.last_seq == 1
    page = await journal.page(told.value.last_seq)
    assert [item.seq for item in page.items] == list(range(2, 302))


async def test_closing_the_journal_ends_the_watch(journal: Journal, fact: Make) -> None:
    await journal.append([fact("a")])
    seen: list[int] = []
    live = asyncio.Event()

    async def watch_to_the_end() -> None:
        async for batch in journal.subscribe(0):
            seen.extend(item.seq for item in batch)
            if seen[-1] == 2:
                live.set()

    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        group.create_task(watch_to_the_end())
        await journal.append([fact("b")])
        await live.wait()
        await journal.close()
    assert seen == [1, 2]
