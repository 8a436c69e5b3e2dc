"""Reading /proc, and never hitting a stranger."""

import os
import signal
import subprocess

import pytest

from foremand.executors.shim.processes import Process, descendants, process, strike

STAT = "1 (%s) %s 77 77 77 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4242 10 20"


@pytest.mark.parametrize("name", ["sh", "a b", ") R 1 (", "x) Z 0", "((", ""])
def test_a_name_cannot_forge_its_process(name: str) -> None:
    found = Process((STAT % (name, "S")).encode())
    assert (found.alive, found.parent, found.ticks, found.began) == (True, 77, 5 + 6 + 7 + 8, 4242)


@pytest.mark.parametrize(("state", "alive"), [("R", True), ("T", True), ("D", True), ("Z", False), ("X", False)])
def test_the_dead_are_told_from_the_living(state: str, alive: bool) -> None:
    assert Process((STAT % ("sh", state)).encode()).alive is alive


@pytest.fixture
def sleeper():
    with subprocess.Popen(["sleep", "60"]) as sleeper:
        yield sleeper
        sleeper.kill()


def test_descendants_are_those_below(sleeper: subprocess.Popen[bytes]) -> None:
    below = descendants(os.getpid())
    assert below[sleeper.pid].parent == os.getpid()
    assert os.getpid() not in below
    assert descendants(sleeper.pid) == {}


def test_one_that_is_no_longer_ours_is_not_hit(sleeper: subprocess.Popen[bytes]) -> None:
    asked: list[int] = []
    strike(sleeper.pid, signal.SIGKILL, lambda pid: bool(asked.append(pid)))
    assert asked == [sleeper.pid]
    assert sleeper.poll() is None
    strike(sleeper.pid, signal.SIGKILL, lambda pid: True)
    assert sleeper.wait(5) == -signal.SIGKILL


def test_one_that_has_gone_is_no_error(sleeper: subprocess.Popen[bytes]) -> None:
    sleeper.kill()
    sleeper.wait()
    strike(sleeper.pid, signal.SIGKILL, lambda pid: True)
    assert process(sleeper.pid) is None
