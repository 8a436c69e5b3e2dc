"""What is: a task, as the fold of its facts.

`apply(task, fact)` is total and pure. It knows what a fact means, never what comes next: that is `steps`. A fact
that makes no sense here (from a later version, or out of order) changes nothing but `updated_at`.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from . import facts as f
from .spec import LAND, Limits, Pipeline, Session

TRANSIENT = frozenset({"unavailable", "lost", "quota"})
"""Outcomes of an attempt that say nothing about the work: tried again, never charged."""

HELPLESS = frozenset({"denied", "missing", "stopped", "altered"})
"""Outcomes of an attempt after which only a person can go on."""

Over = Literal["LANDED", "REJECTED", "FAILED", "CANCELLED"]


class Attempt(Struct, frozen=True, kw_only=True):
    """One run of an agent. `void`: a later `goto` or retry has taken it out of the pipeline; it is kept.

    `given`: the tree or revision whose files it found.
    """

    number: int
    stage: str
    agent: str
    entered: str
    started_at: float
    session_id: str
    given: str = ""
    resumes: str | None = None
    outcome: f.OutcomeKind | None = None
    reason: str = ""
    exit_code: int | None = None
    output: str = ""
    usage: f.Usage = f.Usage()
    running: float = 0.0
    ended_at: float | None = None
    reset_at: float | None = None
    session_cost_usd: float | None = None
    work: f.Work | None = None
    changed: bool = False
    notes: tuple[str, ...] = ()
    void: bool = False


class Run(Struct, frozen=True, kw_only=True):
    """What is known of a command gate on one tree; `result` None while it runs."""

    tries: int
    result: f.Result | None = None
    reason: str = ""
    output: str = ""
    run: str = ""
    at: float = 0.0


class Answer(Struct, frozen=True, kw_only=True):
    """A verdict, a question to a person (`waiting`) or a person's answer, about `about` and nothing else."""

    gate: str
    stage: str
    definition: str
    about: str
    revision: str
    verdict: Literal["pass", "fail", "error", "skipped", "waived", "waiting"]
    reason: str = ""
    at: float = 0.0


class Decision(Struct, frozen=True, kw_only=True):
    """What a person said, for the record; it is never voided."""

    gate: str
    decision: Literal["approved", "rejected", "rework", "waived"]
    revision: str
    by: str
    at: float
    message: str


class Candidate(Struct, frozen=True, kw_only=True):
    """`source` on `tip`. Without `work` it is a conflict: `files` is then the merge with its markers."""

    number: int
    source: str
    tip: str
    work: f.Work | None = None
    empty: bool = False
    approved_by: tuple[str, ...] = ()
    tip_tree: str = ""
    files: str = ""
    paths: tuple[str, ...] = ()


class Trouble(Struct, frozen=True, kw_only=True):
    """How often a step of foremand's own has failed, and how last."""

    count: int
    reason: str
    at: float


class Ending(Struct, frozen=True, kw_only=True):
    """What a person wants the task to end as, once nothing of it runs any more."""

    state: Literal["REJECTED", "CANCELLED"]
    reason: str


