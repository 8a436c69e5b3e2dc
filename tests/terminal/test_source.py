"""The terminal's connection over everything that happens to a daemon: nothing is missed, nothing comes twice."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from foremanctl.exits import Failure, NotFound, Unreachable
from foremanctl.place import Place
from foremanctl.terminal.model import Model, reduce
from foremanctl.terminal.source import Source
from foremand.v1 import foremand_pb2 as pb

PATIENCE = 60.0

PIPELINE = """
version = 1
[agent.writer]
adapter = "command"
command = ["sh", "-c", "echo work > work.txt"]
[gate.owner]
kind = "human"
[[stage]]
name = "implement"
agent = "writer"
gates = ["owner"]
"""


class Watcher:
    """What a source has told."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.model = Model(now=2e9)
        self.links: list[str] = []
        self._news = asyncio.Event()

    def tell(self, event: Any) -> None:
        self.model = reduce(self.model, event)
        if not self.links or self.links[-1] != self.model.link:
            self.links.append(self.model.link)
        self._news.set()

    async def until(self, true: Callable[[Model], bool]) -> Model:
        async with asyncio.timeout(PATIENCE):
            while not true(self.model):
                self._news.clear()
                await self._news.wait()
        return self.model


@asynccontextmanager
async def watching(house: Any) -> AsyncIterator[Watcher]:
    source = Source(Place(str(house.socket), named=True))
    await source.open()
    watcher = Watcher(source)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(source.run(watcher.tell))
        yield watcher
        running.cancel()
    await source.close()


@pytest.fixture
def repo(house: Any) -> Any:
    house.start()
    return house.repo({".foremand/pipeline.toml": PIPELINE})


def is_asked(task: int) -> Callable[[Model], bool]:
    return lambda model: task in model.tasks and model.tasks[task].waiting_for == "person"


async def test_a_snapshot_then_what_changes(house: Any, repo: Any) -> None:
    first = await asyncio.to_thread(house.submit, repo, "one")
    async with watching(house) as watcher:
        model = await watcher.until(is_asked(first))
        assert model.link == ""
        second = await asyncio.to_thread(house.submit, repo, "two")
        model = await watcher.until(is_asked(second))
        assert model.info is not None
        assert model.info.max_agents == 3


async def test_over_a_restart_nothing_is_missed(house: Any, repo: Any) -> None:
    async with watching(house) as watcher:
        await watcher.until(lambda model: model.cursor >= 0)
        house.kill()
        await watcher.until(lambda model: model.link == "reconnecting")
        await asyncio.to_thread(house.start)
        task = await asyncio.to_thread(house.submit, repo, "one")
        await watcher.until(is_asked(task))
        assert (await watcher.source.ask("GetTask", pb.GetTaskRequest(id=task))).task.id == task
    assert watcher.links == ["", "reconnecting", ""]


async def test_a_call_waits_for_a_daemon_that_comes_back(house: Any, repo: Any) -> None:
    task = await asyncio.to_thread(house.submit, repo, "one")
    async with watching(house) as watcher:
        await watcher.until(is_asked(task))
        house.kill()
        async with asyncio.TaskGroup() as group:
            asked = group.create_task(watcher.source.ask("GetTask", pb.GetTaskRequest(id=task)))
            await watcher.until(lambda model: model.link == "reconnecting")
            await asyncio.to_thread(house.start)
        assert asked.result().task.id == task


async def test_another_journal_is_begun_anew(house: Any, repo: Any) -> None:
    task = await asyncio.to_thread(house.submit, repo, "one")
    async with watching(house) as watcher:
        await watcher.until(is_asked(task))
        house.stop()
        shutil.rmtree(house.state)
        await asyncio.to_thread(house.start)
        await watcher.until(lambda model: not model.tasks and not model.link)


async def test_errors_are_ours(house: Any, repo: Any) -> None:
    async with watching(house) as watcher:
        with pytest.raises(NotFound) as caught:
            await watcher.source.ask("GetTask", pb.GetTaskRequest(id=99))
        assert (caught.value.what, caught.value.hint) == ("there is no task 99", "foremanctl list --all")
        with pytest.raises(NotFound):
            async for _ in watcher.source.stream("Watch", pb.WatchRequest(task=99)):
                pass


async def test_without_a_daemon_it_says_so(house: Any) -> None:
    with pytest.raises(Unreachable):
        await Source(Place(str(house.socket), named=True)).open()


async def test_a_stream_ends_with_its_connection(house: Any, repo: Any) -> None:
    async with watching(house) as watcher:
        with pytest.raises(Failure) as caught:
            async for _ in watcher.source.stream("Watch", pb.WatchRequest()):
                house.kill()
        assert caught.value.lost
