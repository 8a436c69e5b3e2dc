"""What people ask, checked: each function gives the facts to write down, or refuses with a reason and a way on."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from msgspec import Struct

from . import facts as f
from . import feedback
from .landing import intended
from .nearest import nearest
from .profiles import effective
from .spec import LAND, Gate, OnFail, Pipeline
from .status import Status, status
from .task import Candidate, Task
from .verdicts import Standing, gates_at, is_tainted


class Refused(Exception):
    """A request that the task's state does not allow. `hint` names what would be the right verb."""

    def __init__(self, reason: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.hint = hint


class Who(Struct, frozen=True, kw_only=True):
    """The person, as the operating system knows them, and when they spoke."""

    name: str
    at: float


SHORTEST_REVISION = 7
"""Hexadecimal digits that a person must give at least to name a revision."""


def approve(task: Task, gate: str, revision: str, who: Who, message: str = "") -> tuple[f.AnyFact, ...]:
    """Approve one gate, or without `gate` every human gate open, on exactly that revision."""
    now = alive(task, "approve")
    asked = _asked(task, now, gate, "approve")
    same_revision(task, asked[0].work.revision, revision)
    return tuple(
        f.Approved(
            task=task.id,
            at=who.at,
            gate=s.gate.name,
            stage=s.stage,
            definition=s.gate.definition,
            about=s.about,
            revision=s.work.revision,
            by=who.name,
            message=message,
        )
        for s in asked
    )


def reject(task: Task, revision: str, who: Who, message: str = "") -> tuple[f.AnyFact, ...]:
    """End the task where it waits for a person's judgement."""
    now = alive(task, "reject")
    gate, at = _judged(task, now, "reject", revision)
    return (f.Rejected(task=task.id, at=who.at, gate=gate, revision=at, by=who.name, message=message),)


def rework(task: Task, revision: str, who: Who, message: str) -> tuple[f.AnyFact, ...]:
    """Send the work back with a person's words; as many tries are granted as the stage's `limit` has."""
    if not message.strip():
        raise Refused("MESSAGE_MISSING", "rework needs words for the agent", "say what to change with -m or -f")
    now = alive(task, "rework")
    gate, at = _judged(task, now, "rework", revision)
    conflict = conflict_of(task, now)
    heard = [feedback.of_conflict(conflict)] if conflict is not None else []
    heard.append(f"A person looked at the work and asks for changes:\n\n{message}")
    return (
        f.Reworked(task=task.id, at=who.at, gate=gate, stage=now.stage, revision=at, by=who.name, message=message),
        send_back(task, now, who, heard, to="", conflict=conflict),
    )


def cancel(task: Task, who: Who, message: str = "") -> tuple[f.AnyFact, ...]:
    """Stop the task, whatever it is at; what it made so far is kept."""
    if task.over is not None:
        raise Refused("TASK_OVER", f"task {task.id} is {task.over} already", f"foremanctl show {task.id}")
    if task.ending is not None:
        raise Refused("TASK_ENDING", f"task {task.id} is being stopped already: {task.ending.reason}")
    not_half_landed(task, status(task))
    theirs = hand_back(task, who, message) if task.handed_over else ()
    return (*theirs, f.CancelRequested(task=task.id, at=who.at, by=who.name, message=message))


def hand_back(task: Task, who: Who, message: str) -> tuple[f.AnyFact, ...]:
    """What is in the workspace that a person has taken is theirs: an attempt, to be sealed like an agent's."""
    doing = [stage.name for stage in task.pipeline.stages if stage.agent]
    stage = task.taken_stage if task.taken_stage in doing else doing[0]
    number = len(task.attempts) + 1
    return (
        f.Given(task=task.id, at=who.at, by=who.name, message=message),
        f.AttemptStarted(
            task=task.id,
            at=who.at,
            number=number,
            stage=stage,
            agent="",
            entered=task.entry(stage),
            session_id="",
            by=who.name,
        ),
        f.AttemptEnded(
            task=task.id,
            at=who.at,
            number=number,
            outcome="done",
            reason=f"by {who.name}, by hand",
            output=message,
            usage=f.Usage(cost_usd=0.0),
        ),
    )


def retry(
    task: Task,
    who: Who,
    *,
    stage: str = "",
    gate: str = "",
    agent: str = "",
    fresh: bool = False,
    message: str = "",
) -> tuple[f.AnyFact, ...]:
    """Go on where the task is stuck, in trouble, or over without having landed."""
    now = status(task)
    if task.over == "LANDED":
        raise Refused("TASK_OVER", f"task {task.id} has landed: there is nothing to try again", "submit a new task")
    if stage or gate or agent or fresh or message:
        not_half_landed(task, now)
    if task.over is None and now.waiting_for not in _RETRIED:
        raise Refused(
            "WRONG_STATE", f"task {task.id} is {now.state} ({now.reason}): nothing to retry", way_on(task, now)
        )
    stages = [each.name for each in task.pipeline.stages] if task.started is not None else []
    agents = list(task.pipeline.agents) if task.started is not None else []
    if stage and stage not in stages:
        raise no_such(task, "stage", stage, stages)
    if gate and task.gate(gate) is None:
        raise no_such(task, "gate", gate, task.gates)
    if agent and agent not in agents:
        raise no_such(task, "agent", agent, agents)
    here = now.stage or LAND
    back = _send_back(task, now, who, stage=stage, gate=gate, fresh=fresh, message=message)
    to = back.to if back is not None else here
    if agent:
        _may_do(task, to, agent)
    retried = f.Retried(
        task=task.id, at=who.at, by=who.name, stage=here, gate=gate, message=message, fresh=fresh, agent=agent, to=to
    )
    return (retried, back) if back is not None else (retried,)


def _may_do(task: Task, stage: str, agent: str) -> None:
    """Refuse an agent for a stage that has none, or whose work it is to judge."""
    if not task.has_stage(stage) or not task.pipeline.stage(stage).agent:
        raise Refused("NO_AGENT_HERE", f"no agent works at {stage}", f"foremanctl retry {task.id} --stage STAGE")
    raised = [effective(task.pipeline, [*task.profiles, name]) for name in task.pipeline.profiles]
    judging = (gate for pipeline in (task.pipeline, *raised) for gate in _judging(pipeline, stage))
    gate = next((each for each in judging if agent in each.reviewers), None)
    if gate is not None:
        raise Refused(
            "REVIEWS_IT",
            f"{agent} is to judge at gate {gate.name} what {stage} makes: nobody reviews their own work",
            "name another [agent]",
        )


def _judging(pipeline: Pipeline, stage: str) -> Iterator[Gate]:
    """The gates that are asked about what a stage makes: where it writes also those of all that comes after it."""
    names = [each.name for each in pipeline.stages]
    later = (*names[names.index(stage) :], LAND) if pipeline.stage(stage).writes else (stage,)
    return (gate for place in later for gate in gates_at(pipeline, place))


_RETRIED = frozenset({"stuck", "error", "trouble", "quota", "backoff", "needs"})
"""What a retry moves."""


def _send_back(
    task: Task, now: Status, who: Who, *, stage: str, gate: str, fresh: bool, message: str
) -> f.SentBack | None:
    """The stage that a retry runs again; None where it is enough to forget what stood in the way."""
    rejected = task.over == "REJECTED"
    wanted = bool(stage or message or fresh or rejected or now.waiting_for == "stuck")
    if task.started is None or gate or not wanted:
        return None
    conflict = None if stage or fresh else conflict_of(task, now)
    heard = [task.over_reason] if rejected else [now.why] if now.waiting_for == "stuck" else []
    if message:
        heard.append(f"A person adds:\n\n{message}")
    return send_back(task, now, who, heard, to=stage, conflict=conflict, fresh=fresh)


def send_back(
    task: Task, now: Status, who: Who, heard: Sequence[str], *, to: str, conflict: Candidate | None, fresh: bool = False
) -> f.SentBack:
    """Send the work back by a person's word: to `to`, or to where the pipeline sends it from here."""
    on_fail = task.pipeline.land.on_conflict if conflict is not None else _on_fail(task, now.stage or LAND)
    goal = to or on_fail.goto
    files = conflict.files if conflict is not None else task.entry(goal) if fresh else None
    return f.SentBack(
        task=task.id,
        at=who.at,
        stage=now.stage or LAND,
        to=goal,
        feedback="\n\n".join(heard),
        session="fresh" if fresh else on_fail.session,
        charged=False,
        base=conflict.tip if conflict is not None else None,
        base_tree=conflict.tip_tree if conflict is not None else None,
        files=files,
        flatten=is_tainted(now.standings),
    )


def conflict_of(task: Task, now: Status) -> Candidate | None:
    """The conflict with the branch at which the task is stuck: who sends it back sends the merge with it."""
    candidate = task.candidate
    stuck = now.waiting_for == "stuck" and now.stage == LAND
    return candidate if stuck and candidate is not None and candidate.work is None else None


def _on_fail(task: Task, stage: str) -> OnFail:
    return task.pipeline.land.on_fail if stage == LAND else task.pipeline.stage(stage).on_fail


def alive(task: Task, verb: str) -> Status:
    """Where the task stands; refused once it is over, or ending."""
    if task.over is not None:
        again = "submit a new task" if task.over == "LANDED" else f"foremanctl retry {task.id} takes it up again"
        raise Refused("TASK_OVER", f"task {task.id} is {task.over}: nothing to {verb}", again)
    if task.ending is not None:
        raise Refused("TASK_ENDING", f"task {task.id} is ending: {task.ending.reason}")
    return status(task)


def no_such(task: Task, what: Literal["stage", "gate", "agent"], name: str, known: Iterable[str]) -> Refused:
    """What to raise where the task has nothing of this name."""
    names = list(known)
    there = f"its {what}s are {', '.join(names)}" if names else f"it has none yet: foremanctl show {task.id}"
    return Refused(f"NO_SUCH_{what.upper()}", f"task {task.id} has no {what} {name!r}{nearest(name, names)}", there)


def not_half_landed(task: Task, now: Status) -> None:
    """Refuse where nobody knows what the branch holds."""
    if intended(task) is not None:
        into = task.submitted.into
        raise Refused(
            "TASK_LANDING",
            f"task {task.id} is landing, and {into} may hold its work already: first that must be settled",
            way_on(task, now),
        )


def _asked(task: Task, now: Status, gate: str, verb: str) -> Sequence[Standing]:
    """The human gates that stand open, or the one that is named."""
    waiting = [s for s in now.standings if s.verdict == "waiting" and now.waiting_for == "person"]
    if gate:
        named = [s for s in waiting if s.gate.name == gate]
        if named:
            return named
        answered = next((d for d in reversed(task.decisions) if d.gate == gate), None)
        if answered is not None:
            raise Refused("ALREADY_ANSWERED", f"gate {gate} was answered already: {answered.decision} by {answered.by}")
        if task.gate(gate) is None:
            raise no_such(task, "gate", gate, task.gates)
        raise Refused("GATE_NOT_OPEN", f"gate {gate} of task {task.id} waits for nobody", way_on(task, now))
    if not waiting:
        raise Refused(
            "WRONG_STATE", f"task {task.id} is {now.state} ({now.reason}): no gate to {verb}", way_on(task, now)
        )
    return waiting


def _judged(task: Task, now: Status, verb: str, revision: str) -> tuple[str, str]:
    """The gate and revision that a reject or rework answers; a stuck task has no gate."""
    stuck = now.waiting_for == "stuck"
    asked = () if stuck else _asked(task, now, "", verb)
    present = asked[0].work.revision if asked else now.revision
    if revision:
        same_revision(task, present, revision)
    return asked[0].gate.name if asked else "", present


def same_revision(task: Task, present: str, revision: str) -> None:
    """Refuse an answer that was meant for another revision."""
    if len(revision) < SHORTEST_REVISION:
        raise Refused(
            "REVISION_MISSING",
            f"name the revision that you looked at ({SHORTEST_REVISION} digits or more)",
            f"the present one is {present[:12]}: foremanctl diff {task.id}",
        )
    if not present.startswith(revision.lower()):
        raise Refused(
            "STALE_REVISION",
            f"task {task.id} is at revision {present[:12]} now, not at {revision[:12]}",
            f"look again: foremanctl diff {task.id}",
        )


def way_on(task: Task, now: Status) -> str:
    """The verb that fits where the task stands; where it goes on by itself, how to wait for it."""
    from .why import commands  # the two lean on each other: what is refused here is explained there

    if not now.waiting_for or now.waiting_for == "queue":
        return f"foremanctl wait {task.id}"
    looks = tuple(f"foremanctl {verb} " for verb in ("diff", "logs", "list"))
    return next((way for way in commands(task, now) if not way.startswith(looks)), f"foremanctl why {task.id}")
