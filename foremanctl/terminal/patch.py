"""A git patch, read as it comes: files, hunks, and where each line stands. Nothing is decoded before it is shown."""

import re
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field

from .patch_names import of_header, unquoted

_HUNK = re.compile(rb"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@")
_NEW_FILE = b"diff --git "
_PLUS, _MINUS, _AT, _DIFF, _BLANK = b"+-@d "

EXECUTABLE = "100755"
LINK = "120000"
SUBMODULE = "160000"


@dataclass
class File:
    """One file of a patch. `first` to `end` are its lines in the patch, `hunks` those that begin with `@@`.

    A name that the file does not have, before it was added or after it was deleted, is empty; so is a mode that the
    patch does not tell.
    """

    first: int
    end: int
    old: str = ""
    new: str = ""
    old_mode: str = ""
    new_mode: str = ""
    renamed: bool = False
    binary: bool = False
    added: int = 0
    removed: int = 0
    hunks: list[int] = field(default_factory=list)

    @property
    def path(self) -> str:
        """Its name: the new one, where there is one."""
        return self.new or self.old

    @property
    def paths(self) -> tuple[str, ...]:
        """Its names, old and new."""
        return tuple(dict.fromkeys(name for name in (self.new, self.old) if name))

    @property
    def letter(self) -> str:
        """A added, D deleted, R renamed, M changed."""
        if not self.old:
            return "A"
        if not self.new:
            return "D"
        return "R" if self.renamed else "M"


class Patch:
    """What `feed` was given so far. Lines are counted from 0."""

    def __init__(self) -> None:
        self.files: list[File] = []
        self._data = bytearray()
        self._starts = array("Q")
        self._next = 0
        self._searched = 0
        self._in_hunk = False
        self._old, self._new = array("Q"), array("Q")  # of each line; 0: it has none on that side
        self._next_old = self._next_new = 0

    @classmethod
    def of(cls, data: bytes) -> "Patch":
        """A whole one."""
        patch = cls()
        patch.feed(data)
        patch.end()
        return patch

    def __len__(self) -> int:
        return len(self._starts)

    @property
    def foreword(self) -> range:
        """The lines before the first file: what whoever made the patch says of it."""
        return range(self.files[0].first if self.files else len(self))

    @property
    def counts(self) -> tuple[int, int, int]:
        """Files, lines added, lines removed."""
        return len(self.files), sum(each.added for each in self.files), sum(each.removed for each in self.files)

    def feed(self, data: bytes) -> None:
        """The next bytes, broken anywhere."""
        self._data += data
        while (end := self._data.find(b"\n", self._searched)) >= 0:
            self._line(self._next, end)
            self._next = self._searched = end + 1
        self._searched = len(self._data)

    def end(self) -> None:
        """No more comes: a last line without its end is one too."""
        if self._next < len(self._data):
            self.feed(b"\n")

    def raw(self, line: int, most: int | None = None) -> bytes:
        """A line without its end; at most `most` bytes of it."""
        start = self._starts[line]
        end = (self._starts[line + 1] if line + 1 < len(self._starts) else self._next) - 1
        return bytes(self._data[start : end if most is None else min(end, start + most)])

    def length(self, line: int) -> int:
        """How many bytes a line has."""
        return (self._starts[line + 1] if line + 1 < len(self._starts) else self._next) - 1 - self._starts[line]

    def sign(self, line: int) -> str:
        """What a line of a hunk begins with: `+`, `-`, ` `, `@`, or a backslash for a word of git's."""
        start = self._starts[line]
        return chr(self._data[start]) if self.length(line) else " "

    def file_at(self, line: int) -> int:
        """The place in `files` of the file that a line belongs to; -1 for the foreword."""
        return bisect_right(self.files, line, key=lambda each: each.first) - 1

    def body(self, file: File) -> range:
        """The lines of its hunks."""
        return range(file.hunks[0] if file.hunks else file.end, file.end)

    def numbers(self, line: int) -> tuple[int | None, int | None]:
        """The line's number in the old and in the new file; None where it is not in it."""
        return self._old[line] or None, self._new[line] or None

    def text(self) -> Iterator[bytes]:
        """The whole patch, in pieces."""
        for start in range(0, len(self._data), 1 << 18):
            yield bytes(self._data[start : start + (1 << 18)])

    def _line(self, start: int, end: int) -> None:
        number = len(self._starts)
        self._starts.append(start)
        kind = self._data[start] if end > start else _BLANK
        old = new = 0
        if kind == _DIFF and self._data.startswith(_NEW_FILE, start):
            file = File(first=number, end=number)
            file.old = file.new = of_header(bytes(self._data[start + len(_NEW_FILE) : end]))
            self.files.append(file)
            self._in_hunk = False
        if self.files:
            file = self.files[-1]
            file.end = number + 1
            if kind == _AT:
                file.hunks.append(number)
                self._begin_hunk(start, end)
            elif self._in_hunk:
                old, new = self._number(kind)
                file.added += kind == _PLUS
                file.removed += kind == _MINUS
            elif number > file.first:
                _tell(file, bytes(self._data[start:end]))
        self._old.append(old)
        self._new.append(new)

    def _begin_hunk(self, start: int, end: int) -> None:
        begins = _HUNK.match(self._data, start, end)
        self._next_old, self._next_new = (int(begins[1]), int(begins[2])) if begins else (1, 1)
        self._in_hunk = True

    def _number(self, kind: int) -> tuple[int, int]:
        """The numbers of the next line of a hunk, by what it begins with."""
        old = self._next_old if kind in (_MINUS, _BLANK) else 0
        new = self._next_new if kind in (_PLUS, _BLANK) else 0
        self._next_old += old > 0
        self._next_new += new > 0
        return old, new


def _tell(file: File, line: bytes) -> None:
    """What a line of a file's head says of it."""
    word, _, rest = line.partition(b" ")
    for begins, tell in _HEAD.items():
        if line.startswith(begins):
            tell(file, line[len(begins) :])
            return
    if word in (b"---", b"+++"):
        # git puts a tab behind a name with blanks, so that other programs see where it ends.
        name = unquoted(rest.removesuffix(b"\t"))
        bare = "" if name == "/dev/null" else name[2:]
        if word == b"---":
            file.old = bare
        else:
            file.new = bare


def _added(file: File, mode: bytes) -> None:
    file.old, file.new_mode = "", mode.decode("ascii", "replace")


def _deleted(file: File, mode: bytes) -> None:
    file.new, file.old_mode = "", mode.decode("ascii", "replace")


def _old_mode(file: File, mode: bytes) -> None:
    file.old_mode = mode.decode("ascii", "replace")


def _new_mode(file: File, mode: bytes) -> None:
    file.new_mode = mode.decode("ascii", "replace")


def _same_mode(file: File, ids: bytes) -> None:
    mode = ids.rpartition(b" ")[2]
    if len(mode) == len(LINK):
        file.old_mode = file.new_mode = mode.decode("ascii", "replace")


def _from(file: File, name: bytes) -> None:
    file.old, file.renamed = unquoted(name), True


def _to(file: File, name: bytes) -> None:
    file.new = unquoted(name)


def _binary(file: File, _: bytes) -> None:
    file.binary = True


_HEAD = {
    b"new file mode ": _added,
    b"deleted file mode ": _deleted,
    b"old mode ": _old_mode,
    b"new mode ": _new_mode,
    b"index ": _same_mode,
    b"rename from ": _from,
    b"rename to ": _to,
    b"copy from ": _from,
    b"copy to ": _to,
    b"Binary files ": _binary,
    b"GIT binary patch": _binary,
}
