"""Watching: every item once, in order, from any cursor on, first from the database and then as it happens."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

from .errors import CursorAhead, SlowConsumer
from .records import Item, Page, Record

BATCH_ITEMS = 64
BATCH_BYTES = 1024 * 1024
BATCH_SECONDS = 0.03
"""A batch is given as soon as it has this many items or bytes, or this long after the one before."""

BUFFER_ITEMS = 50_000
BUFFER_BYTES = 16 * 1024 * 1024
"""What a live subscriber may leave lying before it is told that it is too slow. Bodies are shared, not copied."""

History = Callable[[int, int, int | None], Awaitable[Page]]


class Feed:
    """Hands what was committed to those who watch. Lives on the event loop alone."""

    def __init__(self, last: int, history: History) -> None:
        self.last = last
        """The last number published: all up to it can be read, all after it will be offered."""
        self.closed = False
        self._history = history
        self._live: set[Subscription] = set()

    def publish(self, records: list[Record]) -> None:
        """Offer records that are on disk."""
        self.last = records[-1].last
        if self._live:
            items = [item for record in records for item in record.items()]
            for subscription in tuple(self._live):
                subscription.offer(items)

    def subscribe(
        self, after: int, task: int | None, *, buffer_items: int = BUFFER_ITEMS, buffer_bytes: int = BUFFER_BYTES
    ) -> "Subscription":
        """Items after the cursor `after`, of one task or of all. Raises CursorAhead."""
        if after > self.last:
            raise CursorAhead(after, self.last)
        return Subscription(self, self._history, after, task, (buffer_items, buffer_bytes))

    def join(self, subscription: "Subscription") -> None:
        """From here on it is offered everything."""
        self._live.add(subscription)

    def leave(self, subscription: "Subscription") -> None:
        """It is offered nothing more."""
        self._live.discard(subscription)

    def close(self) -> None:
        """End all subscriptions, each after what it still holds."""
        self.closed = True
        for subscription in tuple(self._live):
            subscription.close()


class Subscription:
    """An async iterator of batches, empty only when nudged.

    Ends when closed; raises SlowConsumer when its reader fell too far behind.
    As long as it is behind it reads the database at its reader's pace, and nothing is kept for it. Only when it has
    caught up, seen without an await in between, does it join the feed: so there is no gap and no repetition.
    """

    def __init__(self, feed: Feed, history: History, after: int, task: int | None, bounds: tuple[int, int]) -> None:
        self._feed = feed
        self._history = history
        self._task = task
        self._bounds = bounds
        self._reached = after
        self._delivered = after
        self._joined = False
        self._closed = False
        self._slow: SlowConsumer | None = None
        self._items: deque[Item] = deque()
        self._bytes = 0
        self._wake = asyncio.Event()
        self._nudged = False
        self._given_at = float("-inf")

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> list[Item]:
        await self._catch_up()
        if self._joined:
            await self._gather()
        if self._slow:
            raise self._slow
        if not self._items and (self._over or not self._nudged):
            raise StopAsyncIteration
        return self._take()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Take no more; what is held can still be read."""
        self._feed.leave(self)
        self._closed = True
        self._wake.set()

    def nudge(self) -> None:
        """Give a batch in its time, an empty one if need be: its reader has something to say of its own."""
        self._nudged = True
        self._wake.set()

    def offer(self, items: list[Item]) -> None:
        """Hold new items, or end the subscription when it holds too many. Called by the feed; never waits."""
        if self._task is not None:
            items = [item for item in items if item.task == self._task]
        if not items:
            return
        size = sum(len(item.body) for item in items)
        # One commit may be larger than the buffer: who holds nothing is not slow.
        if self._items and (len(self._items) + len(items) > self._bounds[0] or self._bytes + size > self._bounds[1]):
            self._slow = SlowConsumer(self._delivered)
            self._items.clear()
            self._feed.leave(self)
        else:
            self._items.extend(items)
            self._bytes += size
        self._wake.set()

    async def _catch_up(self) -> None:
        while not self._items and not self._joined and not self._over:
            if self._reached >= self._feed.last:
                self._feed.join(self)
                self._joined = True
                return
            page = await self._history(self._reached, self._feed.last, self._task)
            self._reached = page.reached
            self._items.extend(page.items)
            self._bytes += sum(len(item.body) for item in page.items)

    async def _gather(self) -> None:
        """Wait for something to give, and then for more of it, but not beyond the time a batch may take.

        The first item after a silence is due at once: only those in its wake are gathered.
        """
        clock = asyncio.get_running_loop().time
        while len(self._items) < BATCH_ITEMS and self._bytes < BATCH_BYTES and not self._over:
            due = self._items or self._nudged
            left = self._given_at + BATCH_SECONDS - clock() if due else None
            if left is not None and left <= 0:
                break
            self._wake.clear()
            try:
                async with asyncio.timeout(left):
                    await self._wake.wait()
            except TimeoutError:
                break
        self._given_at = clock()

    @property
    def _over(self) -> bool:
        return self._closed or self._feed.closed or self._slow is not None

    def _take(self) -> list[Item]:
        self._nudged = False
        batch: list[Item] = []
        size = 0
        while self._items and len(batch) < BATCH_ITEMS and size < BATCH_BYTES:
            item = self._items.popleft()
            batch.append(item)
            size += len(item.body)
        self._bytes -= size
        self._delivered = batch[-1].seq if batch else self._delivered
        return batch
