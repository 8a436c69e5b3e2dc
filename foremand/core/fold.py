"""The fold: what is, from what happened.

`apply(task, fact)` is total and pure. It knows what a fact means, never what comes next: that is `course`. A fact
that makes no sense here (from a later version, or out of order) changes nothing but `updated_at`.

Whoever lets the same facts make another task raises `FOLD` by one: folded tasks that are kept are then made anew.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from . import answers, arrival, progress, questions
from . import facts as f
from .profiles import caps, effective, lowest
from .reviews import vote
from .spec import Limits, Pipeline
from .task import HELPLESS, TRANSIENT, Answer, Attempt, Changes, Ending, Hold, Message, Task, Trouble

FOLD = 4
"""The number of this fold. A change of `Task`'s fields alone does not need a new one: it is seen by itself."""


def begin(fact: f.TaskSubmitted) -> Task:
    """The task that a submission makes."""
    return Task(
        id=fact.task,
        submitted=fact,
        limits=fact.limits,
        created_at=fact.at,
        updated_at=fact.at,
        priority=fact.priority,
        after=fact.after,
    )


def fold(facts: Iterable[f.AnyFact]) -> Task | None:
    """The task that these facts make, in order; None without a submission."""
    task: Task | None = None
    for fact in facts:
        task = apply(task, fact)
    return task


def apply(task: Task | None, fact: f.AnyFact) -> Task | None:
    """What is, after `fact`."""
    if task is None:
        return begin(fact) if isinstance(fact, f.TaskSubmitted) else None
    known = isinstance(fact, f.NotifyRequested) or (
        task.over != "LANDED" and (task.started is not None or isinstance(fact, _BEFORE_START))
    )
    change = _CHANGES.get(type(fact)) if known else None
    changes = change(task, fact) if change is not None else {}
    return replace(task, updated_at=max(task.updated_at, fact.at), **changes)


def _started(task: Task, fact: f.TaskStarted) -> Changes:
    if task.started is not None:
        return {}
    profiles = (task.submitted.profile or fact.pipeline.default_profile,)
    course = effective(fact.pipeline, profiles)
    return {
        "started": fact,
        "base": fact.base,
        "base_tree": fact.base_tree,
        "profiles": profiles,
        "course": course,
        "limits": _limits(task.limits, course, profiles),
        "trouble": {},
    }


def _limits(asked: Limits, pipeline: Pipeline, profiles: Sequence[str]) -> Limits:
    """What was asked for, else the pipeline's; never above what a profile or the floor allows."""
    given = {name: value for name in Limits.__struct_fields__ if (value := getattr(asked, name)) is not None}
    return lowest(replace(pipeline.limits, **given), caps(pipeline, profiles))


def _held(_task: Task, fact: f.Held) -> Changes:
    return {"held": Hold(on=fact.on, reason=fact.reason)}


def _released(_task: Task, _fact: f.Released) -> Changes:
    return {"held": None}


def _raised(task: Task, fact: f.ProfileRaised) -> Changes:
    if task.started is None or fact.profile in task.profiles:
        return {}
    profiles = (*task.profiles, fact.profile)
    begun = _begun(task)
    course = effective(task.started.pipeline, profiles, task.pipeline, begun, begun[:-1])
    return {
        **_by_old_rules(task),
        "profiles": profiles,
        "raised_by": tuple(dict.fromkeys((*task.raised_by, *fact.paths))),
        "course": course,
        "limits": lowest(task.limits, caps(course, profiles)),
    }


def _begun(task: Task) -> list[str]:
    """The stages up to the last one that somebody has begun, with the checkpoints between them, in their order."""
    stages = task.pipeline.stages
    last = max((place for place, stage in enumerate(stages) if task.current(stage.name) is not None), default=-1)
    return [stage.name for stage in stages[: last + 1]]


def _by_old_rules(task: Task) -> Changes:
    """A candidate, also one that is being built, was looked at by rules that hold no more: another is built."""
    if task.intent is not None:
        return {}
    return {"candidate": None, "candidates": task.candidates + 1, "queued_at": None}


