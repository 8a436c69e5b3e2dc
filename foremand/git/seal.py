"""Sealing: an agent's tree becomes one commit, without running anything that the tree or its `.git` names."""

import asyncio
import os
import re
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from msgspec import Struct

from foremand.waiting import together

from . import layout
from .errors import GitFailed, Unreadable, text
from .ignore import IgnoreRules
from .listing import Listing, list_work
from .run import Git, fields
from .work import OURS, WorkRepo, commit

IGNORED_SUFFIX = "-ignored"
CHANGED_SUFFIX = "-changed"
DENIED = re.compile(rb'open\("(.*)"\): Permission denied')


class Seal(Struct, frozen=True, kw_only=True):
    """What was sealed.

    `revision` and `tree` are ids; `changed` says whether the files differ from where the attempt began.
    `ignored` names what only new ignore rules exclude (kept beside, at the ref with `-ignored`), `skipped` what
    git cannot hold: sockets, pipes, devices, names such as `.GIT`.
    """

    revision: str
    tree: str
    changed: bool
    ignored: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()


async def seal(
    work: WorkRepo,
    tree: Path,
    entered: str,
    message: str,
    at: float,
    *,
    ref: str,
    keep_out: tuple[str, ...] = (),
    extra_excludes: tuple[Path, ...] = (),
    read_only: bool = False,
    began: str | None = None,
    author: tuple[str, str] = OURS,
) -> Seal:
    """Seal `tree` as one commit on `entered`, held by `ref` and on disk when this returns.

    Sealing the same files again gives the same id. `at` is Unix seconds. `keep_out` are globs from the top
    (`copy` and `setup_paths`), `extra_excludes` the user's ignore files, weakest first. A read stage's seal
    (`read_only`) has the entered tree; if its files differ from `began` (a tree; default: the entered one), they
    are kept at the ref with `-changed`. `author` is the name and address of the
    person whose work it is. Raises `Unreadable`.
    """
    async with together() as group:
        taking = group.create_task(_take(work, tree, entered, keep_out, extra_excludes))
        from_tree = group.create_task(work.tree_of(entered))
    taken, entered_tree = taking.result(), from_tree.result()
    changed = taken.tree != (began or entered_tree)
    sealed = entered_tree if read_only else taken.tree
    revision = await commit(work, sealed, entered, message, at, author=author)
    await work.keep(ref, revision)
    if read_only and changed:
        await work.keep(ref + CHANGED_SUFFIX, await commit(work, taken.tree, entered, message, at, author=author))
    if taken.beside_tree is not None:
        beside = await commit(work, taken.beside_tree, revision, message, at, author=author)
        await work.keep(ref + IGNORED_SUFFIX, beside)
    return Seal(
        revision=revision,
        tree=sealed,
        changed=changed,
        ignored=tuple(text(name) for name in taken.listing.beside_names),
        skipped=tuple(sorted(text(name) for name in (*taken.listing.skipped, *taken.refused))),
    )


async def seal_as_entered(work: WorkRepo, entered: str, message: str, at: float, *, ref: str) -> Seal:
    """Seal an attempt that could not write: its files are as they were, so nobody needs to look at them."""
    tree = await work.tree_of(entered)
    revision = await commit(work, tree, entered, message, at)
    await work.keep(ref, revision)
    return Seal(revision=revision, tree=tree, changed=False)


async def snapshot(
    work: WorkRepo,
    tree: Path,
    entered: str,
    *,
    keep_out: tuple[str, ...] = (),
    extra_excludes: tuple[Path, ...] = (),
) -> str:
    """The tree that the files make now: what a read stage's seal is later compared with."""
    return (await _take(work, tree, entered, keep_out, extra_excludes)).tree


