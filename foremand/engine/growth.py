"""Waking up when a file grows, without looking at it again and again: one inotify instance for all of them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from asyncinotify import Inotify, Mask, Watch


class Growth:
    """Tells who waits that a file has changed. `run` must be running while anybody waits."""

    def __init__(self) -> None:
        self._inotify = Inotify()
        self._grown: dict[Watch, asyncio.Event] = {}

    async def run(self) -> None:
        """Pass the kernel's word on. After an overflow everybody looks: something may have been missed."""
        with self._inotify as inotify:
            async for event in inotify:
                if event.watch is None:
                    for grown in self._grown.values():
                        grown.set()
                elif event.watch in self._grown:
                    self._grown[event.watch].set()

    @asynccontextmanager
    async def of(self, file: Path) -> AsyncIterator[asyncio.Event]:
        """An event that is set whenever the file, which must exist, has been written to. The waiter clears it."""
        watch = self._inotify.add_watch(file, Mask.MODIFY)
        grown = self._grown.setdefault(watch, asyncio.Event())
        try:
            yield grown
        finally:
            self._grown.pop(watch, None)
            self._inotify.rm_watch(watch)
