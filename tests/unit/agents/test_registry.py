"""Which adapters there are, and where their programs lie."""

import os
import time
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from foremand.agents import registry
from foremand.agents.port import Adapter
from foremand.core.spec import Agent


@pytest.fixture
def bin_dir(tmp_path):
    (tmp_path / "bin").mkdir()
    return tmp_path / "bin"


def program(folder: Path, name: str, script: str = "exit 0") -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def test_every_adapter_a_pipeline_may_name_is_there():
    assert set(get_args(get_type_hints(Agent)["adapter"])) == set(registry.ADAPTERS)
    known: Adapter = registry.adapter("claude")
    assert known.program == "claude"
    with pytest.raises(KeyError):
        registry.adapter("codex")


def test_a_program_is_found_on_the_clients_path_not_ours(make_agent, bin_dir, monkeypatch):
    there = program(bin_dir, "claude")
    monkeypatch.setenv("PATH", "/nowhere")
    assert registry.find(make_agent(), f"/nowhere:{bin_dir}") == there
    monkeypatch.setenv("PATH", str(bin_dir))
    with pytest.raises(registry.AgentMissing):
        registry.find(make_agent(), "/nowhere")


def test_a_missing_program_is_named_with_how_to_get_it(make_agent):
    with pytest.raises(registry.AgentMissing) as caught:
        registry.find(make_agent(name="opus"), "")
    assert "[agent.opus] claude: not found" in str(caught.value)
    assert "npm install -g @anthropic-ai/claude-code" in str(caught.value)
    assert (caught.value.agent, caught.value.program) == ("opus", "claude")


def test_a_file_that_cannot_run_is_missing_too(make_agent, bin_dir):
    program(bin_dir, "mine").chmod(0o644)
    with pytest.raises(registry.AgentMissing):
        registry.find(make_agent(command=(str(bin_dir / "mine"),)), "")


def test_an_agents_own_command_comes_first(make_agent, bin_dir):
    mine = program(bin_dir, "mine")
    assert registry.find(make_agent(command=("mine", "--x")), str(bin_dir)) == mine
    assert registry.find(make_agent(command=(str(mine),)), "/nowhere") == mine


def test_a_program_in_the_workspace_is_found_when_it_starts(make_agent):
    assert registry.find(make_agent(adapter="command", command=("./agent.sh",)), "") == Path("agent.sh")


def test_a_command_agent_without_a_command_is_refused(make_agent):
    with pytest.raises(registry.AgentMissing, match="Name the whole agent"):
        registry.find(make_agent(adapter="command"), os.environ["PATH"])


async def test_version(make_agent, bin_dir):
    claude = program(bin_dir, "claude", '[ "$1" = --version ] && printf "2.1.330 (Claude Code)\\nmore\\n"')
    assert await registry.version(make_agent(), claude) == "2.1.330 (Claude Code)"


@pytest.mark.parametrize("script", ["exit 3", "exit 0"])
async def test_a_program_that_tells_no_version(make_agent, bin_dir, script):
    assert await registry.version(make_agent(), program(bin_dir, "claude", script)) is None


async def test_a_program_that_hangs_is_given_up_and_killed(make_agent, bin_dir, monkeypatch):
    monkeypatch.setattr(registry, "VERSION_TIMEOUT", 0.2)
    slow = program(bin_dir, "claude", f"echo $$ > {bin_dir}/pid; exec sleep 600")
    began = time.monotonic()
    assert await registry.version(make_agent(), slow) is None
    assert time.monotonic() - began < 60
    with pytest.raises(ProcessLookupError):
        os.kill(int((bin_dir / "pid").read_text()), 0)


async def test_a_missing_program_has_no_version(make_agent):
    assert await registry.version(make_agent(), Path("/nowhere/claude")) is None


async def test_a_plain_command_is_not_run_to_ask(make_agent, bin_dir):
    agent = make_agent(adapter="command", command=("mine",))
    assert await registry.version(agent, program(bin_dir, "mine", f"touch {bin_dir}/ran")) is None
    assert not (bin_dir / "ran").exists()