def _repinned(task: Task, fact: f.Repinned) -> Changes:
    if task.started is None:
        return {}
    pinned = replace(task.started, pipeline=fact.pipeline, pipeline_hash=fact.pipeline_hash, origin=fact.origin)
    profiles = tuple(name for name in task.profiles if not name or name in fact.pipeline.profiles)
    course = effective(fact.pipeline, profiles, begun=_begun(task))
    return {
        **_by_old_rules(task),
        **_gates_stopped(task),
        "started": pinned,
        "attempts": tuple(
            replace(a, void=a.void or (bool(a.gate) and a.outcome is None), work=fact.works.get(a.number, a.work))
            for a in task.attempts
        ),
        "profiles": profiles,
        "course": course,
        "limits": lowest(task.limits, caps(course, profiles)),
    }


def _start_refused(task: Task, fact: f.StartRefused) -> Changes:
    if task.started is not None or task.over is not None:
        return {}
    return {"over": "FAILED", "over_reason": fact.reason}


def _troubled(task: Task, fact: f.Troubled) -> Changes:
    count = task.trouble[fact.step].count + 1 if fact.step in task.trouble else 1
    trouble = Trouble(count=count, reason=fact.reason, at=fact.at)
    return {
        "trouble": {**task.trouble, fact.step: trouble},
        "gates_running": task.gates_running + fact.running,
    }


def _retried(task: Task, fact: f.Retried) -> Changes:
    forgiven = TRANSIENT | HELPLESS
    gate = task.gate(fact.gate)

    def asked_again(key: str) -> bool:
        return gate is not None and key.startswith(f"{gate.definition}:")

    def again(attempt: Attempt) -> bool:
        return gate is not None and (attempt.gate, attempt.definition) == (gate.name, gate.definition)

    def speechless(attempt: Attempt) -> bool:
        """A reviewer's run that gave no answer."""
        return bool(attempt.gate) and attempt.outcome is not None and vote(attempt) is None

    def unanswered(answer: Answer) -> bool:
        """No answer any more: an error, the gate's that is asked again, and a reject, of which this is the end."""
        return answer.verdict == "error" or (
            answer.verdict == "fail" and (answer.gate == fact.gate or answers.is_human(task, answer.gate) is not False)
        )

    changes: Changes = {
        "ending": None,
        "over": None,
        "over_reason": "",
        "trouble": {},
        "times": (),
        "forgiven_at": fact.at,
        "blocked": "",
        **answers.runs_kept(
            task, lambda key, run: run.result == "pass" or (run.result == "fail" and not asked_again(key))
        ),
        "answers": tuple(a for a in task.answers if not unanswered(a)),
        "attempts": tuple(
            replace(a, void=True) if a.outcome in forgiven or speechless(a) or again(a) else a for a in task.attempts
        ),
        "after": () if _waits_for_needs(task) else task.after,
        "held": None,
        "paused": "",
    }
    cut_off = {a.stage for a in task.attempts if a.outcome in forgiven - {"altered"} and not a.void}
    changes["session"] = {**task.session, **dict.fromkeys(cut_off, "fresh" if fact.fresh else "resume")}
    if task.started is not None:
        changes["granted"] = answers.grant(task, fact.stage)
        if fact.fresh and task.has_stage(fact.stage):
            changes["files"] = task.entry(fact.stage)
        if fact.agent and task.has_stage(fact.to):
            changes["agents"] = {**task.agents, fact.to: fact.agent}
    return changes


def _waits_for_needs(task: Task) -> bool:
    """Whether what keeps the task is what it comes after: only then a retry means that it should not."""
    return task.over is None and task.held is not None and task.held.on == "needs"


def _paused(task: Task, fact: f.Paused) -> Changes:
    return {"paused": fact.by, **_gates_stopped(task)}


def _gates_stopped(task: Task) -> Changes:
    """Gates that run are stopped, and asked anew when the task goes on: how a stopped one ended says nothing."""
    return answers.runs_kept(task, lambda _key, run: run.result is not None)


def _resumed(task: Task, fact: f.Resumed) -> Changes:
    """What was interrupted goes on in its session, and no quota is waited for any more."""
    interrupted = {a.stage for a in task.attempts if a.outcome in _INTERRUPTED and not a.void and not a.gate}
    return {
        "paused": "",
        "excused": task.excused or (task.held is not None and task.held.on == "budget"),
        "forgiven_at": fact.at,
        "attempts": tuple(replace(a, void=True) if a.outcome in _INTERRUPTED else a for a in task.attempts),
        "session": {**task.session, **dict.fromkeys(interrupted, "resume")},
    }


