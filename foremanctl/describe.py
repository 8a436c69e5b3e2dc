"""One task for a person to read: what `show` prints, and what is shown before an approval."""

from collections.abc import Collection, Iterable, Sequence

from foremand.v1 import foremand_pb2 as pb

from .asked import left_out
from .fleet import change, pipeline
from .grid import grid
from .harmless import line, lines
from .limits import shown
from .messages import Message, told
from .output import Output, age
from .overlaps import ordered, touches
from .records import state

UNSANDBOXED = "unsandboxed: nothing confines its agents and gates"


def describe(detail: pb.TaskDetail, out: Output, sent: Iterable[Message] = ()) -> str:
    """Everything known of a task, in sections; those with nothing in them are left out. `sent`: to its agents."""
    task = detail.task
    sections = [
        [out.style(line(f"{task.id}  {state(task)}  {task.title}"), bold=True), *_indent([task.reason])],
        _facts(detail),
        *(_section(f"asks to be allowed, as {line(each.key)}", _asks(each), out) for each in task.questions),
        _section("overlaps", [_overlap(overlap) for overlap in ordered(detail.task.overlaps)], out),
        _section("gates", grid(_gate_row(gate) for gate in task.gates), out),
        _section("attempts", grid(_attempt_row(attempt) for attempt in detail.attempts), out),
        _section("answers", [_answer(approval) for approval in detail.approvals], out),
        _section("messages to the agent", [told(message) for message in sent], out),
        _section("left out of the work", detail.notes, out),
        _section("feedback to the agent", lines(detail.feedback).splitlines(), out),
        _section("prompt", lines(detail.prompt).splitlines(), out),
    ]
    return "\n\n".join("\n".join(section) for section in sections if section) + "\n"


def before_approval(detail: pb.TaskDetail, gates: Collection[str]) -> list[str]:
    """What a person should know who is about to approve at these gates, beside the change itself."""
    task = detail.task
    told = [f"profile {profile(task)}"] if task.raised_by else []
    told += [UNSANDBOXED] if task.unsandboxed else []
    told += [_overlap(overlap) for overlap in ordered(task.overlaps)]
    for gate in task.gates:
        if gate.advisory and gate.verdict in {"fail", "error"}:
            told.append(f"advisory gate {gate.name} ({gate.stage}): {gate.verdict}, {gate.reason}")
        if gate.flaky:
            told.append(f"gate {gate.name} ({gate.stage}) is flaky: it failed on the same files before it passed")
    before = next((a for a in reversed(detail.approvals) if a.gate in gates and a.decision == "approved"), None)
    if before is not None:
        told.append(
            f"{before.by} approved {before.revision[:12]} here {age(before.at)} ago; what has changed since: "
            f"foremanctl diff {task.id} --since-approval"
        )
    return told


def _facts(detail: pb.TaskDetail) -> list[str]:
    task = detail.task
    cost = f"${task.cost_usd:.2f}" if task.HasField("cost_usd") else "unknown"
    known = {
        "pipeline": pipeline(task, None),
        "from": f"{detail.pipeline_origin} {detail.pipeline_hash[:12]}".strip(),
        "profile": profile(task),
        "repository": task.repo,
        "into": task.into,
        "branch": task.branch,
        "base": detail.base[:12],
        "revision": task.revision,
        "change": change(task),
        "landed": task.landed_commit,
        "after": ", ".join(map(str, task.after)),
        "priority": str(task.priority or ""),
        "in queue": f"number {task.queue_position} to land on {task.into}" if task.queue_position else "",
        "yours at": task.workspace,
        "cost": f"{cost}, {task.tokens} tokens",
        "limits": shown(detail.limits),
        "at worst": _worst(detail),
        "submitted": f"{age(task.created_at)} ago, changed {age(task.updated_at)} ago",
        "sandbox": UNSANDBOXED if task.unsandboxed else "",
    }
    width = max(map(len, known))
    return [f"  {name:<{width}}  {line(value)}" for name, value in known.items() if value]


def _worst(detail: pb.TaskDetail) -> str:
    if not detail.HasField("worst_case"):
        return ""
    left = detail.worst_case
    runs = "1 more agent run" if left.agent_runs == 1 else f"{left.agent_runs} more agent runs"
    cost = f"${left.cost_usd:.2f} more" if left.HasField("cost_usd") else "no limit to what they cost"
    return f"{runs}, {cost}, before it asks a person"


def profile(task: pb.Task) -> str:
    """The profile that holds, and the files for which the change was raised to it."""
    return f"{task.profile}, raised by {', '.join(task.raised_by)}" if task.raised_by else task.profile


def _overlap(overlap: pb.Overlap) -> str:
    return f"{touches(overlap, most=8)} ({overlap.title})"


def _asks(question: pb.Question) -> list[str]:
    what = f"{question.tool}, by attempt {question.attempt}:"
    return [what, *lines(question.text).splitlines(), left_out(question)]


def _gate_row(gate: pb.Gate) -> tuple[str, ...]:
    return (
        gate.stage,
        gate.name,
        f"{gate.kind}, advisory" if gate.advisory else gate.kind,
        f"{gate.verdict}, flaky" if gate.flaky else gate.verdict or "not asked yet",
        gate.revision[:12] or "-",
        gate.reason,
    )


def _attempt_row(attempt: pb.Attempt) -> tuple[str, ...]:
    cost = f"${attempt.cost_usd:.2f}" if attempt.HasField("cost_usd") else "-"
    exit_code = f"exit {attempt.exit_code}" if attempt.HasField("exit_code") else "" if attempt.by else "-"
    return (
        str(attempt.number),
        attempt.stage,
        f"for {attempt.gate}" if attempt.gate else "",
        f"{attempt.by}, by hand" if attempt.by else attempt.agent,
        attempt.outcome or "running",
        exit_code,
        attempt.revision[:12] or "-",
        "" if attempt.by else cost,
        "" if attempt.by else f"{attempt.turns} turns",
        f"{age(attempt.started_at)} ago",
        attempt.reason,
    )


def _answer(approval: pb.Approval) -> str:
    said = f": {approval.message}" if approval.message else ""
    return (
        f"{approval.decision} {approval.gate} at {approval.revision[:12]} by {approval.by}, "
        f"{age(approval.at)} ago{said}"
    )


def _section(title: str, body: Sequence[str], out: Output) -> list[str]:
    return [out.style(title, bold=True), *_indent(body)] if body else []


def _indent(body: Iterable[str]) -> list[str]:
    return [f"  {lines(text)}" for text in body if text]
