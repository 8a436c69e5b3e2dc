"""Money, tokens, silence and accounts: what is reached stops the agent and says so, and nothing is promised twice."""

import sys
from pathlib import Path
from typing import Any

import pytest

STAND_IN = Path(__file__).with_name("claude_stand_in.py")
PIPELINE = rf"""
version = 1

[agent.claude]
adapter = "claude"
command = ["{sys.executable}", "CLAUDE"]

[agent.subscribed]
adapter = "claude"
command = ["{sys.executable}", "CLAUDE"]

[gate.check]
kind = "command"
run = "true"

[gate.owner]
kind = "human"

[[stage]]
name = "implement"
agent = "AGENT"
gates = ["check"]
on_fail = {{ goto = "implement", limit = 1 }}

[land]
gates = ["owner"]
"""
SETTINGS = 'daily_cost_usd = {}\n[agents.subscribed]\nbilling = "subscription"\n'


def settle(home: Any, text: str) -> None:
    """The user's settings."""
    file = home.root / "config" / "foremand" / "config.toml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)


def repository(home: Any, agent: str = "claude") -> Any:
    claude = home.script("claude", STAND_IN.read_text())
    return home.repo({".foremand/pipeline.toml": PIPELINE.replace("AGENT", agent).replace("CLAUDE", str(claude))})


def works(home: Any, task: int) -> None:
    """Wait until the task's first agent works."""
    home.until(lambda: bool(home.show(task)["attempts"]), f"task {task} works", 30.0)


def costs(usd: float, until: Path | None = None) -> str:
    """A prompt for work that costs as much, and lasts until a file is there."""
    wait = f"while [ ! -e {until} ]; do sleep 0.02; done; " if until is not None else ""
    return f"COST: {usd}\nRUN: {wait}echo $FOREMAND_TASK $$ > made.txt"


def test_tokens_that_are_used_up_stop_the_agent(home: Any) -> None:
    prompt = f"TOKENS: 5000\nRUN: echo half > half.txt; while [ ! -e {home.root}/never ]; do sleep 0.02; done"
    task = home.submit(repository(home), prompt, "--limit", "tokens=1000")
    shown = home.waits(task, "budget")
    (stopped,) = shown["attempts"]
    assert (stopped["outcome"], stopped["reason"]) == ("limit", "limit tokens: 5000 of 1000 are used")
    assert shown["reason"] == "limit tokens: 5000 of 1000 are used"
    assert (shown["tokens"], shown["cost_usd"]) == (5000, None)  # nobody said what it cost
    assert "half.txt" in home.ok("diff", str(task), "--attempt", "1", "--stat").stdout
    assert home.ctl("wait", str(task)).returncode == 12
    (way, *_) = home.ok("why", str(task), "--format", "json").json["commands"]
    assert way.startswith(f"foremanctl limit {task} tokens=")
    (home.root / "never").touch()
    home.ok(*way.split()[1:])
    assert home.waits(task, "person")["tokens"] >= 10000
    home.ok("cancel", str(task))


def test_a_silent_agent_is_ended(home: Any) -> None:
    prompt = f"RUN: echo half > half.txt; exec sleep 600\nRUN: : > {home.root}/never"
    task = home.submit(repository(home), prompt, "--limit", "stall=2s", "--limit", "attempts=1")
    shown = home.waits(task, "budget")
    (ended,) = shown["attempts"]
    assert (ended["outcome"], ended["reason"]) == (
        "limit",
        "limit stall: no output and no CPU use for 2 seconds",
    )
    assert not [command for _, command in home.processes() if "sleep 600" in command]
    home.ok("cancel", str(task))


def test_a_stall_is_measured_by_work_too(home: Any) -> None:
    go = home.root / "busy"
    prompt = f"RUN: while [ ! -e {go} ]; do :; done; echo made > made.txt"  # silent, but at work
    task = home.submit(repository(home), prompt, "--limit", "stall=1s")
    works(home, task)
    home.until(lambda: _seconds(home, task) > 3.0, "it has been silent for three times as long", 30.0)
    assert home.show(task)["state"] == "RUNNING"
    go.touch()
    assert len(home.waits(task, "person")["attempts"]) == 1
    home.ok("cancel", str(task))


def _seconds(home: Any, task: int) -> float:
    """How long ago its agent began."""
    import time
    from datetime import datetime

    began = datetime.fromisoformat(home.show(task)["attempts"][0]["started_at"])
    return time.time() - began.timestamp()


