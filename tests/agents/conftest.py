"""The real Claude Code, a scripted model for it, and a plain way to run one attempt through the adapter."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct, structs

sys.path.insert(0, str(Path(__file__).parent))  # for model_server, which is a program of its own too

from model_server import ModelServer

from foremand.agents import registry
from foremand.agents.port import AgentEvent, Job, Launch, Outcome, Reader
from foremand.core.spec import Agent

VERSION = "2.1.330"
"""The release that all facts were measured with; `.ci/run` installs it."""

PATIENCE = 90.0
"""Seconds after which a run of the CLI is given up. None needs more than about three."""


@pytest.fixture(scope="session")
def claude_cli() -> Path:
    """The pinned Claude Code: FOREMAND_TEST_CLAUDE, else `claude` on PATH. Never skipped under CI."""
    found = os.environ.get("FOREMAND_TEST_CLAUDE") or shutil.which("claude")
    said = ""
    if found:
        said = subprocess.run([found, "--version"], capture_output=True, text=True, check=False).stdout
        if said.startswith(f"{VERSION} "):
            return Path(found)
    lacking = (
        f"Claude Code {VERSION} is needed, found {said.strip() or 'none'}: "
        f"npm install @anthropic-ai/claude-code@{VERSION}, and set FOREMAND_TEST_CLAUDE to its program"
    )
    if os.environ.get("CI") == "true":
        pytest.fail(lacking)
    pytest.skip(lacking)


@pytest.fixture
def model() -> Iterator[ModelServer]:
    """A scripted model server."""
    with ModelServer() as server:
        yield server


class Attempt(Struct, frozen=True):
    """What a run of the CLI left."""

    outcome: Outcome
    events: list[AgentEvent]
    launch: Launch

    def kinds(self, kind: str) -> list[AgentEvent]:
        """Its events of one kind."""
        return [event for event in self.events if event.kind == kind]


class Running(Struct):
    """An attempt under way."""

    launch: Launch
    reader: Reader
    process: asyncio.subprocess.Process
    out: Path

    async def ended(self, stop_reason: str | None = None) -> Attempt:
        """Waits for its end and judges it."""
        async with asyncio.timeout(PATIENCE):
            code = await self.process.wait()
        events = [event for line in self.out.read_bytes().splitlines() for event in self.reader.feed(line)]
        stderr = self.out.with_suffix(".err").read_text(errors="replace")
        exit_code, by = (code, None) if code >= 0 else (None, -code)
        return Attempt(self.reader.finish(exit_code, by, stop_reason, stderr[-4000:]), events, self.launch)


class Desk:
    """Starts attempts of one task: one tree, one HOME."""

    def __init__(self, program: Path, top: Path) -> None:
        self.home = top / "home"
        self.tree = top / "tree"
        self.tree.mkdir()
        self._program = program
        self._top = top
        self._attempts = 0
        self._started: list[asyncio.subprocess.Process] = []

    def job(self, **changes: Any) -> Job:
        """A job in the sandbox's manner: everything is allowed."""
        usual: dict[str, Any] = {
            "prompt": "do it",
            "stage": "implement",
            "access": "write",
            "task": 1,
            "attempt": self._attempts + 1,
            "session_id": str(uuid.uuid4()),
            "home": self.home,
            "output": self._top / f"output-{self._attempts + 1}",
            "sandboxed": True,
        }
        return Job(**(usual | changes))

    async def start(self, url: str, job: Job, **agent_or_environment: Any) -> Running:
        """Starts the CLI as the engine would, but without shim and sandbox. Names in capitals are variables of
        the client's environment (None: not set), the others keys of the agent."""
        environment = {name: value for name, value in agent_or_environment.items() if name.isupper()}
        agent = Agent(name="a", adapter="claude", model="claude-sonnet-4-5", env=("CLAUDE_CODE_MAX_RETRIES",))
        agent = structs.replace(
            agent, **{name: value for name, value in agent_or_environment.items() if not name.isupper()}
        )
        client = {"ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": "sk-ant-dummy", "CLAUDE_CODE_MAX_RETRIES": "0"}
        client |= environment
        known = registry.adapter("claude")
        launch = known.launch(agent, job)
        self.home.mkdir(exist_ok=True)
        self._attempts += 1
        out = self._top / f"attempt-{self._attempts}.out"
        prompt = out.with_suffix(".prompt")
        prompt.write_bytes(launch.stdin)
        with prompt.open("rb") as stdin, out.open("wb") as stdout, out.with_suffix(".err").open("wb") as stderr:
            process = await asyncio.create_subprocess_exec(
                self._program,
                *launch.argv[1:],
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                cwd=self.tree,
                env={
                    "PATH": os.environ["PATH"],
                    "HOME": str(self.home),
                    "LANG": "C.UTF-8",
                    "TMPDIR": str(self._top),
                    **launch.env,
                    **{name: client[name] for name in launch.credentials if client.get(name) is not None},
                },
                start_new_session=True,
            )
        self._started.append(process)
        return Running(launch, known.reader(job), process, out)

    async def run(self, url: str, job: Job | None = None, **agent_or_environment: Any) -> Attempt:
        """One attempt, to its end."""
        return await (await self.start(url, job or self.job(), **agent_or_environment)).ended()

    async def close(self) -> None:
        """Leaves no process behind."""
        for process in self._started:
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)
                await process.wait()


@pytest.fixture
async def desk(claude_cli: Path, tmp_path: Path) -> AsyncIterator[Desk]:
    """Where attempts with the real CLI are run."""
    desk = Desk(claude_cli, tmp_path)
    yield desk
    await desk.close()
