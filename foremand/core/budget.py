"""The day's budget: what all tasks together have spent of it, and what is promised to the attempts that run."""

from collections.abc import Collection, Iterable

from msgspec import Struct

from .task import Hold, Task


class Day(Struct, frozen=True, kw_only=True):
    """One day's money in US dollars. `spent` counts an unknown cost by its upper bound, never as nothing."""

    limit: float
    spent: float
    reserved: float


def spent(tasks: Iterable[Task], since: float, free: Collection[str] = ()) -> tuple[float, float]:
    """What attempts that ended after `since` have cost, and what those that run may still cost.

    Agents of `free` are paid by subscription: their use is no money.
    """
    used = reserved = 0.0
    for task in tasks:
        for attempt in task.attempts:
            if attempt.agent in free or attempt.by:
                continue
            if attempt.outcome is None:
                reserved += attempt.reserved_usd
            elif (attempt.ended_at or 0.0) >= since:
                usage = attempt.usage
                used += usage.bound_usd if usage.cost_usd is None else usage.cost_usd
    return used, reserved


def left(day: Day) -> float:
    """What the next attempt may cost at most."""
    return max(0.0, day.limit - day.spent - day.reserved)


def hold(day: Day) -> Hold | None:
    """Why nothing new may start today; None while there is something left."""
    if day.spent >= day.limit:
        return Hold(on="budget", reason=f"the day's budget of ${day.limit:.2f} is spent")
    if left(day) <= 0.0:
        return Hold(on="budget", reason=f"the day's budget of ${day.limit:.2f} is promised to agents that run")
    return None
