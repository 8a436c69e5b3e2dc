"""One task for a person to read: what `show` prints, and what is shown before an approval."""

from collections.abc import Iterable, Sequence

from foremand.v1 import foremand_pb2 as pb

from .fleet import pipeline
from .harmless import cells, line, lines
from .output import Output, age
from .records import state

UNSANDBOXED = "unsandboxed: nothing confines its agents and gates"


def describe(detail: pb.TaskDetail, out: Output) -> str:
    """Everything known of a task, in sections; those with nothing in them are left out."""
    task = detail.task
    sections = [
        [out.style(line(f"{task.id}  {state(task)}  {task.title}"), bold=True), *_indent([task.reason])],
        _facts(detail),
        _section("gates", _grid(_gate_row(gate) for gate in task.gates), out),
        _section("attempts", _grid(_attempt_row(attempt) for attempt in detail.attempts), out),
        _section("answers", [_answer(approval) for approval in detail.approvals], out),
        _section("left out of the work", detail.notes, out),
        _section("feedback to the agent", lines(detail.feedback).splitlines(), out),
        _section("prompt", lines(detail.prompt).splitlines(), out),
    ]
    return "\n\n".join("\n".join(section) for section in sections if section) + "\n"


def _facts(detail: pb.TaskDetail) -> list[str]:
    task = detail.task
    cost = f"${task.cost_usd:.2f}" if task.HasField("cost_usd") else "unknown"
    files = "1 file" if task.files == 1 else f"{task.files} files"
    change = f"{files} +{task.added} -{task.removed}" if task.files else ""
    known = {
        "pipeline": pipeline(task),
        "from": f"{detail.pipeline_origin} {detail.pipeline_hash[:12]}".strip(),
        "repository": task.repo,
        "into": task.into,
        "branch": task.branch,
        "base": detail.base[:12],
        "revision": task.revision,
        "change": change,
        "landed": task.landed_commit,
        "cost": f"{cost}, {task.tokens} tokens",
        "submitted": f"{age(task.created_at)} ago, changed {age(task.updated_at)} ago",
        "sandbox": UNSANDBOXED if task.unsandboxed else "",
    }
    width = max(map(len, known))
    return [f"  {name:<{width}}  {line(value)}" for name, value in known.items() if value]


def _gate_row(gate: pb.Gate) -> tuple[str, ...]:
    return (
        gate.stage,
        gate.name,
        gate.kind,
        gate.verdict or "not asked yet",
        gate.revision[:12] or "-",
        gate.reason,
    )


def _attempt_row(attempt: pb.Attempt) -> tuple[str, ...]:
    cost = f"${attempt.cost_usd:.2f}" if attempt.HasField("cost_usd") else "-"
    exit_code = f"exit {attempt.exit_code}" if attempt.HasField("exit_code") else "-"
    return (
        str(attempt.number),
        attempt.stage,
        attempt.agent,
        attempt.outcome or "running",
        exit_code,
        attempt.revision[:12] or "-",
        cost,
        f"{attempt.turns} turns",
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


def _grid(rows: Iterable[tuple[str, ...]]) -> list[str]:
    grid = [tuple(line(cell) for cell in row) for row in rows]
    widths = [max(map(cells, column)) for column in zip(*grid, strict=True)]
    return [_padded(row, widths) for row in grid]


def _padded(row: tuple[str, ...], widths: list[int]) -> str:
    return "  ".join(cell + " " * (width - cells(cell)) for cell, width in zip(row, widths, strict=True)).rstrip()
