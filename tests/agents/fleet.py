"""A house whose agent is the real Claude Code and whose model is scripted, and a look at it from outside foremand."""

import json
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from model_script import Step
from model_server import ModelServer

from foremanctl.client import Client, request_id
from foremanctl.place import Place
from foremand.v1 import foremand_pb2 as pb

SECRET = "sk-ant-only-for-the-agent"
PATIENCE = 300.0
"""Seconds after which what a task should come to is given up; ten agents at once on a busy machine take their time."""

AGENT = """
version = 1

[agent.claude]
adapter = "claude"
command = ["{program}"]
model = "claude-sonnet-4-5"
env = ["CLAUDE_CODE_MAX_RETRIES"]
allow = ["*"]
"""
"""The beginning of every pipeline here. `allow` matters only where there is no sandbox."""


class Fleet:
    """Tasks for the real agent. Each has a script of its own in the model server, called by the task's `name`."""

    def __init__(self, house: Any, model: ModelServer, program: Path) -> None:
        self.house = house
        self.model = model
        self._program = program
        self._agent = AGENT.format(program=program)
        self._client: Client | None = None

    def repo(self, pipeline: str, files: dict[str, str] | None = None) -> Any:
        """A repository with this pipeline, the agent's table put before it."""
        return self.house.repo({".foremand/pipeline.toml": self.pipeline(pipeline), **(files or {})})

    def pipeline(self, rest: str) -> str:
        """A pipeline for the agent."""
        return self._agent + rest

    @property
    def client(self) -> Client:
        """One connection for all calls: a foremanctl for each would cost more than the tasks."""
        if self._client is None:
            self._client = Client(Place(str(self.house.socket)))
        return self._client

    def environment(self, name: str, **more: str | None) -> dict[str, str]:
        """The shell of the person who submits: a key, and the model server as the way to the model.

        A variable given as None is not set.
        """
        agents = {
            "ANTHROPIC_BASE_URL": self.model.url(name),
            "ANTHROPIC_API_KEY": SECRET,
            "CLAUDE_CODE_MAX_RETRIES": "0",
        }
        both = {**agents, **more}
        return {key: value for key, value in both.items() if value is not None}

    def submit(
        self,
        repo: Any,
        name: str,
        steps: Iterable[Step | Callable[[Any], Step]],
        *,
        prompt: str = "",
        pipeline: str = "",
        limits: pb.Limits | None = None,
        **more: str | None,
    ) -> int:
        """Dispatch a task whose model answers these steps; its id. `more` are variables of the client."""
        self.model.script(name, steps)
        request = pb.SubmitTaskRequest(
            request_id=request_id(),
            prompt=prompt or f"task {name}",
            repo=str(repo.path),
            pipeline_file=self.pipeline(pipeline) if pipeline else "",
            environment={**self.house.env, **self.environment(name, **more)},
            limits=limits,
        )
        return int(self.client.ask("SubmitTask", request).id)

    def holds(self, task: int, words: str) -> bool:
        """Whether the CLI has these words in its queue, by its own session file; the next request takes them up.

        That its shim was asked to tell it says less: the daemon may die, or the turn end, before the words arrive.
        """
        session = self.house.state / "workspaces" / str(task)
        lines = [line for path in session.glob("home/*/.claude/projects/*/*.jsonl") for line in path.open("rb")]
        whole = [json.loads(line) for line in lines if line.endswith(b"\n") and b'"enqueue"' in line]
        return any(line.get("operation") == "enqueue" and line.get("content") == words for line in whole)

    def watch(self) -> Iterator[dict[int, pb.Task]]:
        """All tasks as they are, again after every event."""
        tasks: dict[int, pb.Task] = {}
        for said in self.client.stream("Watch", pb.WatchRequest(), timeout=PATIENCE):
            tasks |= {task.id: task for task in (*said.snapshot, *said.tasks)}
            yield tasks

    def until(self, task: int, true: Callable[[pb.Task], bool]) -> pb.Task:
        """The task as soon as this is true of it."""
        last = None
        try:
            for tasks in self.watch():
                last = tasks.get(task)
                if last is not None and true(last):
                    return last
        except Exception as error:
            raise AssertionError(f"never so: {last}\n{self.house.tail()}") from error
        raise AssertionError(f"the watch ended: {last}")

    def wait(self, task: int, *states: str) -> pb.TaskDetail:
        """The whole task once it is in one of these states; another end, or waiting for somebody, fails at once."""
        wanted = {pb.TaskState.Value(state) for state in states}
        over = {pb.LANDED, pb.REJECTED, pb.FAILED, pb.CANCELLED}
        helpless = {"person", "stuck", "error", "trouble", "budget"}
        found = self.until(task, lambda now: now.state in wanted | over or now.waiting_for in helpless)
        assert found.state in wanted, f"{pb.TaskState.Name(found.state)}: {found.reason}\n{self.house.tail()}"
        return self.detail(task)

    def detail(self, task: int) -> pb.TaskDetail:
        """The task as `show` has it."""
        detail: pb.TaskDetail = self.client.ask("GetTask", pb.GetTaskRequest(id=task))
        return detail

    def approve(self, task: pb.Task) -> None:
        """A person's yes to the revision they have seen."""
        self.client.ask(
            "ApproveTask", pb.ApproveTaskRequest(request_id=request_id(), id=task.id, revision=task.revision)
        )

    def retry(self, task: int) -> None:
        """A person lets it go on."""
        self.client.ask("RetryTask", pb.RetryTaskRequest(request_id=request_id(), id=task))

    def cancel(self, task: int) -> None:
        """A person stops it."""
        self.client.ask("CancelTask", pb.CancelTaskRequest(request_id=request_id(), id=task))

    def why(self, task: int) -> str:
        """What `why` says."""
        said = self.client.ask("ExplainTask", pb.ExplainTaskRequest(id=task))
        return "\n".join([*said.lines, *said.commands])

    def census(self) -> "Census":
        """A look at this house's agents from outside."""
        return Census(self.house.root, self._program)

    def close(self) -> None:
        """End the connection; the next call makes another."""
        if self._client is not None:
            self._client.close()
            self._client = None


