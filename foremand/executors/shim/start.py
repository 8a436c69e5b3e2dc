"""From one command of the daemon to a shim that no longer depends on it."""

from __future__ import annotations

import marshal
import os
import sys

from . import BUSY, EXIT, RUN, STARTED, TORN, USED
from .files import Files, take_lock, write_json, write_whole
from .supervise import supervise

TYPE_CHECKING = False  # as `typing` would say it, which costs the shim half a megabyte
if TYPE_CHECKING:
    from typing import NoReturn

    from .program import Spec


def main(run: str) -> int:
    """Starts the run in directory `run` and leaves its shim behind; returns an exit code, see `__init__`.

    Until it is said what to run, nothing in that directory is touched: it may be long in coming, or never come.
    The lock is taken before the forks, and the open file description carries it over: there is no moment at which
    a run that is being started looks as if nobody cared for it.
    """
    request = _receive()
    if request is None:
        return TORN
    spec, record, body = request
    os.chdir(run)
    lock = take_lock()
    if lock is None:
        return BUSY
    if os.path.exists(EXIT) or os.path.exists(RUN):  # noqa: PTH110 - pathlib is too big here
        return USED
    files = Files(body, stays_open=spec["plea"] is not None)
    # From here on the run counts as begun: if nobody is there to end it properly, it is lost, not new.
    write_whole(RUN, record)
    if _detach(lock):
        _stay(spec, files)
    return STARTED


def _detach(lock: int) -> bool:
    """Forks twice into a session of its own. True in the shim, False in the process that the daemon waits for,
    which by then knows the shim's pid to be in the lock file."""
    between = os.fork()
    if between:
        _, status = os.waitpid(between, 0)
        if status:
            raise ChildProcessError(f"the shim could not be forked: wait status {status}")
        return False
    os.setsid()
    shim = os.fork()
    if shim:
        os.pwrite(lock, f"{shim}\n".encode(), 0)
        os._exit(0)
    return True


def _receive() -> tuple[Spec, bytes, bytes | None] | None:
    """What to run, the record of it and its standard input, None if the starter died in the middle of saying it.

    Marshalled, not JSON, whose reader would cost every start 10 ms.
    """
    try:
        spec, record, body = marshal.load(sys.stdin.buffer)  # noqa: S302 (nobody but the daemon says it)
    except (EOFError, ValueError, TypeError):
        return None
    return spec, record, body


def _stay(spec: Spec, files: Files) -> NoReturn:
    """In the shim proper: runs the program and puts the record of its end on disk."""
    try:
        for number, file in enumerate((files.null, files.log, files.log)):
            os.dup2(file, number)
        record = supervise(spec, files)
        os.fsync(files.out)
        os.fsync(files.err)
        write_json(EXIT, record)
        os._exit(0)
    except BaseException:  # noqa: BLE001 - whatever it was: say it, and be found lost
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(os.EX_SOFTWARE)