class Task(Struct, frozen=True, kw_only=True):
    """A task as the facts so far have it. The fields' meaning is that of the facts that set them.

    `runs` may be forgotten, to be asked again; `asked` counts them for ever, so that no two runs share a number.
    """

    id: int
    submitted: f.TaskSubmitted
    limits: Limits
    created_at: float
    updated_at: float
    started: f.TaskStarted | None = None
    base: str = ""
    base_tree: str = ""
    attempts: tuple[Attempt, ...] = ()
    runs: dict[str, Run] = {}
    asked: dict[str, int] = {}
    answers: tuple[Answer, ...] = ()
    decisions: tuple[Decision, ...] = ()
    sent_back: dict[str, int] = {}
    granted: dict[str, int] = {}
    feedback: dict[str, str] = {}
    session: dict[str, Session] = {}
    entered: dict[str, str] = {}
    files: str | None = None
    candidates: int = 0
    candidate: Candidate | None = None
    queued_at: float | None = None
    intent: f.LandingIntended | None = None
    blocked: str = ""
    trouble: dict[str, Trouble] = {}
    times: tuple[str, ...] = ()
    ending: Ending | None = None
    over: Over | None = None
    over_reason: str = ""
    landed_commit: str = ""
    gates_running: float = 0.0
    forgiven_at: float = 0.0

    @property
    def pipeline(self) -> Pipeline:
        """The pinned pipeline. Only a started task has one."""
        if self.started is None:
            raise ValueError(f"task {self.id} has not started")
        return self.started.pipeline

    def current(self, stage: str) -> Attempt | None:
        """The attempt that stands for a stage: its last one that is not void."""
        return next((a for a in reversed(self.attempts) if a.stage == stage and not a.void), None)

    def attempt(self, number: int) -> Attempt | None:
        """The attempt with that number in the task."""
        return self.attempts[number - 1] if 0 < number <= len(self.attempts) else None

    @property
    def running_attempt(self) -> Attempt | None:
        """The attempt whose agent has not ended."""
        return next((a for a in self.attempts if a.outcome is None), None)

    def entry(self, stage: str) -> str:
        """The revision with which a stage is entered: the one before it left, or the base."""
        if stage in self.entered:
            return self.entered[stage]
        earlier = self.pipeline.stages[: self.pipeline.index(stage)]
        for before in reversed(earlier):
            attempt = self.current(before.name)
            if attempt is not None and attempt.work is not None:
                return attempt.work.revision
        return self.base

    @property
    def running(self) -> float:
        """Seconds with something of the task running: what `wall_clock` limits."""
        return self.gates_running + sum(a.running for a in self.attempts)

    @property
    def cost_usd(self) -> float | None:
        """What the ended attempts cost, None as soon as one of them is unknown."""
        costs = [a.usage.cost_usd for a in self.attempts if a.outcome is not None]
        known = [cost for cost in costs if cost is not None]
        return None if len(known) < len(costs) else sum(known)

    @property
    def cost_bound(self) -> float:
        """At least what has been spent: where a cost is unknown its upper bound counts, never zero for free."""
        return sum(
            a.usage.bound_usd if a.usage.cost_usd is None else a.usage.cost_usd
            for a in self.attempts
            if a.outcome is not None
        )


def approvers(task: Task) -> tuple[str, ...]:
    """The people whose approvals still stand, each once."""
    standing = {(a.gate, a.at) for a in task.answers if a.verdict == "pass"}
    said = [d for d in task.decisions if d.decision == "approved" and (d.gate, d.at) in standing]
    return tuple(dict.fromkeys(d.by for d in said))


def run_key(definition: str, tree: str) -> str:
    """What a run of a command gate is kept under."""
    return f"{definition}:{tree}"


def begin(fact: f.TaskSubmitted) -> Task:
    """The task that a submission makes."""
    return Task(id=fact.task, submitted=fact, limits=fact.limits, created_at=fact.at, updated_at=fact.at)


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
    known = task.over != "LANDED" and (task.started is not None or isinstance(fact, _BEFORE_START))
    change = _CHANGES.get(type(fact)) if known else None
    changes = change(task, fact) if change is not None else {}
    return replace(task, updated_at=max(task.updated_at, fact.at), **changes)


Changes = dict[str, Any]
T = TypeVar("T")


def _put(mapping: Mapping[str, T], key: str, value: T) -> dict[str, T]:
    return {**mapping, key: value}


def _started(task: Task, fact: f.TaskStarted) -> Changes:
    if task.started is not None:
        return {}

    def first(asked: Any, file: Any) -> Any:
        return file if asked is None else asked

    limits = Limits(
        **{
            name: first(getattr(task.limits, name), getattr(fact.pipeline.limits, name))
            for name in Limits.__struct_fields__
        }
    )
    return {
        "started": fact,
        "base": fact.base,
        "base_tree": fact.base_tree,
        "limits": limits,
        "trouble": {},
    }


def _start_refused(task: Task, fact: f.StartRefused) -> Changes:
    if task.started is not None or task.over is not None:
        return {}
    return {"over": "FAILED", "over_reason": fact.reason}


def _troubled(task: Task, fact: f.Troubled) -> Changes:
    count = task.trouble[fact.step].count + 1 if fact.step in task.trouble else 1
    trouble = Trouble(count=count, reason=fact.reason, at=fact.at)
    return {
        "trouble": _put(task.trouble, fact.step, trouble),
        "gates_running": task.gates_running + fact.running,
    }


