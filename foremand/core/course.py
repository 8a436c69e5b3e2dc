"""What to do next: a pure function of what is.

`next_steps(task, world, now)` is asked again after every fact, and after every crash. It gives all that is wanted
now; the engine starts what is missing, stops what is no longer wanted, and keeps no thought of its own about what
comes next. Every task that is not over has a step, or a `Wait` that names whom it waits for.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from . import facts as f
from . import feedback, questions
from .asking import ask
from .landing import in_queue, intended, landing, out_of_queue
from .limits import Exhausted, allowance
from .spec import Stage
from .steps import HandOver, Record, RunAttempt, Seal, Start, Step, StopAttempt, Wait, World
from .task import HELPLESS, TRANSIENT, Attempt, Task
from .trying import AWAY, TRIES, is_given_up, later, own, refuse, supervise, waits_for_others


def next_steps(task: Task, world: World, now: float) -> tuple[Step, ...]:
    """All that is wanted for this task now. Empty once it is over."""
    if task.over is not None:
        return ()
    candidate = intended(task)
    if candidate is not None:
        return out_of_queue(task, in_queue(task, candidate, world, now), now)
    if task.ending is not None:
        return _ending(task, now)
    if task.paused:
        return out_of_queue(task, _paused(task, now), now)
    if task.started is None:
        return waits_for_others(task, world, now) or own(task, Start(), now)
    loose = _loose_ends(task, [a for a in task.attempts if a.void], "sent back", now)
    return loose or _onwards(task, world, now)


def _onwards(task: Task, world: World, now: float) -> tuple[Step, ...]:
    """The pipeline's stages in their order, then landing."""
    if task.taken:
        return out_of_queue(task, _taken(task, now), now)
    raised = _raise(task, now)
    if raised:
        return raised
    for stage in task.pipeline.stages:
        steps = _stage(task, stage, world, now)
        if steps:
            return _beside(task, stage, steps, now)
    return out_of_queue(task, landing(task, world, now), now)


def _beside(task: Task, stage: Stage, steps: tuple[Step, ...], now: float) -> tuple[Step, ...]:
    """With what a stage wants, the agent that runs at a later one, as after a repin: its limits hold all the same."""
    running = task.running_attempt
    if running is None or running.gate or running.stage == stage.name:
        return steps
    watch = own(task, supervise(running), now)
    waits = any(isinstance(step, Wait) for step in watch)
    return (*(step for step in steps if not (waits and isinstance(step, Wait))), *watch)


def _raise(task: Task, now: float) -> tuple[Step, ...]:
    """The change is looked at after every seal, and again as it would land: it may be raised to a stricter profile."""
    last = next((a.work for a in reversed(task.attempts) if not a.void and a.work is not None), None)
    candidate = task.candidate.work if task.candidate is not None else None
    for work in (each for each in (last, candidate) if each is not None):
        for profile, paths in work.raises.items():
            if profile not in task.profiles and profile in task.pipeline.profiles:
                fact = f.ProfileRaised(task=task.id, at=now, profile=profile, revision=work.revision, paths=paths)
                return (Record(fact=fact),)
    return ()


def _paused(task: Task, now: float) -> tuple[Step, ...]:
    """A person lets it stand: what runs is interrupted and sealed, nothing new begins."""
    loose = _loose_ends(task, task.attempts, f"paused by {task.paused}", now)
    return loose or (Wait(on="paused", reason=f"paused by {task.paused}"),)


def _taken(task: Task, now: float) -> tuple[Step, ...]:
    """A person works in the workspace: its agent is stopped and sealed first, then it is made ready for them."""
    loose = _loose_ends(task, task.attempts, f"taken by {task.taken}", now)
    if loose:
        return loose
    if not task.handed_over:
        entered = task.entry(task.taken_stage) if task.has_stage(task.taken_stage) else task.base
        return own(task, HandOver(entered=entered, files=_files(task)), now)
    return (Wait(on="taken", reason=f"taken by {task.taken}", stage=task.taken_stage),)


