"""Why a task stands where it does, and the commands that would move it."""

from collections.abc import Iterable, Sequence
from math import ceil

from .durations import written
from .facts import Usage
from .landing import intended
from .limits import enough
from .needs import COMES_AFTER
from .questions import open_questions
from .spec import LAND
from .status import FOR_A_SLOT, Status, status
from .task import Task
from .verdicts import is_waivable


def explain(task: Task, others: Iterable[Task] = ()) -> tuple[str, ...]:
    """Why, in plain lines: the state, the gates at this place, the last attempt, what has been sent back.

    `others` are those among which one is named that holds an agent slot for which this one waits.
    """
    now = status(task)
    lines = [f"task {task.id} is {now.state}: {now.reason or 'nothing else to say'}"]
    holders = [str(other.id) for other in others if other.id != task.id and _at_work(other)]
    if now.reason.endswith(FOR_A_SLOT) and holders:
        lines.append(f"agents are at work on {', '.join(holders)}; priority {task.priority} (the higher goes first)")
    if now.stage:
        where = "landing" if now.stage == LAND else f"stage {now.stage}"
        lines.append(f"it stands at {where}" + (f", revision {now.revision[:12]}" if now.revision else ""))
    for standing in now.standings:
        verdict = standing.verdict or "not asked yet"
        advisory = "advisory gate" if standing.gate.advisory else "gate"
        lines.append(
            f"{advisory} {standing.gate.name}: {verdict}" + (f" ({standing.reason})" if standing.reason else "")
        )
    if task.profile:
        by = f", raised by {', '.join(task.raised_by[:3])}" if task.raised_by else ""
        lines.append(f"profile {task.profile}{by}")
    if task.attempts:
        last = task.attempts[-1]
        ended = f"{last.outcome}: {last.reason}" if last.outcome else "is running"
        who = last.by or last.agent
        lines.append(f"attempt {last.number} ({last.gate or last.stage}, {who}) {ended}{_used(last.usage)}")
    times = {stage: f"{count} times" if count > 1 else "once" for stage, count in task.sent_back.items() if count}
    lines += [f"{stage} was sent back {often}" for stage, often in times.items()]
    if task.started is not None and not task.started.sandboxed:
        lines.append("unsandboxed: agents and gates run without bubblewrap here")
    return tuple(lines)


def _at_work(task: Task) -> bool:
    last = task.attempts[-1] if task.attempts else None
    return task.over is None and last is not None and last.outcome is None and not last.by


def _used(usage: Usage) -> str:
    if usage.cost_usd is None:
        return ", cost unknown" if usage.tokens else ""
    return f", ${usage.cost_usd:.2f}"


def commands(task: Task, now: Status) -> tuple[str, ...]:
    """What would move the task, the most likely first, as one would type it."""
    ways = _ways(task, now)
    if now.reason.endswith(FOR_A_SLOT):
        ways = (f"foremanctl priority {task.id} {task.priority + 1}", *ways)
    settled = intended(task) is None and task.ending is None
    return ways if settled else tuple(way for way in ways if way != f"foremanctl cancel {task.id}")


def _more(task: Task, reason: str) -> tuple[str, ...]:
    """A higher limit of the kind that is reached, as one would give it; none where the floor allows no higher one."""
    kind = reason.removeprefix("limit ").partition(":")[0]
    raised = enough(task, kind)
    if raised is None:
        return ()
    shown = (
        written(ceil(raised / 60) * 60) if kind == "wall_clock" else f"{raised:.2f}" if kind == "cost_usd" else raised
    )
    return (f"limit {task.id} {kind}={shown}",)


def _ways(task: Task, now: Status) -> tuple[str, ...]:
    closed = (s.gate for s in now.standings if not s.open and s.verdict in ("fail", "error"))
    listed: dict[str, Sequence[str]] = {
        "CLOSED_GATES": [f"logs {task.id} --gate {gate.name}" for gate in closed if gate.kind in _SPEAKING],
        "WAIVE": [f'waive {task.id} {s.gate.name} -m "why"' for s in now.standings if is_waivable(task, s)],
        "ANSWER": [
            f"answer {task.id} {answer} --question {question.key}"
            for question in open_questions(task)[:1]
            for answer in ("allow", "deny")
        ],
        "NEEDS": [f"show {number}" for number in task.after],
        "WITHOUT": [] if now.reason.startswith(COMES_AFTER) else [f"retry {task.id}"],
        "MORE": _more(task, now.reason) if now.waiting_for == "budget" and task.held is None else (),
    }
    known = {"id": task.id, "rev": now.revision[:12]}
    situation = "day" if now.waiting_for == "budget" and task.held is not None else now.waiting_for or now.state
    ways: list[str] = []
    for way in _WAYS.get(situation, _GOES_ON):
        ways += listed[way] if way in listed else [way.format(**known)]
    return tuple(f"foremanctl {way}" for way in ways)


_SPEAKING = ("command", "secrets", "review")
"""Kinds of gates that say more than their reason: a program's output, where the secrets are, what reviewers found."""

_ENDED = ("retry {id}", "diff {id}")
_GOES_ON = ("logs {id} -f", "cancel {id}")
_REWORK = 'rework {id} -m "what to change"'
_REJECT = 'reject {id} -m "why"'

_WAYS: dict[str, tuple[str, ...]] = {
    "person": ("diff {id}", "approve {id} --revision {rev}", _REWORK, _REJECT, "take {id}"),
    "stuck": (
        "CLOSED_GATES",
        "diff {id}",
        'retry {id} -m "a hint for the agent"',
        _REWORK,
        "WAIVE",
        "take {id}",
        _REJECT,
    ),
    "error": ("retry {id}", "CLOSED_GATES", "logs {id}", "WAIVE", "cancel {id}"),
    "trouble": ("retry {id}", "logs {id}", "cancel {id}"),
    "budget": ("MORE", "take {id}", "cancel {id}"),
    "day": ("resume {id}", "costs", "config", "cancel {id}"),
    "quota": ("resume {id}", "cancel {id}"),
    "backoff": ("retry {id}", "cancel {id}"),
    "needs": ("NEEDS", "WITHOUT", "cancel {id}"),
    "paused": ("resume {id}", "cancel {id}"),
    "question": ("ANSWER", "logs {id}", "take {id}", "cancel {id}"),
    "taken": ("give {id}", 'give {id} --rework -m "what is left to do"', "cancel {id}"),
    "queue": ("queue", "cancel {id}"),
    "FAILED": _ENDED,
    "REJECTED": _ENDED,
    "CANCELLED": _ENDED,
    "LANDED": (),
}
"""What moves a task, by whom it waits for, else by its state; words in capitals stand for several commands."""
