"""The user's work trees: which have a branch checked out, and what they are in the middle of."""

import asyncio
import os
from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct, structs

from .errors import Blocked
from .run import Git

OPERATIONS = {
    "MERGE_HEAD": "a merge",
    "CHERRY_PICK_HEAD": "a cherry-pick",
    "REVERT_HEAD": "a revert",
    "rebase-merge": "a rebase",
    "rebase-apply": "a rebase or git am",
    "BISECT_LOG": "a bisect",
    "sequencer": "a cherry-pick or revert",
}
"""What git leaves in its folder while an operation of several steps waits for its user."""

REMEMBERED = {
    "rebase-merge/head-name": "a rebase",
    "rebase-apply/head-name": "a rebase",
    "rebase-merge/update-refs": "a rebase",
    "BISECT_START": "a bisect",
}
"""Where a work tree that is detached meanwhile remembers the branch that it will move or come back to."""


class Worktree(Struct, frozen=True):
    """A work tree of the user, with the git folder that holds its HEAD and index."""

    path: Path
    git_dir: Path

    @property
    def index(self) -> Path:
        """Its index."""
        return self.git_dir / "index"


async def holding(git: Git, branch_ref: str) -> tuple[Worktree, ...]:
    """The work trees that have a branch checked out.

    One whose folder is gone is passed over; raises `Blocked` if it is locked, for then it will come back.
    """
    found = []
    for block in (await git.run("worktree", "list", "--porcelain", "-z")).split(b"\0\0"):
        said = dict(line.partition(b" ")[::2] for line in block.split(b"\0") if line)
        if said.get(b"branch") != os.fsencode(branch_ref):
            continue
        path = Path(os.fsdecode(said[b"worktree"]))
        if await asyncio.to_thread(path.is_dir):
            here = structs.replace(git, cwd=path)
            git_dir = os.fsdecode(await here.run("rev-parse", "--absolute-git-dir"))
            found.append(Worktree(path, Path(git_dir.removesuffix("\n"))))
        elif b"locked" in said:
            raise Blocked(f"the work tree {path} has the branch checked out, and is not there now", [str(path)])
    return tuple(found)


def refuse_busy(common: Path, trees: Iterable[Worktree], branch_ref: str) -> None:
    """Raise `Blocked` while an operation that concerns the branch goes on in any work tree."""
    for tree in trees:
        for name, what in OPERATIONS.items():
            if (tree.git_dir / name).exists():
                raise _busy(what, tree.path)
    linked = common / "worktrees"
    names = {branch_ref, branch_ref.removeprefix("refs/heads/")}
    for folder in (common, *(linked.iterdir() if linked.is_dir() else ())):
        for name, what in REMEMBERED.items():
            try:
                said = (folder / name).read_text(errors="replace").split()
            except (FileNotFoundError, NotADirectoryError):
                continue
            if not names.isdisjoint(said):
                raise _busy(what, folder)


def _busy(what: str, where: Path) -> Blocked:
    return Blocked(f"{what} is going on in {where}", hint="finish or abort it, then retry")
