"""What is: a task as its facts have made it so far. `fold` makes it; nobody changes it."""

from typing import Any, Literal

from msgspec import Struct

from . import facts as f
from .spec import Gate, Limits, Pipeline, Session

TRANSIENT = frozenset({"unavailable", "lost", "quota"})
"""Outcomes of an attempt that say nothing about the work: tried again, never charged."""

HELPLESS = frozenset({"denied", "missing", "stopped", "altered"})
"""Outcomes of an attempt after which only a person can go on."""

CONFLICT = "land:conflict"
"""Under this name `sent_back` counts what `on_conflict` of `[land]` limits."""

Changes = dict[str, Any]
"""Fields of a task with their new values."""

Over = Literal["LANDED", "REJECTED", "FAILED", "CANCELLED"]


class Attempt(Struct, frozen=True, kw_only=True):
    """One run of an agent. `void`: a later `goto` or retry has taken it out of the pipeline; it is kept.

    `flattened`: its seal must not land, what it changed is a part of a later stage's. `given`: the tree or revision
    whose files it found. With a `gate` it is a reviewer's, whose answer is by
    `definition` about `about`; with `by` a person did the work.
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
    flattened: bool = False
    gate: str = ""
    definition: str = ""
    about: str = ""
    by: str = ""
    reserved_usd: float = 0.0
    hears: bool = False


class Message(Struct, frozen=True, kw_only=True):
    """What a person has to tell the agent. With a `key` also one that runs may hear it; `interrupt`: at once."""

    text: str
    key: str = ""
    interrupt: bool = False


class Question(Struct, frozen=True, kw_only=True):
    """What an agent asks before it does it; see `facts.questions`. `allow` None: nobody has answered yet."""

    attempt: int
    key: str
    tool: str
    text: str
    digest: str
    at: float
    omitted: int = 0
    allow: bool | None = None
    by: str = ""
    message: str = ""


class Run(Struct, frozen=True, kw_only=True):
    """What is known of a gate's runs on one tree; `result` None while it runs.

    `tries` counts the runs since the last answer, `fails` those that ended in a fail.
    """

    tries: int
    fails: int = 0
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
    others: str = ""
    gates: tuple[Gate, ...] = ()
    old: str = ""
    signs: bool = False
    signed: str = ""


class Hold(Struct, frozen=True, kw_only=True):
    """Why other tasks' facts let nothing new of this one start."""

    on: Literal["needs", "budget"]
    reason: str


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
    `profiles`: the one it began with (empty for none), then those it was raised to. `course`: the pinned pipeline as
    these make it. `priority`: the submission's, or what people have made of it since. `agents`: who a person wants
    for a stage. `said`: what no attempt has heard, and the next hears first. `excused`: a person lets it go on beyond
    the day's budget. `taken`: who works on `stage` of it by hand, in the workspace `handed_over`.
    """

    id: int
    submitted: f.TaskSubmitted
    limits: Limits
    created_at: float
    updated_at: float
    priority: int = 0
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
    locks: tuple[f.LockFile, ...] = ()
    blocked: str = ""
    trouble: dict[str, Trouble] = {}
    times: tuple[str, ...] = ()
    ending: Ending | None = None
    over: Over | None = None
    over_reason: str = ""
    landed_commit: str = ""
    gates_running: float = 0.0
    forgiven_at: float = 0.0
    preparing: int = 0
    profiles: tuple[str, ...] = ()
    raised_by: tuple[str, ...] = ()
    course: Pipeline | None = None
    agents: dict[str, str] = {}
    after: tuple[int, ...] = ()
    held: Hold | None = None
    excused: bool = False
    paused: str = ""
    said: tuple[Message, ...] = ()
    questions: tuple[Question, ...] = ()
    taken: str = ""
    taken_stage: str = ""
    handed_over: str = ""
    told: tuple[str, ...] = ()

    @property
    def pipeline(self) -> Pipeline:
        """The pinned pipeline as the task's profiles make it. Only a started task has one."""
        if self.course is None:
            raise ValueError(f"task {self.id} has not started")
        return self.course

    @property
    def profile(self) -> str:
        """The profile that holds: the last one it was raised to, or the one it began with; empty for none."""
        return self.profiles[-1] if self.profiles else self.submitted.profile

    def gate(self, name: str) -> Gate | None:
        """The gate of this name: the pinned pipeline's, or at landing the tip's own."""
        if self.course is None:
            return None
        tips = self.candidate.gates if self.candidate is not None else ()
        return self.course.gates.get(name) or next((gate for gate in tips if gate.name == name), None)

    @property
    def gates(self) -> tuple[str, ...]:
        """The names of its gates, as far as they are known: those of the pinned pipeline, and the tip's own."""
        tips = self.candidate.gates if self.candidate is not None else ()
        return (*(self.course.gates if self.course is not None else ()), *(gate.name for gate in tips))

    def has_stage(self, name: str) -> bool:
        """Whether the pinned pipeline has a stage of this name."""
        return self.started is not None and any(stage.name == name for stage in self.pipeline.stages)

    def current(self, stage: str) -> Attempt | None:
        """The attempt that stands for a stage: the last one of its agent, or a person's, that is not void."""
        return next((a for a in reversed(self.attempts) if a.stage == stage and not a.void and not a.gate), None)

    def reviews(self, gate: str, definition: str, about: str) -> tuple[Attempt, ...]:
        """The reviewers' runs for one answer."""
        wanted = (gate, definition, about)
        return tuple(a for a in self.attempts if not a.void and a.gate and (a.gate, a.definition, a.about) == wanted)

    def work_before(self, stage: str) -> f.Work | None:
        """What the stages before this one left: what a checkpoint judges."""
        for before in reversed(self.pipeline.stages[: self.pipeline.index(stage)]):
            attempt = self.current(before.name)
            if attempt is not None and attempt.work is not None:
                return attempt.work
        return None

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
        before = self.work_before(stage)
        return self.base if before is None else before.revision

    @property
    def running(self) -> float:
        """Seconds with something of the task running: what `wall_clock` limits."""
        return self.gates_running + sum(a.running for a in self.attempts)

    @property
    def tokens(self) -> int:
        """Tokens that the ended attempts used."""
        return sum(a.usage.tokens for a in self.attempts)

    @property
    def turns(self) -> int:
        """Turns that the ended attempts took."""
        return sum(a.usage.turns for a in self.attempts)

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
