"""The core's words in the wire's words."""

from datetime import UTC, datetime

from foremand.core.feedback import headline
from foremand.core.spec import LAND, Limits
from foremand.core.status import Status, status
from foremand.core.task import Attempt, Task
from foremand.core.verdicts import Standing, gates_at, stand
from foremand.v1 import foremand_pb2 as pb


def when(at: float | None) -> str:
    """RFC 3339 in UTC with milliseconds; empty for never."""
    if at is None:
        return ""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Wire:
    """Tasks as `list` shows them, each made once for as long as the task stays as it is."""

    def __init__(self) -> None:
        self._made: dict[int, tuple[Task, pb.Task]] = {}

    def task(self, found: Task) -> pb.Task:
        """The task's message; not to be changed."""
        known = self._made.get(found.id)
        if known is None or known[0] is not found:
            known = self._made[found.id] = (found, task(found))
        return known[1]


def task(found: Task) -> pb.Task:
    """A task as `list` shows it."""
    now = status(found)
    latest = next((a for a in reversed(found.attempts) if a.work is not None), None)
    work = latest.work if latest is not None else None
    message = pb.Task(
        id=found.id,
        title=found.submitted.title,
        repo=found.submitted.repo,
        branch=found.submitted.branch or "",
        into=found.submitted.into,
        profile="",
        state=now.state,
        reason=now.reason,
        stage=now.stage,
        attempt=found.attempts[-1].number if found.attempts else 0,
        revision=now.revision,
        landed_commit=found.landed_commit,
        tokens=sum(a.usage.tokens for a in found.attempts),
        created_at=when(found.created_at),
        updated_at=when(found.updated_at),
        gates=gates(found, now),
        unsandboxed=found.started is not None and not found.started.sandboxed,
        files=work.files if work else 0,
        added=work.added if work else 0,
        removed=work.removed if work else 0,
        stages=[stage.name for stage in found.pipeline.stages] if found.started else [],
        waiting_for=now.waiting_for,
    )
    if found.cost_usd is not None and any(a.outcome for a in found.attempts):
        message.cost_usd = found.cost_usd
    return message


def gates(found: Task, now: Status) -> list[pb.Gate]:
    """Every gate of the pipeline, stage by stage, with its verdict on the work that stands there now."""
    if found.started is None:
        return []
    listed: list[pb.Gate] = []
    for name in (*(stage.name for stage in found.pipeline.stages), LAND):
        standings = now.standings if name == now.stage else _elsewhere(found, name)
        asked = {standing.gate.name: standing for standing in standings}
        shown = dict.fromkeys([*(gate.name for gate in gates_at(found.pipeline, name)), *asked])
        for gate in shown:
            kind = asked[gate].gate.kind if gate in asked else found.pipeline.gates[gate].kind
            listed.append(_gate(gate, kind, name, asked.get(gate)))
    return listed


def _elsewhere(found: Task, name: str) -> tuple[Standing, ...]:
    if name == LAND:
        candidate = found.candidate
        work = candidate.work if candidate is not None else None
    else:
        attempt = found.current(name)
        work = attempt.work if attempt is not None else None
    return stand(found, name, work) if work is not None else ()


def _gate(name: str, kind: str, stage: str, standing: Standing | None) -> pb.Gate:
    gate = pb.Gate(name=name, kind=kind, stage=stage)
    if standing is not None:
        gate.verdict = standing.verdict or ""
        gate.revision = standing.work.revision
        gate.reason = standing.reason
    return gate


def detail(found: Task) -> pb.TaskDetail:
    """A task as `show` shows it."""
    started = found.started
    last = found.attempts[-1] if found.attempts else None
    now = status(found)
    return pb.TaskDetail(
        task=task(found),
        prompt=found.submitted.prompt,
        attempts=[attempt(each) for each in found.attempts],
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
    )


def attempt(each: Attempt) -> pb.Attempt:
    """One run of an agent."""
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
    )
    if each.exit_code is not None:
        message.exit_code = each.exit_code
    if each.outcome is not None and each.usage.cost_usd is not None:
        message.cost_usd = each.usage.cost_usd
    return message


def limits(message: pb.Limits) -> Limits:
    """Limits given with a submit. What is not given is None."""
    return Limits(
        cost_usd=message.cost_usd if message.HasField("cost_usd") else None,
        turns=message.turns if message.HasField("turns") else None,
        wall_clock=message.wall_clock if message.HasField("wall_clock") else None,
        attempts=message.attempts if message.HasField("attempts") else None,
    )
