"""The `.git` folders in trees: those that we make, and those that agents leave there."""

import asyncio
import os
import stat
from pathlib import Path

from . import layout
from .run import Git, fields

AGENT = "[user]\n\tname = foremand agent\n\temail = agent@foremand.invalid\n"
"""The agent's HOME has no git configuration: without a name its commits would fail."""


async def read_tree(git: Git, revision: str) -> None:
    """Put the index to a revision; what it knows of unchanged files it keeps. The work tree is not looked at."""
    if (await git.result("read-tree", "-i", "-m", revision)).code != 0:
        await git.run("read-tree", revision)


async def fill(git: Git, revision: str) -> None:
    """Write all files of a revision into the work tree, as they are stored, with the index to them."""
    await read_tree(git, revision)
    await write_files(git)


async def write_files(git: Git) -> None:
    """Write all files of the index into the work tree, as they are stored.

    A submodule's folder is made where there is none. Where there is one git is not asked for it: it would read the
    `.git` in it, and an agent may have laid a pipe there that nobody ever writes into.
    """
    listed = fields(await git.run("ls-files", "-s", "-z"))
    wanted = await asyncio.to_thread(_but_filled_submodules, listed, git.work_tree)
    await git.run("checkout-index", "-q", "-f", "-u", "-z", "--stdin", input=wanted)


def _but_filled_submodules(listed: list[bytes], tree: Path | None) -> bytes:
    wanted = bytearray()
    for line in listed:
        meta, _, path = line.partition(b"\t")
        if not meta.startswith(b"160000") or tree is None or layout.folder(tree, path) is None:
            wanted += path + b"\0"
    return bytes(wanted)


def install(git_dir: Path, tree: Path, kept: Path) -> None:
    """Put a new `.git` in the place of the old one."""
    keep_git(tree / ".git", kept)
    layout.publish(git_dir, tree / ".git")


def keep_commits(tree: Path, kept: Path) -> None:
    """Move every `.git` of a tree that holds objects of its own to the folder `kept`, nested repositories' too.

    What is left of the tree may then be removed without loss of any commit that an agent made. Raises OSError
    where a folder cannot be looked into.
    """
    for folder, below, names in os.walk(tree, onerror=_doubt):
        if ".git" in below or ".git" in names:
            keep_git(Path(folder, ".git"), kept)
        below[:] = [name for name in below if name != ".git"]


def keep_git(old: Path, kept: Path) -> None:
    """Move a `.git` away if it holds objects of its own, else remove it. A link is only unlinked."""
    if not unlocked(old):
        old.unlink(missing_ok=True)
    elif not has_objects(old):
        layout.discard(old)
    else:
        kept.mkdir(parents=True, exist_ok=True)
        number = 1
        while (kept / f"git-{number}").exists():
            number += 1
        layout.publish(old, kept / f"git-{number}")


def unlocked(git_dir: Path) -> bool:
    """Whether there is a folder of this name; an agent may have locked it, and only its owner can unlock it."""
    try:
        if not stat.S_ISDIR(git_dir.lstat().st_mode):
            return False
    except FileNotFoundError:
        return False
    git_dir.chmod(0o700)
    return True


def has_objects(git_dir: Path) -> bool:
    """Whether anything was ever committed or staged here, or in a submodule's repository; in doubt yes."""
    for _, _, names in os.walk(git_dir / "objects", onerror=_doubt):
        if any(name != "alternates" for name in names):
            return True
    return (git_dir / "objects").is_symlink() or (git_dir / "modules").exists()


def _doubt(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error
