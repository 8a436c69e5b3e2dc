"""The state of a task in the contract's words, with the reason in one line: read off the facts and the next steps."""

from typing import Literal

from msgspec import Struct

from . import steps as s
from .facts import Work
from .spec import LAND
from .task import Task
from .verdicts import ALREADY_IN, Standing, find, stand

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
    steps = s.next_steps(task, s.World(), 0.0)
    state, reason, waiting_for = _read(task, steps, stage)
    return Status(
        state=state,
        reason=reason,
        stage=stage,
        revision=revision,
        waiting_for=waiting_for,
        why=reason,
        standings=standings,
    )


def place(task: Task) -> tuple[str, Work | None]:
    """The stage at which the task stands, and the work that is judged there, if there is any yet."""
    if task.started is None:
        return "", None
    work: Work | None = None
    for stage in task.pipeline.stages:
        attempt = task.current(stage.name)
        if attempt is None or attempt.work is None:
            return stage.name, attempt.work if attempt else work
        work = attempt.work
        passed = attempt.outcome == "done" and all(standing.open for standing in stand(task, stage.name, work))
        if not passed:
            return stage.name, work
    candidate = task.candidate
    return LAND, candidate.work if candidate is not None and candidate.work is not None else work


def _standings(task: Task, stage: str, work: Work | None) -> tuple[Standing, ...]:
    if not stage or work is None:
        return ()
    if stage == LAND and task.candidate is not None and task.candidate.empty:
        subject = f"revision:{work.revision}"
        answer = find(task, ALREADY_IN, subject)
        verdict = answer.verdict if answer else None
        return (Standing(gate=ALREADY_IN, stage=LAND, about=subject, work=work, verdict=verdict),)
    if stage != LAND and (attempt := task.current(stage)) is not None and attempt.work is None:
        return ()
    return stand(task, stage, work)


def _read(task: Task, steps: tuple[s.Step, ...], stage: str) -> tuple[State, str, str]:
    going: State = "LANDING" if stage == LAND else "RUNNING"
    if task.ending is not None:
        return "RUNNING", f"stops: {task.ending.reason}", ""
    for step in steps:
        if isinstance(step, s.Wait):
            if step.on == "queue":
                return "LANDING", step.reason, "queue"
            if step.on == "backoff":
                return going, step.reason, "backoff"
            return "WAITING", _waits(step), step.on
    first = steps[0] if steps else None
    match first:
        case s.Start():
            return "QUEUED", "waits to start", ""
        case s.RunAttempt(begun=False):
            if not task.attempts:
                return "QUEUED", "waits for an agent slot", ""
            return "RUNNING", f"{stage}: waits for an agent slot", ""
        case s.RunAttempt():
            return "RUNNING", f"{stage}: {first.agent} works, attempt {_nth(task, stage)}", ""
        case s.Seal():
            return "RUNNING", f"{stage}: seals the work", ""
        case s.RunGate():
            names = ", ".join(dict.fromkeys(step.gate.name for step in steps if isinstance(step, s.RunGate)))
            return going, f"{stage}: {names} {'runs on the base' if first.on_base else 'runs'}", ""
        case s.BuildCandidate():
            return going, "builds the candidate on the branch's tip", ""
        case s.Land():
            return going, "lands", ""
        case _:
            return going, f"{stage}: goes on", ""


def _nth(task: Task, stage: str) -> int:
    return sum(1 for attempt in task.attempts if attempt.stage == stage)


def _waits(step: s.Wait) -> str:
    match step.on:
        case "stuck":
            return f"stuck: {step.reason}"
        case "error" | "trouble":
            return f"error: {step.reason}"
        case _:
            return step.reason
