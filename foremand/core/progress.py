"""The fold's part for attempts: what agents and people do in a stage, and what sending back undoes."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from msgspec.structs import replace

from . import answers, feedback, questions
from . import facts as f
from .spec import LAND, Pipeline
from .task import Attempt, Changes, Run, Task

T = TypeVar("T")


def preparing(_task: Task, fact: f.Preparing) -> Changes:
    """The next attempt has its slot."""
    return {"preparing": fact.number}


def attempt_started(task: Task, fact: f.AttemptStarted) -> Changes:
    """An agent, a reviewer or a person begins."""
    known = task.has_stage(fact.stage) or (fact.stage == LAND and fact.gate)
    if fact.number != len(task.attempts) + 1 or not known:
        return {}
    if fact.gate:
        return {"attempts": (*task.attempts, _attempt(fact, given=fact.entered)), "trouble": {}}
    attempt = _attempt(fact, given=task.files or _left(task) or fact.entered)
    return {
        "attempts": (*task.attempts, attempt),
        "files": None,
        **({} if fact.by else _told(task, fact.stage)),
        "trouble": {},
        "gates_running": task.gates_running + fact.setup_running,
    }


def _told(task: Task, stage: str) -> Changes:
    """What was said is said with the agent's attempt. A person's own leaves it for the agent's next."""
    return {"feedback": {**task.feedback, stage: feedback.opening(task, stage)}, "said": ()}


def _attempt(fact: f.AttemptStarted, *, given: str) -> Attempt:
    return Attempt(
        number=fact.number,
        stage=fact.stage,
        agent=fact.agent,
        entered=fact.entered,
        started_at=fact.at,
        session_id=fact.session_id,
        resumes=fact.resumes,
        notes=fact.notes,
        given=given,
        gate=fact.gate,
        definition=fact.definition,
        about=fact.about,
        by=fact.by,
        reserved_usd=fact.reserved_usd,
        hears=fact.hears,
    )


def _left(task: Task) -> str:
    """What the last attempt left in the workspace, as far as a seal says so."""
    last = next((a for a in reversed(task.attempts) if not a.gate), None)
    if last is None or last.work is None or not task.has_stage(last.stage):
        return ""
    return last.given if task.pipeline.stage(last.stage).access == "read" else last.work.revision


def _with_attempt(task: Task, number: int, **changes: Any) -> Changes:
    return {"attempts": tuple(replace(a, **changes) if a.number == number else a for a in task.attempts)}


def heard(task: Task, fact: f.Heard) -> Changes:
    """What was said is said: no other attempt hears it."""
    return {"said": tuple(message for message in task.said if not message.key or message.key != fact.key)}


def attempt_ended(task: Task, fact: f.AttemptEnded) -> Changes:
    """How it ended, and what it used."""
    old = task.attempt(fact.number)
    if old is None or old.outcome is not None:
        return {}
    ended = _with_attempt(
        task,
        fact.number,
        outcome=fact.outcome,
        reason=fact.reason,
        exit_code=fact.exit_code,
        session_id=fact.session_id or old.session_id,
        output=fact.output,
        usage=fact.usage,
        running=fact.running,
        ended_at=fact.at,
        reset_at=fact.reset_at,
        session_cost_usd=fact.session_cost_usd,
    )
    return {**ended, **questions.left(replace(task, **ended), fact.number, fact.outcome)}


def sealed(task: Task, fact: f.WorkSealed) -> Changes:
    """What it left is a commit."""
    attempt = task.attempt(fact.number)
    if attempt is None or attempt.outcome is None or attempt.gate or not task.has_stage(attempt.stage):
        return {}
    changes = _with_attempt(
        task, fact.number, work=fact.work, changed=fact.changed, notes=(*attempt.notes, *fact.notes)
    )
    if task.pipeline.stage(attempt.stage).access == "read" and fact.changed and not attempt.void:
        changes["files"] = attempt.given
    return changes


def sent_back(task: Task, fact: f.SentBack) -> Changes:
    """The stage gone to, and all after it, begin anew with what was wrong."""
    pipeline = task.pipeline
    if not task.has_stage(fact.to):
        return {}
    later = _from(pipeline, fact.to)

    def earlier(mapping: Mapping[str, T]) -> dict[str, T]:
        return {stage: value for stage, value in mapping.items() if not later(stage)}

    changes: Changes = {
        **voided(task, later),
        **answers.runs_kept(task, lambda key, run: run.result == "pass" or _is_of_base(task, key, run)),
        "feedback": {**earlier(task.feedback), fact.to: fact.feedback},
        "session": {**earlier(task.session), fact.to: fact.session},
        "entered": {stage: entry for stage, entry in task.entered.items() if not later(stage) or stage == fact.to},
    }
    if fact.files is not None:
        changes["files"] = fact.files
    if fact.charged:
        changes["sent_back"] = {**task.sent_back, fact.stage: task.sent_back.get(fact.stage, 0) + 1}
    if fact.flatten:
        changes["entered"] = {**changes["entered"], fact.to: task.base}
        changes["attempts"] = tuple(replace(a, flattened=True) for a in changes["attempts"])
    if fact.base is not None:
        changes |= {
            "base": fact.base,
            "base_tree": fact.base_tree or "",
            "entered": {**changes["entered"], fact.to: fact.base},
        }
    return changes


def _from(pipeline: Pipeline, stage: str) -> Callable[[str], bool]:
    """Whether a stage is this one or comes after it. Landing does, and so does one that a repin has taken away."""
    before = {each.name for each in pipeline.stages[: pipeline.index(stage)]}
    return lambda other: other not in before


def voided(task: Task, later: Callable[[str], bool]) -> Changes:
    """Without what these stages had: their attempts are kept, and count no more."""
    return {
        "attempts": tuple(replace(a, void=True) if later(a.stage) else a for a in task.attempts),
        "answers": tuple(a for a in task.answers if not later(a.stage)),
        "candidate": None,
        "queued_at": None,
        "blocked": "",
    }


def _is_of_base(task: Task, key: str, run: Run) -> bool:
    return key.endswith(f":{task.base_tree}") and run.result is not None


def given(task: Task, _fact: f.Given) -> Changes:
    """The stage is entered anew by the person's attempt: what it had, and what came after it, is no more."""
    stage = task.taken_stage if task.has_stage(task.taken_stage) else task.pipeline.stages[0].name
    return {
        "taken": "",
        "taken_stage": "",
        "handed_over": "",
        **voided(task, _from(task.pipeline, stage)),
    }
