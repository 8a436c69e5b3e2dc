"""Brief and change as one page of rows, as long as it may be: a row is made only when it is looked at."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from foremanctl.harmless import cells
from foremanctl.output import counted

from .comments import Comment, lines_at
from .decision_files import sensitive
from .decision_words import Note, Section, Weight
from .paint import BOLD, CYAN, DIM, GREEN, PLAIN, RED, YELLOW, Line, Look, wrap
from .patch import File, Patch
from .patch_paint import Frame, paint

_STYLES: dict[Weight, str] = {"": PLAIN, "head": BOLD, "good": GREEN, "warn": YELLOW, "bad": RED, "dim": DIM}
_MOST_NOTES = 400
_LONGEST_NOTE = 4000
_MOST_CHARACTERS = 40_000  # of a section
_NARROW = 20  # columns up to which nothing is indented
_DEEPEST = 8  # cells that a text's own indent adds to that of its further rows


@dataclass(frozen=True)
class Spot:
    """What a row shows: a line of the brief, a file's head, a `line` of the patch, words said below either."""

    kind: Literal["brief", "foreword", "gap", "file", "line", "words"]
    file: int = -1
    line: int = -1
    part: int = 0


class _Block(NamedTuple):
    """Rows of one kind. Those of a patch begin with line `first`."""

    kind: Literal["brief", "foreword", "gap", "file", "line", "words"]
    rows: int
    file: int = -1
    first: int = -1
    comment: Comment | None = None


class Page:
    """The rows. Building it takes as long as there are files and comments, not lines."""

    def __init__(
        self, sections: Iterable[Section], patch: Patch, said: Sequence[Comment], width: int, look: Look
    ) -> None:
        self.patch = patch
        self._width = width
        self._look = look
        self._brief = brief_lines(sections, width, look)
        self._blocks: list[_Block] = []
        self._starts: list[int] = []
        self._of_file: list[tuple[int, int]] = []
        self._rows = 0
        self._build(said)

    def __len__(self) -> int:
        return self._rows

    def spot(self, row: int) -> Spot:
        """What stands in a row."""
        index = bisect_right(self._starts, row) - 1
        block, part = self._blocks[index], row - self._starts[index]
        if block.kind in ("line", "foreword"):
            return Spot(block.kind, block.file, block.first + part)
        return Spot(block.kind, block.file, block.first, part)

    def row_of(self, spot: Spot) -> int:
        """The row of a spot; where it is gone, of what it belonged to."""
        if spot.kind == "brief":
            return min(spot.part, self._rows - 1)
        if not 0 <= spot.file < len(self._of_file):
            return 0
        for index in range(*self._of_file[spot.file]):
            part = _within(self._blocks[index], spot)
            if part is not None:
                return self._starts[index] + part
        if spot.kind == "words" and spot.line >= 0:
            return self.row_of(Spot("line", spot.file, spot.line))
        return self.file_row(spot.file)

    def file_row(self, file: int) -> int:
        """The row of a file's head."""
        return self._starts[self._of_file[file][0] + 1]

    def hunk_rows(self, file: int) -> list[int]:
        """The rows in which the hunks of a file begin."""
        return [self.row_of(Spot("line", file, hunk)) for hunk in self.patch.files[file].hunks]

    def line(self, row: int, shift: int, *, both: bool) -> Line:
        """A row as it is shown. `both`: with the numbers of both sides."""
        index = bisect_right(self._starts, row) - 1
        block, part = self._blocks[index], row - self._starts[index]
        match block.kind:
            case "brief":
                return self._brief[part]
            case "file":
                return head(self.patch.files[block.file], self._width, self._look)
            case "line":
                frame = Frame(width=self._width, look=self._look, shift=shift, both=both)
                return paint(self.patch, self.patch.files[block.file], block.first + part, frame)
            case "foreword":
                text = self.patch.raw(block.first + part, _LONGEST_NOTE).decode("utf-8", "backslashreplace")
                return self._look.fit([(YELLOW, self._look.line(text))], self._width)
            case "words" if block.comment is not None:
                return words_lines(block.comment, self._width, self._look)[part]
            case _:
                return []

    def _build(self, said: Sequence[Comment]) -> None:
        self._add(_Block("brief", len(self._brief)))
        self._add(_Block("foreword", len(self.patch.foreword), first=0))
        by_path: dict[str, list[Comment]] = {}
        for comment in said:
            by_path.setdefault(comment.place.path, []).append(comment)
        for number, file in enumerate(self.patch.files):
            begin = len(self._blocks)
            self._add(_Block("gap", 1, number), always=True)
            self._add(_Block("file", 1, number))
            self._file(number, file, [c for path in file.paths for c in by_path.get(path, ())])
            self._of_file.append((begin, len(self._blocks)))

    def _file(self, number: int, file: File, said: Sequence[Comment]) -> None:
        for comment in said:
            if not comment.place.number:
                self._words(number, -1, comment)
        body = self.patch.body(file)
        at = body.start
        for line, comment in sorted(lines_at(self.patch, file, said).items()):
            self._add(_Block("line", line + 1 - at, number, at))
            self._words(number, line, comment)
            at = line + 1
        self._add(_Block("line", body.stop - at, number, at))

    def _words(self, file: int, line: int, comment: Comment) -> None:
        rows = len(words_lines(comment, self._width, self._look))
        self._add(_Block("words", rows, file, line, comment))

    def _add(self, block: _Block, *, always: bool = False) -> None:
        if block.rows or always:
            self._blocks.append(block)
            self._starts.append(self._rows)
            self._rows += block.rows


