"""A candidate: a task's work as one commit on the tip of the target branch, built without a checkout."""

import re

from msgspec import Struct

from .diff import raw_changes
from .errors import text
from .run import Git, failed, fields
from .user import Identity
from .work import WorkRepo, commit

CONFLICT_SUFFIX = "-conflict"
MARKER = re.compile(rb"^(?:<<<<<<< TIP|>>>>>>> WORK)(?=[:\r\n]|\Z)", re.MULTILINE)
"""How a conflict's markers begin and end in the files that `build` gives back."""

MERGING = (("merge.conflictStyle", "diff3"), ("merge.renames", "true"), ("merge.directoryRenames", "conflict"))


class Candidate(Struct, frozen=True):
    """A commit that could land. `empty`: its tree is the tip's, the work is already in."""

    commit: str
    tree: str
    empty: bool


class Conflict(Struct, frozen=True):
    """The work and the tip contradict each other in `paths`; `tree` holds the merge with its markers."""

    tree: str
    paths: tuple[str, ...]


async def build(
    work: WorkRepo,
    *,
    tip: str,
    base: str,
    revision: str,
    message: str,
    author: Identity,
    committer: Identity,
    at: float,
    ref: str,
) -> Candidate | Conflict:
    """Put the change `base..revision` on `tip` as one commit, held by `ref` and on disk when this returns.

    The same arguments give the same commit; `at` is Unix seconds. A conflict's tree is held by the ref with
    `-conflict`; its markers call the two sides TIP and WORK.
    """
    if await work.tree_of(base) == await work.tree_of(tip):
        tree = await work.tree_of(revision)
        paths: tuple[str, ...] = ()
    else:
        tree, paths = await _merge(work, tip, base, revision)
    if paths:
        await work.keep(ref + CONFLICT_SUFFIX, await commit(work, tree, tip, "conflict", at))
        return Conflict(tree, paths)
    made = await commit(
        work,
        tree,
        tip,
        message,
        at,
        author=(author.name, author.email),
        committer=(committer.name, committer.email),
    )
    await work.keep(ref, made)
    return Candidate(made, tree, tree == await work.tree_of(tip))


async def unresolved(work: WorkRepo, base: str, revision: str) -> tuple[str, ...]:
    """The files of the change `base..revision` in which markers of a conflict are left."""
    changed = [each for each in await raw_changes(work, base, revision) if each.new_mode.startswith(b"100")]
    blobs = await work.read_blobs(each.new_blob for each in changed)
    return tuple(text(each.path) for each, blob in zip(changed, blobs, strict=True) if MARKER.search(blob))


async def _merge(work: WorkRepo, tip: str, base: str, revision: str) -> tuple[str, tuple[str, ...]]:
    """Merge with exactly `base` as the common ancestor: the tree, and the paths in conflict.

    git learned `merge-tree --merge-base` in 2.40. Three commits without further history say the same to any git.
    """
    async with work.merging:
        root = await commit(work, await work.tree_of(base), None, "base", 0)
        for name, side in (("TIP", tip), ("WORK", revision)):
            # The names that stand at the conflict markers.
            await work.keep(name, await commit(work, await work.tree_of(side), root, name, 0))
        git = Git(git_dir=work.path, config=MERGING)
        command = ("merge-tree", "--write-tree", "-z", "--name-only", "--no-messages", "TIP", "WORK")
        result = await git.result(*command)
    if result.code not in (0, 1):
        raise failed(command, result)
    tree, *paths = fields(result.out)
    conflicts = dict.fromkeys(text(path) for path in paths if path)
    if bool(conflicts) != (result.code == 1):
        raise failed(command, result)
    return tree.decode(), tuple(conflicts)
