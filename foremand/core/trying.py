"""Trying again, sending back, and giving up: every loop of a task is bounded here."""

from . import facts as f
from . import feedback
from .spec import OnFail
from .steps import (
    BuildCandidate,
    HandOver,
    Land,
    Record,
    RunAttempt,
    RunGate,
    Seal,
    Sign,
    Start,
    Step,
    StopAttempt,
    Wait,
    WakeAt,
    World,
)
from .task import CONFLICT, Attempt, Candidate, Task

TRIES = 3
"""An `error` is tried this often before a person is asked: once, and twice again."""

BACKOFF = (1.0, 5.0)
"""Seconds before the second and the third try of something of foremand's own."""

AWAY = (5.0, 60.0)
"""Seconds before the second and the third try of an agent whose service is away."""


def own(
    task: Task,
    step: Start | RunAttempt | StopAttempt | HandOver | Seal | RunGate | BuildCandidate | Sign | Land,
    now: float,
) -> tuple[Step, ...]:
    """A step of foremand's own: tried again twice when it fails, then a person is asked."""
    trouble = task.trouble.get(step.key)
    if trouble is None:
        return (step,)
    if is_given_up(task, step):
        return (Wait(on="trouble", reason=trouble.reason),)
    return later(
        task, f"{step.key}#{trouble.count}", trouble.at + BACKOFF[trouble.count - 1], now, step, trouble.reason
    )


def waits_for_others(task: Task, world: World, now: float, agent: str = "") -> tuple[Step, ...]:
    """Nothing new starts while other tasks' facts hold this one up; that they do is a fact of its own."""
    hold = world.hold_of(agent)
    if hold is not None and hold != task.held:
        return (Record(fact=f.Held(task=task.id, at=now, on=hold.on, reason=hold.reason)),)
    if hold is not None:
        return (Wait(on=hold.on, reason=hold.reason),)
    return () if task.held is None else (Record(fact=f.Released(task=task.id, at=now)),)


def is_given_up(task: Task, step: Step) -> bool:
    """Whether the step has failed so often that only a person can have it tried again."""
    trouble = task.trouble.get(step.key)
    tries = 1 if isinstance(step, Sign) else TRIES  # each try may ask the user for a passphrase
    return trouble is not None and trouble.count >= tries


def later(task: Task, key: str, due: float, now: float, step: Step, why: str) -> tuple[Step, ...]:
    """The step once its time has come; that it came is a fact, so that the clock decides nothing by itself."""
    if key in task.times:
        return (step,)
    if now >= due:
        return (Record(fact=f.TimeCame(task=task.id, at=now, key=key)),)
    return (WakeAt(at=due, key=key), Wait(on="backoff", reason=f"{why}; tries again"))


def refuse(
    task: Task,
    name: str,
    on_fail: OnFail,
    why: str,
    now: float,
    conflict: Candidate | None = None,
    *,
    flatten: bool = False,
) -> tuple[Step, ...]:
    """Send the work back with what was wrong, or, with the limit used up, wait for a person.

    `flatten`: what was sealed before must not land, so the next seal stands on the base alone.
    """
    counter = CONFLICT if conflict else name
    used, limit = task.sent_back.get(counter, 0), on_fail.limit + task.granted.get(counter, 0)
    if used >= limit:
        reason = f"{feedback.headline(why)} (sent back {used} of {limit} times)"
        return (Wait(on="stuck", reason=reason, stage=name, detail=why),)
    fact = f.SentBack(
        task=task.id,
        at=now,
        stage=counter,
        to=on_fail.goto,
        feedback=why,
        session=on_fail.session,
        base=conflict.tip if conflict else None,
        base_tree=conflict.tip_tree if conflict else None,
        files=conflict.files if conflict else None,
        flatten=flatten,
    )
    return (Record(fact=fact),)


def supervise(attempt: Attempt) -> RunAttempt:
    """The step that an attempt under way stands for."""
    return RunAttempt(
        number=attempt.number,
        stage=attempt.stage,
        agent=attempt.agent,
        entered=attempt.entered,
        resumes=attempt.resumes,
        begun=True,
        gate=attempt.gate,
        definition=attempt.definition,
        about=attempt.about,
    )
