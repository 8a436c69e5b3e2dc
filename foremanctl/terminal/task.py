"""One task in full: its gates with what they said, why it stands where it stands, what its agents were told. Pure."""

from collections.abc import Sequence

from foremanctl.describe import describe
from foremanctl.harmless import cells
from foremanctl.output import Output
from foremanctl.overlaps import ordered, touches
from foremand.v1 import foremand_pb2 as pb

from .paint import BOLD, DIM, GREEN, PLAIN, RED, YELLOW, Line, Look, padded, width_of, wrap

_TAIL = 12
"""Lines of a refused gate's output that are shown while it is folded."""

_WIDEST = 20
"""Cells of a column of gates, at most."""

_VERDICTS = {"pass": GREEN, "fail": RED, "error": RED, "waiting": f"{YELLOW} bold", "waived": YELLOW}


def gates(detail: pb.TaskDetail, look: Look, columns: int, *, unfolded: bool) -> list[Line]:
    """Every gate with its verdict, and what it said: of a refusal its end, in full where `unfolded`."""
    found: list[Line] = []
    rows = [
        (look.line(gate.stage), look.line(gate.name), gate.verdict or "not asked yet") for gate in detail.task.gates
    ]
    widths = [min(_WIDEST, max(map(cells, column))) for column in zip(*rows, strict=True)]
    for gate, row in zip(detail.task.gates, rows, strict=True):
        stage, name, verdict = (padded(look.cut(text, width), width) for text, width in zip(row, widths, strict=True))
        about = ", ".join([gate.kind, *["advisory"] * gate.advisory, *["flaky"] * gate.flaky])
        reason = look.line(gate.reason)
        line: Line = [
            (PLAIN, f" {stage}  "),
            (BOLD, f"{name}  "),
            (_VERDICTS.get(gate.verdict, DIM), verdict),
        ]
        more: Line = [(DIM, f"  {about}"), (PLAIN, f"  {reason}" if reason else "")]
        if width_of([*line, *more]) <= columns:
            found.append([*line, *more])
        else:
            found.append(look.fit(line, columns))
            found += [[(PLAIN, f"    {text}")] for text in wrap(f"{about}  {reason}".rstrip(), columns - 4)]
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