async def list_tree(
    work: WorkRepo,
    tree: Path,
    tracked: Mapping[bytes, tuple[bytes, bytes]],
    keep_out: Iterable[str],
    extra_excludes: Iterable[Path],
) -> Listing:
    """Which files of a work tree are work, by the rules of `tracked`, of the tree itself and of the user."""
    excludes = b"\n".join(path.read_bytes() for path in extra_excludes if path.is_file())
    form = await work.mirror.form()
    with tempfile.TemporaryDirectory(dir=work.scratch) as scratch:
        entered_rules = IgnoreRules(Path(scratch) / "entered", form, excludes)
        present_rules = IgnoreRules(Path(scratch) / "present", form, excludes)
        for path, content in (await work.read_named(tracked, b".gitignore")).items():
            entered_rules.add(path, content)
        return await list_work(
            tree, tracked, entered_rules=entered_rules, present_rules=present_rules, keep_out=keep_out
        )


class _Taken(Struct, frozen=True):
    tree: str
    beside_tree: str | None
    listing: Listing
    refused: tuple[bytes, ...]


async def _take(
    work: WorkRepo, tree: Path, entered: str, keep_out: tuple[str, ...], extra_excludes: tuple[Path, ...]
) -> _Taken:
    tracked = await work.entries(entered)
    listing = await list_tree(work, tree, tracked, keep_out, extra_excludes)
    try:
        written, refused = await _write_tree(work, tree, tracked, listing)
    except GitFailed:
        # A kept index is only for speed: whatever is wrong with it, a fresh one decides.
        kept_index(work).unlink(missing_ok=True)
        written, refused = await _write_tree(work, tree, tracked, listing)
    beside: str | None = None
    if listing.beside:
        with tempfile.TemporaryDirectory(dir=work.scratch) as scratch:
            git = Git(git_dir=work.path, work_tree=tree, index=Path(scratch) / "index", config=ADDING)
            await _add(git, listing.beside)
            beside = await git.line("write-tree")
    return _Taken(written, beside, listing, refused)


ADDING = (("core.fsyncMethod", "batch"),)
"""Many new objects are synced together, before `update-index` returns."""


def kept_index(work: WorkRepo) -> Path:
    """The index of the last seal: it remembers which files were read already."""
    return work.path / "seal.index"


async def _write_tree(
    work: WorkRepo, tree: Path, tracked: Mapping[bytes, tuple[bytes, bytes]], listing: Listing
) -> tuple[str, tuple[bytes, ...]]:
    """Bring the index to exactly the listed files and write its tree. Also the names that git refused."""
    with tempfile.TemporaryDirectory(dir=work.scratch) as scratch:
        index = Path(scratch) / "index"
        if kept_index(work).exists():
            await asyncio.to_thread(layout.copy_index, kept_index(work), index)
        git = Git(git_dir=work.path, work_tree=tree, index=index, config=ADDING)
        present = await git.run("ls-files", "-s", "-z")
        corrections = await asyncio.to_thread(_corrections, present, tracked, listing)
        if corrections:
            await git.run("update-index", "-z", "--index-info", input=corrections)
        refused = await _add(git, listing.files)
        written = await git.line("write-tree")
        await asyncio.to_thread(os.replace, index, kept_index(work))
    return written, refused


def _corrections(present: bytes, tracked: Mapping[bytes, tuple[bytes, bytes]], listing: Listing) -> bytes:
    """What to take out of the index, and which submodules to put in: files come by themselves."""
    wanted = {*listing.files, *listing.submodules}
    submodules = {path: tracked[path] for path in listing.submodules}
    lines = []
    for line in fields(present):
        meta, _, path = line.partition(b"\t")
        if path not in wanted:
            lines.append(b"0 %s\t%s\0" % (meta.split(b" ")[1], path))
        elif path in submodules and submodules[path] == tuple(meta.split(b" ")[:2]):
            del submodules[path]
    lines += [b"%s %s\t%s\0" % (mode, sha, path) for path, (mode, sha) in submodules.items()]
    return b"".join(lines)


async def _add(git: Git, files: Iterable[bytes]) -> tuple[bytes, ...]:
    command = ("update-index", "--add", "--remove", "--replace", "-z", "--stdin")
    result = await git.result(*command, input=b"".join(path + b"\0" for path in files))
    if result.code != 0:
        denied = DENIED.findall(result.err)
        if denied:
            raise Unreadable(text(name) for name in denied)
        raise GitFailed(command, result.code, result.err)
    refused = (line.removeprefix(b"Ignoring path ") for line in result.err.splitlines() if line.startswith(b"Ignoring"))
    return tuple(refused)
