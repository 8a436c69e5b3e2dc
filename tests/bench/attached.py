"""`foremanctl attach` in a terminal of its own: keys go in, and what it writes is read as it comes."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from typing import Self

from glass import Glass
from measured import House, cpu
from rows import DEADLINE

ROWS, COLUMNS = 50, 160

Seen = Callable[[list[str]], bool]


class Attached:
    """One terminal with one program in it. Times are `time.perf_counter()`'s, in seconds."""

    def __init__(self, house: House, *args: str) -> None:
        self._glass = Glass(ROWS, COLUMNS)
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("4H", ROWS, COLUMNS, 0, 0))
        command = [sys.executable, "-m", "foremanctl", "attach", "--no-bell", *args]
        # An installed foremanctl is compiled once, not at every start.
        env = {**house.env, "TERM": "xterm-256color", "PYTHONDONTWRITEBYTECODE": ""}
        self.began = time.perf_counter()
        self._program = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, env=env, cwd=house.root, start_new_session=True
        )
        os.close(slave)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._program.poll() is None:
            os.write(self._master, b"q")
            self._read_until(lambda: self._program.poll() is not None, time.perf_counter() + DEADLINE)
        os.close(self._master)

    @property
    def pid(self) -> int:
        """The program's."""
        return self._program.pid

    @property
    def lines(self) -> list[str]:
        """What is on the screen."""
        return self._glass.lines

    def until(self, seen: Seen) -> float:
        """Reads until the screen is so; when the bytes that made it so had come."""
        if not self._read_until(lambda: seen(self.lines), time.perf_counter() + DEADLINE):
            raise AssertionError("the screen never came to be as awaited:\n" + "\n".join(self.lines))
        return self._came

    def press(self, key: bytes, seen: Seen) -> float:
        """Seconds from a key to the bytes of the screen that it makes."""
        begin = time.perf_counter()
        os.write(self._master, key)
        return self.until(seen) - begin

    def watch(self, seconds: float) -> float:
        """Reads for so long; the processor time that the program took of it, in percent of a core."""
        before, begin = cpu(self.pid), time.perf_counter()
        self._read_until(lambda: False, begin + seconds)
        return (cpu(self.pid) - before) / (time.perf_counter() - begin) * 100

    def _read_until(self, true: Callable[[], bool], end: float) -> bool:
        while not true():
            ready, _, _ = select.select([self._master], [], [], min(0.05, max(0.0, end - time.perf_counter())))
            if time.perf_counter() > end:
                return False
            if ready:
                try:
                    written = os.read(self._master, 1 << 16)
                except OSError:  # it has ended, and its terminal with it
                    self._program.wait(DEADLINE)
                    return true()
                self._came = time.perf_counter()
                self._glass.feed(written)
        return True
