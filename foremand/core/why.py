"""Why a task stands where it does, and the commands that would move it."""

from .facts import Usage
from .landing import intended
from .spec import LAND
from .status import Status, status
from .task import Task


def explain(task: Task) -> tuple[str, ...]:
    """Why, in plain lines: the state, the gates at this place, the last attempt, what has been sent back."""
    now = status(task)
    lines = [f"task {task.id} is {now.state}: {now.reason or 'nothing else to say'}"]
    if now.stage:
        where = "landing" if now.stage == LAND else f"stage {now.stage}"
        lines.append(f"it stands at {where}" + (f", revision {now.revision[:12]}" if now.revision else ""))
    for standing in now.standings:
        verdict = standing.verdict or "not asked yet"
        lines.append(f"gate {standing.gate.name}: {verdict}" + (f" ({standing.reason})" if standing.reason else ""))
    if task.attempts:
        last = task.attempts[-1]
        ended = f"{last.outcome}: {last.reason}" if last.outcome else "is running"
        lines.append(f"attempt {last.number} ({last.stage}, {last.agent}) {ended}{_used(last.usage)}")
    times = {stage: f"{count} times" if count > 1 else "once" for stage, count in task.sent_back.items() if count}
    lines += [f"{stage} was sent back {often}" for stage, often in times.items()]
    if task.started is not None and not task.started.sandboxed:
        lines.append("unsandboxed: agents and gates run without bubblewrap here")
    return tuple(lines)


def _used(usage: Usage) -> str:
    if usage.cost_usd is None:
        return ", cost unknown" if usage.tokens else ""
    return f", ${usage.cost_usd:.2f}"


def commands(task: Task, now: Status) -> tuple[str, ...]:
    """What would move the task, the most likely first, as one would type it."""
    ways = _ways(task, now)
    return ways if intended(task) is None else tuple(way for way in ways if way != f"foremanctl cancel {task.id}")


def _more(reason: str) -> str:
    """A higher limit of the kind that is reached, as one would give it."""
    kind = reason.removeprefix("limit ").partition(":")[0]
    return {"cost_usd": "cost_usd=10", "turns": "turns=200", "wall_clock": "wall_clock=4h"}.get(kind, "attempts=24")


def _ways(task: Task, now: Status) -> tuple[str, ...]:
    this = str(task.id)
    rev = now.revision[:12]
    match now.waiting_for:
        case "person":
            return (
                f"foremanctl diff {this}",
                f"foremanctl approve {this} --revision {rev}",
                f'foremanctl rework {this} -m "what to change"',
                f'foremanctl reject {this} -m "why"',
            )
        case "stuck":
            return (
                *(f"foremanctl logs {this} --gate {s.gate.name}" for s in now.standings if s.verdict == "fail"),
                f"foremanctl diff {this}",
                f'foremanctl retry {this} -m "a hint for the agent"',
                f'foremanctl rework {this} -m "what to change"',
                f'foremanctl reject {this} -m "why"',
            )
        case "error" | "trouble":
            return (f"foremanctl retry {this}", f"foremanctl logs {this}", f"foremanctl cancel {this}")
        case "budget":
            return (f"foremanctl limit {this} {_more(now.reason)}", f"foremanctl cancel {this}")
        case "quota" | "backoff":
            return (f"foremanctl retry {this}", f"foremanctl cancel {this}")
        case "queue":
            return ("foremanctl list", f"foremanctl cancel {this}")
    if now.state in ("FAILED", "REJECTED", "CANCELLED"):
        return (f"foremanctl retry {this}", f"foremanctl diff {this}")
    if now.state == "LANDED":
        return ()
    return (f"foremanctl logs {this} -f", f"foremanctl cancel {this}")
