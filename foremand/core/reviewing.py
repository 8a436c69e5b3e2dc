"""Asking reviewers: agents in fresh sessions that only read, one at a time, until the answer is clear."""

from .limits import Exhausted, allowance
from .reviews import tally
from .steps import Record, RunAttempt, Step, Wait, World
from .task import HELPLESS, Attempt, Task
from .trying import AWAY, BACKOFF, TRIES, later, own, supervise, waits_for_others
from .verdicts import Standing, given


def ask_reviewers(world: World, task: Task, standing: Standing, now: float) -> tuple[Step, ...]:
    """What is missing for a review gate's verdict: a reviewer's run, or writing it down."""
    gate = standing.gate
    if standing.verdict == "skipped":
        return (Record(fact=given(task, standing, "skipped", standing.reason, now)),)
    busy = next((a for a in task.attempts if a.outcome is None), None)
    if busy is not None:  # its own, or that of another gate: one agent at a time
        return own(task, supervise(busy), now)
    wrote = authors(task, standing.stage)
    runs = [run for run in task.reviews(gate.name, gate.definition, standing.about) if run.agent not in wrote]
    votes = tally(gate, runs)
    if votes.verdict is not None:
        return (Record(fact=given(task, standing, votes.verdict, votes.reason, now)),)
    reviewer = next((name for name in votes.missing if name in task.pipeline.agents and name not in wrote), None)
    if reviewer is None:
        reason = _nobody(task, votes.missing, wrote)
        return (Record(fact=given(task, standing, "error", reason, now)),)
    return _begin(task, world, standing, reviewer, [run for run in runs if run.agent == reviewer], now)


def authors(task: Task, stage: str) -> frozenset[str]:
    """The agents that wrote what is judged at a stage, or, before anything is written, planned it.

    Attempts that are void count too, and so do those of later stages from which the work has come back: their files
    stayed for the one that came after.
    """
    pipeline = task.pipeline
    places = {each.name: place for place, each in enumerate(pipeline.stages)}
    here = pipeline.index(stage)
    did = [a for a in task.attempts if a.stage in places and not a.gate]
    wrote = [a for a in did if pipeline.stage(a.stage).writes]
    last = max((a.number for a in wrote if places[a.stage] <= here), default=0)
    names = frozenset(a.agent for a in wrote if not a.by and (places[a.stage] <= here or a.number < last))
    if names:
        return names
    planned = [a for a in did if not a.by and places[a.stage] <= here]
    latest = max((places[a.stage] for a in planned), default=0)
    return frozenset(a.agent for a in planned if places[a.stage] == latest)


def _nobody(task: Task, missing: tuple[str, ...], wrote: frozenset[str]) -> str:
    if not missing:
        return "it has no reviewer"
    if missing[0] in wrote:
        return f"reviewer {missing[0]} wrote what it is to judge: nobody reviews their own work"
    return f"reviewer {missing[0]} is not in the pipeline that this task has pinned: foremanctl repin {task.id}"


def _begin(
    task: Task, world: World, standing: Standing, reviewer: str, runs: list[Attempt], now: float
) -> tuple[Step, ...]:
    held = waits_for_others(task, world, now, reviewer)
    if held:
        return held
    left = allowance(task, left_usd=world.left_for(reviewer))
    if isinstance(left, Exhausted):
        return (Wait(on="budget", reason=left.reason, stage=standing.stage),)
    step = RunAttempt(
        number=len(task.attempts) + 1,
        stage=standing.stage,
        agent=reviewer,
        entered=standing.work.revision,
        cost_usd=left.cost_usd,
        tokens=left.tokens,
        turns=left.turns,
        wall_clock=left.wall_clock,
        stall=left.stall,
        day_usd=world.left_for(reviewer),
        gate=standing.gate.name,
        definition=standing.gate.definition,
        about=standing.about,
    )
    if not runs or step.key in task.trouble:
        return own(task, step, now)
    last = runs[-1]
    why = f"{standing.gate.name}: {reviewer} {_silence(last)}"
    spoken = [run for run in runs if run.outcome != "quota"]  # who was not let speak was not silent
    if last.outcome in HELPLESS or len(spoken) >= TRIES:
        return (Record(fact=given(task, standing, "error", f"{reviewer} {_silence(last)}", now)),)
    ended = last.ended_at or last.started_at
    if last.outcome == "quota":
        due = max(last.reset_at or ended + AWAY[-1] * min(len(runs), 10), ended + AWAY[0])
        waiting = later(task, f"quota#{last.number}", due, now, step, why)
        return tuple(Wait(on="quota", reason=why, stage=standing.stage) if isinstance(s, Wait) else s for s in waiting)
    pauses = BACKOFF if last.outcome == "done" else AWAY  # who spoke unclearly is there: nothing has to come back
    return later(task, f"review#{last.number}", ended + pauses[len(spoken) - 1], now, step, why)


def _silence(run: Attempt) -> str:
    return "gave no verdict that can be read" if run.outcome == "done" else f"ended without a verdict: {run.reason}"
