"""The stable JSON names: what a script can rely on. More names may be added, none is taken away.

What is not there is null: an unknown cost is not 0, and a gate that was not asked yet has no verdict.
"""

import json
from collections.abc import Iterable
from typing import Any

from foremand.v1 import foremand_pb2 as pb

from .limits import KEYS

Record = dict[str, Any]


def task(of: pb.Task) -> Record:
    """A task, as `list` shows it."""
    return {
        "id": of.id,
        "title": of.title,
        "repo": of.repo,
        "branch": of.branch or None,
        "into": of.into or None,
        "profile": of.profile or None,
        "state": state(of),
        "reason": of.reason,
        "stage": of.stage or None,
        "attempt": of.attempt,
        "revision": of.revision or None,
        "landed_commit": of.landed_commit or None,
        "cost_usd": _cost(of),
        "tokens": of.tokens,
        "created_at": of.created_at or None,
        "updated_at": of.updated_at or None,
        "gates": [_gate(gate) for gate in of.gates],
        "waiting_for": of.waiting_for or None,
        "stages": list(of.stages),
        "unsandboxed": of.unsandboxed,
        "files": of.files,
        "added": of.added,
        "removed": of.removed,
        "overlaps": [overlap(each) for each in of.overlaps],
        "priority": of.priority,
        "after": list(of.after),
        "raised_by": list(of.raised_by),
        "workspace": of.workspace or None,
        "queue_position": of.queue_position or None,
        "questions": [_question(each) for each in of.questions],
    }


def detail(of: pb.TaskDetail) -> Record:
    """A task with everything known of it, as `show` gives it."""
    return task(of.task) | {
        "gates": [_gate(gate) | {"output": gate.output or None} for gate in of.task.gates],
        "prompt": of.prompt,
        "attempts": [_attempt(attempt) for attempt in of.attempts],
        "approvals": [_approval(approval) for approval in of.approvals],
        "base": of.base or None,
        "pipeline_hash": of.pipeline_hash or None,
        "pipeline_origin": of.pipeline_origin or None,
        "feedback": of.feedback or None,
        "notes": list(of.notes),
        "limits": {name: getattr(of.limits, name) for name in KEYS if of.limits.HasField(name)},
    }


def overlap(of: pb.Overlap) -> Record:
    """Another task that changes the same files."""
    return {"id": of.id, "title": of.title, "files": list(of.files), "conflicts": list(of.conflicts)}


def pruned(of: pb.Pruned) -> Record:
    """Something that has been kept long enough."""
    return {"task": of.task or None, "what": of.what, "path": of.path, "bytes": of.bytes}


def finding(of: pb.VerifyFinding) -> Record:
    """What was proved again, and whether it holds."""
    return {"task": of.task or None, "ok": of.ok, "check": of.check, "detail": of.detail}


def cost(of: pb.Cost, by: Iterable[str]) -> Record:
    """What attempts cost together, with the names that they were put together `by`."""
    return {name: getattr(of, name) for name in by} | {
        "cost_usd": _cost(of),
        "known_usd": of.known_usd,
        "tokens": of.tokens,
        "attempts": of.attempts,
        "unknown": of.unknown,
    }


def event(of: pb.Event) -> Record:
    """One event: its own fields beside `seq`, `at`, `task` and `type`, which always win."""
    try:
        data = json.loads(of.data) if of.data else {}
    except ValueError:
        data = of.data.decode(errors="backslashreplace")
    fields = data if isinstance(data, dict) else {"data": data}
    head = {"seq": of.seq, "at": of.at, "task": of.task, "type": of.type}
    return head | {name: value for name, value in fields.items() if name not in head}


def state(of: pb.Task) -> str:
    """The state's plain name. A state of a later version has its number for a name."""
    try:
        return pb.TaskState.Name(of.state)
    except ValueError:
        return str(of.state)


def _question(of: pb.Question) -> Record:
    return {
        "key": of.key,
        "tool": of.tool,
        "text": of.text,
        "attempt": of.attempt,
        "asked_at": of.asked_at or None,
        "omitted": of.omitted,
    }


def _gate(of: pb.Gate) -> Record:
    return {
        "name": of.name,
        "kind": of.kind,
        "stage": of.stage,
        "verdict": of.verdict or None,
        "revision": of.revision or None,
        "reason": of.reason,
        "advisory": of.advisory,
        "flaky": of.flaky,
    }


def _attempt(of: pb.Attempt) -> Record:
    return {
        "stage": of.stage,
        "number": of.number,
        "agent": of.agent,
        "outcome": of.outcome or None,
        "exit_code": of.exit_code if of.HasField("exit_code") else None,
        "session_id": of.session_id or None,
        "revision": of.revision or None,
        "cost_usd": _cost(of),
        "tokens": of.tokens,
        "turns": of.turns,
        "started_at": of.started_at or None,
        "ended_at": of.ended_at or None,
        "reason": of.reason,
        "gate": of.gate or None,
        "by": of.by or None,
    }


def _approval(of: pb.Approval) -> Record:
    return {
        "gate": of.gate,
        "decision": of.decision,
        "revision": of.revision,
        "by": of.by,
        "at": of.at,
        "message": of.message,
    }


def _cost(of: pb.Task | pb.Attempt | pb.Cost) -> float | None:
    return of.cost_usd if of.HasField("cost_usd") else None
