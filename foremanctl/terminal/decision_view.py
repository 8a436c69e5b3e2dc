"""The decision screen, painted: a head, the files beside the page, and the keys that matter now. No I/O."""

from collections.abc import Sequence
from dataclasses import dataclass

from foremanctl.fleet import change
from foremanctl.output import age, counted
from foremanctl.records import state
from foremand.v1 import foremand_pb2 as pb

from .comments import Comments
from .decision_brief import Known
from .decision_cursor import Cursor, in_sight
from .decision_fetch import Fetched
from .decision_files import sensitive
from .decision_gates import refused, waiting
from .decision_page import Page
from .decision_words import answered
from .paint import BOLD, DIM, PLAIN, RED, REVERSE, YELLOW, Line, Look, hints, over, width_of
from .patch_tree import Row, paint_row
from .screens import Size

HEAD = 2
"""Lines above the page."""

_TREE_FROM = 80  # columns
_BOTH_FROM = 72  # columns of the page, from which on numbers of both sides stand before a line
_SINCE = {"looked": "since you looked at", "approved": "since the approval of"}


@dataclass(frozen=True)
class Shown:
    """Everything that is painted. `latest` is the task as it is now, `found` what was fetched, when there were
    `heard` answers."""

    found: Fetched
    latest: pb.TaskDetail
    page: Page
    tree: Sequence[Row]
    comments: Comments
    cursor: Cursor
    heard: int


def page_width(size: Size) -> int:
    """How wide the page is: beside the tree, where there is room for one."""
    tree = tree_width(size)
    return size.columns - (tree + 1 if tree else 0)


