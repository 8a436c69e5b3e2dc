"""What the secrets gate looks at: every line that any commit adds which would land."""

import re
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterator
from contextlib import aclosing

from msgspec import Struct

from .diff import RawChange, hunks, sections
from .errors import text
from .work import WorkRepo

LONGEST = 1_000_000
"""Bytes of a line that are handed on at once. A longer one comes in pieces."""

OVERLAP = 4_096
"""Bytes that two pieces of a line share: nothing shorter is torn in two."""

BINARY_WITHIN = 8_000
"""Bytes at the start of a file in which a NUL makes it binary, as for git."""

PRINTABLE = bytes(range(0x20, 0x7F)) + b"\t"
RUN = re.compile(rb"[\t\x20-\x7e]{16,}")
"""Text in a binary file, as far as it can hold a secret: no provider's is shorter, and little else is as long."""

UTF_16 = (b"\xff\xfe", b"\xfe\xff")
"""How text begins that only looks like a binary file."""

GONE = b"000000"
SUBMODULE = b"160000"


class Added(Struct, frozen=True):
    """A line that a commit adds, numbered from 1, without its newline.

    `binary`: a run of text in a file that has no lines, numbered among its runs.
    """

    path: str
    line_number: int
    text: str
    binary: bool = False


async def commits_between(work: WorkRepo, base: str, revision: str) -> tuple[str, ...]:
    """All commits that come with `revision` and that `base` does not have, the oldest first.

    Those are a revision's seals, or with the tip as `base` what a candidate would land.
    """
    return tuple((await work.git.line("rev-list", "--topo-order", "--reverse", revision, "--not", base)).split())


async def message_of(work: WorkRepo, commit: str) -> str:
    """What a commit says of itself: it lands as its files do."""
    return text(await work.git.run("log", "-1", "--format=%B", commit))


async def added_lines(work: WorkRepo, commit: str, parent: str | None = None) -> AsyncGenerator[Added, None]:
    """Every line that `commit` adds to `parent` (default: its first parent, or nothing where it has none).

    A link's target is a line. A file that is too large to be compared comes whole, and so does one that was a
    link. Renamed files come whole too; a change of mode alone adds nothing.
    """
    async with aclosing(sections(work, parent or await _before(work, commit), commit)) as found:
        async for each, section in found:
            if each.new_mode in (GONE, SUBMODULE) or each.old_blob == each.new_blob:
                continue
            body = None if section is None else hunks(section)
            if body is not None:
                for added in _from_hunks(text(each.path), body):
                    yield added
                continue
            async with aclosing(_whole(work, each)) as lines:
                async for added in lines:
                    yield added


async def _before(work: WorkRepo, commit: str) -> str:
    return await work.resolve(f"{commit}^1") or await work.git.line("hash-object", "-t", "tree", "--stdin")


def _from_hunks(path: str, body: bytes) -> Iterator[Added]:
    number = 0
    for line in body.split(b"\n"):
        if line.startswith(b"@@ "):
            number = int(line.split(b" ")[2].lstrip(b"+").partition(b",")[0])
        elif line.startswith(b"+"):
            for piece in _pieces(line[1:]):
                yield _added(path, number, piece)
            number += 1
        elif line.startswith(b" "):
            number += 1


async def _whole(work: WorkRepo, change: RawChange) -> AsyncGenerator[Added, None]:
    path = text(change.path)
    async with aclosing(work.git.stream("cat-file", "blob", change.new_blob)) as stream:
        pieces = aiter(stream)
        start = b""
        while len(start) < BINARY_WITHIN and (more := await anext(pieces, b"")):
            start += more
        if b"\0" in start[:BINARY_WITHIN]:
            binary, number = not start.startswith(UTF_16), 0
            async for run in _runs(start, pieces):
                number += 1
                yield Added(path, number, run.decode("ascii"), binary=binary)
            return
        async for number, line in _lines(start, pieces):
            yield _added(path, number, line)


async def _lines(start: bytes, stream: AsyncIterable[bytes]) -> AsyncIterator[tuple[int, bytes]]:
    """The numbered lines of a stream; a long one in pieces, as it comes."""
    number, held = 1, bytearray(start)

    def cut() -> Iterator[tuple[int, bytes]]:
        nonlocal number, held
        *lines, rest = bytes(held).split(b"\n")
        for line in lines:
            for piece in _pieces(line):
                yield number, piece
            number += 1
        if len(rest) >= LONGEST:
            yield number, rest[:LONGEST]
            rest = rest[LONGEST - OVERLAP :]
        held = bytearray(rest)

    for each in cut():
        yield each
    async for piece in stream:
        held += piece
        for each in cut():
            yield each
    if held:
        yield number, bytes(held)


async def _runs(start: bytes, stream: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """The text in a binary file, a long run in pieces. Without its NULs text in UTF-16 is text, too."""
    held = b""

    def cut(piece: bytes) -> Iterator[bytes]:
        nonlocal held
        held += piece.replace(b"\0", b"")
        ended = held.rstrip(PRINTABLE)
        yield from (found.group() for found in RUN.finditer(ended))
        held = held[len(ended) :]
        while len(held) >= LONGEST:
            yield held[:LONGEST]
            held = held[LONGEST - OVERLAP :]

    for run in cut(start):
        yield run
    async for piece in stream:
        for run in cut(piece):
            yield run
    for run in cut(b"\n"):
        yield run


def _pieces(line: bytes) -> Iterator[bytes]:
    yield line[:LONGEST]
    for start in range(LONGEST - OVERLAP, len(line) - OVERLAP, LONGEST - OVERLAP):
        yield line[start : start + LONGEST]


def _added(path: str, number: int, line: bytes) -> Added:
    return Added(path, number, line.decode("utf-8", "replace"))
