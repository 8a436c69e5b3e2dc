"""Paging through a transcript file, however long: lines by number, and the last lines at once."""

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO

EVERY = 1000
"""Every so many lines an offset is kept: 330 of them for 100 MB."""

PAGE_BYTES = 1 << 20


class Transcript:
    """A file of lines that grows at its end. Keeps a sparse index, made as far as it was needed; calls block.

    Lines are numbered from 0 and given without their newline. The last one counts even while it has none.
    Raises OSError where the file cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._inode = 0
        self._offsets = [0]
        """Where the lines 0, EVERY, 2 * EVERY... begin."""

    def page(self, line: int, count: int, *, max_bytes: int = PAGE_BYTES) -> list[bytes]:
        """`count` lines from number `line` on: fewer at the end, or when they are longer than `max_bytes` in all.

        A page that is not beyond the end holds at least one line, however long.
        """
        with self.path.open("rb") as file:
            self._index(file, line)
            place = min(line // EVERY, len(self._offsets) - 1)
            file.seek(self._offsets[place])
            for _ in islice(file, line - place * EVERY):
                pass
            return list(_bounded(file, count, max_bytes))

    def tail(self, count: int, *, max_bytes: int = PAGE_BYTES) -> list[bytes]:
        """The last `count` lines, or as many as fit into `max_bytes`; at least one, however long, if there is one."""
        if count <= 0:
            return []
        with self.path.open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            size = min(end, 64 * 1024)
            while True:
                file.seek(end - size)
                lines = _lines(file.read(size))
                whole = lines if size == end else lines[1:]  # the first may have begun earlier
                if size == end or len(whole) >= count or (whole and size >= max_bytes):
                    return _last(whole, count, max_bytes)
                size = min(end, size * 2)

    def _index(self, file: BinaryIO, line: int) -> None:
        status = os.fstat(file.fileno())
        if status.st_ino != self._inode or status.st_size < self._offsets[-1]:
            self._inode, self._offsets = status.st_ino, [0]
        file.seek(self._offsets[-1])
        while len(self._offsets) <= line // EVERY:
            offset, lines = self._offsets[-1], 0
            for text in islice(file, EVERY):
                offset += len(text)
                lines += text.endswith(b"\n")
            if lines < EVERY:
                return
            self._offsets.append(offset)


def _bounded(file: BinaryIO, count: int, max_bytes: int) -> Iterator[bytes]:
    size = 0
    for text in islice(file, count):
        if size and size + len(text) > max_bytes:
            return
        size += len(text)
        yield text.removesuffix(b"\n")


def _lines(block: bytes) -> list[bytes]:
    # Not splitlines: it also breaks at a carriage return, which a line may well hold.
    lines = block.split(b"\n")
    return lines if lines[-1] else lines[:-1]


def _last(lines: list[bytes], count: int, max_bytes: int) -> list[bytes]:
    taken: list[bytes] = []
    for text in reversed(lines[-count:]):
        max_bytes -= len(text) + 1
        if taken and max_bytes < 0:
            break
        taken.append(text)
    return taken[::-1]
