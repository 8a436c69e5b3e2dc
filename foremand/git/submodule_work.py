"""What an agent did in a submodule cannot land: it is kept as a file beside the workspace, and said."""

import asyncio
import filecmp
import os
import tarfile
import tempfile
from collections.abc import Iterable
from pathlib import Path

from . import layout
from .diff import raw_changes
from .dotgit import has_objects, unlocked
from .errors import text
from .listing import SUBMODULE
from .seal import snapshot
from .submodules import is_held
from .work import WorkRepo

LONGEST_NAME = 200
"""Bytes of a file name, without its number and suffix."""

GONE = b"000000"


async def keep_submodule_work(
    work: WorkRepo, tree: Path, entered: str, kept: Path, *, extra_excludes: tuple[Path, ...] = ()
) -> tuple[str, ...]:
    """Keep what differs from the entered revision's commits in its submodules, nested ones too.

    For each with work in it a tar in the folder `kept`: the files that were changed or added, and its `.git` where
    that holds commits of its own. The same work is kept once. The notes name each. Raises `Unreadable`, OSError.
    """
    return tuple(await _keep(work, tree, entered, kept, extra_excludes, b""))


async def _keep(
    work: WorkRepo, tree: Path, entered: str, kept: Path, extra_excludes: tuple[Path, ...], within: bytes
) -> list[str]:
    notes: list[str] = []
    for path, (mode, sha) in (await work.entries(entered)).items():
        place = await asyncio.to_thread(layout.folder, tree, path) if mode == SUBMODULE else None
        if place is None:
            continue
        whole, commit = within + path, sha.decode()
        known = await is_held(work, commit)
        changed, removed = await _differences(work, place, commit if known else None, extra_excludes)
        own = await asyncio.to_thread(_own_git, place)
        if changed or removed or own:
            name = await asyncio.to_thread(_store, place, [*changed, *own], kept, whole)
            missing = f" (removed there: {', '.join(map(text, removed[:5]))})" if removed else ""
            notes.append(f"work in the submodule {text(whole)} cannot land, it is kept in {name}{missing}")
        if known:
            notes += await _keep(work, place, commit, kept, extra_excludes, whole + b"/")
    return notes


async def _differences(
    work: WorkRepo, place: Path, commit: str | None, extra_excludes: tuple[Path, ...]
) -> tuple[list[bytes], list[bytes]]:
    """The paths that were changed or added, and those that were removed; of an unknown commit nothing is known."""
    with tempfile.TemporaryDirectory(dir=work.scratch) as scratch:
        own = WorkRepo(Path(scratch) / "git", work.mirror, work.task)
        await own.ensure()
        began = commit or await own.git.line("mktree")
        changes = await raw_changes(own, began, await snapshot(own, place, began, extra_excludes=extra_excludes))
    removed = [each.path for each in changes if each.new_mode == GONE]
    return [each.path for each in changes if each.new_mode not in (GONE, SUBMODULE)], removed


def _own_git(place: Path) -> list[bytes]:
    git_dir = place / ".git"
    return [b".git"] if unlocked(git_dir) and has_objects(git_dir) else []


def _store(place: Path, paths: Iterable[bytes], kept: Path, whole: bytes) -> str:
    """Write the tar, on disk and under its name when this returns, unless the last one is the same."""
    kept.mkdir(parents=True, exist_ok=True)
    stem = text(whole).replace("/", "-").encode()[:LONGEST_NAME].decode(errors="ignore")
    making = kept / f"{stem}.making"
    with making.open("wb") as file:
        with tarfile.open(fileobj=file, mode="w") as tar:
            for path in paths:
                tar.add(layout.at(place, path), os.fsdecode(path), filter=_ordinary)
        file.flush()
        os.fsync(file.fileno())
    last, number = None, 1
    while (there := kept / (f"{stem}.tar" if number == 1 else f"{stem}-{number}.tar")).exists():
        last, number = there, number + 1
    if last is not None and filecmp.cmp(last, making, shallow=False):
        making.unlink()
        return last.name
    layout.publish(making, there)
    return there.name


def _ordinary(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Neither pipes nor devices."""
    return member if member.isreg() or member.isdir() or member.issym() or member.islnk() else None
