"""The files of a patch as a tree of folders."""

from collections.abc import Sequence
from dataclasses import dataclass

from foremanctl.harmless import cells

from .paint import BOLD, DIM, GREEN, PLAIN, RED, YELLOW, Line, Look, padded, width_of
from .patch import File


@dataclass(frozen=True)
class Row:
    """A folder, or a file by its place in the patch. `name` is what the rows above do not say already."""

    depth: int
    name: str
    file: int | None = None


def tree(files: Sequence[File]) -> list[Row]:
    """Rows in the order of the patch. Folders that hold nothing but one folder stand in one row with it."""
    rows: list[Row] = []
    open_folders: list[str] = []
    folders = [each.path.split("/")[:-1] for each in files]
    for place, (file, folder) in enumerate(zip(files, folders, strict=True)):
        joined = "/".join(folder)
        while open_folders and not _within(joined, open_folders[-1]):
            open_folders.pop()
        above = open_folders[-1] if open_folders else ""
        if joined != above:
            for name in _steps(joined, above, folders[place + 1 :]):
                rows.append(Row(len(open_folders), name.removeprefix(f"{above}/" if above else "") + "/"))
                open_folders.append(name)
                above = name
        rows.append(Row(len(open_folders), file.path.rpartition("/")[2], place))
    return rows


def paint_row(row: Row, file: File | None, width: int, look: Look, *, sensitive: bool = False, words: int = 0) -> Line:
    """One row. `!` stands before what is sensitive, `*` before the number of comments."""
    indent = "  " * min(row.depth, 6)
    if file is None:
        return look.fit([(DIM, indent + look.line(row.name))], width)
    head = f"{indent}{file.letter}{'!' if sensitive else ' '}"
    said: Line = [(BOLD, f" *{words}")] if words else []
    size: Line = [(GREEN, f" +{file.added}"), (RED, f" -{file.removed}")]
    counts = [*([(DIM, " binary")] if file.binary else size), *said]
    name = look.line(row.name)
    if cells(name) > width - cells(head) - width_of(counts):
        counts = said  # which file it is matters more: the page tells its size
    room = max(4, width - width_of(counts) - cells(head))
    name = padded(look.cut(name, room), room)
    style = YELLOW if sensitive else PLAIN
    return look.fit([(style, head), (style, name), *counts], width)


def _within(folder: str, above: str) -> bool:
    return folder == above or folder.startswith(f"{above}/")


def _steps(folder: str, above: str, later: Sequence[Sequence[str]]) -> list[str]:
    """The folders to open from `above` down to `folder`: one of its own wherever files that come later part ways."""
    parts = folder.split("/")
    known = len(above.split("/")) if above else 0
    ends = {len(parts)}
    for other in later:
        same = _common(parts, other)
        if same <= known:
            break
        ends.add(same)
    return ["/".join(parts[:end]) for end in sorted(ends)]


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    count = 0
    for mine, theirs in zip(one, other, strict=False):
        if mine != theirs:
            break
        count += 1
    return count
