"""A run's directory from the shim's side; its working directory is that directory."""

from __future__ import annotations

import fcntl
import os
import time

from . import CONTROL, ERR, LOCK, LOG, OUT, STDIN
from .inlet import Inlet

TYPE_CHECKING = False  # as `typing` would say it, which costs the shim half a megabyte
if TYPE_CHECKING:
    from typing import Any


class Files:
    """The open files of a run, made where they are missing. `body` becomes the program's standard input; where that
    stays open it is only the beginning, and `inlet` takes what follows."""

    def __init__(self, body: bytes | None, *, stays_open: bool = False) -> None:
        if body is not None:
            with os.fdopen(_create(STDIN, os.O_TRUNC), "wb") as file:
                file.write(body)
        if not os.path.exists(CONTROL):  # noqa: PTH110 - pathlib is too big here
            os.mkfifo(CONTROL, 0o600)
        self.null = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        self.inlet = Inlet(body or b"") if stays_open else None
        if self.inlet is not None:
            self.stdin = self.inlet.outlet
        else:
            self.stdin = os.open(os.devnull if body is None else STDIN, os.O_RDONLY | os.O_CLOEXEC)
        self.out = _create(OUT, os.O_APPEND)
        self.err = _create(ERR, os.O_APPEND)
        self.log = _create(LOG, os.O_APPEND)
        # Open for writing too: so it never reads as ended when a writer closes it.
        self.control = os.open(CONTROL, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)


def take_lock() -> int | None:
    """The run's lock, None if another shim has it. Whoever only looks holds it for some microseconds: hence the
    few tries."""
    lock = os.open(LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    for _ in range(20):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.005)
        else:
            return lock
    os.close(lock)
    return None


def get_ready() -> None:
    """Loads what the two below need: 10 ms, for which neither a program's start nor the record of its end waits."""
    import json  # noqa: F401


def read_json(content: bytes) -> Any:
    """A message of the daemon. Raises ValueError."""
    import json

    return json.loads(content)


def write_json(path: str, record: dict[str, Any]) -> None:
    """A record, written as JSON in the way of `write_whole`."""
    import json

    write_whole(path, json.dumps(record).encode())


def write_whole(path: str, content: bytes) -> None:
    """Writes a file whole or not at all; it is on disk when this returns."""
    beside = f"{path}.new"
    with os.fdopen(_create(beside, os.O_TRUNC), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.rename(beside, path)  # noqa: PTH104 - pathlib is too big here
    folder = os.open(os.path.dirname(path) or ".", os.O_RDONLY | os.O_CLOEXEC)  # noqa: PTH120
    os.fsync(folder)
    os.close(folder)


def last_line(path: str) -> str:
    """The end of what a program said: shells name a missing program there. At most 500 bytes."""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_CLOEXEC), "rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - 500))
        lines = file.read().decode(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


def _create(path: str, how: int) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | how, 0o600)