def _ending(task: Task, now: float) -> tuple[Step, ...]:
    assert task.ending is not None  # noqa: S101 (the caller's case)
    loose = _loose_ends(task, task.attempts, task.ending.reason, now)
    if loose:
        return loose
    fact = f.TaskEnded(task=task.id, at=now, state=task.ending.state, reason=task.ending.reason)
    return (Record(fact=fact),)


def _loose_ends(task: Task, attempts: Sequence[Attempt], reason: str, now: float) -> tuple[Step, ...]:
    """What these attempts, of which nothing more is wanted, still need: an end, and a seal, so that none is lost."""
    running = next((a for a in attempts if a.outcome is None), None)
    if running is not None:
        return _end(task, running, reason, now)
    last = next((a for a in reversed(task.attempts) if not a.gate), None)
    if last is None or last not in attempts or last.work is not None:  # where another worked since, it is too late
        return ()
    seal = Seal(number=last.number)
    return () if is_given_up(task, seal) else own(task, seal, now)


def _end(task: Task, running: Attempt, reason: str, now: float) -> tuple[Step, ...]:
    """Its supervision records how it ends. Where that is given up, it is ended without."""
    watch, stop = supervise(running), StopAttempt(number=running.number, reason=reason)
    if is_given_up(task, watch):
        return own(task, replace(stop, unwatched=task.trouble[watch.key].reason), now)
    return (*own(task, watch, now), *own(task, stop, now))


def _stage(task: Task, stage: Stage, world: World, now: float) -> tuple[Step, ...]:
    """What a stage still wants; nothing once it is passed."""
    if not stage.agent:
        work = task.work_before(stage.name)
        return () if work is None else ask(task, world, stage.name, stage.on_fail, work, now)
    attempt = task.current(stage.name)
    if attempt is None:
        return _begin(task, stage, world, now)
    if attempt.outcome is None:
        watched = own(task, supervise(attempt), now)
        return watched if _waits(watched) else (*watched, *questions.waits(task, attempt, now))
    if attempt.work is None:
        return own(task, Seal(number=attempt.number), now)
    asked = questions.waits(task, attempt, now)
    if asked:
        return asked
    if attempt.outcome in TRANSIENT:
        return _away(task, stage, attempt, now)
    if attempt.outcome in HELPLESS:
        return (Wait(on="error", reason=attempt.reason, stage=stage.name),)
    why = feedback.of_attempt(stage, attempt)
    if why is not None:
        return refuse(task, stage.name, stage.on_fail, why, now)
    return ask(task, world, stage.name, stage.on_fail, attempt.work, now)


def _waits(steps: Sequence[Step]) -> bool:
    return any(isinstance(step, Wait) for step in steps)


def _begin(task: Task, stage: Stage, world: World, now: float) -> tuple[Step, ...]:
    agent = agent_for(task, stage)
    held = waits_for_others(task, world, now, agent)
    if held:
        return held
    left = allowance(task, stage.limits, world.left_for(agent))
    if isinstance(left, Exhausted):
        return (Wait(on="budget", reason=left.reason, stage=stage.name),)
    step = RunAttempt(
        number=len(task.attempts) + 1,
        stage=stage.name,
        agent=agent,
        entered=task.entry(stage.name),
        files=_files(task),
        resumes=_session(task, stage, agent),
        feedback=feedback.opening(task, stage.name),
        cost_usd=left.cost_usd,
        tokens=left.tokens,
        turns=left.turns,
        wall_clock=left.wall_clock,
        stall=left.stall,
        day_usd=world.left_for(agent),
    )
    return own(task, step, now)


def _files(task: Task) -> str | None:
    """The tree to lay in the workspace before anybody works in it; None: it is as the last attempt left it."""
    worked = any(not attempt.gate for attempt in task.attempts)
    return task.base if not worked and task.files is None else task.files


