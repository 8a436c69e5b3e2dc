"""The core's words in the wire's words."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

from foremand.core import queue
from foremand.core.costs import Cost
from foremand.core.feedback import headline
from foremand.core.questions import open_questions
from foremand.core.spec import LAND, Gate, Limits
from foremand.core.status import Status, status
from foremand.core.task import Attempt, Question, Task, run_key
from foremand.core.verdicts import Standing, gates_at, stand
from foremand.core.worst import worst_case_left
from foremand.engine.overlaps import Overlap
from foremand.v1 import foremand_pb2 as pb

OUTPUT = 16_000
"""Characters of a gate's output that a task's details have, from its end."""

HANDED_ON = 200_000
"""Characters of what a stage handed on, a plan for instance, that a task's details have."""


def when(at: float | None) -> str:
    """RFC 3339 in UTC with milliseconds; empty for never."""
    if at is None:
        return ""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Wire:
    """Tasks as `list` and `show` show them, each made once for as long as nothing about it changes.

    `everyone` gives all tasks and `overlaps` those that touch the same files as one: both change without the task.
    """

    def __init__(self, everyone: Callable[[], Iterable[Task]], overlaps: Callable[[int], Sequence[Overlap]]) -> None:
        self._everyone = everyone
        self._overlaps = overlaps
        self._made: dict[int, tuple[Task, tuple[int, bool, tuple[Overlap, ...]], pb.Task]] = {}

    def task(self, found: Task) -> pb.Task:
        """The task's message; not to be changed."""
        around = (self._place(found), self._nobody(found), tuple(self._overlaps(found.id)))
        known = self._made.get(found.id)
        if known is None or known[0] is not found or known[1] != around:
            message = task(found)
            message.queue_position, nobody, others = around
            if nobody:
                message.waiting_for = ""
            message.overlaps.extend(map(overlap, others))
            known = self._made[found.id] = (found, around, message)
        return known[2]

    def detail(self, found: Task) -> pb.TaskDetail:
        """The task's message with all that is known of it."""
        message = detail(found)
        message.task.CopyFrom(self.task(found))
        del message.task.gates[:]
        message.task.gates.extend(gates(found, status(found), outputs=True))
        return message

    def _place(self, found: Task) -> int:
        """Its place in its landing queue, from 1 on; 0 where it stands in none."""
        if found.queued_at is None or found.over is not None:
            return 0
        line = queue.order(self._everyone(), queue.target(found))
        return next((number for number, each in enumerate(line, 1) if each.id == found.id), 0)

    def _nobody(self, found: Task) -> bool:
        """Whether all that it waits for is other tasks, which may still land: nobody has to do anything."""
        if found.held is None or found.held.on != "needs":
            return False
        return all(each.over in (None, "LANDED") for each in self._everyone() if each.id in found.after)


def task(found: Task) -> pb.Task:
    """A task as its own facts tell it: without its place in the queue, and without what others change."""
    now = status(found)
    latest = next((a for a in reversed(found.attempts) if a.work is not None), None)
    work = latest.work if latest is not None else None
    message = pb.Task(
        id=found.id,
        title=found.submitted.title,
        repo=found.submitted.repo,
        branch=found.submitted.branch or "",
        into=found.submitted.into,
        profile=found.profile,
        state=now.state,
        reason=now.reason,
        stage=now.stage,
        attempt=found.attempts[-1].number if found.attempts else 0,
        revision=now.revision,
        landed_commit=found.landed_commit,
        tokens=found.tokens,
        created_at=when(found.created_at),
        updated_at=when(found.updated_at),
        gates=gates(found, now),
        unsandboxed=found.started is not None and not found.started.sandboxed,
        files=work.files if work else 0,
        added=work.added if work else 0,
        removed=work.removed if work else 0,
        stages=[stage.name for stage in found.pipeline.stages] if found.started else [],
        waiting_for=now.waiting_for,
        workspace=found.handed_over if found.taken else "",
        priority=found.priority,
        after=found.after,
        raised_by=found.raised_by,
        questions=map(_question, open_questions(found)),
    )
    if found.cost_usd is not None and any(a.outcome for a in found.attempts):
        message.cost_usd = found.cost_usd
    return message


def _question(asked: Question) -> pb.Question:
    return pb.Question(
        key=asked.key,
        tool=asked.tool,
        text=asked.text,
        attempt=asked.attempt,
        asked_at=when(asked.at),
        omitted=asked.omitted,
    )


def overlap(found: Overlap) -> pb.Overlap:
    """Another task whose change touches the same files."""
    return pb.Overlap(id=found.id, title=found.title, files=found.files, conflicts=found.conflicts)


