"""What to do: a pure function of what is.

`next_steps(task, world, now)` is asked again after every fact, and after every crash. It gives all that is wanted
now; the engine starts what is missing, stops what is no longer wanted, and keeps no thought of its own about what
comes next. Every task that is not over has a step, or a `Wait` that names whom it waits for.
"""

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from . import facts as f
from . import feedback
from .limits import Exhausted, allowance
from .spec import LAND, Gate, OnFail, Stage
from .task import CONFLICT, HELPLESS, TRANSIENT, Attempt, Candidate, Task, approvers, run_key
from .verdicts import ALREADY_IN, Standing, find, stand, weigh

TRIES = 3
"""An `error` is tried this often before a person is asked: once, and twice again."""

BACKOFF = (1.0, 5.0)
"""Seconds before the second and the third try of something of foremand's own."""

AWAY = (5.0, 60.0)
"""Seconds before the second and the third try of an agent whose service is away."""

WaitsFor = Literal["person", "stuck", "error", "trouble", "budget", "quota", "queue", "backoff"]


class World(Struct, frozen=True, kw_only=True):
    """What other tasks' facts mean for this one. `queue_turn`: it stands first in its landing queue."""

    queue_turn: bool = False


class Start(Struct, frozen=True, kw_only=True):
    """Fetch the repository, read the pipeline, pin both."""

    key: str = "start"


class RunAttempt(Struct, frozen=True, kw_only=True):
    """Have this attempt run to its end: prepare its workspace, start it, or adopt it where it already runs.

    `files`: the tree to lay in the workspace first, None to leave the files as they are. `resumes`: the session to
    continue. The limits are what the task has left.
    """

    number: int
    stage: str
    agent: str
    entered: str
    files: str | None = None
    resumes: str | None = None
    feedback: str = ""
    cost_usd: float | None = None
    turns: int | None = None
    wall_clock: float | None = None
    begun: bool = False

    @property
    def key(self) -> str:
        """The same before and after the attempt has started."""
        return f"attempt:{self.number}"


class StopAttempt(Struct, frozen=True, kw_only=True):
    """End the attempt's processes; its `RunAttempt` sees it end."""

    number: int
    reason: str

    @property
    def key(self) -> str:
        """One stop for one attempt."""
        return f"stop:{self.number}"


class Seal(Struct, frozen=True, kw_only=True):
    """Make the attempt's files a commit."""

    number: int

    @property
    def key(self) -> str:
        """One seal for one attempt."""
        return f"seal:{self.number}"


class RunGate(Struct, frozen=True, kw_only=True):
    """Run a command gate on a tree; `revision` is a commit that has it."""

    gate: Gate
    tree: str
    revision: str
    number: int
    on_base: bool = False

    @property
    def key(self) -> str:
        """One try of one definition on one tree."""
        return f"gate:{self.gate.definition[:16]}:{self.tree}:{self.number}"


class Record(Struct, frozen=True, kw_only=True):
    """Write down what follows from the facts."""

    fact: f.AnyFact

    @property
    def key(self) -> str:
        """The fact's kind and subject: the fact itself makes the step go away."""
        subject = self.fact.key if isinstance(self.fact, f.TimeCame) else getattr(self.fact, "gate", "")
        return f"record:{type(self.fact).__name__}:{subject}"


class BuildCandidate(Struct, frozen=True, kw_only=True):
    """Put `source` (its change since `base`) as one commit on the branch's tip."""

    number: int
    source: str
    base: str

    @property
    def key(self) -> str:
        """One candidate, one build."""
        return f"candidate:{self.number}"


class Land(Struct, frozen=True, kw_only=True):
    """Move the branch from the candidate's tip to the candidate, if it still is the tip."""

    candidate: int
    old: str
    new: str
    tree: str

    @property
    def key(self) -> str:
        """One candidate, one landing."""
        return f"land:{self.candidate}"


class WakeAt(Struct, frozen=True, kw_only=True):
    """Ask again at this time."""

    at: float
    key: str


class Wait(Struct, frozen=True, kw_only=True):
    """Nothing to do before somebody else moves: who, and why. `detail`: the whole of it, where one line is short."""

    on: WaitsFor
    reason: str
    stage: str = ""
    detail: str = ""

    @property
    def key(self) -> str:
        """There is one wait at a time."""
        return "wait"


