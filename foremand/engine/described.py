"""A task as data for programs outside: the names are the contract's, as in foremanctl's JSON."""

from datetime import UTC, datetime
from typing import Any

from foremand.core.status import status
from foremand.core.task import Task


def described(task: Task) -> dict[str, Any]:
    """What a notification says of a task. Times are RFC 3339 UTC; an unknown cost is None, never 0."""
    now = status(task)
    return {
        "id": task.id,
        "title": task.submitted.title,
        "repo": task.submitted.repo,
        "branch": task.submitted.branch,
        "into": task.submitted.into,
        "profile": task.profile or None,
        "state": now.state,
        "reason": now.reason,
        "stage": now.stage or None,
        "attempt": len(task.attempts),
        "revision": now.revision or None,
        "landed_commit": task.landed_commit or None,
        "cost_usd": task.cost_usd if task.attempts else None,
        "tokens": task.tokens,
        "created_at": _when(task.created_at),
        "updated_at": _when(task.updated_at),
        "gates": [
            {
                "name": standing.gate.name,
                "kind": standing.gate.kind,
                "stage": standing.stage,
                "verdict": standing.verdict,
                "revision": standing.work.revision,
                "reason": standing.reason,
            }
            for standing in now.standings
        ],
    }


def _when(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
