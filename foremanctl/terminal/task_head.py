"""The upper part of one task's screen: which it is, what its agent asks, what it costs, which attempt is looked at.

Pure.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from foremanctl.fleet import change, now, pipeline
from foremanctl.harmless import cells
from foremanctl.output import span
from foremanctl.records import state
from foremand.v1 import foremand_pb2 as pb

from .keys import TASK, shown
from .model import Model, asks
from .paint import BOLD, DIM, PLAIN, REVERSE, YELLOW, Line, Look, width_of, wrap
from .task_costs import spent, worst

TABS = ("output", "diff", "gates", "why")

_QUESTION = 3
"""Lines of what an agent asks that are shown here."""

_LONGEST_QUESTION = 4000  # characters that are looked at

_AHEAD = 3  # attempts that are shown from the chosen one on, wherever there are so many

_SIGNS = {"": ".", "done": ""}  # of attempts, by outcome

ANSWER = next((shown(binding) for binding in TASK if binding.action == "question"), "")
"""The key that answers an agent's question; empty where there is none."""


def head(model: Model, task: pb.Task, look: Look, columns: int) -> list[Line]:
    """Which task it is, where it stands, and what happens: in a line of its own, where there is no room for both."""
    link = [(f"{YELLOW} bold reverse", f" {model.link}... "), (PLAIN, " ")] if model.link else []
    right = f"  {change(task)} " if task.files else " "
    title = look.cut(f" {task.id}  {look.line(task.title)}", columns - cells(right) - width_of(link))
    first: Line = [*link, (BOLD, title)]
    blank = columns - width_of(first) - cells(right)
    words = look.line("; ".join(filter(None, now(task))))
    asking = asks(task)
    second: Line = [
        (PLAIN, " "),
        (f"{YELLOW} bold" if asking else BOLD, state(task)),
        (PLAIN, f"  {look.line(pipeline(task))}"),
    ]
    happens: Line = [(PLAIN, "  "), (BOLD if asking else PLAIN, words)]
    below = [[*second, *happens]] if width_of([*second, *happens]) <= columns else [second, happens]
    yours = f"yours, t gives it back: {look.line(task.workspace)}" if task.workspace else ""
    below += [[(YELLOW, f" {text}")] for text in wrap(yours, columns - 1) if text]
    return [look.fit(line, columns) for line in ([*first, (PLAIN, " " * max(0, blank)), (DIM, right)], *below)]


def questions(task: pb.Task, look: Look, columns: int) -> list[Line]:
    """What the agent waits to be allowed, word for word, and how to answer; of several the first."""
    if not task.questions:
        return []
    first, count = task.questions[0], len(task.questions)
    which = f", 1 of {count}" if count > 1 else ""
    key = f"  ({ANSWER} answers)" if ANSWER else ""
    asked = f" ? attempt {first.attempt} asks for {look.line(first.tool)}{which}{key}"
    texts = list(wrap(look.text(first.text[:_LONGEST_QUESTION].strip("\n")), columns - 5))
    kept = texts if len(texts) <= _QUESTION else texts[: _QUESTION - 1]
    left = len(texts) - len(kept)
    whole = len(first.text) + first.omitted
    lines = [[(PLAIN, "   "), (YELLOW, "| "), (PLAIN, text)] for text in kept]
    if whole > _LONGEST_QUESTION:  # nobody has counted its lines
        lines.append([(YELLOW, "   | "), (DIM, f"(the beginning of {whole} characters)")])
    elif left:
        lines.append([(YELLOW, "   | "), (DIM, f"({left} more lines)")])
    return [look.fit([(f"{YELLOW} bold", asked)], columns), *(look.fit(line, columns) for line in lines)]


def costs(task: pb.Task, detail: pb.TaskDetail | None, look: Look, columns: int) -> Line:
    """What it has cost so far, and the worst case left."""
    left = worst(detail) if detail is not None else ""
    line: Line = [(PLAIN, f" {spent(task, detail)}")]
    if left:
        line += [(PLAIN, "; "), (PLAIN, left), (DIM, ", then it asks")]
    fitted = look.fit(line, columns)
    return fitted if fitted == line else look.fit(line[:-1], columns)  # the last words explain: they may be missing


def attempts(all_: Sequence[pb.Attempt], chosen: int, look: Look, columns: int) -> Line:
    """The attempts by stage, the one that is looked at in brackets: `plan 1  implement 2 3x [4.]`. `x`: it did not
    end well, `.`: it runs. Where there is no room for all, those around the chosen one."""
    names = [look.line(f"{each.gate}?" if each.gate else each.stage) for each in all_]
    numbers = [f"{each.number}{_SIGNS.get(each.outcome, 'x')}" for each in all_]
    here = next((place for place, each in enumerate(all_) if each.number == chosen), len(all_) - 1)

    def painted(first: int, end: int) -> Line:
        line: Line = [(DIM, f" {look.ellipsis} ")] if first else [(PLAIN, " ")]
        for place in range(first, end):
            if place == first or names[place] != names[place - 1]:
                line.append((DIM, f"{'' if place == first else '  '}{names[place]}"))
            line.append((BOLD, f" [{numbers[place]}]") if place == here else (PLAIN, f" {numbers[place]}"))
        return line

    first = 0
    while first < here and width_of(painted(first, min(len(all_), here + _AHEAD))) > columns - len(look.ellipsis):
        first += 1
    return look.fit(painted(first, len(all_)), columns)


def tabs(chosen: str, told: str, look: Look, columns: int) -> Line:
    """The ways to look at a task, and what is looked at."""
    line: Line = [(PLAIN, " ")]
    for tab in TABS:
        line += [(f"{REVERSE} bold", f" {tab} ") if tab == chosen else (DIM, f" {tab} "), (PLAIN, " ")]
    return look.fit([*line, (PLAIN, "  "), (DIM, look.line(told))], columns)


def told_of(attempt: pb.Attempt, at: float) -> str:
    """One attempt in a line: `attempt 2, implement: claude, done, 4m, $0.61, 12 turns`."""
    who = f"{attempt.by}, by hand" if attempt.by else attempt.agent
    what = f"review for {attempt.gate}" if attempt.gate else attempt.stage
    parts = [who, attempt.outcome or "running", _lasted(attempt, at)]
    if not attempt.by:
        unknown = "cost unknown" if attempt.outcome else ""
        parts.append(f"${attempt.cost_usd:.2f}" if attempt.HasField("cost_usd") else unknown)
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