def tree_width(size: Size) -> int:
    """How wide the tree is; 0 where there is no room for one."""
    return min(36, size.columns // 4) if size.columns >= _TREE_FROM else 0


def height(size: Size) -> int:
    """How many lines of the page are in sight."""
    return max(1, size.rows - HEAD - 1)


def lines(shown: Shown, look: Look, size: Size) -> list[Line]:
    """The whole screen; moves the cursor's `top` to where its row is in sight."""
    cursor, page = shown.cursor, shown.page
    cursor.top = in_sight(cursor.row, cursor.top, len(page), height(size))
    tree = tree_width(size)
    width = page_width(size)
    rows = range(cursor.top, min(len(page), cursor.top + height(size)))
    body = [_row(shown, look, row, width) for row in rows]
    is_cut = any(page.spot(row).kind == "line" and _ends_cut(line, look) for row, line in zip(rows, body, strict=True))
    if cursor.in_tree and not tree:
        body = _tree(shown, look, size.columns, height(size))
    body += [[] for _ in range(height(size) - len(body))]
    if tree:
        rule = "|" if look.ascii else "│"
        beside = _tree(shown, look, tree, height(size))
        beside += [[] for _ in range(height(size) - len(beside))]
        body = [
            [*left, (PLAIN, " " * (tree - width_of(left))), (DIM, rule), *right]
            for left, right in zip(beside, body, strict=True)
        ]
    head = [_title(shown, look, size.columns), _standing(shown, look, size.columns)]
    return [*head, *body, hints(keys_now(shown, is_cut=is_cut), size.columns)][: size.rows]


def _ends_cut(line: Line, look: Look) -> bool:
    return "".join(text for _, text in line).rstrip().endswith(look.ellipsis)


def keys_now(shown: Shown, *, is_cut: bool = False) -> list[tuple[str, str]]:
    """The keys that matter now. `is_cut`: lines of the change are longer than the page is wide."""
    task = shown.latest.task
    keys: list[tuple[str, str]] = []
    if shown.cursor.in_tree:
        return [("enter", "go there"), ("esc", "back")]
    if moved(shown.found.known, shown.latest):
        keys.append(("d", "what changed"))
    elif waiting(task):
        keys += [("a", "approve"), ("w", "rework"), ("x", "reject")]
    elif task.waiting_for == "stuck":
        keys += [("w", "rework"), ("x", "reject")]
    if refused(task) and not moved(shown.found.known, shown.latest):
        keys.append(("W", "waive"))
    keys += [("c", "comment"), *([("l", "long lines")] if is_cut else [])]
    return [*keys, ("n", "next file"), ("N", "hunk"), ("f", "files"), ("esc", "back")]


def moved(known: Known, latest: pb.TaskDetail) -> bool:
    """Whether the work is at another revision than the one that is shown."""
    return Known(latest, shown=known.shown).revision != known.revision and bool(latest.task.revision)


def last_answer(latest: pb.TaskDetail, heard: int) -> str:
    """What was answered last after the first `heard` answers, and by whom; empty if nothing was."""
    new = latest.approvals[heard:]
    if not new:
        return ""
    said = new[-1]
    return f"{answered(said)} {age(said.at)} ago"


def _title(shown: Shown, look: Look, width: int) -> Line:
    task = shown.found.known.task
    gates = ", ".join(gate.name for gate in waiting(shown.latest.task))
    asked = f"approve {gates}?" if gates else f"{state(shown.latest.task)}: {shown.latest.task.reason}"
    return look.fit([(BOLD, f" {task.id}  {look.line(asked)}"), (PLAIN, f"  {look.line(task.title)}")], width)


def _standing(shown: Shown, look: Look, width: int) -> Line:
    """What is shown, or why an answer would not be about it."""
    known, task = shown.found.known, shown.latest.task
    told = [f"answered: {said}"] if (said := last_answer(shown.latest, shown.heard)) else []
    if moved(known, shown.latest):
        now = Known(shown.latest, shown=known.shown).revision
        told.append(f"it is at {now[:12]} now, this is {known.revision[:12]}: d shows what changed")
    if told:
        return look.fit([(f"{YELLOW if said else RED} {BOLD}", look.line(f" {'; '.join(told)}"))], width)
    parts = [f"revision {known.revision[:12]}", change(task) or "no change"]
    if shown.found.view != "whole":
        parts.insert(0, f"{_SINCE[shown.found.view]} {shown.found.since[:12]} alone")
    if len(shown.comments):
        parts.append(counted(len(shown.comments), "comment"))
    if shown.found.missing:
        parts.insert(0, shown.found.missing)
    if not shown.found.complete:
        parts.insert(0, "more is coming")  # first: a narrow terminal cuts what is last
    return look.fit([(DIM, look.line(" " + "  ".join(parts)))], width)


def _row(shown: Shown, look: Look, row: int, width: int) -> Line:
    cursor = shown.cursor
    line = look.fit(shown.page.line(row, cursor.shift, both=width >= _BOTH_FROM), width)
    return over(line, REVERSE, width) if row == cursor.row and not cursor.in_tree else line


def _tree(shown: Shown, look: Look, width: int, rows: int) -> list[Line]:
    files, cursor = shown.page.patch.files, shown.cursor
    here = shown.page.spot(cursor.row).file
    selected = cursor.tree_row
    if not cursor.in_tree:
        selected = next((place for place, row in enumerate(shown.tree) if row.file == here), 0)
    top = in_sight(selected, max(0, selected - rows // 2), len(shown.tree), rows)
    said: dict[str, int] = {}
    for comment in shown.comments.on(shown.found.known.revision):
        said[comment.place.path] = said.get(comment.place.path, 0) + 1
    painted = []
    for place, row in enumerate(shown.tree[top : top + rows], top):
        file = files[row.file] if row.file is not None else None
        delicate = file is not None and bool(sensitive(file))
        words = said.get(file.path, 0) if file is not None else 0
        line = paint_row(row, file, width, look, sensitive=delicate, words=words)
        marked = place == selected and (cursor.in_tree or here >= 0)
        painted.append(over(line, REVERSE if cursor.in_tree else BOLD, width) if marked else line)
    return painted
