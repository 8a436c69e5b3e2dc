"""The real Claude Code steered in the terminal: told something in the middle of its turn, interrupted, and allowed or
denied what it asks."""

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

_AGENTS = Path(__file__).parents[1] / "agents"
"""The real agent and its scripted model are at home there."""

_spec = importlib.util.spec_from_file_location("agents_conftest", _AGENTS / "conftest.py")
assert _spec is not None
assert _spec.loader is not None
_conftest = sys.modules["agents_conftest"] = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_conftest)
claude_cli, model = _conftest.claude_cli, _conftest.model

from fleet import Fleet  # noqa: E402 (where it lies is known only now)
from model_script import Text, Tool  # noqa: E402

PIPELINE = """
[gate.owner]
kind = "human"

[[stage]]
name = "implement"
agent = "claude"
gates = ["owner"]
"""
WORDS = 'Use "tabs", not spaces: $HOME and {{ task }} stay; ümlaut'


@pytest.fixture
def fleet(house: Any, model: Any, claude_cli: Path) -> Iterator[Fleet]:
    """Tasks for the real agent."""
    fleet = Fleet(house, model, claude_cli)
    yield fleet
    fleet.close()


def waits_for(name: str) -> Tool:
    """A command in which the agent is busy until a file of that name is there."""
    wait = f"touch at-{name}; while [ ! -e {name} ]; do read -t 0.05 <> <(:) || :; done"
    return Tool("Bash", {"command": wait, "description": name})


def test_a_word_in_mid_turn_is_heard_and_seen_to_be(house: Any, tmux: Any, fleet: Fleet, model: Any) -> None:
    house.start()
    task = fleet.submit(fleet.repo(PIPELINE), "steered", [waits_for("one"), waits_for("two"), Text("tabs it is")])
    tree = house.state / "workspaces" / str(task) / "tree"
    screen = tmux.open("attach", str(task))
    screen.shows("RUNNING", "at-one")
    house.until((tree / "at-one").exists, "the agent is at work")
    screen.keys("s")
    screen.shows(f"tell {task}:")
    screen.type(WORDS)
    screen.keys("Enter")
    screen.shows(f"{task}: ", "now")
    house.until(lambda: fleet.holds(task, WORDS), "it is told")
    (tree / "one").touch()
    house.until((tree / "at-two").exists, "the agent goes on")
    text = screen.shows("a person says: Use", "ümlaut", "at-two")
    assert "RUNNING" in text, "it is heard while the turn goes on"
    (tree / "two").touch()
    screen.shows("tabs it is", "approve owner?")
    first, second, third = (request.text for request in model.requests("steered"))
    assert WORDS not in first
    assert second.count(WORDS) == third.count(WORDS) == 1
    assert [(each.outcome, each.turns) for each in fleet.detail(task).attempts] == [("done", 3)]


def asks(name: str) -> Tool:
    """A command that nobody has allowed beforehand."""
    return Tool("Bash", {"command": f'python3 -c \'open("{name}", "w").write("x")\'', "description": "d"})


def test_questions_are_answered_in_any_terminal_over_restarts(house: Any, tmux: Any, fleet: Fleet, model: Any) -> None:
    fleet._agent = fleet._agent.replace('allow = ["*"]', 'permissions = "ask"')
    house.start()
    task = fleet.submit(fleet.repo(PIPELINE), "asks", [asks("one.txt"), asks("two.txt"), Text("done")])
    tree = house.state / "workspaces" / str(task) / "tree"
    floor, other = tmux.open("attach"), tmux.open("attach", str(task))
    floor.shows("claude asks: Bash", "Q answer")
    for screen in (floor, other):
        screen.shows("claude asks: Bash")
        screen.keys("Q")
        screen.shows("may it use Bash?", "one.txt", "y allow this once")
    floor.kill()
    house.kill()
    other.shows("reconnecting", "one.txt")
    house.start()
    other.lacks("reconnecting")
    floor = tmux.open("attach")
    floor.shows("claude asks: Bash")
    floor.keys("Q")
    floor.shows("one.txt", "y allow this once")
    floor.keys("y")
    other.shows(f"{task}: what was asked for Bash was allowed meanwhile by")
    house.until((tree / "one.txt").exists, "it does what it may")
    for screen in (floor, other):
        screen.shows("claude asks: Bash")
    other.keys("Q")
    other.shows("two.txt", "y allow this once")
    other.keys("n")
    other.shows("deny Bash; why")
    other.type("one is enough")
    other.keys("Enter")
    floor.shows("approve owner?")
    assert not (tree / "two.txt").exists()
    assert "one is enough" in model.requests("asks")[2].text
    assert [attempt.outcome for attempt in fleet.detail(task).attempts] == ["done"]


def test_an_agent_is_interrupted_with_one_key(house: Any, tmux: Any, fleet: Fleet, model: Any) -> None:
    house.start()
    task = fleet.submit(fleet.repo(PIPELINE), "broken", [waits_for("one"), Text("as you say")])
    house.until((house.state / "workspaces" / str(task) / "tree" / "at-one").exists, "the agent is at work")
    screen = tmux.open("attach", str(task))
    screen.shows("RUNNING", "at-one")
    screen.keys("S")
    screen.shows(f"interrupt {task}, and tell it:")
    screen.type("leave that")
    screen.keys("Enter")
    screen.shows("a person says: leave that", "as you say", "approve owner?")
    assert [text.count("leave that") for text in (request.text for request in model.requests("broken"))] == [0, 1]
    assert [(each.outcome, each.turns) for each in fleet.detail(task).attempts] == [("done", 2)]
