"""Text from tasks, agents and repositories, made harmless before a terminal sees it.

Whoever writes a title, a log line or a file name could otherwise move the cursor, rewrite what stands above, set the
clipboard, or turn words around, and so make an approval look like something else.
"""

import codecs
import unicodedata
from collections.abc import Iterable, Iterator

_CONTROL = [*range(0x20), *range(0x7F, 0xA0)]
_DIRECTION = [0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
# Zero-width space, separators that some terminals break lines at, and the invisible "tag" letters. The joiner U+200D
# and the variation selectors stay: emoji and several scripts need them.
_INVISIBLE = [0x00AD, 0x200B, 0x2028, 0x2029, *range(0x2060, 0x2065), 0xFEFF, *range(0xE0000, 0xE0080)]
_SURROGATES = range(0xD800, 0xE000)

_SHOWN = {code: f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" for code in _CONTROL + _DIRECTION + _INVISIBLE}
_SHOWN |= {code: f"\\u{code:04x}" for code in _SURROGATES}
_ONE_LINE = _SHOWN | {ord("\n"): " ", ord("\t"): " "}
_LINES = {code: shown for code, shown in _SHOWN.items() if code not in (ord("\n"), ord("\t"))}


def line(text: str) -> str:
    """`text` as one line: line ends and tabs become blanks, everything that acts is shown as an escape."""
    return text.replace("\r\n", "\n").translate(_ONE_LINE)


def lines(text: str) -> str:
    """`text` with its line ends and tabs; everything else that acts is shown as an escape."""
    return text.replace("\r\n", "\n").translate(_LINES)


def stream(chunks: Iterable[bytes]) -> Iterator[str]:
    """Bytes as they come, as harmless text. What is not UTF-8 is shown as escapes."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="backslashreplace")
    for chunk in chunks:
        yield lines(decoder.decode(chunk))
    yield lines(decoder.decode(b"", final=True))


def cells(text: str) -> int:
    """How many columns of a terminal `text` takes."""
    if text.isascii():
        return len(text)
    return sum(_cells_of(char) for char in text)


def cut(text: str, width: int) -> str:
    """`text` in at most `width` columns; what is cut off is shown by an ellipsis."""
    if cells(text) <= width:
        return text
    taken = 0
    for index, char in enumerate(text):
        taken += _cells_of(char)
        if taken > width - 1:
            return text[:index] + "…" if width else ""
    return text


def _cells_of(char: str) -> int:
    if unicodedata.category(char) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(char) in {"W", "F"} else 1
