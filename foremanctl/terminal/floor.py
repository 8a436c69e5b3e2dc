"""The floor: one line for each task, who needs you first. Pure: a model and a size make the lines."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from foremanctl.fleet import COLUMNS, Column, change, pipeline, squeeze, texts
from foremanctl.harmless import cells
from foremanctl.output import age
from foremanctl.states import ENDED
from foremand.v1 import foremand_pb2 as pb

from .header import header
from .model import Model, asks, described
from .paint import BOLD, CYAN, DIM, GREEN, PLAIN, RED, REVERSE, YELLOW, Line, Look, hints, over, padded

_GAP = "  "
_STRIP = 30  # columns of the PIPELINE column, at most

_COLORS = {
    "WAITING": YELLOW,
    "RUNNING": CYAN,
    "LANDING": CYAN,
    "LANDED": GREEN,
    "FAILED": RED,
    "REJECTED": RED,
}

_COLUMNS = (
    *(column for column in COLUMNS if column.head != "TITLE"),
    Column("CHANGE", from_width=120, right=True),
    *(column for column in COLUMNS if column.head == "TITLE"),
)

Entry = int | str
"""A task's id, or the repository whose tasks follow."""

NO_TASKS = (
    "No tasks yet. n writes one; in a shell: foremanctl submit 'what to do'.",
    "? shows all keys. q leaves this screen; agents work on.",
)
NEWCOMER = "enter opens a task, ? shows all keys, q leaves this screen: nothing stops."
NEWCOMER_TASKS = 3
"""Up to this many tasks somebody may be new here: then the hint stands below them, where there is room."""


def entries(model: Model) -> list[Entry]:
    """What stands below the columns' heads, line by line."""
    if not model.floor.by_repo:
        return list(model.shown)
    found: list[Entry] = []
    repo = None
    for id_ in model.shown:
        if model.tasks[id_].repo != repo:
            repo = model.tasks[id_].repo
            found.append(repo)
        found.append(id_)
    return found


def body_rows(rows: int) -> int:
    """How many lines of a floor of `rows` lines show tasks."""
    return max(1, rows - 4)


def first_row(count: int, place: int, rows: int, top: int) -> int:
    """The entry to begin with, as near to `top` as it may be with the one at `place` in sight."""
    top = min(max(top, place - rows + 1), place)
    return max(0, min(top, count - rows))


def lines(model: Model, look: Look, rows: int, columns: int, top: int) -> list[Line]:
    """The whole screen. `top`: the entry to begin with."""
    found = entries(model)
    seen = found[top : top + body_rows(rows)]
    table = _table(model, look, seen, columns)
    blank = max(0, body_rows(rows) - len(seen))
    rest: list[Line] = [[] for _ in range(blank)]
    for place, text in enumerate(_hint(model)):
        if place + 1 < blank:
            rest[place + 1] = look.fit([(DIM, f" {text}")], columns)
    more = [described(model.floor), f"{top + len(seen)} of {len(found)}" if len(found) > len(seen) else ""]
    bottom = [_selected(model, look, columns, "  ".join(filter(None, more))), hints(keys_now(model), columns)]
    return [header(model, look, columns), *table, *rest, *bottom][:rows]


def keys_now(model: Model) -> list[tuple[str, str]]:
    """The keys that matter now, the most useful first."""
    task = model.selected
    waits = any(asks(each) for each in model.tasks.values())
    rest = [("/", "filter"), ("n", "new")]
    if task is None:
        return [("n", "new")]
    mine: list[tuple[str, str]] = [("enter", "open")]
    if task.state == pb.WAITING and task.waiting_for == "person":
        mine += [("a", "approve"), ("x", "reject"), ("w", "rework")]
    elif task.state == pb.WAITING and task.waiting_for in {"stuck", "error"}:
        mine += [("r", "retry"), ("w", "rework"), ("d", "diff")]
    elif task.waiting_for == "question":
        mine += [("Q", "answer")]
    elif task.waiting_for in {"paused", "budget", "quota"}:
        mine += [("p", "resume")]
    elif task.workspace:
        mine += [("t", "give")]
    elif task.state in ENDED:
        mine += [("d", "diff")] + ([("r", "retry")] if task.state != pb.LANDED else [])
    else:
        mine += [("s", "send"), ("p", "pause")]
    return [*mine, *([("tab", "next for you")] if waits else []), *rest]


