"""Which adapters there are, and where their programs lie."""

import asyncio
import os
import shutil
from pathlib import Path

from foremand.agents.claude import Claude
from foremand.agents.command import Command
from foremand.agents.port import Adapter
from foremand.children import child
from foremand.core.spec import Agent

ADAPTERS: dict[str, Adapter] = {"claude": Claude(), "command": Command()}
VERSION_TIMEOUT = 10.0
"""Seconds that a program has to tell its version."""


class AgentMissing(Exception):
    """An agent's program is not there. `agent` and `program` name it, `reason` says so, `hint` says how to get it."""

    def __init__(self, agent: str, program: str, hint: str, why: str = "not found on PATH") -> None:
        self.reason = f"[agent.{agent}] {program}: {why}"
        super().__init__(f"{self.reason}. {hint}")
        self.agent = agent
        self.program = program
        self.hint = hint


def adapter(name: str) -> Adapter:
    """The adapter called `name` in the pipeline file. Raises KeyError for one this version does not have."""
    return ADAPTERS[name]


def find(agent: Agent, path: str) -> Path:
    """Where the agent's program lies, looked up on `path` (a PATH of the submitting client).

    A relative program with a slash lies in the workspace and is returned as it is: whether it is there shows
    when it starts. Raises AgentMissing.
    """
    known = ADAPTERS[agent.adapter]
    program = agent.command[0] if agent.command else known.program
    if not program:
        raise AgentMissing(agent.name, "(no program)", known.hint)
    if os.sep in program and not program.startswith(os.sep):
        return Path(program)
    found = shutil.which(program, path=path)
    if found is None:
        raise AgentMissing(agent.name, program, known.hint)
    return Path(found)


async def version(agent: Agent, program: Path) -> str | None:
    """The first line in which the program tells its version. None where it does not, or not in time."""
    arguments = ADAPTERS[agent.adapter].version_args
    if not arguments:
        return None
    quiet = asyncio.subprocess.DEVNULL
    try:
        async with (
            asyncio.timeout(VERSION_TIMEOUT),
            child(
                program, *agent.command[1:], *arguments, stdin=quiet, stdout=asyncio.subprocess.PIPE, stderr=quiet
            ) as process,
        ):
            said, _ = await process.communicate()
    except (OSError, TimeoutError):
        return None
    lines = said.decode(errors="replace").split("\n", 1)
    return lines[0].strip() or None if process.returncode == 0 else None
