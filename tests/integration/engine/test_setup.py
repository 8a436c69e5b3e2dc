"""The workspace's setup: once for each key, again when a key file changes, never part of the work."""

import os
import re
from typing import Any

import pytest

GATES = {f"gate{number}": f"cat env/id && true {number}" for number in range(4)}

PIPELINE = f"""
version = 1

[workspace]
setup = "tool-it && mkdir -p env && cat /proc/sys/kernel/random/uuid > env/id && cat deps.lock >> env/id"
setup_key = ["deps.lock"]
setup_paths = ["env"]
copy = [".env.local"]

[agent.hand]
adapter = "command"
command = ["sh", "-ec", '''
sed -n 's/^RUN: //p' "$FOREMAND_PROMPT_FILE" > "$TMPDIR/run.sh"
. "$TMPDIR/run.sh"
cp env/id seen-by-agent
''']

{"".join(f'[gate.{name}]{chr(10)}kind = "command"{chr(10)}run = "{run}"{chr(10)}' for name, run in GATES.items())}
[gate.copied]
kind = "command"
run = "grep -q secret .env.local"

[[stage]]
name = "implement"
agent = "hand"
gates = {[*GATES, "copied"]}
"""
UUID = re.compile(r"[0-9a-f-]{36}")


@pytest.fixture
def home(shared_house: Any) -> Any:
    """The module's one daemon."""
    if shared_house.daemon is None:
        shared_house.start("--max-agents", "4", "--max-gates", "3")
        folder = shared_house.root / "tools" / "bin"
        folder.mkdir(parents=True)
        tool(shared_house, "echo set up")
    return shared_house


def tool(house: Any, does: str) -> None:
    """What the setup calls."""
    program = house.root / "tools" / "bin" / "tool-it"
    program.write_text(f"#!/bin/sh\n{does}\n")
    program.chmod(0o755)


def repository(house: Any) -> Any:
    repo = house.repo({".foremand/pipeline.toml": PIPELINE, "deps.lock": "one\n", ".gitignore": ".env.local\n"})
    repo.write({".env.local": "secret of the user\n"})
    return repo


def run(house: Any, repo: Any, command: str) -> int:
    path = os.pathsep.join([str(house.root / "tools" / "bin"), house.env["PATH"]])
    return int(house.submit(repo, f"RUN: {command}", env={"PATH": path}))


def seen(house: Any, task: int) -> set[str]:
    """What the setup had made, as each gate found it."""
    outputs = [e["output"] for e in house.events() if e["type"] == "GateRan" and e["task"] == task and e["output"]]
    assert len(outputs) >= len(GATES)  # more where the tip moved before it landed
    return set(outputs)


def test_it_runs_once_for_a_key_and_again_for_another(home: Any) -> None:
    repo = repository(home)
    first = run(home, repo, "echo one > first.txt; echo changed >> .env.local; echo mine > env/junk")
    second = run(home, repo, "echo two > second.txt")
    for task in (first, second):
        home.wait(task, "LANDED")
    made = seen(home, first)
    assert made == seen(home, second)  # every gate and every task: one setup, a copy of it for each
    assert len(made) == 1
    assert repo.show("seen-by-agent").split()[0] in made.pop()

    # Neither what the setup made nor what was brought along is ever part of the work.
    assert sorted(repo.git("ls-tree", "-r", "--name-only", "main").splitlines()) == sorted(
        [".foremand/pipeline.toml", ".gitignore", "deps.lock", "first.txt", "second.txt", "seen-by-agent"]
    )
    assert (repo.path / ".env.local").read_text() == "secret of the user\n"

    third = run(home, repo, "echo two > deps.lock")
    home.wait(third, "LANDED")
    (other,) = seen(home, third)
    assert other.splitlines()[-1] == "two"  # the gates' checkouts have the setup of their own tree
    agent_saw = repo.show("seen-by-agent").splitlines()
    assert agent_saw[-1] == "one"  # the agent began with the base's
    assert UUID.match(other)
    assert agent_saw[0] not in other


@pytest.mark.parametrize("sandbox", ["auto", "off"])
def test_one_that_fails_says_what_it_said_and_retry_goes_on(home: Any, other_house: Any, sandbox: str) -> None:
    house = home
    if sandbox == "off":
        house = other_house
        house.start("--sandbox", "off")
        (house.root / "tools" / "bin").mkdir(parents=True)
    tool(house, "echo looking; echo no registry >&2; exit 3")
    repo = repository(house)
    repo.commit({"deps.lock": "three\n"})
    task = run(house, repo, "echo work > work.txt")
    waiting = house.wait(task, "WAITING")
    assert waiting["reason"] == "error: setup failed (exit code 3): no registry"
    assert (waiting["waiting_for"], waiting["attempts"]) == ("trouble", [])
    assert house.ok("logs", str(task), "--setup").stdout.split("\n")[:2] == ["looking", "no registry"]
    assert f"foremanctl retry {task}" in house.ok("why", str(task)).stdout

    tool(house, "echo found")
    house.ok("retry", str(task))
    house.wait(task, "LANDED")
    assert "env" not in repo.git("ls-tree", "--name-only", "main").splitlines()
    if sandbox == "off":
        # Without the sandbox every place has a setup of its own: a snapshot's paths would be wrong there.
        assert len(seen(house, task)) == len(GATES)


def test_cancelling_ends_a_setup_that_runs(home: Any) -> None:
    tool(home, f"echo $$ > $TMPDIR/pid; exec sleep 987.{os.getpid()}")
    repo = repository(home)
    repo.commit({"deps.lock": "four\n"})
    task = run(home, repo, "true")

    def sleeps() -> bool:
        return any(f"sleep 987.{os.getpid()}" in command for _, command in home.processes())

    home.until(sleeps, "the setup runs")
    home.ok("cancel", str(task))
    home.wait(task, "CANCELLED")
    home.until(lambda: not sleeps(), "the setup has ended")
    tool(home, "echo set up")


UNSANDBOXED = """
version = 1
[workspace]
setup = "mkdir -p x.egg-info && echo 1 > 'x.egg-info/PKG [1]' && echo 1 > x.egg-info/edited"
[agent.writer]
adapter = "command"
command = ["sh", "-c", "echo work > work.txt; echo mine > x.egg-info/edited"]
[agent.reader]
adapter = "command"
command = ["sh", "-c", "echo a plan"]
[gate.there]
kind = "command"
run = "test -f 'x.egg-info/PKG [1]'"
[[stage]]
name = "plan"
agent = "reader"
access = "read"
[[stage]]
name = "implement"
agent = "writer"
gates = ["there"]
"""


def test_what_a_setup_leaves_in_the_workspace_itself_is_no_work(house: Any) -> None:
    house.start("--sandbox", "off")
    repo = house.repo({".foremand/pipeline.toml": UNSANDBOXED})
    task = house.submit(repo, "write")
    house.wait(task, "LANDED")
    landed = repo.git("ls-tree", "-r", "--name-only", "main").splitlines()
    assert landed == [".foremand/pipeline.toml", "work.txt", "x.egg-info/edited"]
    assert repo.show("x.egg-info/edited") == "mine", "what the agent wrote is its work, wherever"
