"""A run's state as a table: what the files and the lock say, and nothing else."""

import fcntl
import json
import os
from pathlib import Path

import msgspec
import pytest

from foremand.executors.spool import Exit, Spool

ENDED = Exit(code=0, signal=None, reason="exited", detail="", running=1.5)


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    (tmp_path / "run").mkdir()
    return Spool(tmp_path / "run")


@pytest.mark.parametrize(
    ("files", "held", "state"),
    [
        ((), False, "new"),
        (("lock",), False, "new"),
        (("lock", "stdin", "control"), False, "new"),
        (("lock",), True, "running"),
        (("lock", "run.json"), True, "running"),
        (("lock", "run.json"), False, "lost"),
        (("run.json",), False, "lost"),
        (("lock", "run.json", "exit.json.new"), False, "lost"),
        (("lock", "run.json", "exit.json"), True, "exited"),
        (("lock", "run.json", "exit.json"), False, "exited"),
        (("lock", "exit.json"), False, "exited"),
    ],
)
def test_state(spool: Spool, files: tuple[str, ...], held: bool, state: str) -> None:
    for name in files:
        (spool.path / name).write_text("")
    if held:
        with (spool.path / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            assert spool.state() == state
    else:
        assert spool.state() == state


def test_a_directory_that_is_not_there_is_a_new_run(tmp_path: Path) -> None:
    assert Spool(tmp_path / "nowhere").state() == "new"


def test_a_living_process_is_no_sign_of_a_living_run(spool: Spool) -> None:
    (spool.path / "lock").write_text(f"{os.getpid()}\n")
    (spool.path / "run.json").write_text("{}")
    assert spool.state() == "lost"


def test_looking_does_not_disturb_the_lock(spool: Spool) -> None:
    with (spool.path / "lock").open("w") as lock:
        assert spool.state() == "new"
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


@pytest.mark.parametrize(("text", "pid"), [("", None), ("12", None), ("1234\n", 1234)])
def test_the_shims_pid_is_read_only_when_it_is_whole(spool: Spool, text: str, pid: int | None) -> None:
    (spool.path / "lock").write_text(text)
    assert spool.shim() == pid


def test_the_record_of_the_end_is_typed(spool: Spool) -> None:
    (spool.path / "exit.json").write_bytes(msgspec.json.encode(ENDED))
    assert spool.exit() == ENDED


@pytest.mark.parametrize("forged", ["", "[]", '{"code": 0}', '{"code": "0"}'])
def test_what_is_not_a_record_is_refused(spool: Spool, forged: str) -> None:
    (spool.path / "exit.json").write_text(forged)
    with pytest.raises(msgspec.DecodeError):
        spool.exit()


def test_a_new_run_can_be_forbidden_once(spool: Spool) -> None:
    assert spool.forbid("cancelled")
    assert spool.exit() == Exit(code=None, signal=None, reason="not-started", detail="cancelled", running=0.0)
    assert not spool.forbid("again")
    assert spool.exit().detail == "cancelled"


def test_a_run_that_has_begun_cannot_be_forbidden(spool: Spool) -> None:
    (spool.path / "run.json").write_text("{}")
    assert not spool.forbid("too late")
    assert spool.state() == "lost"


def test_a_run_that_is_being_started_cannot_be_forbidden(spool: Spool) -> None:
    with (spool.path / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert not spool.forbid("at the same moment")
    assert spool.state() == "new"


def test_a_message_is_one_line_and_only_a_shim_gets_it(spool: Spool) -> None:
    assert not spool.ask({"do": "stop"}), "no FIFO"
    os.mkfifo(spool.path / "control")
    assert not spool.ask({"do": "stop"}), "nobody reads it"
    reader = os.open(spool.path / "control", os.O_RDWR | os.O_NONBLOCK)
    assert spool.ask({"do": "stop", "reason": "two\nlines"})
    line = os.read(reader, 4096)
    os.close(reader)
    assert line.count(b"\n") == 1
    assert json.loads(line) == {"do": "stop", "reason": "two\nlines"}
