"""Slots: how many agents, and how many gates, may run at once. A task that waits holds none."""

import asyncio
import heapq
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, nullcontext
from itertools import count

Rank = tuple[int, ...]
"""Who goes first: the lowest."""


class Slots:
    """A counting lock that serves by rank, not by arrival."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.taken = 0
        self._waiting: list[tuple[Rank, int, asyncio.Future[None]]] = []
        self._arrivals = count()

    @asynccontextmanager
    async def slot(self, rank: Rank, *, at_once: bool = False) -> AsyncIterator[None]:
        """Hold a slot. `at_once`: what already runs takes its slot without asking, over the limit if it must."""
        if at_once:
            self.taken += 1
        else:
            await self._acquire(rank)
        try:
            yield
        finally:
            self.taken -= 1
            self._serve()

    async def _acquire(self, rank: Rank) -> None:
        granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (rank, next(self._arrivals), granted))
        self._serve()
        try:
            await granted
        except asyncio.CancelledError:
            if granted.done() and not granted.cancelled():
                self.taken -= 1
                self._serve()
            raise

    def _serve(self) -> None:
        while self._waiting and self.taken < self.limit:
            _, _, granted = heapq.heappop(self._waiting)
            if not granted.done():
                self.taken += 1
                granted.set_result(None)


class Accounts:
    """A counting lock for each of the user's accounts that allows only so many processes at once."""

    def __init__(self, limits: Mapping[str, int]) -> None:
        self._slots = {name: Slots(limit) for name, limit in limits.items()}

    @asynccontextmanager
    async def slot(self, agent: str, rank: Rank, *, at_once: bool = False) -> AsyncIterator[None]:
        """Hold a slot of this agent's account; at once where nothing bounds it."""
        slots = self._slots.get(agent)
        async with slots.slot(rank, at_once=at_once) if slots is not None else nullcontext():
            yield
