"""What the fault campaigns share: a pipeline with everything in it, its scripted agent, and how a journal is read."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from foremanctl.client import request_id
from foremand.journal import AGENT_EVENT, Journal
from foremand.v1 import foremand_pb2 as pb

WORKER = Path(__file__).with_name("worker.py").read_text()

PIPELINE = """
version = 1

[workspace]
setup = "mkdir -p made && echo tool > made/tool"
setup_key = ["README"]
setup_paths = ["made"]

[agent.planner]
adapter = "command"
command = {worker}

[agent.writer]
adapter = "command"
command = {worker}

[gate.good]
kind = "command"
run = '''
grep -q tool made/tool
test -z "$(grep -L good work-*.txt)" || {{ echo it is not good; exit 1; }}
'''

[[stage]]
name = "plan"
agent = "planner"
access = "read"

[[stage]]
name = "implement"
agent = "writer"
gates = ["good"]

[[stage]]
name = "count"
agent = "writer"
gates = ["good"]

[land]
into = "main"
{land}
"""

STAGES = ["plan", "implement", "implement", "count"]
"""The attempts of a task in this pipeline: the first writing one is refused once."""


def pipeline(worker: Path, lines: int, land: str = "") -> str:
    """The pipeline with its agent. `lines` a transcript."""
    command = msgspec.json.encode([sys.executable, "-I", "-S", str(worker), str(lines)]).decode()
    return PIPELINE.format(worker=command, land=land)


def expected(stage: str, number: int, lines: int) -> list[str]:
    """What the agent of an attempt says."""
    return [f"{stage} {number} line {line}" for line in range(lines)]


class Record:
    """What a journal that nobody works on any more says."""

    def __init__(self, state: Path, facts: list[Any], heard: dict[tuple[int, int], list[str]]) -> None:
        self.state = state
        self.facts = facts
        self._heard = heard

    def heard(self, task: int, attempt: int) -> list[str]:
        """The lines of an attempt as they were journaled."""
        return self._heard.get((task, attempt), [])

    def transcript(self, task: int, attempt: int) -> list[str]:
        """The lines of an attempt as they are in its file."""
        return self._file(task, attempt, "out")

    def span(self, task: int, attempt: int) -> tuple[int, int]:
        """When the attempt began and ended, as its agent says; it must say so once."""
        (began, start), (ended, end) = (line.split() for line in self._file(task, attempt, "err"))
        assert (began, ended) == ("began", "ended")
        return int(start), int(end)

    def _file(self, task: int, attempt: int, name: str) -> list[str]:
        path = self.state / "attempts" / str(task) / str(attempt) / name
        return path.read_text(errors="replace").splitlines()

    def steps(self, task: int) -> list[str]:
        """What happened to a task, without times and ids, and without git's locks: every try to land has its own."""
        mine = [fact for fact in self.facts if fact.task == task and type(fact).__name__ != "LandingLocked"]
        return [" ".join([type(fact).__name__, *_subject(fact)]) for fact in mine]

    def attempts(self, task: int) -> list[tuple[str, str]]:
        """Stage and outcome of a task's attempts, in order of their ends."""
        mine = [fact for fact in self.facts if fact.task == task]
        stages = {fact.number: fact.stage for fact in mine if type(fact).__name__ == "AttemptStarted"}
        return [(stages[fact.number], fact.outcome) for fact in mine if type(fact).__name__ == "AttemptEnded"]


def _subject(fact: Any) -> Iterator[str]:
    for name in ("stage", "gate", "number", "outcome", "result", "verdict", "on_base", "charged"):
        if hasattr(fact, name):
            yield f"{name}={getattr(fact, name)}"


async def read_journal(state: Path) -> Record:
    """Fold the journal, and gather what agents said."""
    async with Journal.open(state / "journal.db") as journal:
        facts = [entry.fact for entry in journal.facts()]
        heard: dict[tuple[int, int], list[str]] = {}
        reached = 0
        while reached < journal.last_seq:
            page = await journal.page(reached)
            for item in page.items:
                if item.type == AGENT_EVENT:
                    heard.setdefault((item.task, item.attempt), []).append(msgspec.json.decode(item.body)["text"])
            reached = page.reached
    return Record(state, facts, heard)


class Caller:
    """A person at the daemon, without a program being started for every word."""

    def __init__(self, house: Any) -> None:
        self._house = house

    def submit(self, repo: Any, prompt: str = "change it", **more: Any) -> int:
        """Dispatch a task; its id."""
        request = pb.SubmitTaskRequest(
            request_id=request_id(), prompt=prompt, repo=str(repo.path), environment=self._house.env, **more
        )
        return int(self._house.api.ask("SubmitTask", request).id)

    def log(self, task: int, **how: bool) -> bytes:
        """What the daemon has read of the last attempt."""
        chunks = self._house.api.stream("ReadLog", pb.ReadLogRequest(id=task, **how))
        return b"".join(chunk.data for chunk in chunks)

    def approve(self, task: int, revision: str) -> None:
        """Approve what stands there."""
        self._house.api.ask("ApproveTask", pb.ApproveTaskRequest(request_id=request_id(), id=task, revision=revision))

    def cancel(self, task: int) -> None:
        """Stop a task."""
        self._house.api.ask("CancelTask", pb.CancelTaskRequest(request_id=request_id(), id=task))


@pytest.fixture
def caller(house: Any) -> Caller:
    """A person at the house's daemon."""
    return Caller(house)


@pytest.fixture
def worker(house: Any) -> Path:
    """The scripted agent, outside of every repository."""
    path: Path = house.script("worker", WORKER)
    return path


@pytest.fixture
def journal() -> Callable[..., Any]:
    """Reads a journal, once its daemon has stopped."""
    return read_journal


class Plot:
    """The campaigns' pipeline, its agent and what comes of it, in a fixture: `conftest` cannot be imported from."""

    worker = WORKER
    stages = STAGES
    pipeline = staticmethod(pipeline)
    expected = staticmethod(expected)


@pytest.fixture(scope="module")
def plot() -> type[Plot]:
    """What the campaigns play."""
    return Plot
