"""Tasks that come after others, and who goes first where there are few agents."""

import re
from typing import Any

import pytest
from hands import HAND

PIPELINE = (
    HAND
    + r"""
[gate.check]
kind = "command"
run = "true"

[gate.owner]
kind = "human"

[[stage]]
name = "implement"
agent = "hand"
gates = ["check"]

[land]
gates = ["owner"]
"""
)
COUNTS = "RUN: echo one >> count.txt"
"""Each task sees what those before it have landed."""


@pytest.fixture
def home(shared_house: Any) -> Any:
    """The module's one daemon, with one agent at a time."""
    if shared_house.daemon is None:
        shared_house.start("--max-agents", "1", "--max-gates", "2")
    return shared_house


@pytest.fixture
def repo(home: Any) -> Any:
    return home.repo({".foremand/pipeline.toml": PIPELINE})


def comes_after(home: Any, task: int, *others: int) -> Any:
    """The task once it waits for these to land: nobody has to do anything."""
    reason = f"comes after {', '.join(map(str, others))}"
    home.until(lambda: home.show(task)["reason"] == reason, f"task {task} {reason}", 30.0)
    shown = home.show(task)
    assert (shown["state"], shown["waiting_for"], shown["attempts"]) == ("WAITING", None, [])
    return shown


def holds(home: Any, name: str) -> str:
    """A line with which an agent works until the file of that name is there."""
    return f"RUN: while [ ! -e {home.root / name} ]; do sleep 0.02; done; echo done > {name}.txt"


def test_a_chain_lands_link_by_link(home: Any, repo: Any) -> None:
    first = home.submit(repo, COUNTS)
    second = home.submit(repo, COUNTS, "--after", str(first))
    third = home.submit(repo, COUNTS, "--after", str(second), "--after", str(first))
    home.waits(first, "person")
    for task, after in ((second, [first]), (third, [second, first])):
        assert comes_after(home, task, *after)["after"] == after

    home.kill()  # what it waits for, it waits for after a restart as well
    home.start("--max-agents", "1", "--max-gates", "2")
    home.approve(first)
    home.wait(first, "LANDED")
    home.waits(second, "person")
    comes_after(home, third, second)
    home.approve(second)
    home.wait(second, "LANDED")
    home.waits(third, "person")
    home.approve(third)
    home.wait(third, "LANDED")
    assert repo.show("count.txt").split() == ["one"] * 3
    last = home.submit(repo, COUNTS, "--after", str(third))  # has landed: nothing to wait for
    home.waits(last, "person")
    home.ok("cancel", str(last))


def test_what_will_not_come_is_told_and_a_retry_drops_the_need(home: Any, repo: Any) -> None:
    first = home.submit(repo, COUNTS)
    second = home.submit(repo, COUNTS, "--after", str(first))
    third = home.submit(repo, COUNTS, "--after", str(second))
    home.waits(first, "person")
    home.ok("reject", str(first), "-m", "not like this")
    home.wait(first, "REJECTED")
    home.until(lambda: home.show(second)["reason"] == f"needs {first} (REJECTED)", "the second is told")
    assert home.ctl("wait", str(second)).returncode == 12
    commands = home.ok("why", str(second), "--format", "json").json["commands"]
    assert commands[:2] == [f"foremanctl show {first}", f"foremanctl retry {second}"]
    comes_after(home, third, second)

    home.ok("retry", str(second))
    assert home.waits(second, "person")["after"] == []
    home.ok("cancel", str(second))
    home.until(lambda: home.show(third)["reason"] == f"needs {second} (CANCELLED)", "the third is told")
    home.ok("retry", str(second))
    comes_after(home, third, second)
    home.waits(second, "person")
    home.approve(second)
    home.wait(second, "LANDED")
    home.waits(third, "person")
    home.ok("cancel", str(third))


