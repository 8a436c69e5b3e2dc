"""Tasks as the daemon tells of them, a terminal without a screen, and a daemon that is a list of answers."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.message import Message
from prompt_toolkit.data_structures import Size
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output import DummyOutput

from foremanctl.exits import Failure
from foremanctl.terminal.app import App
from foremanctl.terminal.model import Back, Began, Changed, Event
from foremanctl.terminal.paint import Line, Look
from foremand.v1 import foremand_pb2 as pb

sys.path.insert(0, str(Path(__file__).parent))

from deciding import FakeTerminal
from deciding import Person as Decider

NOW = 1_800_000_000.0
"""When it is, for everybody: 2027-01-15 08:00:00 UTC."""

PATIENCE = 60.0


def a_task(number: int = 12, **fields: Any) -> pb.Task:
    """A task that waits for a person, unless told otherwise."""
    given: dict[str, Any] = {
        "id": number,
        "title": "Add /v2/export",
        "repo": "/src/shop",
        "into": "main",
        "state": pb.WAITING,
        "waiting_for": "person",
        "reason": "approve api-owner?",
        "stages": ["plan", "implement"],
        "stage": "land",
        "attempt": 2,
        "revision": "a1b2c3d4e5f6",
        "cost_usd": 0.61,
        "files": 7,
        "added": 120,
        "removed": 8,
        "created_at": "2027-01-15T07:56:00.000Z",
        "updated_at": "2027-01-15T07:59:30.000Z",
    }
    return pb.Task(**{**given, **fields})


def working(number: int = 11, **fields: Any) -> pb.Task:
    """A task whose agent works."""
    given = {
        "title": "Fix #412 rounding",
        "state": pb.RUNNING,
        "waiting_for": "",
        "reason": "pytest failed 2 of 48, attempt 2",
        "stage": "implement",
        "cost_usd": 0.92,
        "files": 0,
    }
    return a_task(number, **{**given, **fields})


INFO = pb.ServerInfo(running_agents=3, max_agents=3, spent_usd=1.84, daily_cost_usd=20, sandboxed=True)


def said(*numbers: int) -> list[pb.Event]:
    """What an agent said."""
    return [
        pb.Event(
            seq=number,
            type="AgentEvent",
            attempt=1,
            data=json.dumps({"kind": "text", "text": f"word {number}."}).encode(),
        )
        for number in numbers
    ]


def plain(lines: list[Line]) -> list[str]:
    """What a person without colours reads."""
    return ["".join(text for _, text in line).rstrip() for line in lines]


class FakeDaemon:
    """Tells what it is given to tell, answers what it was told to answer, and remembers what it was asked."""

    def __init__(self, *tasks: pb.Task) -> None:
        self.tasks = tasks
        self.asked: list[tuple[str, Any]] = []
        self.answers: dict[str, Any] = {}
        self.watched: asyncio.Queue[pb.WatchResponse | Failure] = asyncio.Queue()
        self._tell: Callable[[Event], None] = lambda _event: None
        self._cursor = 5

    async def run(self, tell: Callable[[Event], None]) -> None:
        self._tell = tell
        tell(Back(INFO))
        tell(Began(self._cursor, self.tasks))
        await asyncio.Event().wait()

    def tell(self, event: Event) -> None:
        self._tell(event)

    def change(self, *tasks: pb.Task) -> None:
        """These are others now."""
        self._cursor += 1
        self._tell(Changed(self._cursor, tasks))

    def says(self, *numbers: int) -> None:
        """The agent that is followed says these words."""
        self.watched.put_nowait(pb.WatchResponse(cursor=numbers[-1], events=said(*numbers)))

    async def ask(self, verb: str, request: Message) -> Any:
        self.asked.append((verb, request))
        answer = self.answers[verb]
        answer = answer(request) if callable(answer) else answer
        if isinstance(answer, Failure):
            raise answer
        return answer

    async def stream(self, verb: str, request: Message) -> AsyncIterator[Any]:
        self.asked.append((verb, request))
        while True:
            response = await self.watched.get()
            if isinstance(response, Failure):
                raise response
            yield response


def a_room(*tasks: pb.Task, words: int = 3) -> FakeDaemon:
    """A daemon with tasks of which each has one attempt, that said so many words."""
    daemon = FakeDaemon(*tasks)
    known = {task.id: task for task in tasks}
    spoken = said(*range(1, words + 1))

    def events(request: pb.ListEventsRequest) -> pb.ListEventsResponse:
        if not request.attempt:
            return pb.ListEventsResponse(cursor=words)
        if request.HasField("after"):
            rest = [event for event in spoken if event.seq > request.after]
            return pb.ListEventsResponse(events=rest[:400], more=len(rest) > 400, cursor=words)
        rest = [event for event in spoken if not request.before or event.seq < request.before]
        return pb.ListEventsResponse(events=rest[-400:], more=len(rest) > 400, cursor=words)

    def detail(request: pb.GetTaskRequest) -> pb.TaskDetail:
        attempt = pb.Attempt(number=1, stage="implement", agent="claude")
        return pb.TaskDetail(task=known[request.id], attempts=[attempt])

    daemon.answers = {
        "GetTask": detail,
        "ListEvents": events,
        "ExplainTask": lambda _: pb.Explanation(lines=["because"]),
    }
    return daemon


class Fixed(DummyOutput):
    """An output that shows nothing, of a certain size; it counts how often it rang."""

    def __init__(self, rows: int = 24, columns: int = 100) -> None:
        self.rang = 0
        self.raw = ""
        self._size = Size(rows, columns)

    def get_size(self) -> Size:
        return self._size

    def bell(self) -> None:
        self.rang += 1

    def write_raw(self, data: str) -> None:
        self.raw += data


class Person:
    """Presses keys, and reads what would be on the screen."""

    def __init__(self, app: App, keys: PipeInput, output: Fixed) -> None:
        self.app = app
        self.output = output
        self._keys = keys

    def press(self, text: str) -> None:
        """Keys as a terminal sends them."""
        self._keys.send_text(text)

    def reads(self) -> str:
        """The screen, and the question below it."""
        if not self.app._screens:  # the person has left
            return ""
        asking = self.app._asking
        question = f"\n{asking._question}{asking.buffer.text}" if asking.begun else ""
        return "\n".join(plain(self.app.lines())) + question

    async def sees(self, *words: str) -> str:
        """Wait until all of these can be read."""
        return await self.until(lambda text: all(word in text for word in words), f"shows {words}")

    async def misses(self, *words: str) -> str:
        """Wait until none of these can be read."""
        return await self.until(lambda text: not any(word in text for word in words), f"lacks {words}")

    async def until(self, true: Callable[[str], bool], what: str) -> str:
        try:
            async with asyncio.timeout(PATIENCE):
                while not true(text := self.reads()):  # noqa: ASYNC110 (a screen does not say that it has changed)
                    await asyncio.sleep(0.002)
        except TimeoutError:
            raise AssertionError(f"the screen never {what}:\n{self.reads()}") from None
        return text


@contextmanager
def terminal(
    daemon: FakeDaemon, *, rows: int = 24, columns: int = 100, look: Look | None = None, task: int | None = None
) -> Iterator[Person]:
    """An App over a pipe. Run it with `at`."""
    with create_pipe_input() as keys:
        output = Fixed(rows, columns)
        app = App(daemon, look or Look(), color=True, bell=True, task=task, source=keys, output=output)
        yield Person(app, keys, output)


@pytest.fixture
def at() -> Callable[..., Any]:
    """Runs the terminal beside a story that is told of the person at it, until the story ends."""

    async def run(daemon: FakeDaemon, story: Callable[[Person], Any], **how: Any) -> Person:
        with terminal(daemon, **how) as person:

            async def tell() -> None:
                try:
                    await person.until(lambda _text: person.app._app.is_running, "runs")
                    await story(person)
                finally:
                    if person.app._app.is_running:
                        person.app._app.exit()

            async with asyncio.TaskGroup() as group:
                running = group.create_task(person.app.run())
                group.create_task(tell())
                await running
            return person

    return run


@pytest.fixture
def fake() -> type[FakeDaemon]:
    """Makes daemons."""
    return FakeDaemon


@pytest.fixture
def room() -> Callable[..., FakeDaemon]:
    """Makes daemons with tasks of which each has one attempt, that said so many words."""
    return a_room


@pytest.fixture
def task() -> Callable[..., pb.Task]:
    """Makes tasks that wait for a person."""
    return a_task


@pytest.fixture
def busy() -> Callable[..., pb.Task]:
    """Makes tasks whose agent works."""
    return working


@pytest.fixture
async def person() -> Decider:
    """Who looks at a change, to decide."""
    made = Decider(FakeTerminal())
    await made.rest()
    return made
