"""Copies laid into a tree: whole or not at all, and nothing of the work once whoever wanted them has let go."""

import asyncio
import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec

from foremand.children import child
from foremand.waiting import settled

from .conductor import StepFailed
from .inside import inside

P = ParamSpec("P")


async def lay_copy(source: Path, tree: Path, path: str, *, follow: bool = False) -> None:
    """Put an own copy of `source` at `path` in `tree`, in the place of what is there.

    It shares blocks where the file system can. `follow`: a link is copied as what it leads to. The copy is made
    beside the tree and takes its place at once: a half one is never taken for the whole. Raises StepFailed, OSError.
    """
    making, old = tree.parent / "laying", tree.parent / "replaced"
    for left in (making, old):
        await to_the_end(_remove, left)
    target = inside(tree, path)
    await _cp(source, making, "-aH" if follow else "-a")
    _swap(making, target, old)
    await to_the_end(_remove, old)


async def to_the_end(function: Callable[P, None], *args: P.args, **keywords: P.kwargs) -> None:
    """Run `function` in a thread. Cancelled, it still ends before this does: a thread cannot be stopped."""
    running = asyncio.get_running_loop().run_in_executor(None, lambda: function(*args, **keywords))
    try:
        await asyncio.shield(running)
    finally:
        await settled(running)


async def _cp(source: Path, target: Path, how: str) -> None:
    paths = ("--", str(source), str(target))
    async with child("cp", how, "--reflink=auto", "-T", *paths, stderr=asyncio.subprocess.PIPE) as process:
        _, said = await process.communicate()
    if process.returncode != 0:
        raise StepFailed(f"{source.name} cannot be copied: {said.decode(errors='replace').strip()}")


def _swap(new: Path, place: Path, old: Path) -> None:
    if os.path.lexists(place):
        _move(place, old)
    _move(new, place)


def _move(source: Path, target: Path) -> None:
    """Rename, also a folder that its owner may not write in: its `..` is written then."""
    mode = source.lstat().st_mode
    locked = stat.S_ISDIR(mode) and not mode & stat.S_IWUSR
    if locked:
        source.chmod(stat.S_IMODE(mode) | stat.S_IRWXU)
    source.rename(target)
    if locked:
        target.chmod(stat.S_IMODE(mode))


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
