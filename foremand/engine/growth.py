"""Waking up when a file grows, without looking at it again and again: one inotify instance for all of them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from asyncinotify import Inotify, Mask, Watch


class Growth:
    """Tells who waits that a file has changed. `run` must be running while anybody waits."""

    def __init__(self) -> None:
        self._inotify = Inotify()
        self._waiting: dict[Watch, set[asyncio.Event]] = {}

    async def run(self) -> None:
        """Pass the kernel's word on. After an overflow everybody looks: something may have been missed."""
        with self._inotify as inotify:
            async for event in inotify:
                touched = self._waiting if event.watch is None else (event.watch,)
                for watch in touched:
                    for grown in self._waiting.get(watch, ()):
                        grown.set()

    @asynccontextmanager
    async def of(self, file: Path) -> AsyncIterator[asyncio.Event]:
        """An event that is set whenever the file, which must exist, has been written to. The waiter clears it.

        Each waiter has an event of its own: of many who wait for one file none can clear what another waits for.
        """
        watch = self._inotify.add_watch(file, Mask.MODIFY)
        waiting = self._waiting.setdefault(watch, set())
        grown = asyncio.Event()
        waiting.add(grown)
        try:
            yield grown
        finally:
            waiting.discard(grown)
            if not waiting:
                del self._waiting[watch]
                with suppress(OSError):  # the file is gone, and its watch with it
                    self._inotify.rm_watch(watch)
