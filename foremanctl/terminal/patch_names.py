"""File names as git writes them into a patch: those that could be misread stand in quotes, as in C."""

import re

_ESCAPED = re.compile(rb"\\([abtnvfr\"\\]|[0-7]{3})")
_LETTERS = {b"a": 7, b"b": 8, b"t": 9, b"n": 10, b"v": 11, b"f": 12, b"r": 13, b'"': 34, b"\\": 92}
_QUOTED = re.compile(rb'"(?:[^"\\]|\\.)*"')


def unquoted(name: bytes) -> str:
    """A name as it is on disk. Bytes that are not UTF-8 are kept as Python keeps them in file names."""
    if len(name) > 1 and name.startswith(b'"') and name.endswith(b'"'):
        name = _ESCAPED.sub(_byte, name[1:-1])
    return name.decode("utf-8", "surrogateescape")


def of_header(names: bytes) -> str:
    """The name in `a/NAME b/NAME`; empty where the two are not the same, which the lines that follow then tell."""
    if quoted := _QUOTED.match(names):
        old, new = unquoted(quoted[0]), unquoted(names[quoted.end() + 1 :])
    else:
        middle = len(names) // 2
        old, new = unquoted(names[:middle]), unquoted(names[middle + 1 :])
    return old[2:] if old[2:] == new[2:] and old.startswith("a/") and new.startswith("b/") else ""


def _byte(found: "re.Match[bytes]") -> bytes:
    escape = found[1]
    return bytes([_LETTERS[escape] if escape in _LETTERS else int(escape, 8) & 255])
