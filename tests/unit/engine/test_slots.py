"""Slots: who waits is served by rank as it is when a slot is free, and nobody holds a place they cannot use."""

import asyncio

from foremand.engine.slots import Slots


class Line:
    """Tasks that want a slot, hold it until they are let go, and are written down in the order in which they had it."""

    def __init__(self, limit: int, **accounts: int) -> None:
        self.slots = Slots(limit, accounts)
        self.served: list[str] = []
        self.ranks: dict[str, tuple[int, ...]] = {}
        self._go: dict[str, asyncio.Event] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._group = asyncio.TaskGroup()

    async def __aenter__(self) -> "Line":
        await self._group.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        for task in self._tasks.values():
            task.cancel()
        await self._group.__aexit__(None, None, None)
        assert self.slots.taken == 0

    async def join(self, name: str, rank: int, account: str = "", *, at_once: bool = False) -> None:
        self.ranks[name] = (rank,)
        self._go[name] = asyncio.Event()
        self._tasks[name] = self._group.create_task(self._hold(name, account, at_once=at_once))
        await self.settle()

    async def _hold(self, name: str, account: str, *, at_once: bool) -> None:
        async with self.slots.slot(lambda: self.ranks[name], account, at_once=at_once):
            self.served.append(name)
            await self._go[name].wait()

    async def let_go(self, *names: str) -> None:
        for name in names:
            self._go[name].set()
            await self.settle()

    async def leave(self, name: str) -> None:
        self._tasks[name].cancel()
        await self.settle()

    async def settle(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)


async def test_the_lowest_rank_is_served_first_and_of_equals_who_came_first() -> None:
    async with Line(1) as here:
        for name, rank in (("a", 0), ("b", 2), ("c", 1), ("d", 1)):
            await here.join(name, rank)
        await here.let_go("a", "c", "d", "b")
        assert here.served == ["a", "c", "d", "b"]


async def test_a_rank_that_changes_while_one_waits_counts_at_once() -> None:
    async with Line(1) as here:
        for name, rank in (("a", 0), ("b", 1), ("c", 2)):
            await here.join(name, rank)
        here.ranks["c"] = (0,)
        await here.let_go("a")
        assert here.served == ["a", "c"]


async def test_an_account_that_is_full_keeps_nobody_else_waiting() -> None:
    async with Line(3, one=1) as here:
        await here.join("a", 0, "one")
        await here.join("b", 1, "one")
        await here.join("c", 2, "other")
        assert here.served == ["a", "c"]
        await here.let_go("a")
        assert here.served == ["a", "c", "b"]


async def test_who_waits_for_a_slot_keeps_no_place_of_its_account() -> None:
    """Else one that is more urgent would wait for one that itself waits."""
    async with Line(1, one=2) as here:
        for name, rank in (("a", 0), ("b", 2), ("c", 3)):
            await here.join(name, rank, "one")
        here.ranks["c"] = (1,)
        await here.let_go("a")
        assert here.served == ["a", "c"]


async def test_what_runs_already_has_its_slot_over_the_limit_too() -> None:
    async with Line(1, one=1) as here:
        await here.join("a", 0, "one", at_once=True)
        await here.join("b", 0, "one", at_once=True)
        await here.join("c", 0, "one")
        assert (here.served, here.slots.taken) == (["a", "b"], 2)
        await here.let_go("a")
        assert here.served == ["a", "b"]
        await here.let_go("b")
        assert here.served == ["a", "b", "c"]


async def test_who_leaves_the_line_takes_nothing_with_them() -> None:
    async with Line(1, one=1) as here:
        for name in "abc":
            await here.join(name, 0, "one")
        await here.leave("b")
        await here.leave("a")
        assert here.served == ["a", "c"]
        assert here.slots.taken == 1


async def test_a_slot_that_is_granted_to_one_who_leaves_goes_to_the_next() -> None:
    async with Line(1) as here:
        for name in "abc":
            await here.join(name, 0)
        here._go["a"].set()
        await asyncio.sleep(0)  # a gives its slot back, b has it and does not know yet
        await here.leave("b")
        assert here.served == ["a", "c"]
