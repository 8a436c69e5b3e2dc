"""Where a person is on the page and in the tree of files, and where a key takes them."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from .decision_page import Page
from .patch_tree import Row

_SHIFT = 16  # characters


@dataclass
class Cursor:
    """`row` of the page, of which `top` is the first in sight; `shift` characters of each line are out of sight.

    With `in_tree` keys move `tree_row` instead.
    """

    row: int = 0
    top: int = 0
    shift: int = 0
    in_tree: bool = False
    tree_row: int = 0


def move(cursor: Cursor, action: str, page: Page, tree: Sequence[Row], height: int) -> bool:
    """Moves it, if the action is a movement."""
    rows = len(tree) if cursor.in_tree else len(page)
    here = cursor.tree_row if cursor.in_tree else cursor.row
    steps = {"down": 1, "up": -1, "page-down": height - 1, "page-up": 1 - height, "top": -rows, "bottom": rows}
    if action in steps:
        to = max(0, min(rows - 1, here + steps[action]))
        if cursor.in_tree:
            cursor.tree_row = to
        else:
            cursor.row = to
        return True
    jumps = {"file": _files, "hunk": _hunks}
    kind, _, way = action.partition("-")
    if kind in jumps and way in ("next", "previous"):
        places = jumps[kind](page, cursor.row, way)
        index = bisect_right(places, cursor.row) if way == "next" else bisect_left(places, cursor.row) - 1
        if 0 <= index < len(places):
            _jump(cursor, places[index])
        cursor.in_tree = False
        return True
    if kind == "shift":
        cursor.shift = max(0, cursor.shift + (_SHIFT if way == "right" else -_SHIFT))
        return True
    return False


def choose(cursor: Cursor, page: Page, tree: Sequence[Row]) -> None:
    """Goes to the file that is selected in the tree, of a folder to its first."""
    files = (row.file for row in tree[cursor.tree_row :] if row.file is not None)
    file = next(files, None)
    if file is not None:
        _jump(cursor, page.file_row(file))
    cursor.in_tree = False


def enter(cursor: Cursor, tree: Sequence[Row], file: int) -> None:
    """Into the tree, at the file that is looked at."""
    cursor.in_tree = True
    cursor.tree_row = next((place for place, row in enumerate(tree) if row.file == max(0, file)), 0)


def in_sight(row: int, top: int, rows: int, height: int) -> int:
    """The first row to be shown, as near to `top` as it can be with `row` in sight."""
    top = min(max(top, row - height + 1), row)
    return max(0, min(top, rows - height))


def _jump(cursor: Cursor, row: int) -> None:
    cursor.row = cursor.top = row
    cursor.shift = 0


def _files(page: Page, _row: int, _way: str) -> list[int]:
    return [page.file_row(number) for number in range(len(page.patch.files))]


def _hunks(page: Page, row: int, way: str) -> list[int]:
    """The rows of the hunks of this file and of the nearest ones that have some, not of all there are."""
    here = page.spot(row).file
    found = page.hunk_rows(here) if here >= 0 else []
    step = 1 if way == "next" else -1
    near = here + step
    while 0 <= near < len(page.patch.files):
        if more := page.hunk_rows(near):
            return sorted([*found, *more])
        near += step
    return found
