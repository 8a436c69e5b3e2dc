"""An attempt that cannot be watched ends all the same, and one that can goes on whatever happens beside it."""

import errno
import os
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from foremand.engine.plan import plan_file
from foremand.executors import Spool

PIPELINE = """
version = 1

[agent.slow]
adapter = "command"
command = {command}

[gate.made]
kind = "command"
run = "test -e made"

[[stage]]
name = "implement"
agent = "slow"
gates = ["made"]

[land]
into = "main"
"""

SLOW = """
import os, time
open("made", "w").close()
print("busy", flush=True)
while not os.path.exists("go"): time.sleep(0.02)
"""

LACKING = """
import os
from pathlib import Path
from foremand.engine.growth import Growth
of, fault = Growth.of, Path({fault!r})
def refused(self, file):
    if fault.exists():
        fault.unlink()
        raise OSError({number}, os.strerror({number}))
    return of(self, file)
Growth.of = refused
"""
"""Makes the daemon one whose inotify watches, or whose files, are used up once."""


@pytest.fixture
def slow(house: Any) -> int:
    """A task whose agent works until its tree holds `go`."""
    house.start("--sandbox", "off")
    script = house.script("slow", SLOW)
    command = msgspec.json.encode([sys.executable, "-I", "-S", str(script)]).decode()
    task = int(house.submit(house.repo({".foremand/pipeline.toml": PIPELINE.format(command=command)}), "do it"))
    house.until(lambda: b"busy" in said(house, task), "the agent works")
    return task


def run_of(house: Any, task: int) -> Path:
    """The first attempt's run."""
    return Path(house.state / "attempts" / str(task) / "1")


def said(house: Any, task: int) -> bytes:
    """What the agent said."""
    out = run_of(house, task) / "out"
    return out.read_bytes() if out.exists() else b""


def troubles(house: Any, task: int) -> int:
    """How often a step of foremand's own has failed."""
    return [event["type"] for event in house.events() if event["task"] == task].count("Troubled")


def test_an_attempt_that_nobody_can_watch_is_cancelled_all_the_same(house: Any, slow: int) -> None:
    house.kill()
    plan_file(run_of(house, slow)).unlink()
    house.start("--sandbox", "off")
    house.ok("cancel", str(slow))
    before = processor_time(house.daemon.pid)
    shown = house.wait(slow, "CANCELLED")
    assert processor_time(house.daemon.pid) - before < 1.5, "who has nothing to do does not spin"
    (attempt,) = shown["attempts"]
    assert (attempt["outcome"], attempt["cost_usd"]) == ("lost", None)
    assert "plan.json" in attempt["reason"]
    assert attempt["revision"], "its work is sealed"
    assert troubles(house, slow) == 3
    assert Spool(run_of(house, slow)).state() == "exited"


def processor_time(pid: int) -> float:
    """Seconds of it that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EMFILE])
def test_a_healthy_agent_outlives_what_the_daemon_lacks(house: Any, slow: int, number: int) -> None:
    house.kill()
    fault = house.root / "fault"
    fault.touch()
    house.script("sitecustomize", LACKING.format(fault=str(fault), number=number))
    house.start("--sandbox", "off", env={"PYTHONPATH": str(house.root / "bin")})
    house.until(lambda: troubles(house, slow) == 1, "the daemon is in trouble")
    assert Spool(run_of(house, slow)).state() == "running"
    (house.state / "workspaces" / str(slow) / "tree" / "go").touch()
    shown = house.wait(slow, "LANDED")
    assert [attempt["outcome"] for attempt in shown["attempts"]] == ["done"]


def test_a_limit_reaches_the_attempt_that_runs(house: Any, slow: int) -> None:
    house.ok("limit", str(slow), "wall_clock=1s")
    shown = house.wait(slow, "WAITING")
    assert shown["attempts"][0]["outcome"] == "limit"
    assert shown["attempts"][0]["reason"].startswith("limit wall_clock: stopped after ")
    assert Spool(run_of(house, slow)).state() == "exited"
