"""Merges that are only tried: they see the objects of several tasks, and nothing of them is kept."""

import os
import tempfile
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

from msgspec import Struct

from foremand.waiting import together

from .candidate import MERGING
from .errors import text
from .run import Git, failed, fields
from .work import OURS, WorkRepo, commit_environment

UNKEPT = (("core.fsync", "none"),)


class Tried(Struct, frozen=True):
    """The tree that a merge would have, its markers included, and the paths in conflict."""

    tree: str
    conflicts: tuple[str, ...]


@asynccontextmanager
async def trial(work: WorkRepo, *others: WorkRepo) -> AsyncIterator[Git]:
    """Git in the repository of `work` that sees the objects of the others too, and forgets all that it writes."""
    seen = dict.fromkeys(folder for each in (work, *others) for folder in each.objects)
    with tempfile.TemporaryDirectory(dir=work.scratch) as scratch:
        env = {
            "GIT_OBJECT_DIRECTORY": scratch,
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": _listed(seen),
            **commit_environment(OURS, OURS, 0),
        }
        yield Git(git_dir=work.path, config=(*MERGING, *UNKEPT), env=env)


async def try_merge(git: Git, base: str, ours: str, theirs: str) -> Tried:
    """Put the change `base..theirs` on `ours`, with exactly `base` as the common ancestor, whatever history says."""
    root = await git.line("commit-tree", f"{base}^{{tree}}")
    async with together() as group:
        making = [group.create_task(git.line("commit-tree", f"{side}^{{tree}}", "-p", root)) for side in (ours, theirs)]
    sides = [side.result() for side in making]
    command = ("merge-tree", "--write-tree", "-z", "--name-only", "--no-messages", *sides)
    result = await git.result(*command)
    if result.code not in (0, 1):
        raise failed(command, result)
    tree, *paths = fields(result.out)
    named = dict.fromkeys(_as_known(text(path), sides) for path in paths if path)
    if bool(named) != (result.code == 1):
        raise failed(command, result)
    return Tried(tree.decode(), tuple(named))


def _as_known(path: str, sides: Iterable[str]) -> str:
    """A file that a folder takes the place of is listed by git with the name of its side behind."""
    for side in sides:
        path = path.removesuffix(f"~{side}")
    return path


def _listed(folders: Iterable[Path]) -> str:
    """Folders for a variable that is divided at colons: quoted, as they may hold some."""
    quoted = (os.fspath(folder).replace("\\", "\\\\").replace('"', '\\"') for folder in folders)
    return ":".join(f'"{folder}"' for folder in quoted)
