"""The state of a task in the contract's words, with the reason in one line: read off the facts and the next steps."""

from typing import Literal

from msgspec import Struct

from . import steps as s
from .course import next_steps
from .facts import Work
from .feedback import of_attempt
from .spec import LAND
from .task import Task
from .verdicts import ALREADY_IN, Standing, find, stand

FOR_A_SLOT = "waits for an agent slot"
"""How the reason ends of what would run, if fewer agents did."""

State = Literal["QUEUED", "RUNNING", "WAITING", "LANDING", "LANDED", "REJECTED", "FAILED", "CANCELLED"]


class Status(Struct, frozen=True, kw_only=True):
    """`stage` is where the task stands (`land` at landing, empty before the start); `standings` are the gates there.

    `waiting_for` says whom it waits for, empty when it goes on by itself; `why` is the whole text behind `reason`.
    """

    state: State
    reason: str
    stage: str = ""
    revision: str = ""
    waiting_for: str = ""
    why: str = ""
    standings: tuple[Standing, ...] = ()


def status(task: Task) -> Status:
    """The task's state. Only facts decide it: neither the clock nor what the engine is at."""
    stage, work = place(task)
    standings = _standings(task, stage, work)
    revision = work.revision if work is not None else task.base
    if task.over is not None:
        return Status(state=task.over, reason=task.over_reason, stage=stage, revision=revision, standings=standings)
    steps = next_steps(task, as_known(task), 0.0)
    wait = next((step for step in steps if isinstance(step, s.Wait)), None)
    state: State = "LANDING" if stage == LAND else "RUNNING"
    stopping = task.ending is not None and not (wait is not None and wait.on == "trouble")
    if task.ending is not None and stopping:
        reason = f"stops: {task.ending.reason}"
    elif wait is not None:
        state, reason = _WAITING.get(wait.on, "WAITING"), _waits(wait)
    elif not task.attempts and not task.preparing and not isinstance(steps[0], s.Record | s.HandOver):
        state, reason = "QUEUED", FOR_A_SLOT if task.started else "waits to start"
    elif task.paused or (task.taken and not isinstance(steps[0], s.HandOver)):
        reason = f"stops: {'paused' if task.paused else 'taken'} by {task.paused or task.taken}"
    else:
        reason = _does(task, steps, stage)
    return Status(
        state=state,
        reason=reason,
        stage=stage,
        revision=revision,
        waiting_for=wait.on if wait is not None and not stopping else "",
        why=wait.detail or wait.reason if wait is not None else reason,
        standings=standings,
    )


def as_known(task: Task) -> s.World:
    """The world as far as the task's own facts tell it."""
    return s.World(queue_turn=task.intent is not None, hold=task.held)


def place(task: Task) -> tuple[str, Work | None]:
    """The stage at which the task stands, and the work that is judged there, if there is any yet."""
    if task.started is None:
        return "", None
    work: Work | None = None
    for stage in task.pipeline.stages:
        attempt = task.current(stage.name)
        if stage.agent and (attempt is None or attempt.work is None):
            return stage.name, attempt.work if attempt else work
        if attempt is not None and attempt.work is not None:
            work = attempt.work
        sound = attempt is None or of_attempt(stage, attempt) is None
        if not sound or (work is not None and not all(s.open for s in stand(task, stage.name, work))):
            return stage.name, work
    candidate = task.candidate
    return LAND, candidate.work if candidate is not None and candidate.work is not None else work


def _standings(task: Task, stage: str, work: Work | None) -> tuple[Standing, ...]:
    if not stage or work is None:
        return ()
    if stage == LAND and task.candidate is not None and task.candidate.empty:
        subject = f"revision:{work.revision}"
        answer = find(task, ALREADY_IN, subject, work.revision)
        verdict = answer.verdict if answer else None
        return (Standing(gate=ALREADY_IN, stage=LAND, about=subject, work=work, verdict=verdict),)
    attempt = task.current(stage) if stage != LAND else None
    if attempt is not None and attempt.work is None:
        return ()
    return stand(task, stage, work)


_WAITING: dict[s.WaitsFor, State] = {"queue": "LANDING", "backoff": "RUNNING"}
"""What is waited for without a person: the task goes on by itself."""


def _does(task: Task, steps: tuple[s.Step, ...], stage: str) -> str:
    match steps[0]:
        case s.RunAttempt(gate=gate, agent=agent, begun=begun) if gate:
            return f"{stage}: {gate}: {agent} {'reviews' if begun else FOR_A_SLOT}"
        case s.RunAttempt(begun=False, number=number):
            return f"{stage}: {'its workspace is set up' if task.preparing == number else FOR_A_SLOT}"
        case s.RunAttempt(agent=agent, number=number):
            return f"{stage}: {agent} works, attempt {number}"
        case s.Seal():
            return f"{stage}: seals the work"
        case s.RunGate(on_base=on_base):
            names = ", ".join(dict.fromkeys(step.gate.name for step in steps if isinstance(step, s.RunGate)))
            return f"{stage}: {names} {'runs on the base' if on_base else 'runs'}"
        case step:
            return _PLAIN.get(type(step), f"{stage}: goes on")


_PLAIN: dict[type, str] = {
    s.BuildCandidate: "builds the candidate on the branch's tip",
    s.HandOver: "is made ready for the person who took it",
    s.Sign: "waits for the signature",
    s.Land: "lands",
}


def _waits(step: s.Wait) -> str:
    match step.on:
        case "stuck":
            return f"stuck: {step.reason}"
        case "error" | "trouble":
            return f"error: {step.reason}"
        case _:
            return step.reason