def gates(found: Task, now: Status, *, outputs: bool = False) -> list[pb.Gate]:
    """Every gate of the pipeline, stage by stage, with its verdict on the work that stands there now."""
    if found.started is None:
        return []
    listed: list[pb.Gate] = []
    for name in (*(stage.name for stage in found.pipeline.stages), LAND):
        standings = now.standings if name == now.stage else _elsewhere(found, name)
        asked = {standing.gate.name: standing for standing in standings}
        known = {gate.name: gate for gate in gates_at(found.pipeline, name)}
        for gate in {**known, **{standing.gate.name: standing.gate for standing in standings}}.values():
            standing = asked.get(gate.name)
            message = _gate(gate, name, standing)
            if outputs and standing is not None:
                message.output = _output(found, standing)[-OUTPUT:]
            listed.append(message)
    return listed


def _elsewhere(found: Task, name: str) -> tuple[Standing, ...]:
    if name == LAND:
        candidate = found.candidate
        work = candidate.work if candidate is not None else None
    else:
        attempt = found.current(name)
        work = attempt.work if attempt is not None else None
        if not found.pipeline.stage(name).agent:
            work = work or found.work_before(name)
    return stand(found, name, work) if work is not None else ()


def _gate(gate: Gate, stage: str, standing: Standing | None) -> pb.Gate:
    message = pb.Gate(name=gate.name, kind=gate.kind, stage=stage, advisory=gate.advisory, paths=gate.paths)
    if standing is not None:
        message.verdict = standing.verdict or ""
        message.revision = standing.work.revision
        message.reason = standing.reason
        message.flaky = standing.flaky
    return message


def _output(found: Task, standing: Standing) -> str:
    """What the gate printed; of a review, what its reviewers wrote."""
    if standing.gate.kind == "review":
        runs = found.reviews(standing.gate.name, standing.gate.definition, standing.about)
        return "\n\n".join(f"{run.agent}:\n{run.output}" for run in runs if run.output)
    run = found.runs.get(run_key(standing.gate.definition, standing.ran_on))
    return run.output if run is not None else ""


def detail(found: Task) -> pb.TaskDetail:
    """What `show` has beyond the task itself."""
    started = found.started
    last = found.attempts[-1] if found.attempts else None
    now = status(found)
    return pb.TaskDetail(
        prompt=found.submitted.prompt,
        attempts=[attempt(each, handed_on=_stands(found, each)) for each in found.attempts],
        approvals=[
            pb.Approval(
                gate=d.gate,
                decision=d.decision,
                revision=d.revision,
                by=d.by,
                at=when(d.at),
                message=d.message,
            )
            for d in found.decisions
        ],
        base=found.base,
        pipeline_hash=started.pipeline_hash if started else "",
        pipeline_origin=started.origin if started else "",
        feedback=found.feedback.get(now.stage, "") if last else "",
        notes=last.notes if last else (),
        limits=pb.Limits(**{name: getattr(found.limits, name) for name in found.limits.__struct_fields__}),
        worst_case=_worst_case(found),
    )


def _worst_case(found: Task) -> pb.WorstCase | None:
    if found.started is None or found.over is not None:
        return None
    left = worst_case_left(found)
    return pb.WorstCase(agent_runs=left.agent_runs, cost_usd=left.cost_usd)


def _stands(found: Task, each: Attempt) -> bool:
    """Whether the attempt stands for its stage."""
    return not each.gate and found.current(each.stage) is each


def attempt(each: Attempt, *, handed_on: bool = False) -> pb.Attempt:
    """One run of an agent, or a person's work; `handed_on`: with what it handed on."""
    message = pb.Attempt(
        stage=each.stage,
        number=each.number,
        agent=each.agent,
        outcome=each.outcome or "",
        session_id=each.session_id,
        revision=each.work.revision if each.work else "",
        tokens=each.usage.tokens,
        turns=each.usage.turns,
        started_at=when(each.started_at),
        ended_at=when(each.ended_at),
        reason=headline(each.reason),
        gate=each.gate,
        by=each.by,
        output=each.output[:HANDED_ON] if handed_on else "",
    )
    if each.exit_code is not None:
        message.exit_code = each.exit_code
    if each.outcome is not None and each.usage.cost_usd is not None:
        message.cost_usd = each.usage.cost_usd
    return message


def cost(found: Cost) -> pb.Cost:
    """What attempts cost together."""
    message = pb.Cost(
        day=found.day,
        agent=found.agent,
        repo=found.repo,
        task=found.task,
        known_usd=found.known_usd,
        tokens=found.tokens,
        attempts=found.attempts,
        unknown=found.unknown,
    )
    if found.cost_usd is not None:
        message.cost_usd = found.cost_usd
    return message


def limits(message: pb.Limits) -> Limits:
    """Limits given with a submit. What is not given is None."""
    return Limits(
        cost_usd=message.cost_usd if message.HasField("cost_usd") else None,
        tokens=message.tokens if message.HasField("tokens") else None,
        turns=message.turns if message.HasField("turns") else None,
        wall_clock=message.wall_clock if message.HasField("wall_clock") else None,
        stall=message.stall if message.HasField("stall") else None,
        attempts=message.attempts if message.HasField("attempts") else None,
    )
