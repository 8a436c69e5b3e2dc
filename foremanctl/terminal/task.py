"""One task in full: its head, its gates with what they said, why it stands where it stands. Pure."""

from collections.abc import Sequence
from datetime import UTC, datetime

from foremanctl.describe import describe
from foremanctl.fleet import now, pipeline
from foremanctl.harmless import cells
from foremanctl.output import Output, span
from foremanctl.overlaps import ordered, touches
from foremanctl.records import state
from foremand.v1 import foremand_pb2 as pb

from .model import Model, asks
from .paint import BOLD, DIM, GREEN, PLAIN, RED, REVERSE, YELLOW, Line, Look, padded, width_of, wrap

TABS = ("output", "gates", "why")

_TAIL = 12
"""Lines of a refused gate's output that are shown while it is folded."""

_VERDICTS = {"pass": GREEN, "fail": RED, "error": RED, "waiting": f"{YELLOW} bold", "waived": YELLOW}


def head(model: Model, task: pb.Task, look: Look, columns: int) -> list[Line]:
    """Which task it is, and where it stands."""
    link = [(f"{YELLOW} bold reverse", f" {model.link}... "), (PLAIN, " ")] if model.link else []
    cost = f"${task.cost_usd:.2f}" if task.HasField("cost_usd") else "cost unknown"
    change = f"  {task.files} files +{task.added} -{task.removed}" if task.files else ""
    right = f"{change}  {cost} "
    title = look.cut(f" {task.id}  {look.line(task.title)}", columns - cells(right) - width_of(link))
    first: Line = [*link, (BOLD, title)]
    blank = columns - sum(cells(text) for _, text in first) - cells(right)
    words = look.line("; ".join(filter(None, now(task))))
    second: Line = [
        (PLAIN, " "),
        (f"{YELLOW} bold" if asks(task) else BOLD, state(task)),
        (PLAIN, f"  {look.line(pipeline(task))}  "),
        (BOLD if asks(task) else PLAIN, words),
    ]
    return [look.fit([*first, (PLAIN, " " * max(0, blank)), (DIM, right)], columns), look.fit(second, columns)]


def tabs(chosen: str, told: str, look: Look, columns: int) -> Line:
    """The three ways to look at a task, and what is looked at."""
    line: Line = [(PLAIN, " ")]
    for tab in TABS:
        line += [(f"{REVERSE} bold", f" {tab} ") if tab == chosen else (DIM, f" {tab} "), (PLAIN, " ")]
    return look.fit([*line, (PLAIN, "  "), (DIM, look.line(told))], columns)


def told_of(attempt: pb.Attempt, at: float) -> str:
    """One attempt in a line: `attempt 2 of implement: claude, done, 4m, $0.61, 12 turns`."""
    who = f"{attempt.by}, by hand" if attempt.by else attempt.agent
    what = f"review for {attempt.gate}" if attempt.gate else attempt.stage
    parts = [who, attempt.outcome or "running", _lasted(attempt, at)]
    if not attempt.by:
        parts.append(f"${attempt.cost_usd:.2f}" if attempt.HasField("cost_usd") else "cost unknown")
        parts.append(f"{attempt.turns} turns" if attempt.turns else "")
    return f"attempt {attempt.number}, {what}: {', '.join(filter(None, parts))}"


def _lasted(attempt: pb.Attempt, at: float) -> str:
    began, ended = _seconds(attempt.started_at), _seconds(attempt.ended_at)
    return "" if began is None else span((at if ended is None else ended) - began)


def _seconds(at: str) -> float | None:
    try:
        return datetime.fromisoformat(at).astimezone(UTC).timestamp()
    except ValueError:
        return None


def gates(detail: pb.TaskDetail, look: Look, columns: int, *, unfolded: bool) -> list[Line]:
    """Every gate with its verdict, and what it said: of a refusal its end, in full where `unfolded`."""
    found: list[Line] = []
    for gate in detail.task.gates:
        verdict = gate.verdict or "not asked yet"
        about = ", ".join([gate.kind, *["advisory"] * gate.advisory, *["flaky"] * gate.flaky])
        found.append(
            look.fit(
                [
                    (PLAIN, f" {padded(look.line(gate.stage), 10)} "),
                    (BOLD, f"{padded(look.line(gate.name), 16)} "),
                    (_VERDICTS.get(gate.verdict, DIM), f"{padded(verdict, 8)} "),
                    (DIM, f"{about}  "),
                    (PLAIN, look.line(gate.reason)),
                ],
                columns,
            )
        )
        found += _said(gate, look, columns, unfolded=unfolded)
    return found or [[(DIM, " this pipeline has no gates, or has not been read yet")]]


def _said(gate: pb.Gate, look: Look, columns: int, *, unfolded: bool) -> list[Line]:
    texts = list(wrap(look.text(gate.output.strip("\n")), columns - 4)) if gate.output.strip() else []
    refused = gate.verdict in {"fail", "error"}
    kept = texts if unfolded else texts[-_TAIL:] if refused else []
    left = len(texts) - len(kept)
    lines: list[Line] = [[(DIM, f"    ({left} line{'' if left == 1 else 's'} folded, z)")]] if left else []
    return lines + [[(DIM, "  | "), (PLAIN, text)] for text in kept]


def why(explanation: pb.Explanation | None, detail: pb.TaskDetail, look: Look, columns: int) -> list[Line]:
    """Why it stands there, what would move it, and all else that is known of it."""
    found: list[Line] = []
    if explanation is not None:
        said = [*explanation.lines, *(f"{touches(each)} ({each.title})" for each in ordered(detail.task.overlaps))]
        found += [[(PLAIN, f" {text}")] for each in said for text in wrap(look.line(each), columns - 1)]
        if explanation.commands:
            found += [[(BOLD, " what would move it")]]
            commands = (text for each in explanation.commands for text in wrap(look.line(each), columns - 3))
            found += [[(PLAIN, f"   {text}")] for text in commands]
        found.append([])
    out = Output()
    out.color = False
    text = look.text(describe(detail, out).partition("\n\n")[2])
    found += [[(PLAIN, f" {line}")] for line in wrap(text, columns - 1)]
    return found


def feedback_of(facts: Sequence[tuple[str, dict[str, object]]], attempt: int) -> str:
    """What was said to the agent before this attempt: why the work was sent back, and what people wrote. `facts` are
    the task's own events, types with their fields, in order."""
    told: list[str] = []
    for type_, data in facts:
        if type_ == "SentBack":
            told = [str(data.get("feedback", ""))]
        elif type_ == "Said":
            told.append(str(data.get("message", "")))
        elif type_ == "AttemptStarted":
            if data.get("number") == attempt:
                return "\n\n".join(filter(None, told)) if not data.get("gate") else ""
            told = told if data.get("gate") else []
    return ""