def test_nothing_comes_after_itself_or_what_is_not_there(home: Any, repo: Any) -> None:
    task = home.submit(repo, COUNTS)
    for after in (task + 1, 0):  # its own id, if it came to be
        said = home.ctl("submit", COUNTS, "-C", str(repo.path), "--after", str(after))
        assert said.returncode in (2, 4), said.stderr
    home.ok("cancel", str(task))
    assert home.show(task)["id"] == len(home.ok("list", "--all", "--format", "json").json)


def test_the_more_urgent_goes_first_and_what_has_begun_before_all(home: Any, repo: Any) -> None:
    begun = home.submit(repo, COUNTS)
    home.waits(begun, "person")
    busy = home.submit(repo, holds(home, "urgent"))
    home.until(lambda: bool(home.show(busy)["attempts"]), "the only agent is busy")
    given = {home.submit(repo, COUNTS, "--priority", priority): priority for priority in ("0", "5", "-1", "5")}
    home.ok("rework", str(begun), "-m", COUNTS)
    for task in given:
        home.until(lambda task=task: home.show(task)["reason"] == "waits for an agent slot", "it waits for a slot")
    (home.root / "urgent").touch()
    for task in given:
        home.waits(task, "person")
    shown = [home.show(task) for task in (begun, *given)]
    order = sorted(shown, key=lambda task: task["attempts"][-1]["started_at"])
    zero, five, less, other = given
    assert [task["id"] for task in order] == [begun, five, other, zero, less]
    assert [task["priority"] for task in order] == [0, 5, 5, 0, -1]
    home.ok("cancel", "--all")


def test_a_priority_that_is_changed_while_one_waits_is_obeyed_at_once(home: Any, repo: Any) -> None:
    busy = home.submit(repo, holds(home, "changed"))
    home.until(lambda: bool(home.show(busy)["attempts"]), "the only agent is busy")
    first, second, third = (home.submit(repo, COUNTS, "--priority", priority) for priority in ("5", "0", "1"))
    wait_for_slots(home, first, second, third)
    said = home.ok("priority", str(second), "9", "--format", "json").json
    assert (said["id"], said["priority"]) == (second, 9)
    home.stop()
    home.start("--max-agents", "1", "--max-gates", "2")
    wait_for_slots(home, first, second, third)
    home.ok("priority", str(first), "-1")
    home.ok("priority", str(first), "--", "-1")  # it is so already
    set_anew = [event for event in home.events() if event["type"] == "Prioritized"]
    assert [(event["task"], event["priority"]) for event in set_anew] == [(second, 9), (first, -1)]
    assert "priority 9" in home.ok("events", "--after", str(set_anew[0]["seq"] - 1)).stdout
    assert re.search(r"priority +9\b", home.ok("show", str(second)).stdout)
    (home.root / "changed").touch()
    for task in (first, second, third):
        home.waits(task, "person")
    shown = [home.show(task) for task in (first, second, third)]
    order = sorted(shown, key=lambda task: task["attempts"][0]["started_at"])
    assert [task["id"] for task in order] == [second, third, first]
    home.ok("cancel", "--all")
    ended = home.ctl("priority", str(second), "1")
    assert (ended.returncode, "CANCELLED" in ended.stderr) == (5, True)


def wait_for_slots(home: Any, *tasks: int) -> None:
    """Until all of these wait for the one agent."""
    for task in tasks:
        home.until(lambda task=task: home.show(task)["reason"] == "waits for an agent slot", "it waits for a slot")


def test_a_pause_and_a_cancel_of_what_waits_for_others(home: Any, repo: Any) -> None:
    first = home.submit(repo, COUNTS)
    second = home.submit(repo, COUNTS, "--after", str(first))
    comes_after(home, second, first)
    said = home.ctl("resume", str(second))
    assert said.returncode == 5, said.stderr
    home.ok("cancel", str(second))
    home.wait(second, "CANCELLED")
    home.ok("retry", str(second))
    comes_after(home, second, first)
    home.ok("retry", str(second))  # whoever cannot wait for it drops the need
    home.waits(second, "person")
    home.ok("cancel", "--all")
