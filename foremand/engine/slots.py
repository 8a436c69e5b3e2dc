"""Slots: how many agents, and how many gates, may run at once. A task that waits holds none.

Whoever waits is asked for their rank each time a slot is free: what people change meanwhile counts at once.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

Rank = tuple[int, ...]
"""Who goes first: the lowest."""


class Slots:
    """A counting lock that serves by rank, not by arrival.

    `accounts`: how many of the slots those of one account may hold. A slot and its account's are given together, so
    that nobody keeps a place before one who is to go first.
    """

    def __init__(self, limit: int, accounts: Mapping[str, int] | None = None) -> None:
        self.limit = limit
        self.taken = 0
        self._accounts = accounts or {}
        self._used: Counter[str] = Counter()
        self._waiting: dict[asyncio.Future[None], tuple[Callable[[], Rank], str]] = {}

    @asynccontextmanager
    async def slot(self, rank: Callable[[], Rank], account: str = "", *, at_once: bool = False) -> AsyncIterator[None]:
        """Hold a slot. `at_once`: what already runs takes its slot without asking, over the limit if it must."""
        if at_once:
            self._take(account)
        else:
            await self._acquire(rank, account)
        try:
            yield
        finally:
            self._give_back(account)

    async def _acquire(self, rank: Callable[[], Rank], account: str) -> None:
        granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[granted] = (rank, account)
        self._serve()
        try:
            await granted
        except asyncio.CancelledError:
            if granted.done() and not granted.cancelled():
                self._give_back(account)
            raise
        finally:
            self._waiting.pop(granted, None)

    def _serve(self) -> None:
        while self.taken < self.limit:
            able = [
                (waiting, rank, account)
                for waiting, (rank, account) in self._waiting.items()
                if not waiting.done() and self._has_room(account)
            ]
            if not able:
                return
            first, _, account = min(able, key=lambda each: each[1]())  # of equals, who came first
            self._take(account)
            first.set_result(None)

    def _has_room(self, account: str) -> bool:
        most = self._accounts.get(account)
        return most is None or self._used[account] < most

    def _take(self, account: str) -> None:
        self.taken += 1
        self._used[account] += 1

    def _give_back(self, account: str) -> None:
        self.taken -= 1
        self._used[account] -= 1
        self._serve()
