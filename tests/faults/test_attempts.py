"""What goes wrong while an agent runs: it leaves processes, its shim dies, its transcript is touched, it floods."""

import os
import re
import signal
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from foremand.executors import Spool

PIPELINE = """
version = 1

[agent.odd]
adapter = "command"
command = {command}

[gate.made]
kind = "command"
run = "test -e made"

[[stage]]
name = "implement"
agent = "odd"
gates = ["made"]

[land]
into = "main"
"""

LEAVE = """
import os, signal, sys, time
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP): signal.signal(number, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.setsid()
        open("settled", "w").close()
        os.closerange(0, 3)
        if "shed" in sys.argv: os.execve("/bin/sleep", ["sleep", "300"], {})
        while True: time.sleep(300)
    os._exit(0)
os.wait()
while not os.path.exists("settled"): time.sleep(0.01)
open("made", "w").close()
print("gone")
"""
"""Leaves a child that has a session of its own, no parent, and ears for SIGKILL alone; `shed`: nor a marker."""

STUBBORN = """
import os, time
open("made", "w").close()
if os.path.exists(os.environ["HOME"] + "/again"): print("second"); raise SystemExit
open(os.environ["HOME"] + "/again", "w").close()
print("first", flush=True)
os.system("setsid sleep 300 &")
time.sleep(300)
"""
"""Hangs the first time, with a child beside it; is quick the second."""


class Odd:
    """A repository whose agent is one Python program."""

    def __init__(self, house: Any, caller: Any) -> None:
        self._house = house
        self._caller = caller

    def begin(self, text: str, *args: str) -> int:
        """Have a task worked at by this program; the task."""
        script = self._house.script("odd", text)
        command = msgspec.json.encode([sys.executable, "-I", "-S", str(script), *args]).decode()
        repo = self._house.repo({".foremand/pipeline.toml": PIPELINE.format(command=command)})
        return int(self._caller.submit(repo))

    def run(self, task: int, attempt: int = 1) -> Path:
        """The attempt's run directory."""
        return Path(self._house.state / "attempts" / str(task) / str(attempt))

    def said(self, task: int, text: bytes, attempt: int = 1) -> None:
        """Wait until the agent has said something."""
        out = self.run(task, attempt) / "out"
        self._house.until(lambda: out.exists() and text in out.read_bytes(), f"the agent says {text!r}")

    def processes(self, task: int) -> list[tuple[int, str]]:
        """What runs of this task's agents: by HOME, and by working directory where that was shed."""
        found = []
        place = str(self._house.state / "workspaces" / str(task))
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                marked = f"HOME={place}/".encode() in Path(f"/proc/{pid}/environ").read_bytes()
                if marked or os.readlink(f"/proc/{pid}/cwd").startswith(place):
                    found.append((int(pid), Path(f"/proc/{pid}/cmdline").read_bytes().decode()))
            except OSError:
                continue
        return found


@pytest.fixture
def odd(house: Any, caller: Any) -> Odd:
    """Makes odd agents."""
    return Odd(house, caller)


@pytest.mark.parametrize("sandbox", ["auto", "off"])
def test_nothing_of_an_agent_outlives_its_attempt(house: Any, odd: Odd, sandbox: str) -> None:
    house.start("--sandbox", sandbox)
    for args in ((), ("shed",)):
        task = odd.begin(LEAVE, *args)
        house.wait(task, "LANDED")
        assert not odd.processes(task)
        assert not [found for found in house.processes() if found[0] != house.daemon.pid]


def test_an_attempt_whose_shim_is_killed_is_tried_again_without_a_charge(house: Any, caller: Any, odd: Odd) -> None:
    house.start("--sandbox", "off")
    task = odd.begin(STUBBORN)
    odd.said(task, b"first")
    shim = Spool(odd.run(task)).shim()
    assert shim
    os.kill(shim, signal.SIGKILL)
    house.wait(task, "LANDED")
    shown = house.show(task)
    assert [attempt["outcome"] for attempt in shown["attempts"]] == ["lost", "done"]
    assert not odd.processes(task)
    assert caller.log(task) == b"second\n"


def truncate(out: Path) -> None:
    """Make it shorter than what was read."""
    os.truncate(out, 0)


def replace(out: Path) -> None:
    """Put another file in its place."""
    beside = out.with_name("beside")
    beside.write_bytes(out.read_bytes() + b"never said\n")
    beside.replace(out)


def remove(out: Path) -> None:
    """Take it away."""
    out.unlink()


@pytest.mark.parametrize("when", ["alive", "restarted"])
def test_an_altered_transcript_ends_the_attempt_and_waits_for_a_person(
    house: Any, caller: Any, odd: Odd, when: str
) -> None:
    house.start("--sandbox", "off")
    harms = (truncate, replace, remove)
    tasks = [odd.begin(CHATTY) for _ in harms]
    for task in tasks:
        odd.said(task, b"busy")
        house.until(lambda task=task: b"busy" in caller.log(task), "the daemon has read a line")
    if when == "restarted":
        house.kill()
    for harm, task in zip(harms, tasks, strict=True):
        harm(odd.run(task) / "out")
    if when == "restarted":
        house.start("--sandbox", "off")
    for task in tasks:
        shown = house.wait(task, "WAITING")
        assert "transcript" in shown["reason"]
        assert shown["attempts"][0]["outcome"] == "altered"
        assert shown["attempts"][0]["revision"], "its work is kept all the same"
        assert not odd.processes(task)


def test_whatever_an_agent_says_is_kept_byte_by_byte(house: Any, caller: Any, odd: Odd) -> None:
    house.start()
    task = odd.begin(STRANGE)
    house.wait(task, "LANDED")
    said = (odd.run(task) / "out").read_bytes()
    assert len(said) == 10_000_000 + 1 + len(b"\xff\xfe not text \0\nthe end without a newline")
    assert caller.log(task, raw=True) == said
    shown = caller.log(task)
    assert "\ufffd\ufffd not text \0\nthe end without a newline\n".encode() in shown
    assert b"characters left out" in shown


def test_a_flood_does_not_drown_the_daemon(house: Any, caller: Any, odd: Odd) -> None:
    house.start()
    tasks = {odd.begin(FLOOD, "newline"): 2000, odd.begin(FLOOD): 200_000_000 // (16 << 20) + 1}
    for task, events in tasks.items():
        house.wait(task, "LANDED")
        assert (odd.run(task) / "out").stat().st_size == 200_000_000
        assert caller.log(task).count(b"characters left out") == events
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{house.daemon.pid}/status").read_text())
    assert peak
    assert int(peak[1]) < 200_000


STRANGE = """
import sys
open("made", "w").close()
sys.stdout.buffer.write(b"x" * 10_000_000 + b"\\n" + b"\\xff\\xfe not text \\0\\nthe end without a newline")
"""

FLOOD = """
import os, sys
open("made", "w").close()
line = b"x" * 99_999 + (b"\\n" if "newline" in sys.argv else b"x")
for _ in range(2000): os.write(1, line)
"""
"""200 MB, in lines or in one."""

CHATTY = """
import time
open("made", "w").close()
print("said before\\n" * 1000, end="", flush=True)
while True:
    print("busy", flush=True)
    time.sleep(0.05)
"""
"""Has said so much that what it says next does not soon make up for it."""
