"""What a task may still use, and when there is nothing left."""

from typing import TypeVar

from msgspec import Struct

from .spec import Limits
from .task import Task

NO_LIMITS = Limits()


class Allowance(Struct, frozen=True, kw_only=True):
    """What the next attempt may use at most; None where nothing limits it. Seconds and US dollars."""

    cost_usd: float | None
    tokens: int | None
    turns: int | None
    wall_clock: float | None
    stall: float | None


class Exhausted(Struct, frozen=True, kw_only=True):
    """A limit of the task is reached: nothing more is started before a person raises it."""

    reason: str


def limits_of(task: Task, number: int) -> Limits:
    """What the stage allows one attempt of it; a reviewer's run has the task's limits alone."""
    attempt = task.attempt(number)
    if attempt is None or attempt.gate or not task.has_stage(attempt.stage):
        return NO_LIMITS
    return task.pipeline.stage(attempt.stage).limits


def allowance(task: Task, attempt: Limits = NO_LIMITS, left_usd: float | None = None) -> Allowance | Exhausted:
    """The lower of what a stage allows one attempt, of what the task has left, and of the day's budget."""
    limits = task.limits
    runs = agent_runs(task)
    if limits.attempts is not None and runs >= limits.attempts:
        return Exhausted(reason=f"limit attempts: {runs} of {limits.attempts} agent runs are used")
    if limits.cost_usd is not None and task.cost_bound >= limits.cost_usd:
        sign = "" if task.cost_usd is not None else "up to "
        return Exhausted(reason=f"limit cost_usd: {sign}${task.cost_bound:.2f} of ${limits.cost_usd:.2f} is spent")
    for name, used in (("tokens", task.tokens), ("turns", task.turns)):
        limit = getattr(limits, name)
        if limit is not None and used >= limit:
            return Exhausted(reason=f"limit {name}: {used} of {limit} are used")
    if limits.wall_clock is not None and task.running >= limits.wall_clock:
        return Exhausted(reason=f"limit wall_clock: {task.running:.0f} of {limits.wall_clock:.0f} seconds are used")
    return left_to(task, attempt, left_usd)


def agent_runs(task: Task) -> int:
    """How often an agent has run: what `attempts` limits. What a person did by hand is no run."""
    return sum(1 for attempt in task.attempts if not attempt.by)


def enough(task: Task, kind: str) -> float | None:
    """A limit of this kind with which the task could go on: twice what it has, or has used. None: the floor forbids it.

    In the limit's own unit.
    """
    used = {
        "attempts": agent_runs(task),
        "cost_usd": task.cost_bound,
        "tokens": task.tokens,
        "turns": task.turns,
        "wall_clock": task.running,
    }[kind]
    most = getattr(task.pipeline.floor.limits, kind)
    more = 2 * max(used, getattr(task.limits, kind) or 0.0)
    raised = more if most is None else min(more, most)
    return raised if raised > used else None


def left_to(task: Task, attempt: Limits = NO_LIMITS, left_usd: float | None = None) -> Allowance:
    """The same, whatever is exhausted: by it the attempt that runs is measured. Below 0 where a limit was lowered."""
    limits = task.limits
    return Allowance(
        cost_usd=_least(attempt.cost_usd, _left(limits.cost_usd, task.cost_bound), left_usd),
        tokens=_least(attempt.tokens, _left(limits.tokens, task.tokens)),
        turns=_least(attempt.turns, _left(limits.turns, task.turns)),
        wall_clock=_least(attempt.wall_clock, _left(limits.wall_clock, task.running)),
        stall=_least(attempt.stall, limits.stall),
    )


N = TypeVar("N", int, float)


def _left(limit: N | None, used: N) -> N | None:
    return None if limit is None else limit - used


def _least(*bounds: N | None) -> N | None:
    return min((bound for bound in bounds if bound is not None), default=None)
