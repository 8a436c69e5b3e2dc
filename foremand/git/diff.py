"""What a change is: its paths, its identity, its size, its text.

All by plumbing with fixed options: no external diff, no textconv, and binary is what the bytes say.
"""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from msgspec import Struct

from .errors import GitError, text
from .globs import Globs
from .run import Git, fields
from .work import WorkRepo

PLAIN = ("diff-tree", "-r", "--no-commit-id", "--no-renames", "--no-color", "--ignore-submodules=none")
FIXED = (
    "-p",
    "-U3",
    "--inter-hunk-context=0",
    "--full-index",
    "--no-ext-diff",
    "--no-textconv",
    "--diff-algorithm=myers",
    "--no-indent-heuristic",
    "--submodule=short",
    "--src-prefix=a/",
    "--dst-prefix=b/",
    "--no-relative",
)
"""The patch that a change id is made from; any other option could give the same change another id."""

LARGEST_TEXT = 4 << 20
"""Bytes of a file whose lines are compared. A larger one is told by its blobs, like a binary one: this is part of
what a change id is."""


class RawChange(Struct, frozen=True):
    """One path as git stores it: modes and ids before and after; no renames."""

    path: bytes
    old_mode: bytes
    new_mode: bytes
    old_blob: bytes
    new_blob: bytes

    @property
    def retyped(self) -> bool:
        """A file became a link or a submodule, or the other way round: git shows that as two patches."""
        return b"000000" not in (self.old_mode, self.new_mode) and self.old_mode[:3] != self.new_mode[:3]

    def within(self, globs: Globs) -> bool:
        """Whether a rule is about this change."""
        opaque = not {b"120000", b"160000"}.isdisjoint((self.old_mode, self.new_mode))
        return globs.match(text(self.path), stands_for_folder=opaque)


async def raw_changes(work: WorkRepo, base: str, revision: str) -> tuple[RawChange, ...]:
    """All paths that differ, in git's order."""
    parts = fields(await work.git.run(*PLAIN, "--raw", "-z", "--no-abbrev", base, revision))
    changes = []
    for meta, path in zip(parts[0::2], parts[1::2], strict=True):
        old_mode, new_mode, old_blob, new_blob, _ = meta[1:].split(b" ")
        changes.append(RawChange(path, old_mode, new_mode, old_blob, new_blob))
    return tuple(changes)


async def changed_paths(work: WorkRepo, base: str, revision: str) -> frozenset[str]:
    """All paths that the change touches: of a rename the old and the new name."""
    return frozenset(text(each.path) for each in await raw_changes(work, base, revision))


async def touched(work: WorkRepo, base: str, revision: str, globs: Sequence[str]) -> tuple[str, ...]:
    """The changed paths, old and new names, that gitignore-style globs are about.

    A link or a submodule counts also where it takes the place of a folder that could hold what they name.
    """
    rule = Globs(globs)
    return tuple(text(each.path) for each in await raw_changes(work, base, revision) if each.within(rule))


async def change_id(work: WorkRepo, base: str, revision: str, paths: Sequence[str] | None = None) -> str | None:
    """What a person's or reviewer's answer is about: the identity of the change `base..revision`.

    A hash over, for each path, old and new mode and the hunks verbatim with three lines of context, or the old
    and new blob where a side is binary. Where the hunks stand does not count, so a branch that moved elsewhere
    keeps it. Not git's patch-id, which ignores white space and what follows a NUL byte. `paths` restricts it to
    gitignore-style globs. None: the change touches none of them, or nothing.
    """
    rule = None if paths is None else Globs(paths)
    total = hashlib.sha256()
    any_there = False
    async with aclosing(sections(work, base, revision)) as found:
        async for each, section in found:
            if rule is None or each.within(rule):
                any_there = True
                content = await asyncio.to_thread(_content, each, section)
                for part in (each.path, each.old_mode, each.new_mode, *content):
                    total.update(b"%d:" % len(part))
                    total.update(part)
    return total.hexdigest() if any_there else None


