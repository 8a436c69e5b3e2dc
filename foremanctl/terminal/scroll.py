"""Where in a transcript a person reads, and the lines that are in sight there. Pure; only what is in sight is made.

A place is an entry and a line of it, so that what is read stays where it is while more comes, above or below.
"""

from bisect import bisect_left
from collections.abc import Iterator
from functools import lru_cache
from typing import Literal

from msgspec import Struct

from .paint import CYAN, DIM, GREEN, PLAIN, RED, YELLOW, Line, Look, wrap
from .transcript import Entry, Transcript


class Place(Struct, frozen=True):
    """The first line in sight: line `line` of the entry `seq`."""

    seq: int
    line: int = 0


class View(Struct, frozen=True, kw_only=True):
    """How it is read. `place` None: the end is followed. `unfolded`: what tools answered is shown in full."""

    place: Place | None = None
    unfolded: bool = False
    words: str = ""


Edge = Literal["", "top", "bottom"]

_FOLDED_TEXT = 400  # characters of a folded answer that are looked at
_PAINTED = 512  # entries whose lines are kept: a few screens of the shortest


def visible(transcript: Transcript, view: View, look: Look, rows: int, columns: int) -> list[Line]:
    """The lines in sight, `rows` at most."""
    top = top_of(transcript, view, look, rows, columns)
    lines: list[Line] = []
    if top is None:
        return lines
    for index in range(top[0], len(transcript.shown)):
        entry = painted(transcript.shown[index], view.unfolded, look, columns)
        lines += entry[top[1] :] if index == top[0] else entry
        if len(lines) >= rows:
            break
    return [_marked(line, view.words) for line in lines[:rows]] if view.words else lines[:rows]


def top_of(transcript: Transcript, view: View, look: Look, rows: int, columns: int) -> tuple[int, int] | None:
    """Index of the first entry in sight, and its first line in sight. Never so far down that rows stay empty."""
    shown = transcript.shown
    if not shown:
        return None
    last = _back(transcript, view, look, columns, (len(shown), 0), rows)
    if view.place is None:
        return last
    index = bisect_left(shown, view.place.seq, key=lambda entry: entry.seq)
    if index >= len(shown):
        return last
    line = view.place.line if shown[index].seq == view.place.seq else 0
    line = min(line, len(painted(shown[index], view.unfolded, look, columns)) - 1)
    return min((index, line), last)


def scrolled(
    transcript: Transcript, view: View, look: Look, rows: int, columns: int, by: int
) -> tuple[Place | None, Edge]:
    """The place `by` lines farther down (or up), None for the end; and which edge of what is here was hit."""
    top = top_of(transcript, view, look, rows, columns)
    if top is None:
        return None, "top"
    shown = transcript.shown
    last = _back(transcript, view, look, columns, (len(shown), 0), rows)
    if by < 0:
        top = _back(transcript, view, look, columns, top, -by)
    else:
        index, line = top
        line += by
        while index < len(shown) and line >= (count := len(painted(shown[index], view.unfolded, look, columns))):
            line -= count
            index += 1
        top = (index, line)
        if top >= last:
            return (None if not transcript.after else Place(shown[last[0]].seq, last[1])), "bottom"
    return Place(shown[top[0]].seq, top[1]), "top" if top == (0, 0) else ""


def _back(
    transcript: Transcript, view: View, look: Look, columns: int, start: tuple[int, int], lines: int
) -> tuple[int, int]:
    """The line that is `lines` above a line; the first one there is, if that is less."""
    index, line = start
    while line < lines and index > 0:
        lines -= line
        index -= 1
        line = len(painted(transcript.shown[index], view.unfolded, look, columns))
    return index, max(0, line - lines)


@lru_cache(maxsize=_PAINTED)
def painted(entry: Entry, unfolded: bool, look: Look, columns: int) -> list[Line]:
    """An entry's lines, at least one; not to be changed."""
    match entry.kind:
        case "tool_call":
            tool = look.line(entry.tool)
            return [look.fit([(f"{CYAN} bold", f"> {tool}"), (CYAN, f"  {look.line(entry.text)}")], columns)]
        case "tool_result":
            return _result(entry, unfolded, look, columns)
        case "thinking":
            return _block("~ ", DIM, entry.text, look, columns)
        case "told":
            return [*_block("< ", YELLOW, entry.text, look, columns), [(PLAIN, "")]]
        case "retry" | "notice":
            return _block("! ", YELLOW, entry.text, look, columns)
        case "result":
            return _block("= ", f"{RED if entry.failed else GREEN} bold", entry.text, look, columns)
        case _:
            return _block("", PLAIN, entry.text, look, columns)


def _result(entry: Entry, unfolded: bool, look: Look, columns: int) -> list[Line]:
    style = RED if entry.failed else DIM
    mark = "  x " if entry.failed else "  | "
    if unfolded:
        return _block(mark, style, entry.text, look, columns)
    text = entry.text.strip("\n")
    more = text.count("\n")
    first = look.line(text[:_FOLDED_TEXT].partition("\n")[0])
    tail = f" (+{more} line{'' if more == 1 else 's'}, z)" if more else ""
    said = look.cut(first, max(0, columns - len(mark) - len(tail)))
    return [look.fit([(style, mark), (style, said), (DIM, tail)], columns)]


def _block(mark: str, style: str, text: str, look: Look, columns: int) -> list[Line]:
    blank = " " * len(mark)
    texts = wrap(look.text(text.rstrip("\n")), columns - len(mark))
    return [[(style, f"{blank if number else mark}{line}")] for number, line in enumerate(texts)]


def _marked(line: Line, words: str) -> Line:
    return [fragment for style, text in line for fragment in _split(style, text, words.casefold())]


def _split(style: str, text: str, words: str) -> Iterator[tuple[str, str]]:
    folded = text.casefold()
    if len(folded) != len(text):  # some letters fold into two: then places are not the same
        yield style, text
        return
    done = 0
    while (place := folded.find(words, done)) >= 0:
        yield style, text[done:place]
        yield f"{style} reverse".strip(), text[place : place + len(words)]
        done = place + len(words)
    yield style, text[done:]


def holds(entry: Entry, words: str) -> bool:
    """Whether the words stand in the entry, capitals or not."""
    return words.casefold() in f"{entry.tool} {entry.text}".casefold()