Step = Start | RunAttempt | StopAttempt | Seal | RunGate | Record | BuildCandidate | Land | WakeAt | Wait


def next_steps(task: Task, world: World, now: float) -> tuple[Step, ...]:
    """All that is wanted for this task now. Empty once it is over."""
    if task.over is not None:
        return ()
    candidate = intended(task)
    if candidate is not None:
        return _out_of_queue(task, _in_queue(task, candidate, world, now), now)
    if task.ending is not None:
        return _ending(task, now)
    if task.started is None:
        return _own(task, Start(), now)
    loose = _loose_ends(task, [a for a in task.attempts if a.void], "sent back", now)
    if loose:
        return loose
    for stage in task.pipeline.stages:
        steps = _stage(task, stage, now)
        if steps:
            return steps
    return _out_of_queue(task, _landing(task, world, now), now)


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
        return (_supervise(running), StopAttempt(number=running.number, reason=reason))
    unsealed = (Seal(number=a.number) for a in attempts if a.work is None)
    seal = next((step for step in unsealed if not _is_given_up(task, step)), None)
    return () if seal is None else _own(task, seal, now)


def _own(task: Task, step: Start | RunAttempt | Seal | RunGate | BuildCandidate | Land, now: float) -> tuple[Step, ...]:
    """A step of foremand's own: tried again twice when it fails, then a person is asked."""
    trouble = task.trouble.get(step.key)
    if trouble is None:
        return (step,)
    if _is_given_up(task, step):
        return (Wait(on="trouble", reason=trouble.reason),)
    return _later(
        task, f"{step.key}#{trouble.count}", trouble.at + BACKOFF[trouble.count - 1], now, step, trouble.reason
    )


def _is_given_up(task: Task, step: Step) -> bool:
    trouble = task.trouble.get(step.key)
    return trouble is not None and trouble.count >= TRIES


def _later(task: Task, key: str, due: float, now: float, step: Step, why: str) -> tuple[Step, ...]:
    if key in task.times:
        return (step,)
    if now >= due:
        return (Record(fact=f.TimeCame(task=task.id, at=now, key=key)),)
    return (WakeAt(at=due, key=key), Wait(on="backoff", reason=f"{why}; tries again"))


def _supervise(attempt: Attempt) -> RunAttempt:
    return RunAttempt(
        number=attempt.number,
        stage=attempt.stage,
        agent=attempt.agent,
        entered=attempt.entered,
        resumes=attempt.resumes,
        begun=True,
    )


def _stage(task: Task, stage: Stage, now: float) -> tuple[Step, ...]:
    """What a stage still wants; nothing once it is passed."""
    attempt = task.current(stage.name)
    if attempt is None:
        return _begin(task, stage, now)
    if attempt.outcome is None:
        return _own(task, _supervise(attempt), now)
    if attempt.work is None:
        return _own(task, Seal(number=attempt.number), now)
    if attempt.outcome in TRANSIENT:
        return _away(task, stage, attempt, now)
    if attempt.outcome in HELPLESS:
        return (Wait(on="error", reason=attempt.reason, stage=stage.name),)
    why = feedback.of_attempt(stage, attempt)
    if why is not None:
        return _refuse(task, stage.name, stage.on_fail, why, now)
    return _gates(task, stage.name, stage.on_fail, attempt.work, now)


def _begin(task: Task, stage: Stage, now: float) -> tuple[Step, ...]:
    left = allowance(task, stage)
    if isinstance(left, Exhausted):
        return (Wait(on="budget", reason=left.reason, stage=stage.name),)
    step = RunAttempt(
        number=len(task.attempts) + 1,
        stage=stage.name,
        agent=stage.agent,
        entered=task.entry(stage.name),
        files=task.base if not task.attempts and task.files is None else task.files,
        resumes=_session(task, stage),
        feedback=task.feedback.get(stage.name, ""),
        cost_usd=left.cost_usd,
        turns=left.turns,
        wall_clock=left.wall_clock,
    )
    return _own(task, step, now)