def test_the_days_money(house: Any) -> None:
    settle(house, SETTINGS.format(1.0))
    house.start("--max-agents", "4")
    there, go = repository(house), house.root / "go"

    # What one agent may still spend is promised to no other.
    tasks = [house.submit(there, costs(0.25, go)) for _ in range(2)]
    house.until(lambda: any(house.show(task)["waiting_for"] == "budget" for task in tasks), "one is held up")
    states = {house.show(task)["waiting_for"]: task for task in tasks}
    assert set(states) == {None, "budget"}
    first, second = states[None], states["budget"]
    held = house.show(second)
    assert held["reason"] == "the day's budget of $1.00 is promised to agents that run"
    assert held["attempts"] == []
    go.touch()
    assert house.waits(first, "person")["cost_usd"] == pytest.approx(0.25)
    assert house.waits(second, "person")["cost_usd"] == pytest.approx(0.25)

    third = house.submit(there, costs(0.5))
    house.waits(third, "person")
    fourth = house.submit(there, costs(0.1))
    spent = house.waits(fourth, "budget")
    assert (spent["state"], spent["reason"]) == ("WAITING", "the day's budget of $1.00 is spent")
    ways = house.ok("why", str(fourth), "--format", "json").json["commands"]
    assert "foremanctl costs" in ways
    (day,) = house.ok("costs", "--format", "json").json
    assert (day["cost_usd"], day["attempts"], day["unknown"]) == (pytest.approx(1.0), 3, 0)
    by = {each["task"]: each["cost_usd"] for each in house.ok("costs", "--by", "task", "--format", "json").json}
    assert by == {first: pytest.approx(0.25), second: pytest.approx(0.25), third: pytest.approx(0.5)}

    # An account that is paid by subscription uses none of it, and is not held up by it.
    free = house.submit(repository(house, "subscribed"), costs(3.0))
    assert house.waits(free, "person")["cost_usd"] == pytest.approx(3.0)
    assert house.show(fourth)["waiting_for"] == "budget"

    # A person sends one past it.
    house.ok("resume", str(fourth))
    house.waits(fourth, "person")

    # Once there is more, it is promised to one at a time, however many have waited for it.
    again = house.root / "again"
    rest = [house.submit(there, costs(0.1, again)) for _ in range(3)]
    for task in rest:
        house.waits(task, "budget")
    house.stop()
    settle(house, SETTINGS.format(1.8))
    house.start("--max-agents", "4")
    promised = "the day's budget of $1.80 is promised to agents that run"
    house.until(lambda: sum(house.show(task)["reason"] == promised for task in rest) == 2, "one of them works")
    assert sum(len(house.show(task)["attempts"]) for task in rest) == 1
    again.touch()
    for task in rest:
        house.waits(task, "person")


def test_the_day_stops_an_agent_that_does_not_stop_by_itself(house: Any) -> None:
    settle(house, "daily_cost_usd = 0.5\n")
    house.start("--max-agents", "4")
    prompt = f"TOKENS: 100000\nRUN: while [ ! -e {house.root}/never ]; do sleep 0.02; done"  # at most $0.60
    task = house.submit(repository(house), prompt)
    shown = house.waits(task, "budget")
    (stopped,) = shown["attempts"]
    assert (stopped["outcome"], stopped["cost_usd"]) == ("limit", None)
    assert stopped["reason"] == "limit daily_cost_usd: $0.60 of the day's last $0.50 is spent"
    assert shown["reason"] == "the day's budget of $0.50 is spent"  # what is not known counts as much as it may be


def test_an_account_bounds_its_own_agents_alone(house: Any) -> None:
    settle(house, "[agents.claude]\nmax_concurrent = 1\n")
    house.start("--max-agents", "4")
    one, other, go = repository(house), repository(house, "subscribed"), house.root / "go"
    first, second = house.submit(one, costs(0.1, go)), house.submit(one, costs(0.1, go), "--priority", "1")
    works(house, first)
    others = [house.submit(other, costs(0.1, go)) for _ in range(2)]
    for task in others:
        works(house, task)
    assert (house.show(second)["state"], house.show(second)["attempts"]) == ("QUEUED", [])
    go.touch()
    for task in (first, second, *others):
        house.waits(task, "person")
