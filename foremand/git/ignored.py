"""What a setup left in a checkout besides the work: the topmost paths in which no file is work."""

import asyncio
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from .seal import list_tree
from .work import WorkRepo


async def ignored_paths(work: WorkRepo, tree: Path, revision: str, *, keep: Iterable[str] = ()) -> list[str]:
    """The topmost ignored paths of a tree made from `revision`, from its top; `keep` (globs) are left out.

    A folder stands for all in it. A file that nothing ignores is work, even if the revision does not have it.
    """
    listing = await list_tree(work, tree, await work.entries(revision), tuple(keep), ())
    files = {os.fsdecode(path) for path in (*listing.files, *listing.submodules)}
    folders = {str(parent) for path in files for parent in Path(path).parents}
    kept = tuple(keep)
    return await asyncio.to_thread(lambda: sorted(_topmost(tree, Path(), files, folders, kept)))


def _topmost(tree: Path, at: Path, files: set[str], folders: set[str], keep: tuple[str, ...]) -> Iterator[str]:
    with os.scandir(tree / at) as entries:
        for entry in entries:
            path = str(at / entry.name)
            if entry.name == ".git" or path in files or path in keep:
                continue
            if entry.is_dir(follow_symlinks=False) and path in folders:
                yield from _topmost(tree, at / entry.name, files, folders, keep)
            else:
                yield path