async def sections(work: WorkRepo, base: str, revision: str) -> AsyncGenerator[tuple[RawChange, bytes | None], None]:
    """Every path that differs with its patch, one at a time: a change may be larger than memory.

    A path whose type changed has none: it is two patches, and is told by its blobs.
    """
    changes = await raw_changes(work, base, revision)
    whole = sum(not each.retyped for each in changes)
    shown = 0
    async with aclosing(_patches(work, base, revision)) as patches:
        for each in changes:
            section = None if each.retyped else await anext(patches, None)
            shown += section is not None
            yield each, section
        shown += sum([1 async for _ in patches])
    if shown != whole:
        raise GitError(f"git shows {shown} patches for {whole} changed paths", "please report this")


async def _patches(work: WorkRepo, base: str, revision: str) -> AsyncGenerator[bytes, None]:
    """git's patch, cut where the next path begins."""
    begins, between = b"diff --git ", b"\ndiff --git "  # a hunk's line begins with a sign: no content forges a header
    held = bytearray()
    async with aclosing(_bounded(work).stream(*PLAIN, *FIXED, "--diff-filter=t", base, revision)) as pieces:
        async for piece in pieces:
            seen = max(0, len(held) - len(between))
            held += piece
            start = 0
            while (end := held.find(between, max(seen, start))) >= 0:
                yield bytes(held[start : end + 1])
                start = end + 1
            del held[:start]
    if held.startswith(begins):
        yield bytes(held)


def _bounded(work: WorkRepo) -> Git:
    return Git(git_dir=work.path, config=(("core.bigFileThreshold", str(LARGEST_TEXT)),))


def hunks(section: bytes) -> bytes | None:
    """A patch from its first hunk on, b"" where it has none (mode only, empty file), None for a binary file."""
    start = section.find(b"\n@@ ")
    header = section if start < 0 else section[: start + 1]
    if b"\nBinary files " in header:
        return None
    return b"" if start < 0 else section[start + 1 :]


def _content(change: RawChange, section: bytes | None) -> tuple[bytes, ...]:
    body = None if section is None else hunks(section)
    if body is None:
        return (b"blobs", change.old_blob, change.new_blob)
    lines = body.split(b"\n")
    return (b"hunks", b"\n".join(b"@@" if line.startswith(b"@@ ") else line for line in lines))


async def diffstat(work: WorkRepo, base: str, revision: str) -> tuple[int, int, int]:
    """Files changed, lines added, lines removed; a binary file counts as a file without lines."""
    counts = await numstat(work, base, revision)
    return len(counts), sum(each[1] for each in counts), sum(each[2] for each in counts)


async def numstat(work: WorkRepo, base: str, revision: str) -> list[tuple[bytes, int, int]]:
    """For each path (the new one of a rename) the lines added and removed."""
    options = ("-r", "--no-commit-id", "--numstat", "-z", "-M", "--no-textconv")
    parts = iter(fields(await _bounded(work).run("diff-tree", *options, base, revision)))
    counts = []
    for part in parts:
        added, removed, path = part.split(b"\t", 2)
        if not path:  # a rename: the old and the new name follow
            next(parts)
            path = next(parts)
        counts.append((path, 0 if added == b"-" else int(added), 0 if removed == b"-" else int(removed)))
    return counts


def patch(work: WorkRepo, base: str, revision: str) -> AsyncGenerator[bytes, None]:
    """The change as a patch for people, in pieces, renames shown as such."""
    return patch_by(work.git, base, revision)


def patch_by(git: Git, base: str, revision: str) -> AsyncGenerator[bytes, None]:
    """A patch for people between two commits or trees that this git sees."""
    options = ("-r", "--no-commit-id", "-p", "-M", "--no-ext-diff", "--no-textconv", "--no-color")
    return git.stream("diff-tree", *options, base, revision)
