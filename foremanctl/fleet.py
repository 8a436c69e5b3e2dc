"""The table of tasks: who needs you first, one line each, in as many columns as there are."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from foremand.v1 import foremand_pb2 as pb

from .harmless import cells, cut, line
from .output import Output, age, counted
from .overlaps import ordered as by_conflict
from .overlaps import touches
from .records import state
from .states import BY_YOU, ENDED, needs_person

_STYLES = {
    "WAITING": {"fg": "yellow"},
    "RUNNING": {"fg": "cyan"},
    "LANDING": {"fg": "cyan"},
    "LANDED": {"fg": "green"},
    "FAILED": {"fg": "red"},
    "REJECTED": {"fg": "red"},
}
_GAP = "  "
_STRIP = 30  # columns of the PIPELINE column, at most


@dataclass(frozen=True)
class Column:
    """One column. Where a terminal is narrower than `from_width`, it is left out; one that `shares` takes, down to
    its least width, what the others leave."""

    head: str
    from_width: int = 0
    shares: int = 0
    right: bool = False


COLUMNS = (
    Column("ID", right=True),
    Column("STATE"),
    Column("PIPELINE", from_width=90),
    Column("NOW", shares=3),
    Column("AGE", from_width=60, right=True),
    Column("COST", from_width=80, right=True),
    Column("TITLE", shares=2),
)


def ordered(tasks: Iterable[pb.Task]) -> list[pb.Task]:
    """Who needs you first, then what works, waits, stands in line, and has ended; the longest-standing first."""
    return sorted(tasks, key=lambda task: (rank(task), task.id))


def table(tasks: Sequence[pb.Task], out: Output) -> str:
    """The table, as wide as the terminal; whole where nothing limits it."""
    shown = [column for column in COLUMNS if out.width is None or out.width >= column.from_width]
    rows = [texts(task, whole=out.width is None) for task in tasks]
    widths = {
        column.head: max(len(column.head), *(cells(row[column.head]) for row in rows)) if rows else len(column.head)
        for column in shown
    }
    if out.width is not None:
        squeeze(widths, shown, out.width)
    heads = {column.head: column.head for column in shown}
    lines = [out.style(_line(heads, shown, widths), bold=True)]
    for task, row in zip(tasks, rows, strict=True):
        text = _line(row, shown, widths)
        word = row["STATE"]
        styled = out.style(word, **_STYLES.get(word, {}), bold=needs_person(task))
        # The id is all that stands before the state, so the first one is it.
        lines.append(text.replace(word, styled, 1) if styled != word else text)
    return "\n".join(lines) + "\n"


def pipeline(task: pb.Task, columns: int | None = _STRIP) -> str:
    """`plan+ [implement] land`: passed, now, to come. What is behind is counted where more than `columns` are taken."""
    steps = [*task.stages, "land"] if task.stages else []
    if task.state == pb.LANDED:
        return " ".join(f"{line(step)}+" for step in steps)
    now = steps.index(task.stage) if task.stage in steps else -1
    strip = " ".join(
        f"{line(step)}+" if index < now else f"[{line(step)}]" if index == now else line(step)
        for index, step in enumerate(steps)
    )
    if columns is not None and cells(strip) > columns and now > 0:
        strip = " ".join([f"{now}+", f"[{line(steps[now])}]", *map(line, steps[now + 1 :])])
    return strip


def texts(task: pb.Task, *, whole: bool = False) -> dict[str, str]:
    """What stands in each column; `whole`: of long pipelines all."""
    return {
        "ID": str(task.id),
        "STATE": state(task),
        "PIPELINE": pipeline(task, None) if whole else cut(pipeline(task), _STRIP),
        "NOW": line("; ".join(filter(None, now(task)))),
        "AGE": age(task.created_at),
        "COST": f"{task.cost_usd:.2f}" if task.HasField("cost_usd") else "-",
        "TITLE": line(task.title),
    }


def now(task: pb.Task) -> list[str]:
    """What happens right now, and whom it may get in the way of."""
    return [task.reason, *(touches(overlap, most=1) for overlap in by_conflict(task.overlaps))]


def change(task: pb.Task) -> str:
    """The size of its change: `7 files +120 -8`; empty where there is none."""
    return f"{counted(task.files, 'file')} +{task.added} -{task.removed}" if task.files else ""


def rank(task: pb.Task) -> int:
    """0 for who needs you, then what works, waits, stands in line, and has ended."""
    if needs_person(task) and task.waiting_for not in BY_YOU:
        return 0
    if task.state in ENDED:
        return 4
    return {pb.LANDING: 1, pb.RUNNING: 1, pb.WAITING: 2}.get(task.state, 3)


def squeeze(widths: dict[str, int], shown: Sequence[Column], width: int) -> None:
    """Makes the sharing columns as narrow as they must be, in proportion to their shares."""
    sharing = [column for column in shown if column.shares]
    taken = sum(widths[column.head] for column in shown if not column.shares) + len(_GAP) * (len(shown) - 1)
    left = width - taken
    shares = sum(column.shares for column in sharing)
    for column in sorted(sharing, key=lambda column: widths[column.head] / column.shares):
        widths[column.head] = max(min(widths[column.head], left * column.shares // shares), len(column.head))
        left -= widths[column.head]
        shares -= column.shares


def _line(row: dict[str, str], shown: Sequence[Column], widths: dict[str, int]) -> str:
    parts = []
    for column in shown:
        text = cut(row[column.head], widths[column.head])
        blank = " " * (widths[column.head] - cells(text))
        parts.append(blank + text if column.right else text + blank)
    return _GAP.join(parts).rstrip()
