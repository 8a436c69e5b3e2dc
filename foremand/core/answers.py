"""The fold's part for gates: what runs of machines, and what people said, change about a task."""

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from . import facts as f
from .spec import LAND
from .task import CONFLICT, Answer, Changes, Decision, Ending, Run, Task, run_key


def gate_started(task: Task, fact: f.GateStarted) -> Changes:
    """A run of the gate on this tree is under way."""
    key = run_key(fact.definition, fact.tree)
    before = task.runs.get(key)
    tries, fails = (before.tries, before.fails) if before else (0, 0)
    run = Run(tries=tries, fails=fails, run=fact.run, at=fact.at)
    return {"runs": {**task.runs, key: run}}


def gate_ran(task: Task, fact: f.GateRan) -> Changes:
    """What the run showed, and one try more."""
    key = run_key(fact.definition, fact.tree)
    before = task.runs.get(key)
    run = Run(
        tries=(before.tries if before else 0) + 1,
        fails=(before.fails if before else 0) + (fact.result == "fail"),
        result=fact.result,
        reason=fact.reason,
        output=fact.output,
        run=fact.run,
        at=fact.at,
    )
    return {
        "runs": {**task.runs, key: run},
        "asked": {**task.asked, key: task.asked.get(key, 0) + 1},
        "gates_running": task.gates_running + fact.running + fact.setup_running,
    }


def runs_kept(task: Task, keep: Callable[[str, Run], bool]) -> Changes:
    """Forget the other runs. One that is under way will never say how it went: its number is used up all the same."""
    stopped = {
        key: task.asked.get(key, 0) + 1 for key, run in task.runs.items() if run.result is None and not keep(key, run)
    }
    return {
        "runs": {key: run for key, run in task.runs.items() if keep(key, run)},
        "asked": {**task.asked, **stopped},
    }


def _answered(task: Task, answer: Answer) -> Changes:
    if answer.stage != LAND and not task.has_stage(answer.stage):
        return {}
    return {"answers": (*(a for a in task.answers if not _replaces(answer, a)), answer)}


def _replaces(answer: Answer, old: Answer) -> bool:
    """Whether the newer answer is to the same question. A waiver is about its revision alone, and stays for that."""
    same = (answer.gate, answer.definition, answer.about) == (old.gate, old.definition, old.about)
    return same and (old.verdict != "waived" or old.revision == answer.revision)


def _answer_of(fact: f.VerdictGiven | f.PersonAsked | f.Approved | f.Waived, verdict: Any, reason: str) -> Answer:
    return Answer(
        gate=fact.gate,
        stage=fact.stage,
        definition=fact.definition,
        about=fact.about,
        revision=fact.revision,
        verdict=verdict,
        reason=reason,
        at=fact.at,
    )


def is_human(task: Task, gate: str) -> bool | None:
    """Whether people answer this gate; None where nobody knows it."""
    known = task.gate(gate)
    return None if known is None else known.kind == "human"


def verdict_given(task: Task, fact: f.VerdictGiven) -> Changes:
    """A machine gate's answer."""
    if is_human(task, fact.gate) is True:
        return {}
    return _answered(task, _answer_of(fact, fact.verdict, fact.reason))


def person_asked(task: Task, fact: f.PersonAsked) -> Changes:
    """A question that only a person answers."""
    return _answered(task, _answer_of(fact, "waiting", fact.message))


def _decided(task: Task, fact: Any, decision: Any) -> Changes:
    record = Decision(
        gate=fact.gate, decision=decision, revision=fact.revision, by=fact.by, at=fact.at, message=fact.message
    )
    return {"decisions": (*task.decisions, record)}


def approved(task: Task, fact: f.Approved) -> Changes:
    """A person's yes."""
    if is_human(task, fact.gate) is False:
        return {}
    answer = _answer_of(fact, "pass", f"approved by {fact.by}")
    return {**_answered(task, answer), **_decided(task, fact, "approved")}


def waived(task: Task, fact: f.Waived) -> Changes:
    """A person lets a gate pass."""
    answer = _answer_of(fact, "waived", f"waived by {fact.by}: {fact.message}")
    return {**_answered(task, answer), **_decided(task, fact, "waived")}


def rejected(task: Task, fact: f.Rejected) -> Changes:
    """A person wants the task ended: the gate that asked has its answer."""
    reason = f"rejected by {fact.by}: {fact.message}" if fact.message else f"rejected by {fact.by}"
    answers = tuple(
        replace(a, verdict="fail", reason=reason, at=fact.at) if (a.gate, a.verdict) == (fact.gate, "waiting") else a
        for a in task.answers
    )
    return {
        "answers": answers,
        "ending": Ending(state="REJECTED", reason=reason),
        **_decided(task, fact, "rejected"),
    }


def grant(task: Task, stage: str) -> dict[str, int]:
    """As many tries more as the stage's `limit` has."""
    pipeline = task.pipeline
    if stage != LAND and not task.has_stage(stage):
        return task.granted
    grants = {stage: (pipeline.land if stage == LAND else pipeline.stage(stage)).on_fail.limit}
    if stage == LAND:
        grants[CONFLICT] = pipeline.land.on_conflict.limit
    return {**task.granted, **{name: task.granted.get(name, 0) + more for name, more in grants.items()}}


def reworked(task: Task, fact: f.Reworked) -> Changes:
    """A person wants the work changed, and grants more tries."""
    return {"granted": grant(task, fact.stage), **_decided(task, fact, "rework")}
