"""A candidate: a task's work on the tip of the target branch, as one commit or as a merge, built without a checkout."""

import re
from collections.abc import Awaitable, Callable, Iterable
from functools import partial

from msgspec import Struct

from .diff import raw_changes
from .errors import text
from .run import Git, failed, fields
from .user import Identity
from .work import CONFLICT_SUFFIX, WorkRepo, commit

MARKER = re.compile(rb"^(?:<<<<<<< TIP|>>>>>>> WORK)(?=[:\r\n]|\Z)", re.MULTILINE)
"""How a conflict's markers begin and end in the files that `build` gives back."""

ASIDE = (b"~TIP", b"~WORK")
"""How a file is called there whose place the other side has taken, with a folder for example."""

MERGING = (("merge.conflictStyle", "diff3"), ("merge.renames", "true"), ("merge.directoryRenames", "conflict"))


class Candidate(Struct, frozen=True):
    """A commit that could land. `empty`: its tree is the tip's, the work is already in."""

    commit: str
    tree: str
    empty: bool


class StageCommit(Struct, frozen=True):
    """What one writing stage did, to be landed as a commit of its own by a merge.

    `revision` is what the stage left, `base` the task's base as it was then, where that is not the present one.
    """

    revision: str
    message: str
    base: str | None = None


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
    stages: Iterable[StageCommit] | None = None,
) -> Candidate | Conflict:
    """Put the change `base..revision` on `tip`, held by `ref` and on disk when this returns.

    One commit; or, where `stages` are given, one for each of them and then their merge with `tip` as first parent.
    What lands is the same tree either way. The same arguments give the same commit; `at` is Unix seconds.
    A conflict's tree is held by the ref with `-conflict`; its markers call the two sides TIP and WORK.
    """
    tree, paths = await _moved(work, tip, base, revision)
    if paths:
        await work.keep(ref + CONFLICT_SUFFIX, await commit(work, tree, tip, "conflict", at))
        return Conflict(tree, paths)
    write = partial(
        commit, work, at=at, author=(author.name, author.email), committer=(committer.name, committer.email)
    )
    line = None if stages is None else await _line(work, tip, base, stages, write)
    made = await write(tree, tip, message, merged=line)
    await work.keep(ref, made)
    return Candidate(made, tree, tree == await work.tree_of(tip))


async def _line(
    work: WorkRepo, tip: str, base: str, stages: Iterable[StageCommit], write: Callable[..., Awaitable[str]]
) -> str | None:
    """The stages as commits, one on the other; the last of them, None where there are none.

    They stand on `base`, or on the tip once the target's history has dropped `base`: no merge brings that back.
    A stage that was left on an earlier base is moved along; where it conflicts by itself, its part is in the next.
    """
    root = last = base if await work.follows(tip, base) else tip
    for stage in stages:
        tree, conflicts = await _moved(work, root, stage.base or base, stage.revision)
        if not conflicts:
            last = await write(tree, last, stage.message)
    return last if last != root else None


async def unresolved(work: WorkRepo, base: str, revision: str) -> tuple[str, ...]:
    """The files of the change `base..revision` in which markers of a conflict are left, or that lie aside for one."""
    changed = [each for each in await raw_changes(work, base, revision) if each.new_mode.startswith(b"100")]
    blobs = await work.read_blobs(each.new_blob for each in changed)
    return tuple(
        text(each.path)
        for each, blob in zip(changed, blobs, strict=True)
        if MARKER.search(blob) or each.path.endswith(ASIDE)
    )


async def _moved(work: WorkRepo, onto: str, base: str, revision: str) -> tuple[str, tuple[str, ...]]:
    """The change `base..revision` on another commit: the tree, and the paths in conflict."""
    if await work.tree_of(base) == await work.tree_of(onto):
        return await work.tree_of(revision), ()
    return await _merge(work, onto, base, revision)


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
