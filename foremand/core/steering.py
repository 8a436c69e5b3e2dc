"""What people do with a task beside answering gates: hold it, tell it something, work on it by hand, change its rules.

As in `commands`, each function gives the facts to write down, or refuses with a reason and a way on.
"""

from msgspec import Struct

from . import facts as f
from . import feedback, questions
from .commands import (
    Refused,
    Who,
    alive,
    conflict_of,
    hand_back,
    no_such,
    not_half_landed,
    same_revision,
    send_back,
    way_on,
)
from .profiles import effective
from .spec import LAND, Limits, Pipeline, Stage
from .status import Status
from .task import Message, Task
from .verdicts import is_of_floor, is_tainted, is_waivable


def limit(task: Task, limits: Limits, who: Who) -> tuple[f.AnyFact, ...]:
    """Set limits of the task anew, none above the floor. What is reached holds it up no longer once it is raised."""
    given = {name: value for name in limits.__struct_fields__ if (value := getattr(limits, name)) is not None}
    if not given:
        raise Refused("LIMIT_INVALID", "no limit was given", f"foremanctl limit {task.id} cost_usd=10")
    if any(value <= 0 for value in given.values()):
        raise Refused("LIMIT_INVALID", "a limit must be more than 0", f"foremanctl limit {task.id} cost_usd=10")
    alive(task, "limit")
    if task.started is not None:
        check_floor(task.pipeline, limits)
    return (f.LimitsChanged(task=task.id, at=who.at, limits=limits, by=who.name),)


def prioritize(task: Task, priority: int, who: Who) -> tuple[f.AnyFact, ...]:
    """Give the task another place among those that wait for a slot. Nothing where it has that priority already."""
    alive(task, "prioritize")
    if priority == task.priority:
        return ()
    return (f.Prioritized(task=task.id, at=who.at, priority=priority, by=who.name),)


def check_floor(pipeline: Pipeline, limits: Limits) -> None:
    """Refuse limits above those that the floor allows."""
    for name in limits.__struct_fields__:
        asked, most = getattr(limits, name), getattr(pipeline.floor.limits, name)
        if asked is not None and most is not None and asked > most:
            raise Refused(
                "LIMIT_ABOVE_FLOOR",
                f"{name}: the floor allows at most {most:g}, not {asked:g}",
                f"give at most {most:g}, or change [floor] where it stands: in the pipeline file or in your settings",
            )


def waive(task: Task, gate: str, revision: str, who: Who, message: str) -> tuple[f.AnyFact, ...]:
    """Let one gate that refused, or gave no answer, pass on the present revision alone. Never a floor's."""
    if not message.strip():
        raise Refused("MESSAGE_MISSING", "a waiver needs its reason", f'foremanctl waive {task.id} {gate} -m "why"')
    now = alive(task, "waive")
    standing = next((s for s in now.standings if s.gate.name == gate), None)
    if standing is None:
        if task.gate(gate) is None:
            raise no_such(task, "gate", gate, task.gates)
        reason = f"task {task.id} is {now.state} ({now.reason}) and does not stand at gate {gate}"
        raise Refused("WRONG_STATE", reason, f"foremanctl why {task.id}")
    if revision:
        same_revision(task, standing.work.revision, revision)
    if is_of_floor(task, standing.gate):
        raise Refused("FLOOR_GATE", f"gate {gate} belongs to the floor: nobody may waive it", way_on(task, now))
    if standing.gate.advisory:
        reason = f"gate {gate} is advisory: it never blocks, so there is nothing to waive"
        raise Refused("WRONG_STATE", reason, way_on(task, now))
    if now.waiting_for not in ("stuck", "error") or not is_waivable(task, standing):
        verdict = standing.verdict or "not asked yet"
        raise Refused("WRONG_STATE", f"gate {gate} is {verdict}: there is nothing to waive", way_on(task, now))
    return (
        f.Waived(
            task=task.id,
            at=who.at,
            gate=gate,
            stage=standing.stage,
            definition=standing.gate.definition,
            about=standing.about,
            revision=standing.work.revision,
            by=who.name,
            message=message,
        ),
    )


