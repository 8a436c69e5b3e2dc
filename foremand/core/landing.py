"""From the last stage's revision to the branch: candidate, gates on it, queue, landing (contract 5.6)."""

from . import facts as f
from . import feedback
from .asking import ask, ask_people
from .spec import LAND
from .steps import BuildCandidate, Land, Record, RunAttempt, Sign, Step, Wait, World
from .task import Candidate, Task, approvers
from .trying import is_given_up, own, refuse
from .verdicts import ALREADY_IN, Standing, find


def source_of(task: Task) -> str:
    """The revision that the pipeline's last stage left: what is to land."""
    work = task.work_before(LAND)
    return work.revision if work is not None else task.base


def landing(task: Task, world: World, now: float) -> tuple[Step, ...]:
    """What is still wanted once every stage is passed."""
    land, candidate, source = task.pipeline.land, task.candidate, source_of(task)
    if candidate is None or candidate.source != source:
        return _build(task, source, now)
    if candidate.work is None:
        why = feedback.of_conflict(candidate)
        return refuse(task, LAND, land.on_conflict, why, now, candidate)
    if candidate.empty:
        return _already_in(task, candidate.work, now)
    steps = ask(task, world, LAND, land.on_fail, candidate.work, now)
    if steps:
        return steps
    if candidate.approved_by != approvers(task):  # its message names who approved
        return _build(task, source, now)
    if task.blocked:
        return _blocked(task)
    return in_queue(task, candidate, world, now)


def _build(task: Task, source: str, now: float) -> tuple[Step, ...]:
    if task.blocked:
        return _blocked(task)
    return own(task, BuildCandidate(number=task.candidates + 1, source=source, base=task.base), now)


def _blocked(task: Task) -> tuple[Step, ...]:
    return (Wait(on="trouble", reason=task.blocked, stage=LAND),)


def in_queue(task: Task, candidate: Candidate, world: World, now: float) -> tuple[Step, ...]:
    """Nothing but the turn to land is missing. What cannot land waits outside of the queue."""
    step = _sign_or_land(candidate)
    if is_given_up(task, step):
        return own(task, step, now)
    if task.queued_at is None:
        return (Record(fact=f.QueueEntered(task=task.id, at=now, candidate=candidate.number)),)
    if not world.queue_turn:
        return (Wait(on="queue", reason="waits for its turn to land", stage=LAND),)
    return own(task, step, now)


def intended(task: Task) -> Candidate | None:
    """The candidate that the branch may hold already: its landing goes first, whatever else is wanted.

    Also once it is given up: until it has landed or was refused, nobody knows what the branch holds.
    """
    candidate = task.candidate
    if task.intent is None or candidate is None or candidate.number != task.intent.candidate:
        return None
    return candidate


def intend(task: Task, step: Land, now: float) -> tuple[f.AnyFact, ...]:
    """The intent without which no branch moves; none where the task was stopped or sent back in the meantime."""
    stopped = task.ending is not None or task.over is not None or task.paused or task.taken
    if stopped or task.candidate is None or task.candidate.number != step.candidate:
        return ()
    return (f.LandingIntended(task=task.id, at=now, candidate=step.candidate, old=step.old, new=step.new),)


def _sign_or_land(candidate: Candidate) -> Sign | Land:
    """Signing is the last step before the branch may move: it may need the user, who is asked as late as can be."""
    work = candidate.work
    assert work is not None  # noqa: S101 (a conflict never gets here)
    if candidate.signs and not candidate.signed:
        return Sign(candidate=candidate.number, commit=work.revision)
    new = candidate.signed or work.revision
    return Land(candidate=candidate.number, old=candidate.old or candidate.tip, new=new, tree=work.tree)


def _already_in(task: Task, work: f.Work, now: float) -> tuple[Step, ...]:
    subject = f"revision:{work.revision}"
    answer = find(task, ALREADY_IN, subject, work.revision)
    verdict = answer.verdict if answer else None
    standing = Standing(gate=ALREADY_IN, stage=LAND, about=subject, work=work, verdict=verdict)
    steps = ask_people(task, LAND, [standing], now)
    if steps:
        return steps
    return (Record(fact=f.Landed(task=task.id, at=now, commit=work.base, reason="already in")),)


def out_of_queue(task: Task, steps: tuple[Step, ...], now: float) -> tuple[Step, ...]:
    """The queue waits for nobody: who must wait for another than the queue gives up the place first."""
    if task.queued_at is None:
        return steps
    for step in steps:
        if isinstance(step, Wait) and step.on not in ("queue", "backoff"):
            return (Record(fact=f.QueueLeft(task=task.id, at=now, reason=step.reason)),)
        asked = ""
        if isinstance(step, Record) and isinstance(step.fact, f.PersonAsked):
            asked = step.fact.gate
        elif isinstance(step, RunAttempt):
            asked = step.gate
        if asked:
            return (Record(fact=f.QueueLeft(task=task.id, at=now, reason=f"asks {asked} again")),)
    return steps