class Census:
    """The real CLI's processes as the kernel knows them, looked at again and again while it is `taken`.

    A look at all of /proc takes its time, so each process is booked by itself, with when it was first and last
    seen: between the two it certainly lived.
    """

    PERIOD = 0.05
    """Seconds between two looks: an agent lives for a second at least."""

    def __init__(self, root: Path, program: Path) -> None:
        self._root = os.fsencode(root)
        self._program = program.name
        self._over = threading.Event()
        self._lives: dict[tuple[str, str], tuple[float, float]] = {}

    @property
    def attempts(self) -> Counter[str]:
        """All attempts that were seen, as TASK/NUMBER, and how many agents each had."""
        return Counter(attempt for attempt, _ in self._lives)

    @property
    def most(self) -> int:
        """The most agents that lived at once."""
        return max(
            sum(begun <= moment <= ended for begun, ended in self._lives.values()) for moment, _ in self._lives.values()
        )

    def agents(self) -> Iterator[tuple[str, str]]:
        """The attempt and the pid of every agent that lives right now."""
        for attempt, pid, program in self.processes(self._program):
            with suppress(OSError):
                if _program(_parent(pid)) != program:  # else it is about to become another program
                    yield attempt, pid

    def processes(self, program: str = "") -> Iterator[tuple[str, str, str]]:
        """Attempt, pid and program of all that agents started and that lives; of one program, or of all."""
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                name = _program(pid)
                if program not in ("", name):
                    continue
                environ = Path("/proc", pid, "environ").read_bytes().split(b"\0")
            except OSError:
                continue
            marker = next((each for each in environ if each.startswith(b"FOREMAND_ATTEMPT=")), b"")
            if marker and any(self._root in each for each in environ):
                _, task, _, number = marker.decode().rsplit("/", 3)
                yield f"{task}/{number}", pid, name

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Look until the end of the block."""
        thread = threading.Thread(target=self._go_on)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()

    def _go_on(self) -> None:
        while not self._over.wait(self.PERIOD):
            for one in self.agents():
                now = time.monotonic()
                self._lives[one] = (self._lives.get(one, (now, now))[0], now)


def _program(pid: str) -> str:
    return Path("/proc", pid, "comm").read_text().strip()


def _parent(pid: str) -> str:
    return Path("/proc", pid, "stat").read_text().rpartition(")")[2].split()[1]
