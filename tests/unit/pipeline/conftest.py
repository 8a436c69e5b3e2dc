"""A small sound pipeline that each test bends in one place, and the contract's own example."""

from collections.abc import Callable

import pytest

from foremand.core.spec import Pipeline
from foremand.pipeline import PipelineInvalid, load

SOUND = """\
version = 1

[agent.coder]
adapter = "claude"

[gate.tests]
kind = "command"
run = "make test"

[gate.boss]
kind = "human"

[[stage]]
name = "plan"
agent = "coder"
access = "read"

[[stage]]
name = "implement"
agent = "coder"
gates = ["tests"]

[land]
gates = ["boss"]
"""

CONTRACT = """\
version = 1

[workspace]
setup = "python -m venv .venv && .venv/bin/pip install -q -e ."
setup_key = ["pyproject.toml"]
setup_paths = [".venv"]

[agent.claude]
adapter = "claude"

[gate.tests]
kind = "command"
run  = ".venv/bin/pytest -q --junitxml=report.xml"
junit = "report.xml"

[gate.final-review]
kind = "human"

[[stage]]
name   = "plan"
agent  = "claude"
access = "read"

[[stage]]
name  = "implement"
agent = "claude"
gates = ["tests"]

[land]
into  = "main"
gates = ["final-review"]
"""


def bend(*changes: tuple[str, str]) -> str:
    """The sound pipeline with texts replaced; each must be there, so that no test bends nothing."""
    text = SOUND
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text


def read(text: str, files: dict[str, str] | None = None) -> Pipeline:
    return load(text, (files or {}).get, "pipeline.toml")


def problems(text: str, files: dict[str, str] | None = None) -> list[str]:
    """Everything that is wrong with a text, as people see it; empty where it loads."""
    try:
        read(text, files)
    except PipelineInvalid as invalid:
        return [str(problem) for problem in invalid.problems]
    return []


@pytest.fixture(scope="session", name="bend")
def bend_fixture() -> Callable[..., str]:
    return bend


@pytest.fixture(scope="session", name="read")
def read_fixture() -> Callable[..., Pipeline]:
    return read


@pytest.fixture(scope="session", name="problems")
def problems_fixture() -> Callable[..., list[str]]:
    return problems


@pytest.fixture(scope="session")
def contract() -> str:
    """The example of the contract, as it stands there."""
    return CONTRACT
