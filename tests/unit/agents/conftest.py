"""A job and an agent to vary."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from foremand.agents.port import Job
from foremand.core.spec import Agent

MakeJob = Callable[..., Job]
MakeAgent = Callable[..., Agent]


@pytest.fixture
def make_job(tmp_path: Path) -> MakeJob:
    def make(**changes: Any) -> Job:
        usual: dict[str, Any] = {
            "prompt": "do it",
            "stage": "implement",
            "access": "write",
            "task": 12,
            "attempt": 3,
            "session_id": "11111111-2222-4333-8444-555555555555",
            "home": tmp_path / "home",
            "output": tmp_path / "out" / "output",
            "sandboxed": True,
        }
        return Job(**(usual | changes))

    return make


@pytest.fixture
def make_agent() -> MakeAgent:
    def make(**changes: Any) -> Agent:
        usual: dict[str, Any] = {"name": "a", "adapter": "claude"}
        return Agent(**(usual | changes))

    return make
