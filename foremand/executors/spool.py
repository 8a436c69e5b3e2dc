"""A run on disk: one directory, from which alone its state is read.

`lock`       flock held by the shim for its whole life; holds the shim's pid, which only serves as a wake-up
`run.json`   what runs: argv, cwd, deadline, marker, token, begun when, the names (never the values) of its environment
`stdin`      the program's standard input, absent when it has none
`out` `err`  its output, appended to by the program itself
`control`    a FIFO to the shim: one JSON object a line, `{"do": "stop", "reason": ..., "grace": seconds}`; for a
             program whose standard input stays open also `{"do": "tell", "name": ...}` and `{"do": "end-input"}`
`told-KEY`   what such a program is told after its `stdin`
`exit.json`  the record of the end, complete and on disk as soon as it is there
`shim.log`   what the shim itself had to say: empty unless it broke
"""

import errno
import fcntl
import json
import os
import time
from pathlib import Path
from typing import Any, Literal

import msgspec

from . import shim
from .shim.files import write_json

State = Literal["new", "running", "exited", "lost"]
"""`lost`: it was begun, its shim is gone and left no record."""


class Exit(msgspec.Struct, frozen=True, kw_only=True):
    """How a run ended.

    `code` and `signal` are the program's: at most one is set, neither when it never ran or could not be ended. A
    program ended by a signal inside the sandbox is known by the code 128 + n that bubblewrap gives, and shown as
    the signal; 127 and 126 are a program that is missing or not executable. `reason`: it exited by itself, reached
    its deadline, was stopped, or was not started. `detail`: who stopped it, which program is missing, what was in
    the way. `running`: seconds from start to end on a clock that stands still while the machine sleeps.
    """

    code: int | None
    signal: int | None
    reason: Literal["exited", "deadline", "stopped", "not-started"]
    detail: str
    running: float


class Spool:
    """The files of the run in directory `path`, which need not exist yet."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.out = path / shim.OUT
        self.err = path / shim.ERR
        self._lock = path / shim.LOCK
        self._run = path / shim.RUN
        self._exit = path / shim.EXIT
        self._control = path / shim.CONTROL

    def begun(self) -> bool:
        """Whether the program may have run: from here on it is never started again."""
        return self._run.exists()

    def state(self) -> State:
        """What the files and the lock say now. The order of the looks matters: what is begun before the lock is
        found free, and has no record after, has lost its shim."""
        begun = self.begun()
        if self._exit.exists():
            return "exited"
        if self._held():
            return "running"
        if self._exit.exists():
            return "exited"
        return "lost" if begun else "new"

    def _held(self) -> bool:
        try:
            lock = os.open(self._lock, os.O_RDONLY | os.O_CLOEXEC)
        except (FileNotFoundError, NotADirectoryError):
            return False
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        else:
            return False
        finally:
            os.close(lock)

    def exit(self) -> Exit:
        """The record of the end. Raises FileNotFoundError before it, msgspec.DecodeError when it is not ours."""
        return msgspec.json.decode(self._exit.read_bytes(), type=Exit)

    def record(self) -> dict[str, Any]:
        """What was started, as in `run.json`. Raises FileNotFoundError for a run that was not begun."""
        found: dict[str, Any] = json.loads(self._run.read_bytes())
        return found

    def began(self) -> float:
        """When it was begun, on the monotonic clock of the boot in which it runs. Raises as `record` does."""
        return float(self.record().get("began") or time.monotonic())

    def shim(self) -> int | None:
        """The shim's pid, None while it is still being started. It says who to wait for, never who is alive."""
        try:
            text = self._lock.read_bytes()
        except FileNotFoundError:
            return None
        return int(text) if text.endswith(b"\n") else None

    def ask(self, message: dict[str, Any]) -> bool:
        """Hands a message to the shim; False when none is there to read it."""
        try:
            control = os.open(self._control, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENXIO):
                return False
            raise
        try:
            os.write(control, json.dumps(message).encode() + b"\n")
        finally:
            os.close(control)
        return True

    def tell(self, key: str, data: bytes) -> bool:
        """Has the shim put `data` in the program's standard input; once, however often it is asked for one `key`.

        False when no shim is there.
        """
        told = self.path / f"{shim.TOLD}{key}"
        if not told.exists():
            beside = told.with_suffix(".new")
            beside.write_bytes(data)
            beside.rename(told)
        return self.ask({"do": "tell", "name": told.name})

    def forbid(self, reason: str) -> bool:
        """Records a run that is new as never to be started; False if it is being started at this moment."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if self.begun() or self._exit.exists():
                return False
            ending = Exit(code=None, signal=None, reason="not-started", detail=reason, running=0.0)
            write_json(str(self._exit), msgspec.structs.asdict(ending))
        except BlockingIOError:
            return False
        finally:
            os.close(lock)
        return True
