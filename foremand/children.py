"""Programs that foremand starts for itself: none is left behind, wherever the wait for it is given up."""

import asyncio
import os
import signal
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any


@asynccontextmanager
async def child(*argv: str | bytes | os.PathLike[str], **how: Any) -> AsyncIterator[Process]:
    """A running program, in a process group of its own; whatever of it still runs when the block is left is killed,
    its helpers too. `how` as for `asyncio.create_subprocess_exec`. Raises OSError if it cannot be started.

    asyncio, when it is cancelled in the midst of starting one, would kill the program alone, and then wait for ever
    for helpers that hold its pipes.
    """
    begin = asyncio.create_subprocess_exec(*argv, start_new_session=True, **how)
    starting = asyncio.ensure_future(begin)  # noqa: TID251 (it is waited for below, however this ends)
    try:
        yield await asyncio.shield(starting)
    finally:
        await asyncio.wait([starting])
        if starting.exception() is None:
            await _end(starting.result())


async def _end(process: Process) -> None:
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        with suppress(BrokenPipeError, ConnectionResetError):
            await process.communicate()
