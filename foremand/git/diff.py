"""What a change is: its paths, its identity, its size, its text.

All by plumbing with fixed options: no external diff, no textconv, and binary is what the bytes say.
"""

import asyncio
import hashlib
from collections.abc import Sequence

from msgspec import Struct
from pathspec import GitIgnoreSpec

from .errors import GitError, text
from .run import fields
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


async def raw_changes(work: WorkRepo, base: str, revision: str) -> tuple[RawChange, ...]:
    """All paths that differ, in git's order."""
    parts = fields(await work.git.run(*PLAIN, "--raw", "-z", "--no-abbrev", base, revision))
    changes = []
    for meta, path in zip(parts[0::2], parts[1::2], strict=True):
        old_mode, new_mode, old_blob, new_blob, _ = meta[1:].split(b" ")
        changes.append(RawChange(path, old_mode, new_mode, old_blob, new_blob))
    return tuple(changes)


async def change_id(work: WorkRepo, base: str, revision: str, paths: Sequence[str] | None = None) -> str | None:
    """What a person's or reviewer's answer is about: the identity of the change `base..revision`.

    A hash over, for each path, old and new mode and the hunks verbatim with three lines of context, or the old
    and new blob where a side is binary. Where the hunks stand does not count, so a branch that moved elsewhere
    keeps it. Not git's patch-id, which ignores white space and what follows a NUL byte. `paths` restricts it to
    gitignore-style globs. None: the change touches none of them, or nothing.
    """
    changes = await raw_changes(work, base, revision)
    patches = await sections(work, base, revision, changes)

    def digest() -> str | None:
        spec = None if paths is None else GitIgnoreSpec.from_lines(paths)
        chosen = [each for each in changes if spec is None or spec.match_file(text(each.path))]
        if not chosen:
            return None
        total = hashlib.sha256()
        for each in chosen:
            for part in (each.path, each.old_mode, each.new_mode, *_content(each, patches.get(each.path))):
                total.update(b"%d:" % len(part))
                total.update(part)
        return total.hexdigest()

    return await asyncio.to_thread(digest)


async def sections(work: WorkRepo, base: str, revision: str, changes: Sequence[RawChange]) -> dict[bytes, bytes]:
    """The patch of each path. A path whose type changed has none: it is two patches, and is told by its blobs."""
    patch = await work.git.run(*PLAIN, *FIXED, "--diff-filter=t", base, revision)

    def split() -> dict[bytes, bytes]:
        # Every line of a hunk begins with a sign, so a header cannot be forged by content.
        parts = patch.removeprefix(b"diff --git ").split(b"\ndiff --git ") if patch else []
        whole = [each for each in changes if not each.retyped]
        if len(parts) != len(whole):
            raise GitError(f"git shows {len(parts)} patches for {len(whole)} changed paths", "please report this")
        return {
            each.path: b"diff --git " + part.removesuffix(b"\n") + b"\n"
            for each, part in zip(whole, parts, strict=True)
        }

    return await asyncio.to_thread(split)


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
    parts = iter(fields(await work.git.run("diff-tree", *options, base, revision)))
    counts = []
    for part in parts:
        added, removed, path = part.split(b"\t", 2)
        if not path:  # a rename: the old and the new name follow
            next(parts)
            path = next(parts)
        counts.append((path, 0 if added == b"-" else int(added), 0 if removed == b"-" else int(removed)))
    return counts


async def patch(work: WorkRepo, base: str, revision: str) -> bytes:
    """The change as a patch for people, renames shown as such."""
    options = ("-r", "--no-commit-id", "-p", "-M", "--no-ext-diff", "--no-textconv", "--no-color")
    return await work.git.run("diff-tree", *options, base, revision)
