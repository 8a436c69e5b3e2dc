"""What a daemon finds when it starts, and a disk that takes nothing for a while."""

import resource
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from foremanctl.exits import Failure

AGENT = """
import os, time
open("made", "w").close()
for number in range(100): print("line", number, flush=True)
while not os.path.exists("go"): time.sleep(0.02)
print("the end")
"""

PIPELINE = """
version = 1

[agent.patient]
adapter = "command"
command = ["{python}", "-I", "-S", "{script}"]

[gate.made]
kind = "command"
run = "test -e made"

[gate.owner]
kind = "human"

[[stage]]
name = "implement"
agent = "patient"
gates = ["made"]

[land]
into = "main"
gates = ["owner"]
"""


def refused(house: Any) -> str:
    """Start a daemon that must end at once; what it says."""
    done = subprocess.run(
        [sys.executable, "-m", "foremand"], env=house.env, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    return done.stderr


def test_a_second_daemon_ends_at_once(house: Any) -> None:
    house.start()
    said = refused(house)
    assert f"another foremand (pid {house.daemon.pid}) already works on {house.state}" in said
    assert "XDG_STATE_HOME" in said
    assert house.ok("list").returncode == 0


def test_sockets_that_a_killed_daemon_left_are_no_hindrance_but_those_of_others_are(house: Any) -> None:
    house.start()
    house.kill()
    assert house.socket.is_socket()
    house.start()
    house.ok("list")
    house.stop()

    house.socket.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(house.socket))
        other.listen()
        assert f"another program answers on {house.socket}" in refused(house)
    house.socket.unlink()
    house.socket.write_text("mine\n")
    assert "is no socket" in refused(house)
    assert house.socket.read_text() == "mine\n"


def test_a_journal_by_a_later_version_is_refused_and_left_alone(house: Any) -> None:
    house.start()
    house.stop()
    journal = house.state / "journal.db"
    with sqlite3.connect(journal) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = journal.read_bytes()
    said = refused(house)
    assert "later foremand" in said
    assert "99" in said
    assert journal.read_bytes() == before

    journal.write_bytes(b"SQLite format 3\0 not at all" * 100)
    assert "cannot be read as a journal" in refused(house)
    assert journal.read_bytes() == b"SQLite format 3\0 not at all" * 100


def test_a_disk_that_takes_nothing_for_a_while_loses_nothing(house: Any, caller: Any) -> None:
    house.start()
    script = house.script("patient", AGENT)
    repo = house.repo({".foremand/pipeline.toml": PIPELINE.format(python=sys.executable, script=script)})
    task = caller.submit(repo)
    out: Path = house.state / "attempts" / str(task) / "1" / "out"
    house.until(lambda: out.exists() and b"line 99" in out.read_bytes(), "the agent is at work")
    full(house, True)
    (house.state / "workspaces" / str(task) / "tree" / "go").touch()
    house.until(lambda: (out.parent / "exit.json").exists(), "the agent has ended")
    with pytest.raises(Failure):
        caller.cancel(task)
    assert house.show(task)["state"] == "RUNNING", "what cannot be written down has not happened"

    full(house, False)
    house.wait(task, "WAITING")
    full(house, True)
    revision = house.show(task)["revision"]
    with pytest.raises(Failure):
        caller.approve(task, revision)
    assert house.show(task)["state"] == "WAITING"
    full(house, False)
    caller.approve(task, revision)
    shown = house.wait(task, "LANDED")
    assert [attempt["outcome"] for attempt in shown["attempts"]] == ["done"]
    assert caller.log(task).decode().splitlines() == [*(f"line {number}" for number in range(100)), "the end"]


def full(house: Any, yes: bool) -> None:
    """Let no file of the daemon grow, or let them grow again. What it has started already goes on writing."""
    unlimited = resource.RLIM_INFINITY
    resource.prlimit(house.daemon.pid, resource.RLIMIT_FSIZE, (1 if yes else unlimited, unlimited))
