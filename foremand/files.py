"""Reading what somebody else wrote: a file's name says nothing of what lies there."""

import os
import stat
from pathlib import Path


def read_regular(path: Path, limit: int) -> bytes:
    """The first `limit` bytes of a file that an agent or a gate wrote.

    Never through a link, which could point at what the writer itself may not read, and never from a pipe, which
    could keep us waiting: OSError then.
    """
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(f"{path} is not a regular file")
        return file.read(limit)