def pause(task: Task, who: Who) -> tuple[f.AnyFact, ...]:
    """Have the task stand still: its agent is interrupted, its session kept."""
    now = alive(task, "pause")
    if task.paused:
        raise Refused("WRONG_STATE", f"task {task.id} is paused already", way_on(task, now))
    if now.state not in ("QUEUED", "RUNNING"):
        raise Refused("WRONG_STATE", f"task {task.id} is {now.state} ({now.reason}): nothing runs", way_on(task, now))
    return (f.Paused(task=task.id, at=who.at, by=who.name),)


def resume(task: Task, who: Who) -> tuple[f.AnyFact, ...]:
    """Let a paused task go on, or one that waits for the end of a quota."""
    now = alive(task, "resume")
    if not task.paused and now.waiting_for == "budget" and task.held is None:
        raise Refused("WRONG_STATE", f"task {task.id} has used up a limit: {now.reason}", way_on(task, now))
    if not task.paused and now.waiting_for not in ("quota", "budget"):
        raise Refused("WRONG_STATE", f"task {task.id} is {now.state} ({now.reason}), not paused", way_on(task, now))
    return (f.Resumed(task=task.id, at=who.at, by=who.name),)


def say(task: Task, text: str, who: Who, key: str = "", *, interrupt: bool = False) -> tuple[f.AnyFact, ...]:
    """Tell the agent something: the one that runs, if it hears, else the next. `key` is a UUID.

    `interrupt`: the one that runs leaves what it is at, and goes on with this.
    """
    if not text.strip():
        raise Refused("MESSAGE_MISSING", "there is nothing to send", f'foremanctl send {task.id} "what to say"')
    now = alive(task, "send")
    if now.state != "RUNNING":
        raise Refused("WRONG_STATE", f"task {task.id} is {now.state} ({now.reason}): no agent runs", way_on(task, now))
    return (f.Said(task=task.id, at=who.at, by=who.name, message=text, key=key, interrupt=interrupt),)


def listens(task: Task, number: int) -> bool:
    """Whether this attempt runs, hears, and is still wanted. Reviewers are told nothing."""
    attempt = task.attempt(number)
    if attempt is None or attempt.outcome is not None or attempt.void or attempt.gate or not attempt.hears:
        return False
    return task.over is None and task.ending is None and not task.paused and not task.taken


def unheard(task: Task, number: int) -> tuple[Message, ...]:
    """What this attempt, as it runs, is to be told."""
    return tuple(message for message in task.said if message.key) if listens(task, number) else ()


def answer(task: Task, key: str, allow: bool, message: str, who: Who) -> tuple[f.AnyFact, ...]:
    """Answer one question; without `key` the one that is open. The first of two answers wins."""
    now = alive(task, "answer")
    asked = questions.open_questions(task)
    known = next((q for q in task.questions if q.key == key), None) if key else None
    if known is not None and known.allow is not None:
        said = "allowed" if known.allow else "denied"
        raise Refused("ALREADY_ANSWERED", f"this question was answered already: {said} by {known.by}")
    if not asked or (key and known not in asked):
        what = f"no question {key}" if key else "no question"
        raise Refused("NO_QUESTION", f"task {task.id} is {now.state} ({now.reason}): {what} is open", way_on(task, now))
    if not key and len(asked) > 1:
        keys = ", ".join(q.key for q in asked)
        raise Refused("QUESTION_MISSING", f"{len(asked)} questions are open: {keys}", f"foremanctl show {task.id}")
    question = known or asked[0]
    fact = f.QuestionAnswered(
        task=task.id,
        at=who.at,
        number=question.attempt,
        key=question.key,
        allow=allow,
        by=who.name,
        message=message,
    )
    return (fact,)


def take(task: Task, who: Who) -> tuple[f.AnyFact, ...]:
    """Have the workspace handed over to a person. Its agent is stopped, what it made is sealed."""
    now = alive(task, "take")
    if task.taken:
        raise Refused("ALREADY_TAKEN", f"task {task.id} is taken by {task.taken} already", way_on(task, now))
    not_half_landed(task, now)
    conflict = conflict_of(task, now)
    if conflict is not None or is_tainted(now.standings):
        # The merge with its markers is theirs to resolve; a secret in what was sealed is left out by the next seal.
        heard = feedback.of_conflict(conflict) if conflict is not None else now.why
        back = send_back(task, now, who, [heard], to="", conflict=conflict)
        return (back, f.Taken(task=task.id, at=who.at, by=who.name, stage=back.to))
    return (f.Taken(task=task.id, at=who.at, by=who.name, stage=_to_work_on(task, now)),)