def _within(block: _Block, spot: Spot) -> int | None:
    """Which row of the block shows the spot; None if it does not."""
    if block.kind != spot.kind:
        return None
    if block.kind == "line":
        return spot.line - block.first if 0 <= spot.line - block.first < block.rows else None
    return min(spot.part, block.rows - 1) if block.first == spot.line else None


def brief_lines(sections: Iterable[Section], width: int, look: Look) -> list[Line]:
    """The sections, each under its title, wrapped. What is very long is cut, and says so."""
    lines: list[Line] = []
    for section in sections:
        lines.append([(BOLD, look.cut(look.line(section.title), width))])
        left, shown = _MOST_CHARACTERS, 0
        for note in section.notes[:_MOST_NOTES]:
            if left <= 0:
                break
            lines += _wrapped(note, width, look)
            left -= min(len(note.text), _LONGEST_NOTE)
            shown += 1
        if shown < len(section.notes):
            rest = counted(len(section.notes) - shown, "more line")
            lines.append(look.fit([(DIM, f"  {rest}: e shows all")], width))
        lines.append([])
    return lines


def words_lines(comment: Comment, width: int, look: Look) -> list[Line]:
    """Words that were said, below what they are about."""
    text = look.text(comment.text[:_LONGEST_NOTE])
    return [
        look.fit([(f"{CYAN} {BOLD}", "   * " if number == 0 else "     "), (CYAN, part)], width)
        for number, part in enumerate(wrap(text, max(10, width - 5)))
    ]


def head(file: File, width: int, look: Look) -> Line:
    """A file's name, what became of it, and why it should be looked at twice."""
    name = f"{file.old} -> {file.new}" if file.renamed else file.path
    line: Line = [(BOLD, f"{file.letter} {look.line(name)}")]
    if file.binary:
        line.append((DIM, "  binary"))
    else:
        line += [(GREEN, f"  +{file.added}"), (RED, f" -{file.removed}")]
    if file.old_mode != file.new_mode and file.old_mode and file.new_mode:
        line.append((YELLOW, f"  mode {look.line(file.old_mode)} -> {look.line(file.new_mode)}"))
    if why := sensitive(file):
        line.append((YELLOW, f"  ! {', '.join(why)}"))
    line = look.fit([*line, (PLAIN, " ")], width)
    blank = width - sum(cells(text) for _, text in line)
    return [*line, (DIM, look.rule * max(0, blank))]


def _wrapped(note: Note, width: int, look: Look) -> list[Line]:
    """A note under its title. Where it goes on in a further row, that is indented more, so that notes stay apart."""
    text = note.text[:_LONGEST_NOTE] + (look.ellipsis if len(note.text) > _LONGEST_NOTE else "")
    style = _STYLES[note.weight]
    lines: list[Line] = []
    for whole in look.text(text).split("\n"):
        own = min(len(whole) - len(whole.lstrip(" ")), _DEEPEST)
        first, further = ("  ", " " * (own + 4)) if width > _NARROW else ("", "")
        parts = wrap(whole, width - len(further))
        lines += [[(style, (further if number else first) + part)] for number, part in enumerate(parts)]
    return lines