def _session(task: Task, stage: Stage) -> str | None:
    """The session that a stage sent back goes on with: its last attempt's, unless resuming it has just crashed."""
    if task.session.get(stage.name) != "resume":
        return None
    last = next((a for a in reversed(task.attempts) if a.stage == stage.name), None)
    if last is None or last.agent != stage.agent or (last.outcome == "crashed" and last.resumes is not None):
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
        due = max(attempt.reset_at or ended + AWAY[-1] * min(tries, 10), ended + AWAY[0])
        waiting = _later(task, f"quota#{attempt.number}", due, now, again, attempt.reason)
        return tuple(
            Wait(on="quota", reason=attempt.reason, stage=stage.name) if isinstance(s, Wait) else s for s in waiting
        )
    if tries >= TRIES:
        return (Wait(on="error", reason=attempt.reason, stage=stage.name),)
    if attempt.outcome == "lost":
        return (again,)
    return _later(task, f"away#{attempt.number}", ended + AWAY[tries - 1], now, again, attempt.reason)


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


def _refuse(
    task: Task, name: str, on_fail: OnFail, why: str, now: float, conflict: Candidate | None = None
) -> tuple[Step, ...]:
    """Send the work back with what was wrong, or, with the limit used up, wait for a person."""
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
    )
    return (Record(fact=fact),)


def _gates(task: Task, name: str, on_fail: OnFail, work: f.Work, now: float) -> tuple[Step, ...]:
    """Machine gates at once; when all have passed, people. Nothing once all are open."""
    standings = stand(task, name, work)
    machine = [s for s in standings if s.gate.kind != "human"]
    steps: list[Step] = []
    for standing in machine:
        if find(task, standing.gate, standing.about) is None:
            steps += _ask_machine(task, standing, now)
    if steps:
        return _together(steps)
    failed = [s for s in machine if s.verdict == "fail"]
    if failed:
        return _refuse(task, name, on_fail, feedback.of_gates(task, failed), now)
    broken = [s for s in machine if not s.open]
    if broken:
        return (Wait(on="error", reason=f"{broken[0].gate.name}: {broken[0].reason}", stage=name),)
    return _people(task, name, [s for s in standings if s.gate.kind == "human"], now)


def _together(steps: list[Step]) -> tuple[Step, ...]:
    """Steps of several gates as one answer: each thing to do once, and waiting only where nothing is to be done."""
    doing = tuple({step.key: step for step in steps if not isinstance(step, Wait)}.values())
    waits = sorted((step for step in steps if isinstance(step, Wait)), key=lambda wait: wait.on == "backoff")
    busy = any(not isinstance(step, WakeAt) for step in doing)
    return doing if busy else (*doing, *waits[:1])


def _people(task: Task, name: str, standings: list[Standing], now: float) -> tuple[Step, ...]:
    steps: list[Step] = []
    for standing in standings:
        if standing.verdict is None:
            fact = f.PersonAsked(
                task=task.id,
                at=now,
                gate=standing.gate.name,
                stage=name,
                definition=standing.gate.definition,
                about=standing.about,
                revision=standing.work.revision,
                message=standing.gate.message,
            )
            steps.append(Record(fact=fact))
    if steps:
        return tuple(steps)
    closed = [s for s in standings if not s.open]
    if not closed:
        return ()
    names = ", ".join(s.gate.name for s in closed)
    return (Wait(on="person", reason=f"approve {names}?", stage=name),)


def _ask_machine(task: Task, standing: Standing, now: float) -> tuple[Step, ...]:
    """What is missing for this gate's verdict: a run, a run on the base, a second try, or writing it down."""
    gate, work = standing.gate, standing.work
    if standing.verdict == "skipped":
        return (_verdict(task, standing, "skipped", standing.reason, now),)
    if work.filtered:
        files = ", ".join(work.filtered[:3])
        reason = f"stored by a filter driver (LFS, git-crypt), which is never run: {files}"
        return (_verdict(task, standing, "error", reason, now),)
    on_work = task.runs.get(run_key(gate.definition, work.tree))
    if on_work is None or on_work.result is None:
        return _own(task, _run(task, gate, work.tree, work.revision), now)
    same = work.tree == work.base_tree
    on_base = task.runs.get(run_key(gate.definition, work.base_tree))
    finding = weigh(on_work, on_base, base=work.base, same_tree=same)
    if finding.needs_base:
        return _own(task, _run(task, gate, work.base_tree, work.base, on_base=True), now)
    if finding.verdict == "error" and on_work.tries < TRIES:
        again = _run(task, gate, work.tree, work.revision)
        if again.key in task.trouble:
            return _own(task, again, now)
        key = f"{run_key(gate.definition, work.tree)}#{on_work.tries}"
        return _later(task, key, on_work.at + BACKOFF[on_work.tries - 1], now, again, f"{gate.name}: {finding.reason}")
    return (_verdict(task, standing, finding.verdict, finding.reason, now),)