def _to_work_on(task: Task, now: Status) -> str:
    """The stage that a person's work stands for: where the task is, at a checkpoint the one that is judged there.

    At landing it is the last writer; before the start it is not known yet.
    """
    if task.started is None:
        return ""
    done = task.pipeline.stages[: task.pipeline.index(now.stage) + 1] if task.has_stage(now.stage) else ()
    return next((stage.name for stage in reversed(done) if stage.agent), task.pipeline.last_writer.name)


def give(task: Task, message: str, who: Who, *, rework: bool) -> tuple[f.AnyFact, ...]:
    """Give the workspace back: what is in it is sealed as this person's, and judged like anyone's.

    `rework`: it is not judged; the stage's agent goes on from it.
    """
    now = alive(task, "give")
    if not task.taken or not task.handed_over:
        why = "is being made ready still" if task.taken else "was not taken"
        raise Refused("NOT_TAKEN", f"task {task.id} {why}", way_on(task, now))
    if rework and not message.strip():
        raise Refused("MESSAGE_MISSING", "say what is left to do", f'foremanctl give {task.id} --rework -m "..."')
    facts = hand_back(task, who, message)
    if not rework:
        return facts
    stage = next(fact.stage for fact in facts if isinstance(fact, f.AttemptStarted))
    back = f.SentBack(
        task=task.id,
        at=who.at,
        stage=stage,
        to=stage,
        feedback=f"A person worked on it, and says:\n\n{message}",
        charged=False,
    )
    return (*facts, back)


class Today(Struct, frozen=True, kw_only=True):
    """A pipeline file as it is now. `works`: what stands of a task, by attempt, as its gates see it."""

    pipeline: Pipeline
    digest: str
    origin: str
    works: dict[int, f.Work] = {}


def repin(task: Task, today: Today | None, who: Who) -> tuple[f.AnyFact, ...]:
    """Have the task take today's pipeline file. What it has passed by definitions that stayed the same stays passed."""
    now = alive(task, "repin")
    if task.started is None or today is None:
        why = f"task {task.id} has not started: it reads the file when it does"
        raise Refused("WRONG_STATE", why, way_on(task, now))
    not_half_landed(task, now)
    if today.digest == task.started.pipeline_hash:
        raise Refused("NOTHING_NEW", f"task {task.id} has today's pipeline file already", f"foremanctl why {task.id}")
    if any(a.outcome is not None and a.work is None and not (a.gate or a.void) for a in task.attempts):
        # What is being sealed is looked at by the gates of the file that was: by others it would not be judged.
        raise Refused("WRONG_STATE", f"the work of task {task.id} is not sealed yet", f"foremanctl why {task.id}")
    unseen = [a for a in task.attempts if a.work is not None and not a.void and a.number not in today.works]
    if unseen:
        raise Refused("WRONG_STATE", f"task {task.id} has just gone on", f"once more: foremanctl repin {task.id}")
    why = _does_not_fit(task, today.pipeline)
    if why:
        raise Refused("REPIN_IMPOSSIBLE", f"the file {why}", "submit what is left as a new task")
    fact = f.Repinned(
        task=task.id,
        at=who.at,
        pipeline=today.pipeline,
        pipeline_hash=today.digest,
        origin=today.origin,
        by=who.name,
        works=today.works,
    )
    return (fact,)


def _does_not_fit(task: Task, pipeline: Pipeline) -> str:
    """Why a task that has come this far cannot go on by another file; empty where it can."""
    missing = [name for name in task.profiles if name and name not in pipeline.profiles]
    if missing:
        return f"has no profile {missing[0]!r}, which holds for this task"
    ran = [attempt for attempt in task.attempts if attempt.stage != LAND]
    stages = {stage.name: stage for stage in effective(pipeline, task.profiles).stages}
    for name in (*(attempt.stage for attempt in ran), *filter(None, [task.taken_stage])):
        if name not in stages or _does(stages[name]) != _does(task.pipeline.stage(name)):
            return f"has no stage {name!r} like the one that was worked on for this task"
    running = task.running_attempt
    if running is not None and not running.gate and running.agent not in pipeline.agents:
        return f"has no agent {running.agent!r}, which is at work"
    return ""


def _does(stage: Stage) -> tuple[str, bool]:
    return stage.access, bool(stage.agent)
