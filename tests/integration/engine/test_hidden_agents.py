"""An agent whose files lie where the sandbox hides them: its program is shown to it; of anything else it is said."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

PIPELINE = """
version = 1
[agent.a]
adapter = "command"
command = {command}
[gate.t]
kind = "command"
run = "test -f made"
[gate.look]
kind = "human"
[[stage]]
name = "implement"
agent = "a"
gates = ["t"]
[land]
gates = ["look"]
"""


@pytest.fixture
def agent() -> Iterator[Path]:
    """A program in a folder below /tmp."""
    folder = Path(tempfile.mkdtemp(prefix="fm-agent-", dir="/tmp")).resolve()
    (folder / "agent.sh").write_text("#!/bin/sh\ncat >/dev/null\necho x >made\n")
    (folder / "agent.sh").chmod(0o755)
    yield folder / "agent.sh"
    shutil.rmtree(folder)


def _with(house: Any, *command: str) -> Any:
    words = ", ".join(f'"{word}"' for word in command)
    return house.repo({".foremand/pipeline.toml": PIPELINE.format(command=f"[{words}]"), "README": "hi"})


def test_a_program_below_tmp_is_seen_by_its_sandbox(house: Any, sandbox: Any, agent: Path) -> None:
    repo = _with(house, str(agent))
    house.start()
    assert house.waits(house.submit(repo, "make it"), "person")["gates"][0]["verdict"] == "pass"


def test_a_script_below_tmp_is_refused_with_what_to_do(house: Any, sandbox: Any, agent: Path) -> None:
    repo = _with(house, "sh", str(agent))
    found = house.ok("doctor", "--format", "json", cwd=repo.path).json
    assert not found["agent a"]["ok"]
    assert f"{agent}: the sandbox hides it" in found["agent a"]["says"]
    assert "move it out of /tmp" in found["agent a"]["hint"]

    house.start()
    refused = house.ctl("submit", "make it", cwd=repo.path)
    assert (refused.returncode, "the sandbox hides it" in refused.stderr) == (2, True), refused.stderr
    assert "what to do: move it out of /tmp" in refused.stderr


def test_who_lands_it_is_asked_before_an_agent_runs(house: Any) -> None:
    repo = _with(house, "true")
    (house.root / "home" / ".gitconfig").write_text("[user]\nuseConfigOnly = true\n")
    found = house.ctl("doctor", "--format", "json", cwd=repo.path)
    assert (found.returncode, found.json["identity"]["ok"]) == (1, False)
    house.start()
    refused = house.ctl("submit", "make it", cwd=repo.path)
    assert (refused.returncode, "git config --global user.email" in refused.stderr) == (2, True), refused.stderr
    repo.git("config", "user.name", "Mona")
    repo.git("config", "user.email", "mona@example.com")
    assert house.ok("doctor", "--format", "json", cwd=repo.path).json["identity"]["says"] == "Mona <mona@example.com>"
    house.ok("submit", "make it", cwd=repo.path)
