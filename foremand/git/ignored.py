"""What in a tree is work and what is not: where a setup's results may lie, and what it left in a checkout."""

import asyncio
import os
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from .listing import folders_of
from .seal import list_tree
from .work import WorkRepo


async def work_in(
    work: WorkRepo, tree: Path, revision: str, *, keep: Iterable[str] = (), extra_excludes: Iterable[Path] = ()
) -> frozenset[bytes]:
    """All that is work in a tree that began with `revision`: what that tracks, and every file that nothing ignores.

    `keep` (globs from the top) are not, unless they are tracked.
    """
    tracked = await work.entries(revision)
    listing = await list_tree(work, tree, tracked, tuple(keep), tuple(extra_excludes))
    return frozenset((*tracked, *listing.files, *listing.beside))


async def ignored_paths(work: WorkRepo, tree: Path, revision: str, *, keep: Iterable[str] = ()) -> list[str]:
    """The topmost ignored paths of a tree made from `revision`, from its top; `keep` are left out.

    A folder stands for all in it. A file that nothing ignores is work, even if the revision does not have it.
    """
    kept = tuple(keep)
    taken = await work_in(work, tree, revision, keep=kept) | {os.fsencode(path) for path in kept}
    return await asyncio.to_thread(lambda: free_paths(tree, os.listdir(tree), taken))  # noqa: PTH208 (names)


def free_paths(top: Path, paths: Iterable[str], taken: Collection[bytes]) -> list[str]:
    """The topmost parts of `paths` (from `top`, as far as they are there) in which nothing is `taken`.

    A `.git` beside something that is taken is never one of them.
    """
    files, folders = frozenset(taken), folders_of(taken)

    def parts(path: str) -> Iterator[str]:
        name, place = os.fsencode(path), top / path
        if name in files or place.name == ".git":
            return
        if name not in folders:
            yield path
        elif place.is_dir() and not place.is_symlink():
            for below in sorted(os.listdir(place)):  # noqa: PTH208 (names)
                yield from parts(f"{path}/{below}")

    def within_taken(path: str) -> bool:
        return any(os.fsencode(str(parent)) in files for parent in Path(path).parents)

    return [
        part for path in sorted(paths) if os.path.lexists(top / path) and not within_taken(path) for part in parts(path)
    ]
