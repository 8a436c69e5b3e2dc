"""A person lets one gate pass, with a reason: on the revision that they looked at, and never a floor's."""

from typing import Any

import pytest
from hands import HAND

PIPELINE = (
    HAND
    + r"""
[gate.style]
kind = "command"
run = "! grep -n UGLY *.txt"

[gate.size]
kind = "command"
run = "! grep -n LONG *.txt"

[gate.broken]
kind = "command"
run = "no-such-program"
paths = ["tool.txt"]

[gate.law]
kind = "command"
run = "! grep -n ILLEGAL *.txt"

[gate.owner]
kind = "human"

[[stage]]
name = "implement"
agent = "hand"
gates = ["style", "size", "broken", "law"]
on_fail = { goto = "implement", limit = 0 }

[land]
gates = ["owner"]

[floor]
gates = ["law"]
"""
)


@pytest.fixture
def repo(home: Any) -> Any:
    return home.repo({".foremand/pipeline.toml": PIPELINE})


def verdict(shown: Any, name: str, stage: str = "implement") -> Any:
    """A gate's verdict at a stage."""
    return next(gate["verdict"] for gate in shown["gates"] if (gate["name"], gate["stage"]) == (name, stage))


def test_it_is_for_one_gate_on_one_revision(home: Any, repo: Any) -> None:
    task = home.submit(repo, "RUN: echo UGLY LONG > agent.txt")
    stuck = home.waits(task, "stuck")
    commands = home.ok("why", str(task), "--format", "json").json["commands"]
    assert {f'foremanctl waive {task} {gate} -m "why"' for gate in ("style", "size")} <= set(commands)

    for given, code in (
        (("style", "-m", " "), 2),
        (("owner", "-m", "why"), 5),  # it does not stand there
        (("law", "-m", "why"), 5),
        (("nobody", "-m", "why"), 4),
    ):
        said = home.ctl("waive", str(task), *given)
        assert said.returncode == code, (given, said.stderr)

    home.ok("waive", str(task), "style", "-m", "it is meant to be so")
    still = home.waits(task, "stuck")
    assert (verdict(still, "style"), verdict(still, "size")) == ("waived", "fail")
    again = home.ctl("waive", str(task), "style", "-m", "once more")
    assert (again.returncode, "nothing to waive" in again.stderr) == (5, True), again.stderr
    home.ok("waive", str(task), "size", "-m", "so is this")
    asked = home.waits(task, "person")
    assert asked["reason"] == "approve owner?"

    home.ok("rework", str(task), "-m", "RUN: echo UGLY more > agent.txt")
    other = home.waits(task, "stuck")  # another revision: the waiver was not for it
    assert other["revision"] != stuck["revision"]
    assert (verdict(other, "style"), verdict(other, "size")) == ("fail", "pass")
    home.ok("waive", str(task), "style", "-m", "this too")
    home.waits(task, "person")
    home.approve(task)
    landed = home.wait(task, "LANDED")
    said = [(each["gate"], each["decision"], each["message"]) for each in landed["approvals"]]
    assert said == [
        ("style", "waived", "it is meant to be so"),
        ("size", "waived", "so is this"),
        ("owner", "rework", "RUN: echo UGLY more > agent.txt"),
        ("style", "waived", "this too"),
        ("owner", "approved", "fine"),
    ]
    assert "this too" in home.ok("show", str(task)).stdout
    assert all(each["ok"] for each in home.ok("verify", str(task), "--format", "json").json)


def test_a_floors_gate_is_nobodys_to_waive(home: Any, repo: Any) -> None:
    task = home.submit(repo, "RUN: echo ILLEGAL > agent.txt")
    home.waits(task, "stuck")
    said = home.ctl("waive", str(task), "law", "-m", "I am the law")
    assert (said.returncode, "belongs to the floor" in said.stderr) == (5, True), said.stderr
    assert "waive" not in " ".join(home.ok("why", str(task), "--format", "json").json["commands"])
    assert home.waits(task, "stuck")["approvals"] == []
    home.ok("cancel", str(task))


def test_a_gate_that_gives_no_answer_is_waived_too(home: Any, repo: Any) -> None:
    task = home.submit(repo, "RUN: echo hammer > tool.txt")
    shown = home.waits(task, "error")
    assert verdict(shown, "broken") == "error"
    home.ok("waive", str(task), "broken", "-m", "the program is not for this machine")
    home.waits(task, "person")
    home.approve(task)
    assert verdict(home.wait(task, "LANDED"), "broken", "land") == "waived"


def test_there_is_nothing_to_waive_elsewhere(home: Any, repo: Any) -> None:
    task = home.submit(repo, "RUN: echo good > agent.txt")
    home.waits(task, "person")
    for gate in ("style", "owner"):
        said = home.ctl("waive", str(task), gate, "-m", "why")
        assert (said.returncode, f"foremanctl approve {task}" in said.stderr) == (5, True), said.stderr
    home.approve(task)
    home.wait(task, "LANDED")
    assert home.ctl("waive", str(task), "style", "-m", "why").returncode == 5
