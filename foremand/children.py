"""Programs that foremand starts for itself: none is left behind, wherever the wait for it is given up."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from foremand.waiting import settled

HELD_SECONDS = 1.0
"""How long the pipes of a killed program are waited for: a helper that left its group may hold them for ever."""


def wait_without_threads() -> None:
    """Have the kernel tell asyncio that a program has ended. Before Python 3.12 a thread waits for each, which costs
    every git a millisecond."""
    if sys.version_info < (3, 12):
        asyncio.set_child_watcher(asyncio.PidfdChildWatcher())


@asynccontextmanager
async def child(*argv: str | bytes | os.PathLike[str], **how: Any) -> AsyncIterator[Process]:
    """A running program, in a process group of its own. If it still runs when the block is left it is killed, and its
    helpers in that group too. `how` as for `asyncio.create_subprocess_exec`. Raises OSError if it cannot be started.

    asyncio, when it is cancelled in the midst of starting one, would kill the program alone, and then wait for ever
    for helpers that hold its pipes.
    """
    begin = asyncio.create_subprocess_exec(*argv, start_new_session=True, **how)
    starting = asyncio.ensure_future(begin)  # noqa: TID251 (it is waited for below, however this ends)
    try:
        yield await asyncio.shield(starting)
    finally:
        await settled(starting)
        if starting.exception() is None:
            await _end(starting.result())


async def _end(process: Process) -> None:
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    try:
        with suppress(BrokenPipeError, ConnectionResetError, TimeoutError):
            async with asyncio.timeout(HELD_SECONDS):
                await process.communicate()
    finally:
        process._transport.close()  # type: ignore[attr-defined] # noqa: SLF001 (there is no other way)
