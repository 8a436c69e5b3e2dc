"""The program's standard input where it stays open: what the program is told goes in behind what came before.

It is the shim that holds it, so it outlives the daemon, and the next one may go on.
"""

from __future__ import annotations

import os


class Inlet:
    """A pipe into the program, and what is still to go in: `body` first. `outlet` is the program's end."""

    def __init__(self, body: bytes) -> None:
        self.outlet, self._pipe = os.pipe()
        os.set_blocking(self._pipe, False)
        self._left = bytearray(body)
        self._told: set[str] = set()
        self._ends = False
        self._closed = False

    def tell(self, name: str) -> None:
        """Put the file `name` in, once: whoever asks again cannot know whether somebody did before."""
        if name in self._told or self._ends:
            return
        try:
            with os.fdopen(os.open(name, os.O_RDONLY | os.O_CLOEXEC), "rb") as file:
                self._left += file.read()
        except OSError:
            return  # not from the daemon, which writes the file first
        self._told.add(name)

    def plead(self, words: str) -> None:
        """Put in what asks the program to end, and nothing after that."""
        if not self._ends:
            self._left += words.encode()
        self.end()

    def end(self) -> None:
        """Let the program read the end of its input behind all that it was told."""
        self._ends = True

    def pour(self) -> int | None:
        """Write what there is room for, and close where that was the last of it. The pipe, if it needs more room."""
        if self._closed:
            return None
        try:
            while self._left:
                del self._left[: os.write(self._pipe, self._left)]
        except BlockingIOError:
            return self._pipe
        except BrokenPipeError:  # it reads no more
            self._ends = True
        if self._ends:
            self._closed = True
            os.close(self._pipe)
        return None
