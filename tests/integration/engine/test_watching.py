"""What others change about a task is told to whoever watches it: at once, once, and only if it looks different."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from typing import Any

import pytest

from foremand.api.convert import Wire
from foremand.api.watching import watch
from foremand.core import facts as f
from foremand.engine.desk import Desk
from foremand.engine.neighbours import Neighbours
from foremand.engine.overlaps import Overlaps
from foremand.journal import Ingested
from foremand.v1 import foremand_pb2 as pb

LINES = "one\ntwo\nthree\nfour\nfive\nsix\nseven\n"


class Stand:
    """An estate, and what is seen of it from outside."""

    def __init__(self, estate: Any, group: asyncio.TaskGroup) -> None:
        self.estate = estate
        self.overlaps = Overlaps(estate.ledger, estate.repositories, group)
        self.neighbours = Neighbours(estate.ledger, self.overlaps)
        nothing: Any = None
        self._desk = Desk(estate.places, estate.ledger, estate.journal, nothing, estate.repositories)
        self._wire = Wire(self._desk.tasks, self.overlaps.of)

    @asynccontextmanager
    async def watched(self, **request: int) -> AsyncIterator["Client"]:
        """One stream, from now on or behind a cursor."""
        stream = watch(self._desk, self.estate.journal, self._wire, self.neighbours, pb.WatchRequest(**request))
        assert isinstance(stream, AsyncGenerator)
        async with aclosing(stream):
            client = Client(stream)
            if "after" not in request:
                client.keep(await client.next())
            yield client

    async def seal(self, number: int, line: str, text: str) -> None:
        """The task changes a line of the poem."""
        await self.estate.seal(number, {"poem.txt": LINES.replace(line, text)})
        await self.overlaps.settled()

    async def queue(self, *numbers: int) -> None:
        """They stand in line."""
        for number in numbers:
            self.estate.now += 1
            await self.estate.say(f.QueueEntered(task=number, at=self.estate.now, candidate=1))


class Client:
    """Keeps what it was told last of each task."""

    def __init__(self, stream: AsyncGenerator[pb.WatchResponse]) -> None:
        self._stream = stream
        self.tasks: dict[int, pb.Task] = {}
        self.cursor = 0

    async def next(self) -> pb.WatchResponse:
        async with asyncio.timeout(60):
            return await anext(self._stream)

    def keep(self, response: pb.WatchResponse) -> None:
        assert response.cursor >= self.cursor
        self.cursor = response.cursor
        self.tasks |= {task.id: task for task in (*response.snapshot, *response.tasks)}

    async def until(self, holds: Callable[[], bool]) -> list[pb.WatchResponse]:
        """Everything that is told before this holds; at least something has to be."""
        told = []
        while not holds():
            told.append(await self.next())
            self.keep(told[-1])
        return told

    def overlaps(self, number: int) -> list[int]:
        return [each.id for each in self.tasks[number].overlaps]

    def places(self) -> dict[int, int]:
        return {number: task.queue_position for number, task in self.tasks.items()}


MakeStand = Callable[[], AbstractAsyncContextManager[Stand]]


@pytest.fixture
def a_stand(an_estate: Any) -> MakeStand:
    @asynccontextmanager
    async def make() -> AsyncIterator[Stand]:
        async with an_estate() as estate, asyncio.TaskGroup() as group:
            for number in (1, 2, 3):
                await estate.begin(number)
            yield Stand(estate, group)

    return make


@pytest.mark.parametrize("only", [0, 1])
async def test_another_s_seal_is_told_of_a_task_that_nothing_happens_to(a_stand: MakeStand, only: int) -> None:
    async with a_stand() as stand:
        await stand.seal(1, "one", "uno")
        async with stand.watched(task=only) as client:
            assert client.overlaps(1) == []
            await stand.seal(2, "seven", "sette")
            told = await client.until(lambda: client.overlaps(1) == [2])
            assert not any(event.task == 1 for each in told for event in each.events)
            assert list(client.tasks[1].overlaps[0].conflicts) == []

            await stand.seal(2, "one", "eins")
            await client.until(lambda: list(client.tasks[1].overlaps[0].conflicts) == ["poem.txt"])

            await stand.estate.end(2)
            await client.until(lambda: client.overlaps(1) == [])


async def test_places_in_the_queue_move_with_those_before_them(a_stand: MakeStand) -> None:
    async with a_stand() as stand, stand.watched() as client:
        await stand.queue(3, 1, 2)
        await client.until(lambda: client.places() == {3: 1, 1: 2, 2: 3})

        await stand.estate.end(3)
        told = await client.until(lambda: client.places() == {3: 0, 1: 1, 2: 2})
        assert [event.type for each in told for event in each.events] == ["TaskEnded"]
        assert len(told) <= 2, "with the event, or right behind it"

        await stand.estate.say(f.QueueLeft(task=1, at=stand.estate.now, reason="asks owner again"))
        await client.until(lambda: client.places() == {3: 0, 1: 0, 2: 1})


async def test_nothing_is_sent_that_looks_as_before_and_much_at_once_is_sent_once(a_stand: MakeStand) -> None:
    async with a_stand() as stand, stand.watched() as client:
        for _ in range(200):
            for number in (1, 2, 3):
                stand.neighbours._tell(number)
        await asyncio.sleep(0)
        await stand.estate.say(f.Said(task=1, at=0, by="ann", message="quick", key="k"))
        response = await client.next()
        assert ([event.type for event in response.events], [task.id for task in response.tasks]) == (["Said"], [1])

        await stand.queue(1, 2, 3)
        await client.until(lambda: client.places() == {1: 1, 2: 2, 3: 3})
        del stand.estate.ledger._tasks[1]  # gone from the line, without a word
        for _ in range(200):
            for number in (3, 2):
                stand.neighbours._tell(number)
        response = await client.next()
        assert (list(response.events), [task.id for task in response.tasks]) == ([], [2, 3])
        assert response.cursor == client.cursor, "nothing to resume behind"


async def test_what_is_heard_while_a_batch_is_made_is_told_with_the_next(
    a_stand: MakeStand, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_stand() as stand, stand.watched() as client:
        await stand.queue(1, 2)
        await client.until(lambda: client.places() == {1: 1, 2: 2, 3: 0})
        as_of = stand.estate.ledger.as_of

        async def while_the_last_is_awaited(task: int, seq: int) -> Any:
            if task == 3:  # the second was made already, as it stood behind the first
                del stand.estate.ledger._tasks[1]
                stand.neighbours._tell(2)
            return await as_of(task, seq)

        monkeypatch.setattr(stand.estate.ledger, "as_of", while_the_last_is_awaited)
        said = (f.Said(task=number, at=0, by="ann", message="quick", key="k") for number in (2, 3))
        await stand.estate.journal.append(list(said))
        stand.estate.ledger._reached |= dict.fromkeys((2, 3), stand.estate.journal.last_seq)
        await client.until(lambda: client.places() == {1: 1, 2: 1, 3: 0})


async def test_agent_events_that_nobody_asked_for_are_passed_over_in_silence(a_stand: MakeStand) -> None:
    async with a_stand() as stand, stand.watched() as client:
        begun = client.cursor
        events = [b"{}"] * 200  # more than a batch has
        part = Ingested(task=1, attempt=1, at=0.0, inode=1, start=0, offset=400, events=events)
        await stand.estate.journal.ingest(part)
        seen = stand.estate.journal.last_seq
        assert seen > begun
        await stand.estate.say(f.Said(task=1, at=0, by="ann", message="quick", key="k"))
        response = await client.next()
        assert [event.type for event in response.events] == ["Said"]
        assert response.cursor > seen, "it comes with the next that says something"


async def test_who_was_away_is_told_what_others_changed_meanwhile(a_stand: MakeStand) -> None:
    async with a_stand() as stand:
        await stand.seal(1, "one", "uno")
        async with stand.watched(task=1) as client:
            cursor = client.cursor
        await stand.seal(2, "seven", "sette")
        async with stand.watched(task=1, after=cursor) as client:
            (response,) = await client.until(lambda: 1 in client.tasks)
            assert client.overlaps(1) == [2]
            assert list(response.events) == []
            assert response.cursor == cursor


async def test_who_goes_leaves_nobody_behind(a_stand: MakeStand) -> None:
    async with a_stand() as stand:
        async with stand.watched():
            assert stand.neighbours._hearers
        assert not stand.neighbours._hearers
