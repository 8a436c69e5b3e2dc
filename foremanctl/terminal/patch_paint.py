"""Lines of a patch as they are shown: numbers, sign, code. Only what is asked for is decoded."""

from dataclasses import dataclass, replace

from foremanctl.harmless import cells

from .paint import BOLD, CYAN, DIM, GREEN, PLAIN, RED, Fragment, Line, Look, reach, width_of
from .patch import File, Patch
from .patch_syntax import colors
from .patch_words import Span, changed

_PAIRED = 40
"""Lines of a block of removed ones that are compared with those that took their place."""

_AHEAD = 400
"""Characters beyond the width in which what changed inside a line is looked for, so that it can be brought in sight."""

_BASE = {"+": GREEN, "-": RED}
_CHANGED = "bold underline"


@dataclass(frozen=True)
class Frame:
    """How much of a line is shown: `width` cells, after `shift` characters; `both`: numbers of both sides."""

    width: int
    look: Look
    shift: int = 0
    both: bool = True


def paint(patch: Patch, file: File, line: int, frame: Frame) -> Line:
    """One line of a hunk in at most `frame.width` cells. What does not fit is shown by an ellipsis,
    but what has changed inside a line is brought in sight."""
    sign = patch.sign(line)
    if sign == "@":
        return frame.look.fit([(CYAN, frame.look.line(_text(patch.raw(line, frame.width * 4))))], frame.width)
    if sign == "\\":
        return frame.look.fit([(DIM, frame.look.line(_text(patch.raw(line, 200)))[2:])], frame.width)
    base = _BASE.get(sign, PLAIN)
    shown = [*_gutter(patch, line, frame), (f"{base} {BOLD}".strip(), sign)]
    room = frame.width - width_of(shown)
    shift = frame.shift
    if not shift and patch.length(line) > room:
        frame = replace(frame, shift=_AHEAD)  # what changed may stand beyond what fits
    code, more = _code(patch, line, frame)
    fragments = colors(file.path, code, base)
    other = _partner(patch, file, line) if sign in _BASE else None
    if other is not None:
        there, _ = _code(patch, other, frame)
        span = changed(code, there)[0]
        fragments = _marked(fragments, span)
        if not shift:
            shift = _ahead(code, there, span, room - len(frame.look.ellipsis))
            shown += [(DIM, frame.look.ellipsis)] if shift else []
    shown += _from(fragments, shift)
    if more:
        shown.append((DIM, frame.look.ellipsis))
    return frame.look.fit(shown, frame.width)


def plain(patch: Patch, line: int) -> str:
    """A line of a hunk without its sign, as it is in the file. What is not UTF-8 is shown as escapes."""
    return _text(patch.raw(line)[1:])


def _gutter(patch: Patch, line: int, frame: Frame) -> Line:
    old, new = patch.numbers(line)
    if frame.both:
        return [(DIM, f"{_number(old)} {_number(new)} ")]
    return [(DIM, f"{_number(old if new is None else new)} ")]


def _number(number: int | None) -> str:
    return f"{'' if number is None else number:>4}"


def _code(patch: Patch, line: int, frame: Frame) -> tuple[str, bool]:
    """As much of a line's code as can be shown, and whether there is more of it."""
    characters = frame.shift + frame.width + 8
    longest = characters * 4
    raw = patch.raw(line, longest + 1)[1:]
    text = _text(raw)
    more = patch.length(line) > longest + 1 or len(text) > characters
    carriage = text.endswith("\r") and not more
    shown = frame.look.text(text[:characters].removesuffix("\r")).replace("\n", " ")
    return shown + ("^M" if carriage else ""), more


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "backslashreplace")


def _ahead(code: str, there: str, span: Span, room: int) -> int:
    """How many cells of a line are left out so that what changed in it is in sight: the same of the line beside it."""
    start = cells(code[: span[0]])
    if start < room:
        return 0
    return max(0, min(start - room // 3, max(cells(code), cells(there)) - room))


def _partner(patch: Patch, file: File, line: int) -> int | None:
    """The line that this one took the place of, or that took its place."""
    signs = patch.body(file)
    low = high = line
    while low - 1 in signs and line - low <= 2 * _PAIRED + 1 and patch.sign(low - 1) in "+-":
        low -= 1
    while high + 1 in signs and high - line <= 2 * _PAIRED + 1 and patch.sign(high + 1) in "+-":
        high += 1
    block = "".join(patch.sign(each) for each in range(low, high + 1))
    half = len(block) // 2
    if block != "-" * half + "+" * half or half > _PAIRED:
        return None
    return line + half if line < low + half else line - half


def _marked(line: list[Fragment], span: Span) -> Line:
    """The line with the characters of `span` marked."""
    marked: Line = []
    at = 0
    for style, text in line:
        cuts = [0, *(min(max(edge - at, 0), len(text)) for edge in span), len(text)]
        for start, end, inside in zip(cuts, cuts[1:], (False, True, False), strict=False):
            if start < end:
                marked.append((f"{style} {_CHANGED}".strip() if inside else style, text[start:end]))
        at += len(text)
    return marked


def _from(line: Line, shift: int) -> Line:
    """The line without what stands in its first `shift` cells."""
    left: Line = []
    for style, text in line:
        gone = reach(text, shift)
        shift -= min(shift, cells(text))
        if gone < len(text):
            left.append((style, text[gone:]))
    return left
