"""Styled lines: how text from anywhere is put into exactly as many cells as there are.

A line is a list of (style, text); styles are prompt-toolkit's, of the 16 colours that every terminal has. All text
that is not our own goes through `Look.line` or `Look.text`, once, before it is measured.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from foremanctl import harmless
from foremanctl.harmless import cells as cells

Fragment = tuple[str, str]
Line = list[Fragment]

PLAIN = ""
BOLD = "bold"
DIM = "ansibrightblack"
REVERSE = "reverse"
RED = "ansired"
GREEN = "ansigreen"
YELLOW = "ansiyellow"
CYAN = "ansicyan"

_LONGEST = 8000
"""Characters of one line that are looked at: more than the widest terminal has cells, whatever it is made of."""

_MARKS = 2
"""Combining marks that a letter may carry: more are no language's, and terminals differ about them."""

_TAB = 4

_ALWAYS = (("?", "keys"), ("q", "detach"))

# What joins or varies the letters beside it: terminals disagree how wide such a thing is, and one that is wrong
# shifts all that follows in the line.
_JOINING = {0x200D: None, 0xFE0E: None, 0xFE0F: None}


@dataclass(frozen=True)
class Look:
    """Which characters may be used. `ascii`: no others, also not of what agents and people wrote."""

    ascii: bool = False

    @property
    def ellipsis(self) -> str:
        """Stands for what was cut off."""
        return "..." if self.ascii else "…"

    @property
    def rule(self) -> str:
        """A cell of a line across."""
        return "-" if self.ascii else "─"

    def line(self, text: str) -> str:
        """Anybody's text as one line that only shows."""
        return self._shown(harmless.line(text[:_LONGEST]))

    def text(self, text: str) -> str:
        """Anybody's text with its line ends, tabs as blanks. Its lines may be of any length."""
        return self._shown(harmless.lines(text).replace("\t", " " * _TAB))

    def cut(self, text: str, width: int) -> str:
        """`text`, made harmless before, in at most `width` cells."""
        if cells(text) <= width:
            return text
        if width < len(self.ellipsis):
            return text[: reach(text, width)]
        return text[: reach(text, width - len(self.ellipsis))] + self.ellipsis

    def fit(self, line: Line, width: int) -> Line:
        """A whole line in at most `width` cells."""
        if sum(cells(text) for _, text in line) <= width:
            return line
        fitted: Line = []
        for style, text in line:
            taken = cells(text)
            if taken > width:
                break
            fitted.append((style, text))
            width -= taken
        # The ellipsis needs room: it may take it from fragments that fitted.
        rest = line[len(fitted)]
        while width < len(self.ellipsis) and fitted:
            style, text = fitted.pop()
            width += cells(text)
            rest = (style, text + rest[1])
        return [*fitted, (rest[0], self.cut(rest[1], width))]

    def _shown(self, text: str) -> str:
        if text.isascii():
            return text
        if self.ascii:
            return text.encode("ascii", "backslashreplace").decode()
        return _without_piles(text.translate(_JOINING))


def reach(text: str, width: int, start: int = 0) -> int:
    """Where `width` cells of `text` end that begin at its character `start`."""
    if text.isascii():
        return min(len(text), start + max(0, width))
    taken = 0
    for index in range(start, len(text)):
        taken += cells(text[index])
        if taken > width:
            return index
    return len(text)


def wrap(text: str, width: int) -> Iterator[str]:
    """`text`, made harmless before, as lines of at most `width` cells, broken at blanks where there are some.

    Each character is looked at a few times, however long its line is.
    """
    width = max(1, width)
    for line in text.split("\n"):
        start = 0
        while (end := reach(line, width, start)) < len(line):
            end = max(start + 1, end)
            blank = line.rfind(" ", start + (end - start) // 2, end + 1)
            if blank > start:
                yield line[start:blank]
                start = blank + 1
            else:
                yield line[start:end]
                start = end
        yield line[start:]


def padded(text: str, width: int, *, right: bool = False) -> str:
    """`text`, not wider than that, with blanks to `width` cells; `right`: before it."""
    blank = " " * (width - cells(text))
    return blank + text if right else text + blank


def width_of(line: Line) -> int:
    """How many cells a line takes."""
    return sum(cells(text) for _, text in line)


def over(line: Line, style: str, width: int) -> Line:
    """The line with `style` added, over the whole width."""
    blank = " " * max(0, width - width_of(line))
    return [(f"{own} {style}".strip(), text) for own, text in line] + [(style, blank)]


def hints(pairs: Sequence[tuple[str, str]], width: int) -> Line:
    """Keys and their words in one line: as many as there is room for, and always how to see all keys and to leave."""
    for number in range(len(pairs), -1, -1):
        line = _hinted([*pairs[:number], *_ALWAYS])
        if width_of(line) <= width:
            return line
    return []


def _hinted(pairs: Sequence[tuple[str, str]]) -> Line:
    parts = (
        ((PLAIN, "  " if place else " "), (BOLD, key), (PLAIN, f" {word}")) for place, (key, word) in enumerate(pairs)
    )
    return [each for part in parts for each in part]


def _without_piles(text: str) -> str:
    kept = []
    pile = 0
    for char in text:
        pile = pile + 1 if unicodedata.combining(char) or unicodedata.category(char) in {"Mn", "Me"} else 0
        if pile <= _MARKS:
            kept.append(char)
    return "".join(kept)