def _hint(model: Model) -> Sequence[str]:
    if model.cursor < 0:
        return ()
    if not model.tasks:
        return NO_TASKS
    if not model.shown:
        return ("Nothing to show here. esc shows all that is going on, h what ended long ago.",)
    return (NEWCOMER,) if len(model.tasks) <= NEWCOMER_TASKS else ()


def _table(model: Model, look: Look, seen: Sequence[Entry], columns: int) -> list[Line]:
    tasks = {entry: model.tasks[entry] for entry in seen if isinstance(entry, int)}
    now = datetime.fromtimestamp(model.now, UTC)
    rows = {id_: _texts(task, look, now) for id_, task in tasks.items()}
    shown = [column for column in _COLUMNS if columns >= column.from_width]
    widths = {
        column.head: max(len(column.head), *(cells(row[column.head]) for row in rows.values()))
        if rows
        else len(column.head)
        for column in shown
    }
    widths["ID"] = max(widths["ID"], len(str(max(model.tasks, default=0))))
    squeeze(widths, shown, columns - 1)
    head = _GAP.join(padded(column.head, widths[column.head], right=column.right) for column in shown)
    found: list[Line] = [look.fit([(BOLD, f" {head}")], columns)]
    for entry in seen:
        if isinstance(entry, str):
            number = sum(model.tasks[id_].repo == entry for id_ in model.shown)
            found.append(look.fit([(BOLD, f" {look.line(_short(entry))}"), (DIM, f"  {number}")], columns))
            continue
        line = look.fit(_row(tasks[entry], rows[entry], shown, widths, look), columns - 1)
        marked = entry == model.floor.selected
        line = [(PLAIN, ">" if marked else " "), *line]
        found.append(over(line, REVERSE, columns) if marked else line)
    return found


def _texts(task: pb.Task, look: Look, now: datetime) -> dict[str, str]:
    known = _KNOWN.get(task.id)
    if known is None or known[0] is not task or known[1] is not look:
        found = {head: look.line(text) for head, text in texts(task).items()}
        found["PIPELINE"] = look.cut(look.line(pipeline(task)), _STRIP)
        found["CHANGE"] = f"+{task.added} -{task.removed}" if task.files else "-"
        known = _KNOWN[task.id] = (task, look, found)
    return known[2] | {"AGE": age(task.created_at, now)}


_KNOWN: dict[int, tuple[pb.Task, Look, dict[str, str]]] = {}
"""The texts of tasks that are still the same: cleaning and measuring them is most of what a picture takes."""


def _row(task: pb.Task, row: dict[str, str], shown: Sequence[Column], widths: dict[str, int], look: Look) -> Line:
    line: Line = []
    for column in shown:
        width = widths[column.head]
        text = padded(look.cut(row[column.head], width), width, right=column.right)
        style = PLAIN
        if column.head == "STATE":
            style = f"{_COLORS.get(row['STATE'], PLAIN)}{' bold' if asks(task) else ''}".strip()
        elif column.head == "NOW" and asks(task):
            style = BOLD
        elif task.state in ENDED or column.head in {"AGE", "COST", "CHANGE"}:
            style = DIM
        line += [(style, text), (PLAIN, _GAP)]
    return line[:-1]


def _selected(model: Model, look: Look, columns: int, more: str) -> Line:
    """What there is to know of the selected task beyond its line."""
    task = model.selected
    right = f" {look.cut(look.line(more), columns // 2)}" if more else ""
    parts = []
    if task is not None:
        parts += [change(task)] if task.files else []
        parts += [f"revision {task.revision[:7]}"] if task.revision else []
        parts += [f"yours at {look.line(task.workspace)}"] if task.workspace else []
        parts += ["unsandboxed"] if task.unsandboxed else []
        parts += [] if model.floor.by_repo else [look.line(_short(task.repo))]
        parts.append(f"changed {age(task.updated_at, datetime.fromtimestamp(model.now, UTC))} ago")
    left = columns - cells(right)
    told = look.cut(f" {task.id}: {'   '.join(parts)}", left) if task is not None else ""
    return [(DIM, padded(told, left)), (YELLOW, right)] if right else [(DIM, told)]


def _short(repo: str) -> str:
    """A repository's path as people say it."""
    home = str(Path("~").expanduser())
    return f"~{repo[len(home) :]}" if repo == home or repo.startswith(f"{home}/") else repo