def agent_for(task: Task, stage: Stage) -> str:
    """Who does the stage's next attempt: whom a person named, else the first that is not parked."""
    agents = _able(task, stage)
    return next((name for name in agents if _parked(task, name) is None), agents[0])


def _able(task: Task, stage: Stage) -> tuple[str, ...]:
    """Those of whom one does the stage: whom a person named, else the stage's own, the first before the others."""
    wanted = task.agents.get(stage.name, "")
    return (wanted,) if wanted in task.pipeline.agents else (stage.agent, *stage.others)


def _parked(task: Task, agent: str) -> Attempt | None:
    """The run since which the agent's account waits for the end of a quota, as far as this task has seen."""
    last = next((a for a in reversed(task.attempts) if a.agent == agent and not a.by), None)
    if last is None or last.outcome != "quota" or f"quota#{last.number}" in task.times or _forgiven(task, last):
        return None
    return last


def _session(task: Task, stage: Stage, agent: str) -> str | None:
    """The session that a stage sent back goes on with: its last attempt's, unless resuming it has just crashed."""
    if task.session.get(stage.name) != "resume":
        return None
    mine = (a for a in reversed(task.attempts) if a.stage == stage.name and not a.gate and not a.by)
    last = next(mine, None)
    if last is None or last.agent != agent or (last.outcome == "crashed" and last.resumes is not None):
        return None
    return last.session_id or None


def _away(task: Task, stage: Stage, attempt: Attempt, now: float) -> tuple[Step, ...]:
    """The service was away, or the run was lost: once more in the same session, never charged."""
    again = Record(
        fact=f.SentBack(
            task=task.id,
            at=now,
            stage=stage.name,
            to=stage.name,
            feedback=task.feedback.get(stage.name, ""),
            charged=False,
        )
    )
    tries = _tries_in_a_row(task, attempt)
    ended = attempt.ended_at or attempt.started_at
    if attempt.outcome == "quota":
        return _parked_until(task, stage, again, now)
    if tries >= TRIES:
        return (Wait(on="error", reason=attempt.reason, stage=stage.name),)
    if attempt.outcome == "lost":
        return (again,)
    return later(task, f"away#{attempt.number}", ended + AWAY[tries - 1], now, again, attempt.reason)


def _parked_until(task: Task, stage: Stage, again: Record, now: float) -> tuple[Step, ...]:
    """Another agent goes on at once; where all are parked, the one whose quota ends first goes on then."""
    parked = [_parked(task, name) for name in _able(task, stage)]
    waiting = [(_quota_ends(task, run), run) for run in parked if run is not None]
    if len(waiting) < len(parked):
        return (again,)
    due, run = min(waiting, key=lambda each: each[0])
    steps = later(task, f"quota#{run.number}", due, now, again, run.reason)
    reason = run.reason if run.reset_at else f"{run.reason}; tries again"
    return tuple(Wait(on="quota", reason=reason, stage=stage.name) if isinstance(s, Wait) else s for s in steps)


def _quota_ends(task: Task, run: Attempt) -> float:
    """When the account is to be tried again: where it did not say so, by and by."""
    ended = run.ended_at or run.started_at
    return max(run.reset_at or ended + AWAY[-1] * min(_tries_in_a_row(task, run), 10), ended + AWAY[0])


def _tries_in_a_row(task: Task, last: Attempt) -> int:
    """How often the stage has just ended like this, with nothing but services away in between."""
    count = 0
    for attempt in reversed(task.attempts):
        if (
            attempt.stage != last.stage
            or attempt.outcome not in TRANSIENT
            or (attempt.void and _forgiven(task, attempt))
        ):
            break
        count += attempt.outcome == last.outcome
    return max(count, 1)


def _forgiven(task: Task, attempt: Attempt) -> bool:
    """Whether a person's retry has voided the attempt: what came before it no longer counts."""
    return attempt.ended_at is not None and attempt.ended_at <= task.forgiven_at
