"""The worst case: how many agent runs a task can still take, and what they can cost, before it asks a person."""

from collections.abc import Callable, Iterator

from msgspec import Struct

from .limits import agent_runs, limits_of
from .spec import LAND, OnFail, Pipeline
from .status import Status, status
from .task import CONFLICT, TRANSIENT, Task
from .verdicts import gates_at

_ASKED = frozenset({"running", "waiting", None})
"""Verdicts of a review for which a reviewer may still be asked."""


class WorstCase(Struct, frozen=True, kw_only=True):
    """`agent_runs` are those still to begin, reviewers' included; `cost_usd` is what they and the one that runs can
    cost, None where nothing bounds it. What people grant by `rework` or `retry`, and runs that end through no fault of
    the work, come on top of the first; nothing comes on top of what `limits` allow."""

    agent_runs: int
    cost_usd: float | None = None


def loops(pipeline: Pipeline) -> int:
    """Agent runs, reviewers' included, if every gate refuses as often as its limit lets it.

    A stage is entered once, and once more each time that it or a later one sends work back to it or before it. What
    people grant by `rework` or `retry`, and attempts that ended through no fault of the work, come on top.
    """
    return sum(1 for _ in _runs(pipeline, 0, lambda _counter, on_fail: on_fail.limit, _reviewers(pipeline, LAND)))


def worst_case_left(task: Task) -> WorstCase:
    """From where the task stands now, under the pipeline as its profiles make it. Only a started task has one."""
    now = status(task)
    running = task.running_attempt
    bounds = list(_to_come(task, now)) if task.over is None and task.ending is None else []
    if task.limits.attempts is not None:
        # Those that may cost most, where not all of them can be: unbounded ones first.
        bounds.sort(key=lambda bound: (bound is not None, -(bound or 0.0)))
        bounds = bounds[: max(0, task.limits.attempts - agent_runs(task))]
    paying = [*bounds, *([] if running is None else [limits_of(task, running.number).cost_usd])]
    return WorstCase(agent_runs=len(bounds), cost_usd=_cost(task, paying))


def _cost(task: Task, bounds: list[float | None]) -> float | None:
    """What runs with these bounds can cost together, within what the task has left."""
    if not bounds:
        return 0.0
    known = [bound for bound in bounds if bound is not None]
    together = sum(known) if len(known) == len(bounds) else None
    limit = task.limits.cost_usd
    left = None if limit is None else max(0.0, limit - task.cost_bound)
    return min((bound for bound in (together, left) if bound is not None), default=None)


def _to_come(task: Task, now: Status) -> Iterator[float | None]:
    """What each run still to begin may cost at most."""

    def left(counter: str, on_fail: OnFail) -> int:
        return max(0, on_fail.limit + task.granted.get(counter, 0) - task.sent_back.get(counter, 0))

    pipeline = task.pipeline
    here = pipeline.index(now.stage)
    begun = _begun(task, now)
    asked = [len(standing.gate.reviewers) for standing in now.standings] if now.stage == LAND else []
    at_landing = sum(asked) if asked else _reviewers(pipeline, LAND)  # the tip's own gates are known there alone
    for name, is_review in _runs(pipeline, here, left, at_landing):
        if name == now.stage and begun[is_review] > 0:
            begun[is_review] -= 1
        else:
            yield None if is_review else pipeline.stage(name).limits.cost_usd


def _begun(task: Task, now: Status) -> list[int]:
    """Of the runs for which the present stage has been entered, those that will not begin any more: of its agent, and
    of its reviewers."""
    attempt = task.current(now.stage)
    done = attempt is not None and attempt.outcome not in TRANSIENT
    reviews = 0
    for standing in now.standings:
        gate = standing.gate
        if standing.verdict not in _ASKED:
            reviews += len(gate.reviewers)
        else:
            reviews += len({run.agent for run in task.reviews(gate.name, gate.definition, standing.about)})
    return [int(done), reviews]


def _runs(
    pipeline: Pipeline, here: int, left: Callable[[str, OnFail], int], reviewers: int
) -> Iterator[tuple[str, bool]]:
    """The stage of each run from place `here` on, and whether it is a reviewer's, if all that may be sent back is.
    `reviewers` are those at landing."""
    last = len(pipeline.stages)
    land = pipeline.land
    at_landing = left(LAND, land.on_fail)
    backs = [(place, each.on_fail.goto, left(each.name, each.on_fail)) for place, each in enumerate(pipeline.stages)]
    backs += [(last, land.on_fail.goto, at_landing), (last, land.on_conflict.goto, left(CONFLICT, land.on_conflict))]
    senders = [(sender, pipeline.index(goto), times) for sender, goto, times in backs if times]
    first = _reached(here, senders)
    for place, stage in enumerate(pipeline.stages[first:], first):
        times = (place >= here) + sum(
            count for sender, goto, count in senders if first <= sender and goto <= place <= sender
        )
        for _ in range(times):
            if stage.agent:
                yield stage.name, False
            yield from [(stage.name, True)] * _reviewers(pipeline, stage.name)
    # What is in conflict is shown to no reviewer.
    yield from [(LAND, True)] * (reviewers * (1 + at_landing))


def _reached(here: int, senders: list[tuple[int, int, int]]) -> int:
    """The first place that work can come back to: what lies before it is done."""
    first = here
    while (back := min((goto for sender, goto, _ in senders if sender >= first), default=first)) < first:
        first = back
    return first


def _reviewers(pipeline: Pipeline, stage: str) -> int:
    return sum(len(gate.reviewers) for gate in gates_at(pipeline, stage))
