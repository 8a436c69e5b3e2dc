"""The trees that agents and gates work in: files out of the task's repository, and a `.git` made by us.

Our own git never reads a `.git` that lay in a tree: it works with the new one, beside the tree, until that is
complete and takes its place.
"""

import asyncio
import tempfile
from collections.abc import Iterable
from pathlib import Path

from . import layout
from .dotgit import AGENT, fill, install, keep_git, read_tree, write_files
from .run import Git
from .seal import kept_index, list_tree
from .submodules import held, populate
from .work import WorkRepo

BASE_REF = "refs/foremand/base"


async def prepare(
    tree: Path,
    work: WorkRepo,
    head: str,
    base: str,
    files: str | None,
    *,
    kept: Path,
    keep: tuple[str, ...] = (),
    extra_excludes: tuple[Path, ...] = (),
) -> tuple[str, ...]:
    """Make a task's work tree ready for an attempt; safe to repeat after a crash at any point.

    It gets a fresh `.git`: on branch `foremand/TASK` at `head` (the entered revision), `base` at
    `refs/foremand/base`, the index that of `head`, no remote, no hooks. The old `.git` goes to the folder `kept`
    if it has objects of its own.

    `files` is a tree or commit that the files are put to: what is not in it is removed, except ignored files and
    `keep` (globs from the top). None leaves the files as they are. A tree that is not there yet is made from
    `files` or `head`. `extra_excludes` are the user's ignore files, weakest first; the agent's git honours them.

    Submodules are filled likewise; returns notes about those that cannot be.
    """
    making = tree.with_name(tree.name + ".making")
    git_dir = tree.with_name(tree.name + ".git-making")
    await asyncio.to_thread(_clear, making, git_dir)
    branch = f"refs/heads/foremand/{work.task}"
    refs = {branch: head, BASE_REF: base}
    await _write_git_dir(git_dir, work, f"ref: {branch}", refs, _excludes(extra_excludes))
    new = not await asyncio.to_thread(tree.exists)
    place = making if new else tree
    if new:
        making.mkdir(parents=True)
    elif kept_index(work).exists():
        # It knows these files already, so the agent's first `git status` need not read them all.
        await asyncio.to_thread(layout.copy_index, kept_index(work), git_dir / "index")
    git = Git(git_dir=git_dir, work_tree=place)
    if files is not None and not new:
        await _remove_others(work, tree, files, keep, extra_excludes, kept)
    fresh = files is not None or new
    if fresh:
        await fill(git, files or head)
    notes = await populate(place, work, files or head, kept=kept, fresh=fresh)
    await read_tree(git, head)
    if new:
        # And the first seal need not either.
        await asyncio.to_thread(layout.copy_index, git_dir / "index", kept_index(work))
    await asyncio.to_thread(install, git_dir, place, kept)
    if new:
        await asyncio.to_thread(layout.publish, making, tree)
    return notes


async def checkout(dest: Path, work: WorkRepo, revision: str) -> tuple[str, ...]:
    """Make a clean checkout of a revision, for a gate: detached, with a `.git` that has the tags.

    Whatever was at `dest` is replaced. Files are as stored: no filter, no line ending conversion. Submodules are
    filled; returns notes about those that cannot be.
    """
    making = dest.with_name(dest.name + ".making")
    await asyncio.to_thread(_clear, making, dest)
    making.mkdir(parents=True)
    await _write_git_dir(making / ".git", work, revision, {BASE_REF: revision}, b"")
    await fill(Git(git_dir=making / ".git", work_tree=making), revision)
    notes = await populate(making, work, revision, kept=dest.with_name(dest.name + ".kept"), fresh=True)
    await asyncio.to_thread(layout.publish, making, dest)
    return notes


async def restore(tree: Path, work: WorkRepo, revision: str) -> None:
    """Put every file of a revision back as it is stored, whatever has run in the tree since, and prove it.

    What the revision does not have stays. Submodules that were filled are put back too. The tree's own `.git` is
    not asked. Raises `GitFailed`.
    """
    with tempfile.TemporaryDirectory(dir=work.scratch) as scratch:
        git = Git(git_dir=work.path, work_tree=tree, index=Path(scratch) / "index")
        compare = ("update-index", "--ignore-submodules", "--really-refresh")
        await git.run("read-tree", revision)
        await git.result(*compare)  # so that only what differs is written
        await write_files(git)
        await git.run(*compare)
    for each in await held(work, revision):
        place = await asyncio.to_thread(layout.folder, tree, each.path)
        if place is not None:
            await restore(place, work, each.commit)


async def _write_git_dir(git_dir: Path, work: WorkRepo, head: str, refs: dict[str, str], excludes: bytes) -> None:
    lines = [f"{sha} {ref}\n".encode() for ref, sha in refs.items()]
    lines += (await work.mirror.tags()).splitlines(keepends=True)
    lines.sort(key=lambda line: line.split(b" ", 1)[1])
    form = await work.mirror.form()

    def write() -> None:
        layout.write_repository(
            git_dir, form, bare=False, head=head, borrows=work.objects, refs=b"".join(lines), extra=AGENT
        )
        layout.write_file(git_dir / "info" / "exclude", excludes)

    await asyncio.to_thread(write)


async def _remove_others(
    work: WorkRepo, tree: Path, files: str, keep: tuple[str, ...], excludes: tuple[Path, ...], kept: Path
) -> None:
    """Remove the work that is not in `files`: ignored files and `keep` stay."""
    tracked = await work.entries(files)
    listing = await list_tree(work, tree, tracked, keep, excludes)
    others = [path for path in listing.files if path not in tracked]

    def remove() -> None:
        for path in others:
            place = layout.at(tree, path)
            place.unlink()
            _prune_folders(tree, place.parent, kept)

    await asyncio.to_thread(remove)


def _prune_folders(top: Path, folder: Path, kept: Path) -> None:
    """Remove the folders that became empty; a nested repository's `.git` does not count, and is kept."""
    while folder != top:
        left = [entry.name for entry in folder.iterdir()]
        if left == [".git"]:
            keep_git(folder / ".git", kept)
        elif left:
            return
        folder.rmdir()
        folder = folder.parent


def _excludes(paths: Iterable[Path]) -> bytes:
    return b"\n".join(path.read_bytes() for path in paths if path.is_file())


def _clear(*places: Path) -> None:
    for place in places:
        layout.discard(place)
