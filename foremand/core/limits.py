"""What a task may still use, and when there is nothing left."""

from typing import TypeVar

from msgspec import Struct

from .spec import Stage
from .task import Task


class Allowance(Struct, frozen=True, kw_only=True):
    """What the next attempt may use at most; None where nothing limits it. Seconds and US dollars."""

    cost_usd: float | None
    turns: int | None
    wall_clock: float | None


class Exhausted(Struct, frozen=True, kw_only=True):
    """A limit of the task is reached: nothing more is started before a person raises it."""

    reason: str


def allowance(task: Task, stage: Stage) -> Allowance | Exhausted:
    """The lower of what the stage allows one attempt and of what the task has left."""
    limits = task.limits
    if limits.attempts is not None and len(task.attempts) >= limits.attempts:
        return Exhausted(reason=f"limit attempts: {len(task.attempts)} of {limits.attempts} agent runs are used")
    turns_used = sum(a.usage.turns for a in task.attempts)
    if limits.cost_usd is not None and task.cost_bound >= limits.cost_usd:
        sign = "" if task.cost_usd is not None else "up to "
        return Exhausted(reason=f"limit cost_usd: {sign}${task.cost_bound:.2f} of ${limits.cost_usd:.2f} is spent")
    if limits.turns is not None and turns_used >= limits.turns:
        return Exhausted(reason=f"limit turns: {turns_used} of {limits.turns} are used")
    if limits.wall_clock is not None and task.running >= limits.wall_clock:
        return Exhausted(reason=f"limit wall_clock: {task.running:.0f} of {limits.wall_clock:.0f} seconds are used")
    return left_to(task, stage)


def left_to(task: Task, stage: Stage) -> Allowance:
    """The same, whatever is exhausted: by it the attempt that runs is measured. Below 0 where a limit was lowered."""
    limits = task.limits
    turns_used = sum(a.usage.turns for a in task.attempts)
    return Allowance(
        cost_usd=_least(stage.limits.cost_usd, _left(limits.cost_usd, task.cost_bound)),
        turns=_least(stage.limits.turns, _left(limits.turns, turns_used)),
        wall_clock=_least(stage.limits.wall_clock, _left(limits.wall_clock, task.running)),
    )


N = TypeVar("N", int, float)


def _left(limit: N | None, used: N) -> N | None:
    return None if limit is None else limit - used


def _least(*bounds: N | None) -> N | None:
    return min((bound for bound in bounds if bound is not None), default=None)