_INTERRUPTED = frozenset({"stopped", "quota"})


def _said(task: Task, fact: f.Said) -> Changes:
    return {"said": (*task.said, Message(text=fact.message, key=fact.key, interrupt=fact.interrupt))}


def _taken(task: Task, fact: f.Taken) -> Changes:
    return {**_gates_stopped(task), "taken": fact.by, "taken_stage": fact.stage, "handed_over": "", "paused": ""}


def _handed_over(_task: Task, fact: f.HandedOver) -> Changes:
    return {"handed_over": fact.path, "files": None}


def _notify_requested(task: Task, fact: f.NotifyRequested) -> Changes:
    return {"told": (*task.told, fact.key)}


def _cancel_requested(_task: Task, fact: f.CancelRequested) -> Changes:
    reason = f"cancelled by {fact.by}" + (f": {fact.message}" if fact.message else "")
    return {"ending": Ending(state="CANCELLED", reason=reason)}


def _time_came(task: Task, fact: f.TimeCame) -> Changes:
    return {"times": (*task.times, fact.key)}


def _task_ended(task: Task, fact: f.TaskEnded) -> Changes:
    if task.over is not None:
        return {}
    return {"over": fact.state, "over_reason": fact.reason, "queued_at": None}


def _limits_changed(task: Task, fact: f.LimitsChanged) -> Changes:
    given = {k: v for k, v in msgspec.structs.asdict(fact.limits).items() if v is not None}
    return {"limits": replace(task.limits, **given)}


def _prioritized(_task: Task, fact: f.Prioritized) -> Changes:
    return {"priority": fact.priority}


_BEFORE_START = (
    f.TaskStarted,
    f.StartRefused,
    f.Troubled,
    f.Rejected,
    f.CancelRequested,
    f.Retried,
    f.TimeCame,
    f.TaskEnded,
    f.LimitsChanged,
    f.Prioritized,
    f.Held,
    f.Released,
    f.Paused,
    f.Resumed,
    f.Said,
    f.Taken,
)

_CHANGES: dict[type, Callable[[Task, Any], Changes]] = {
    f.TaskStarted: _started,
    f.StartRefused: _start_refused,
    f.Held: _held,
    f.Released: _released,
    f.ProfileRaised: _raised,
    f.Repinned: _repinned,
    f.Troubled: _troubled,
    f.Preparing: progress.preparing,
    f.AttemptStarted: progress.attempt_started,
    f.Heard: progress.heard,
    f.QuestionAsked: questions.asked,
    f.QuestionAnswered: questions.answered,
    f.QuestionWithdrawn: questions.withdrawn,
    f.AttemptEnded: progress.attempt_ended,
    f.WorkSealed: progress.sealed,
    f.GateStarted: answers.gate_started,
    f.GateRan: answers.gate_ran,
    f.VerdictGiven: answers.verdict_given,
    f.PersonAsked: answers.person_asked,
    f.Approved: answers.approved,
    f.Waived: answers.waived,
    f.Rejected: answers.rejected,
    f.Reworked: answers.reworked,
    f.SentBack: progress.sent_back,
    f.Retried: _retried,
    f.Paused: _paused,
    f.Resumed: _resumed,
    f.Said: _said,
    f.Taken: _taken,
    f.HandedOver: _handed_over,
    f.Given: progress.given,
    f.CancelRequested: _cancel_requested,
    f.TimeCame: _time_came,
    f.CandidateBuilt: arrival.candidate_built,
    f.CandidateConflicted: arrival.candidate_conflicted,
    f.Signed: arrival.signed,
    f.QueueEntered: arrival.queue_entered,
    f.QueueLeft: arrival.queue_left,
    f.LandingIntended: arrival.landing_intended,
    f.LandingLocked: arrival.landing_locked,
    f.LandingRefused: arrival.landing_refused,
    f.Landed: arrival.landed,
    f.TaskEnded: _task_ended,
    f.LimitsChanged: _limits_changed,
    f.Prioritized: _prioritized,
    f.NotifyRequested: _notify_requested,
}