def _run(task: Task, gate: Gate, tree: str, revision: str, *, on_base: bool = False) -> RunGate:
    number = 1 + task.asked.get(run_key(gate.definition, tree), 0)
    return RunGate(gate=gate, tree=tree, revision=revision, number=number, on_base=on_base)


def _verdict(task: Task, standing: Standing, verdict: f.Verdict | None, reason: str, now: float) -> Record:
    return Record(
        fact=f.VerdictGiven(
            task=task.id,
            at=now,
            gate=standing.gate.name,
            stage=standing.stage,
            definition=standing.gate.definition,
            about=standing.about,
            revision=standing.work.revision,
            verdict=verdict or "error",
            reason=reason,
        )
    )


def source_of(task: Task) -> str:
    """The revision that the pipeline's last stage left: what is to land."""
    last = task.current(task.pipeline.stages[-1].name)
    return last.work.revision if last is not None and last.work is not None else task.base


def _landing(task: Task, world: World, now: float) -> tuple[Step, ...]:
    land, candidate, source = task.pipeline.land, task.candidate, source_of(task)
    if candidate is None or candidate.source != source:
        build = BuildCandidate(number=task.candidates + 1, source=source, base=task.base)
        return _own(task, build, now)
    if candidate.work is None:
        why = feedback.of_conflict(candidate)
        return _refuse(task, LAND, land.on_conflict, why, now, candidate)
    if candidate.empty:
        return _already_in(task, candidate.work, now)
    steps = _gates(task, LAND, land.on_fail, candidate.work, now)
    if steps:
        return steps
    if candidate.approved_by != approvers(task):  # its message names who approved
        return _own(task, BuildCandidate(number=task.candidates + 1, source=source, base=task.base), now)
    if task.blocked:
        return (Wait(on="trouble", reason=task.blocked, stage=LAND),)
    return _in_queue(task, candidate, world, now)


def _in_queue(task: Task, candidate: Candidate, world: World, now: float) -> tuple[Step, ...]:
    """Nothing but the turn to land is missing. What cannot land waits outside of the queue."""
    step = _land(candidate)
    if _is_given_up(task, step):
        return _own(task, step, now)
    if task.queued_at is None:
        return (Record(fact=f.QueueEntered(task=task.id, at=now, candidate=candidate.number)),)
    if not world.queue_turn:
        return (Wait(on="queue", reason="waits for its turn to land", stage=LAND),)
    return _own(task, step, now)


def intended(task: Task) -> Candidate | None:
    """The candidate that the branch may hold already: its landing goes first, whatever else is wanted.

    None also once the landing is given up: a person's word then counts again.
    """
    candidate = task.candidate
    if task.intent is None or candidate is None or candidate.number != task.intent.candidate:
        return None
    return None if _is_given_up(task, _land(candidate)) else candidate


def _land(candidate: Candidate) -> Land:
    assert candidate.work is not None  # noqa: S101 (a conflict never gets here)
    return Land(candidate=candidate.number, old=candidate.tip, new=candidate.work.revision, tree=candidate.work.tree)


def _already_in(task: Task, work: f.Work, now: float) -> tuple[Step, ...]:
    subject = f"revision:{work.revision}"
    answer = find(task, ALREADY_IN, subject)
    verdict = answer.verdict if answer else None
    standing = Standing(gate=ALREADY_IN, stage=LAND, about=subject, work=work, verdict=verdict)
    steps = _people(task, LAND, [standing], now)
    if steps:
        return steps
    return (Record(fact=f.Landed(task=task.id, at=now, commit=work.base, reason="already in")),)


def _out_of_queue(task: Task, steps: tuple[Step, ...], now: float) -> tuple[Step, ...]:
    """The queue waits for nobody: who must wait for another than the queue gives up the place first."""
    if task.queued_at is None:
        return steps
    for step in steps:
        if isinstance(step, Wait) and step.on not in ("queue", "backoff"):
            return (Record(fact=f.QueueLeft(task=task.id, at=now, reason=step.reason)),)
        if isinstance(step, Record) and isinstance(step.fact, f.PersonAsked):
            return (Record(fact=f.QueueLeft(task=task.id, at=now, reason=f"asks {step.fact.gate} again")),)
    return steps
