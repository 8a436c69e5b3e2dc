"""Private keys: the only secrets that go over many lines. A marker alone is no secret; what follows it is."""

import re
from collections.abc import Iterator

from msgspec import Struct

MARKER = re.compile(r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----|^Private-Lines: \d+|PRIVATE KEY ----$")
END = re.compile(r"-----END |^Private-MAC: ")
MATERIAL = re.compile(r"[A-Za-z0-9+/]{24,}={0,2}")
"""A row of a key, or all its rows where they stand in one string."""

HEADERS = 6
"""Lines between the marker and the first row: encryption, comments, an empty one."""
LONGEST = 400
"""Lines of a key that are read; the largest in use has some 110."""


class Key(Struct, frozen=True):
    """A private key. `rows` is what makes it one, the same however it is indented, quoted or cut into lines."""

    commit: str
    path: str
    line: int
    rows: str


class _Open:
    def __init__(self, commit: str, path: str, line: int) -> None:
        self.commit, self.path, self.line = commit, path, line
        self.last = line
        self.rows: list[str] = []

    def key(self) -> Iterator[Key]:
        rows = "".join(self.rows)
        if len(rows) >= 40 and any(map(str.isdigit, rows)) and rows not in (rows.lower(), rows.upper()):
            yield Key(self.commit, self.path, self.line, rows)


class KeyFinder:
    """Reads lines in their order and tells of each key at its end."""

    def __init__(self) -> None:
        self._open: _Open | None = None

    def read(self, commit: str, path: str, line: int, text: str) -> Iterator[Key]:
        """The keys that end with this line, or ended before it."""
        key = self._open
        if key is not None and ((key.commit, key.path, key.last + 1) != (commit, path, line)):
            yield from self.end()
        position = 0
        while True:
            if self._open is None:
                start = MARKER.search(text, position)
                if start is None:
                    return
                self._open, position = _Open(commit, path, line), start.end()
            end = END.search(text, position)
            self._take(self._open, line, text[position : end.start() if end else len(text)])
            key = self._open
            if end is None and line - key.line < (LONGEST if key.rows else HEADERS):
                return
            yield from self.end()
            if end is None:
                return
            position = end.end()

    def end(self) -> Iterator[Key]:
        """The key that nothing more is to come of."""
        key, self._open = self._open, None
        if key is not None:
            yield from key.key()

    def holds(self, secret: str) -> bool:
        """Whether it is a row of the key that is being read, and so nothing of its own."""
        return self._open is not None and any(secret in row for row in self._open.rows)

    @staticmethod
    def _take(key: _Open, line: int, text: str) -> None:
        key.last = line
        key.rows += MATERIAL.findall(re.sub(r"\\[nr]|\\$", " ", text))


def rows_of(text: str) -> str | None:
    """What makes the first private key in `text` one; None where there is none."""
    finder = KeyFinder()
    for number, line in enumerate(text.splitlines()):
        for key in finder.read("", "", number, line):
            return key.rows
    return next((key.rows for key in finder.end()), None)
