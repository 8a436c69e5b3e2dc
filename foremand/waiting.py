"""Waiting for several things at once, and for what must not be left in its midst."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any


@asynccontextmanager
async def together() -> AsyncIterator[asyncio.TaskGroup]:
    """A group of tasks whose first failure is raised as it is, not wrapped.

    Whatever way it is left, nothing of it runs any more: `asyncio.gather` would let go of those that still do.
    """
    try:
        async with asyncio.TaskGroup() as group:
            yield group
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None


async def settled(future: asyncio.Future[Any]) -> None:
    """Waits until `future` is done, however often the waiting is cancelled. For the way out of a cancellation, whose
    CancelledError goes on from there.
    """
    while not future.done():
        with suppress(asyncio.CancelledError):
            await asyncio.wait([future])
