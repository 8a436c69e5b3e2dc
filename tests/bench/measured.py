"""What is measured: a daemon in a home of its own with a journal made for it, and a client of its API."""

import contextlib
import json
import os
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import grpc
from conftest import House, Repo
from rows import DEADLINE

from foremand.core import facts as f
from foremand.core.spec import Pipeline
from foremand.journal import Ingested, Journal
from foremand.pipeline import load
from foremand.v1 import foremand_pb2 as pb
from foremand.v1.foremand_pb2_grpc import ForemandStub

WAITING = """
version = 1
[agent.a]
adapter = "command"
command = ["sh", "-c", "echo $FOREMAND_TASK > file-$FOREMAND_TASK"]
[gate.person]
kind = "human"
[[stage]]
name = "implement"
agent = "a"
gates = ["person"]
"""

SINGLE = """
version = 1
[agent.a]
adapter = "command"
command = {command}
[gate.person]
kind = "human"
[[stage]]
name = "implement"
agent = "a"
gates = ["person"]
allow_empty = true
"""

TALK = """
import sys, time
sys.stdin.read()
for number in range(int(sys.argv[1])):
    print(f"at {time.time():.6f} line {number} {'x' * 80}", flush=True)
    time.sleep(float(sys.argv[2]))
"""


@contextlib.contextmanager
def home() -> Iterator[House]:
    """A house that is gone afterwards."""
    house = House(Path(tempfile.mkdtemp(prefix="fb-", dir="/var/tmp")).resolve())
    try:
        yield house
    finally:
        house.close()


class Client:
    """The API without the start of a program."""

    def __init__(self, house: House) -> None:
        self._show = socket.socket(socket.AF_UNIX)
        self._show.connect(str(house.socket) + ".operator")
        token = json.loads(self._show.makefile().readline())["token"]
        self.metadata = (("foremand-token", token),)
        options = [("grpc.max_receive_message_length", 1 << 26)]
        self.stub = ForemandStub(grpc.insecure_channel(f"unix:{house.socket}", options=options))
        self._env = house.env

    def submit(self, repo: Repo, prompt: str = "do it") -> int:
        request = pb.SubmitTaskRequest(prompt=prompt, repo=str(repo.path), environment=self._env)
        return int(self.stub.SubmitTask(request, metadata=self.metadata, timeout=DEADLINE).id)

    def until(self, true: Callable[[dict[int, Any]], bool]) -> None:
        """Watch until the tasks are as wanted."""
        tasks: dict[int, Any] = {}
        stream = self.stub.Watch(pb.WatchRequest(), metadata=self.metadata, timeout=DEADLINE)
        for response in stream:
            for task in (*response.snapshot, *response.tasks):
                tasks[task.id] = task
            if true(tasks):
                stream.cancel()
                return


def waiting(count: int) -> Callable[[dict[int, Any]], bool]:
    """Whether so many tasks wait for a person."""
    return lambda tasks: sum(task.state == pb.WAITING for task in tasks.values()) >= count


def rss(pid: int) -> float:
    """Resident memory in MB."""
    text = Path(f"/proc/{pid}/status").read_text()
    return int(text.split("VmRSS:")[1].split()[0]) / 1024


def cpu(pid: int) -> float:
    """Processor seconds used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def fill(path: Path, *, tasks: int = 0, events: int = 0, of: int = 10**6, size: int = 120) -> None:
    """Makes a journal: `tasks` that have ended, each after one attempt, and of one task's first attempt so many
    `events`, texts of `size` characters that are numbered from 1."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pipeline = load(WAITING, lambda _: None, "bench")
    async with Journal.open(path) as journal:
        await journal.append([fact for number in range(1, tasks + 1) for fact in _life(number, pipeline)])
        step = max(1, min(10_000, 10_000_000 // size))
        for start in range(0, events, step):
            numbers = range(start + 1, min(start + step, events) + 1)
            await journal.ingest(
                Ingested(task=of, attempt=1, at=0.0, inode=1, start=start, offset=numbers[-1],
                         events=[_said(number, size) for number in numbers])
            )  # fmt: skip


def _life(task: int, pipeline: Pipeline) -> Iterator[f.AnyFact]:
    at = {"task": task, "at": time.time()}
    title = f"{task}: round the prices of what is exported"
    yield f.TaskSubmitted(**at, title=title, prompt="p", repo="/src/shop", into="main")
    yield f.TaskStarted(
        **at, base="0" * 40, base_tree="1" * 40, pipeline=pipeline, pipeline_hash="", origin="", sandboxed=True
    )
    yield f.AttemptStarted(**at, number=1, stage="implement", agent="a", entered="0" * 40, session_id="s")
    yield f.AttemptEnded(**at, number=1, outcome="stopped", reason="cancelled")
    yield f.TaskEnded(**at, state="CANCELLED", reason="cancelled by bench")


def _said(number: int, size: int) -> bytes:
    words = f"line {number} {'and so on ' * (size // 10)}"[:size]
    return json.dumps({"kind": "text", "text": words}).encode()