def _attempt_started(task: Task, fact: f.AttemptStarted) -> Changes:
    if fact.number != len(task.attempts) + 1 or not _has_stage(task, fact.stage):
        return {}
    attempt = Attempt(
        number=fact.number,
        stage=fact.stage,
        agent=fact.agent,
        entered=fact.entered,
        started_at=fact.at,
        session_id=fact.session_id,
        resumes=fact.resumes,
        given=task.files or _left(task) or fact.entered,
    )
    return {"attempts": (*task.attempts, attempt), "files": None, "trouble": {}}


def _left(task: Task) -> str:
    """What the last attempt left in the workspace, as far as a seal says so."""
    last = task.attempts[-1] if task.attempts else None
    if last is None or last.work is None:
        return ""
    return last.given if task.pipeline.stage(last.stage).access == "read" else last.work.revision


def _has_stage(task: Task, name: str) -> bool:
    return any(stage.name == name for stage in task.pipeline.stages)


def _with_attempt(task: Task, number: int, **changes: Any) -> Changes:
    return {"attempts": tuple(replace(a, **changes) if a.number == number else a for a in task.attempts)}


def _attempt_ended(task: Task, fact: f.AttemptEnded) -> Changes:
    old = task.attempt(fact.number)
    if old is None or old.outcome is not None:
        return {}
    return _with_attempt(
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


def _sealed(task: Task, fact: f.WorkSealed) -> Changes:
    attempt = task.attempt(fact.number)
    if attempt is None or attempt.outcome is None:
        return {}
    changes = _with_attempt(task, fact.number, work=fact.work, changed=fact.changed, notes=fact.notes)
    if task.pipeline.stage(attempt.stage).access == "read" and fact.changed and not attempt.void:
        changes["files"] = attempt.given
    return changes


def _gate_started(task: Task, fact: f.GateStarted) -> Changes:
    key = run_key(fact.definition, fact.tree)
    before = task.runs.get(key)
    run = Run(tries=before.tries if before else 0, run=fact.run, at=fact.at)
    return {"runs": _put(task.runs, key, run)}


def _gate_ran(task: Task, fact: f.GateRan) -> Changes:
    key = run_key(fact.definition, fact.tree)
    before = task.runs.get(key)
    run = Run(
        tries=(before.tries if before else 0) + 1,
        result=fact.result,
        reason=fact.reason,
        output=fact.output,
        run=fact.run,
        at=fact.at,
    )
    return {
        "runs": _put(task.runs, key, run),
        "asked": _put(task.asked, key, task.asked.get(key, 0) + 1),
        "gates_running": task.gates_running + fact.running,
    }


def _runs_kept(task: Task, keep: Callable[[str, Run], bool]) -> Changes:
    """Forget the other runs. One that is under way will never say how it went: its number is used up all the same."""
    stopped = {
        key: task.asked.get(key, 0) + 1 for key, run in task.runs.items() if run.result is None and not keep(key, run)
    }
    return {
        "runs": {key: run for key, run in task.runs.items() if keep(key, run)},
        "asked": {**task.asked, **stopped},
    }


def _answered(task: Task, answer: Answer) -> Changes:
    if answer.stage != LAND and not _has_stage(task, answer.stage):
        return {}
    same = (answer.gate, answer.definition, answer.about)
    kept = tuple(a for a in task.answers if (a.gate, a.definition, a.about) != same)
    return {"answers": (*kept, answer)}


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


def _is_human(task: Task, gate: str) -> bool | None:
    """Whether people answer this gate; None where the pinned pipeline does not know it."""
    known = task.pipeline.gates.get(gate)
    return None if known is None else known.kind == "human"


def _verdict_given(task: Task, fact: f.VerdictGiven) -> Changes:
    if _is_human(task, fact.gate) is True:
        return {}
    return _answered(task, _answer_of(fact, fact.verdict, fact.reason))


def _person_asked(task: Task, fact: f.PersonAsked) -> Changes:
    return _answered(task, _answer_of(fact, "waiting", fact.message))


def _decided(task: Task, fact: Any, decision: Any) -> Changes:
    record = Decision(
        gate=fact.gate, decision=decision, revision=fact.revision, by=fact.by, at=fact.at, message=fact.message
    )
    return {"decisions": (*task.decisions, record)}


def _approved(task: Task, fact: f.Approved) -> Changes:
    if _is_human(task, fact.gate) is False:
        return {}
    answer = _answer_of(fact, "pass", f"approved by {fact.by}")
    return {**_answered(task, answer), **_decided(task, fact, "approved")}


def _waived(task: Task, fact: f.Waived) -> Changes:
    answer = _answer_of(fact, "waived", f"waived by {fact.by}: {fact.message}")
    return {**_answered(task, answer), **_decided(task, fact, "waived")}


def _rejected(task: Task, fact: f.Rejected) -> Changes:
    reason = f"rejected by {fact.by}: {fact.message}" if fact.message else f"rejected by {fact.by}"
    return {"ending": Ending(state="REJECTED", reason=reason), **_decided(task, fact, "rejected")}


def _grant(task: Task, stage: str) -> dict[str, int]:
    pipeline = task.pipeline
    if stage != LAND and not _has_stage(task, stage):
        return task.granted
    grants = {stage: (pipeline.land if stage == LAND else pipeline.stage(stage)).on_fail.limit}
    if stage == LAND:
        grants[CONFLICT] = pipeline.land.on_conflict.limit
    return {**task.granted, **{name: task.granted.get(name, 0) + more for name, more in grants.items()}}


CONFLICT = "land:conflict"
"""Under this name `sent_back` counts what `on_conflict` of `[land]` limits."""


def _reworked(task: Task, fact: f.Reworked) -> Changes:
    return {"granted": _grant(task, fact.stage), **_decided(task, fact, "rework")}


def _sent_back(task: Task, fact: f.SentBack) -> Changes:
    pipeline = task.pipeline
    if not _has_stage(task, fact.to):
        return {}
    from_here = pipeline.index(fact.to)

    def later(stage: str) -> bool:
        return pipeline.index(stage) >= from_here

    def earlier(mapping: Mapping[str, T]) -> dict[str, T]:
        return {stage: value for stage, value in mapping.items() if not later(stage)}

    changes: Changes = {
        "attempts": tuple(replace(a, void=True) if later(a.stage) else a for a in task.attempts),
        "answers": tuple(a for a in task.answers if not later(a.stage)),
        **_runs_kept(task, lambda key, run: run.result == "pass" or _is_of_base(task, key, run)),
        "feedback": {**earlier(task.feedback), fact.to: fact.feedback},
        "session": {**earlier(task.session), fact.to: fact.session},
        "entered": {stage: entry for stage, entry in task.entered.items() if not later(stage) or stage == fact.to},
        "candidate": None,
        "queued_at": None,
    }
    if fact.files is not None:
        changes["files"] = fact.files
    if fact.charged:
        changes["sent_back"] = _put(task.sent_back, fact.stage, task.sent_back.get(fact.stage, 0) + 1)
    if fact.base is not None:
        changes |= {
            "base": fact.base,
            "base_tree": fact.base_tree or "",
            "entered": {**changes["entered"], fact.to: fact.base},
        }
    return changes


def _is_of_base(task: Task, key: str, run: Run) -> bool:
    return key.endswith(f":{task.base_tree}") and run.result is not None


def _retried(task: Task, fact: f.Retried) -> Changes:
    forgiven = TRANSIENT | HELPLESS
    gate = task.pipeline.gates.get(fact.gate) if task.started is not None else None

    def asked_again(key: str) -> bool:
        return gate is not None and key.startswith(f"{gate.definition}:")

    changes: Changes = {
        "ending": None,
        "over": None,
        "over_reason": "",
        "trouble": {},
        "times": (),
        "forgiven_at": fact.at,
        "blocked": "",
        **_runs_kept(task, lambda key, run: run.result == "pass" or (run.result == "fail" and not asked_again(key))),
        "answers": tuple(
            a for a in task.answers if a.verdict != "error" and not (a.verdict == "fail" and a.gate == fact.gate)
        ),
        "attempts": tuple(replace(a, void=True) if a.outcome in forgiven else a for a in task.attempts),
    }
    cut_off = {a.stage for a in task.attempts if a.outcome in forgiven - {"altered"} and not a.void}
    changes["session"] = {**task.session, **dict.fromkeys(cut_off, "fresh" if fact.fresh else "resume")}
    if task.started is not None:
        changes["granted"] = _grant(task, fact.stage)
        if fact.fresh and _has_stage(task, fact.stage):
            changes["files"] = task.entry(fact.stage)
    return changes


def _cancel_requested(_task: Task, fact: f.CancelRequested) -> Changes:
    reason = f"cancelled by {fact.by}" + (f": {fact.message}" if fact.message else "")
    return {"ending": Ending(state="CANCELLED", reason=reason)}


def _time_came(task: Task, fact: f.TimeCame) -> Changes:
    return {"times": (*task.times, fact.key)}


def _candidate_built(task: Task, fact: f.CandidateBuilt) -> Changes:
    candidate = Candidate(
        number=fact.number,
        source=fact.source,
        tip=fact.tip,
        work=fact.work,
        empty=fact.empty,
        approved_by=fact.approved_by,
    )
    return _candidate(task, candidate)


def _candidate_conflicted(task: Task, fact: f.CandidateConflicted) -> Changes:
    candidate = Candidate(
        number=fact.number,
        source=fact.source,
        tip=fact.tip,
        tip_tree=fact.tip_tree,
        files=fact.files,
        paths=fact.paths,
    )
    return _candidate(task, candidate)


def _candidate(task: Task, candidate: Candidate) -> Changes:
    if candidate.number != task.candidates + 1:
        return {}
    return {"candidates": candidate.number, "candidate": candidate, "trouble": {}}


def _queue_entered(_task: Task, fact: f.QueueEntered) -> Changes:
    return {"queued_at": fact.at}


def _queue_left(_task: Task, _fact: f.QueueLeft) -> Changes:
    return {"queued_at": None}


def _landing_intended(task: Task, fact: f.LandingIntended) -> Changes:
    candidate = task.candidate
    if candidate is None or candidate.work is None or candidate.number != fact.candidate:
        return {}
    return {"intent": fact}


def _landing_refused(task: Task, fact: f.LandingRefused) -> Changes:
    if task.candidate is None or task.candidate.number != fact.candidate:
        return {}
    if fact.kind == "moved":
        return {"intent": None, "candidate": None}
    return {"intent": None, "queued_at": None, "blocked": fact.reason}


def _landed(task: Task, fact: f.Landed) -> Changes:
    return {
        "intent": None,
        "queued_at": None,
        "over": "LANDED",
        "over_reason": fact.reason or f"landed on {task.submitted.into} as {fact.commit[:12]}",
        "landed_commit": fact.commit,
    }


def _task_ended(task: Task, fact: f.TaskEnded) -> Changes:
    if task.over is not None:
        return {}
    return {"over": fact.state, "over_reason": fact.reason, "queued_at": None}


def _limits_changed(task: Task, fact: f.LimitsChanged) -> Changes:
    given = {k: v for k, v in msgspec.structs.asdict(fact.limits).items() if v is not None}
    return {"limits": replace(task.limits, **given)}


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
)

_CHANGES: dict[type, Callable[[Task, Any], Changes]] = {
    f.TaskStarted: _started,
    f.StartRefused: _start_refused,
    f.Troubled: _troubled,
    f.AttemptStarted: _attempt_started,
    f.AttemptEnded: _attempt_ended,
    f.WorkSealed: _sealed,
    f.GateStarted: _gate_started,
    f.GateRan: _gate_ran,
    f.VerdictGiven: _verdict_given,
    f.PersonAsked: _person_asked,
    f.Approved: _approved,
    f.Waived: _waived,
    f.Rejected: _rejected,
    f.Reworked: _reworked,
    f.SentBack: _sent_back,
    f.Retried: _retried,
    f.CancelRequested: _cancel_requested,
    f.TimeCame: _time_came,
    f.CandidateBuilt: _candidate_built,
    f.CandidateConflicted: _candidate_conflicted,
    f.QueueEntered: _queue_entered,
    f.QueueLeft: _queue_left,
    f.LandingIntended: _landing_intended,
    f.LandingRefused: _landing_refused,
    f.Landed: _landed,
    f.TaskEnded: _task_ended,
    f.LimitsChanged: _limits_changed,
}
