"""A gzipped tar that is made as it is read: of the same files always the same bytes, however large in little memory."""

import io
import os
import stat
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

PIECE = 256 * 1024
"""Bytes that are read, compressed and given out at once."""

GZIP = 16 + zlib.MAX_WBITS
"""zlib's way to say gzip. Its header then names neither a file nor a time."""


class Archive:
    """Turns files into the archive's bytes. `at`: the time that every file in it bears, Unix seconds."""

    def __init__(self, at: float) -> None:
        self._at = int(at)
        self._gzip = zlib.compressobj(6, zlib.DEFLATED, GZIP)

    def file(self, name: str, content: BinaryIO) -> Iterator[bytes]:
        """One file, as long as `content` is now: what grows meanwhile is cut there, what shrinks is filled with NUL."""
        size = content.seek(0, io.SEEK_END)
        content.seek(0)
        info = tarfile.TarInfo(name)
        info.size, info.mtime, info.mode = size, self._at, 0o600
        yield from self._pack(info.tobuf(tarfile.PAX_FORMAT))
        left = size
        while left > 0:
            piece = content.read(min(PIECE, left)) or bytes(min(PIECE, left))
            left -= len(piece)
            yield from self._pack(piece)
        yield from self._pack(bytes(-size % tarfile.BLOCKSIZE))

    def end(self) -> Iterator[bytes]:
        """What closes the archive."""
        yield from self._pack(bytes(2 * tarfile.BLOCKSIZE))
        yield self._gzip.flush()

    def _pack(self, data: bytes) -> Iterator[bytes]:
        if packed := self._gzip.compress(data):
            yield packed


@contextmanager
def stored(path: Path) -> Iterator[BinaryIO | None]:
    """A regular file, opened to be read, None where there is none; never through a link that an agent may have laid."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        yield None
        return
    with os.fdopen(handle, "rb") as file:
        yield file if stat.S_ISREG(os.fstat(handle).st_mode) else None
