"""Locks around a landing: foremand's own, and the user's index held the way git holds it."""

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from msgspec import Struct

from .errors import Blocked, GitError
from .layout import copy_index
from .run import Git

PATIENCE = 60.0
"""Seconds to wait for a git process of an earlier landing that outlived its daemon."""


class Lock(Struct, frozen=True):
    """A lock file in the user's repository that we made: where, and what tells it from any later one there."""

    path: Path
    device: int
    inode: int
    mtime_ns: int


OnLocks = Callable[[tuple[Lock, ...]], Awaitable[None]]


def identify(paths: Iterable[Path]) -> tuple[Lock, ...]:
    """The lock files that exist now."""
    found = []
    for path in paths:
        with suppress(FileNotFoundError):
            there = path.lstat()
            found.append(Lock(path, there.st_dev, there.st_ino, there.st_mtime_ns))
    return tuple(found)


def remove_stale(locks: Iterable[Lock]) -> None:
    """Remove lock files that a power cut left, those alone that are still the ones we made."""
    for lock in locks:
        if identify([lock.path]) == (lock,):
            lock.path.unlink(missing_ok=True)


@asynccontextmanager
async def alone(path: Path) -> AsyncIterator[int]:
    """Be the only landing of a task. Yields a descriptor that our git processes inherit.

    The lock lasts until the last of them is gone: after a daemon was killed, its git may still be writing.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        end = asyncio.get_running_loop().time() + PATIENCE
        while not _try_lock(descriptor):
            if asyncio.get_running_loop().time() > end:
                raise GitError("a git process of an earlier landing still runs", "end it, then retry")
            await asyncio.sleep(0.05)
        yield descriptor
    finally:
        os.close(descriptor)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


class IndexLock:
    """The user's index, held by git's own `index.lock`, whose content tells that it is ours and for what.

    A lock of the same landing that is there already means that the landing was cut off in the middle.
    """

    def __init__(self, index: Path, mark: str) -> None:
        self.index = index
        self.path = index.with_name(index.name + ".lock")
        self._mark = mark.encode()

    def take(self) -> bool:
        """Take it, or take it up again (then True). Raises `Blocked` where git or its user holds it."""
        making = self.path.with_name(f"{self.path.name}.foremand")
        making.write_bytes(self._mark)
        try:
            os.link(making, self.path)  # made whole or not at all
        except FileExistsError:
            if self.held():
                return True
            raise Blocked(
                f"git is at work: {self.path} exists", [str(self.path)], "wait for it, or remove it if no git runs"
            ) from None
        finally:
            making.unlink()
        return False

    def held(self) -> bool:
        """Whether the lock that is there is of this landing."""
        with suppress(FileNotFoundError):
            return self.path.read_bytes() == self._mark
        return False

    def publish(self, index: Path) -> None:
        """Put another index in its place while the lock is held."""
        copy_index(index, self.index)

    def release(self) -> None:
        """Let go of it, if it is ours."""
        if self.held():
            self.path.unlink()


class RefTransaction:
    """One branch, locked: from `prepare` on nobody else can move it, until the block is left."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    @asynccontextmanager
    async def open(cls, git: Git, message: str) -> AsyncIterator["RefTransaction"]:
        """Leaving the block without `commit` changes nothing; so does the death of the daemon."""
        async with git.process("update-ref", "-m", message, "--stdin", "-z") as process:
            try:
                yield cls(process)
            finally:
                # End of input, not a signal: git lets go of its lock files itself.
                if process.stdin is not None:
                    process.stdin.close()
                await process.communicate()

    async def prepare(self, ref: str, new: str, old: str) -> bool:
        """Lock the branch if it is at `old`. False: it is not, or it is locked."""
        return await self._say(f"start\0update {ref}\0{new}\0{old}\0prepare\0", answers=2)

    async def commit(self) -> bool:
        """Move the branch."""
        return await self._say("commit\0", answers=1)

    async def _say(self, text: str, *, answers: int) -> bool:
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise GitError("git update-ref has no pipes")
        with suppress(BrokenPipeError, ConnectionResetError):
            stdin.write(text.encode())
            await stdin.drain()
        return all([(await stdout.readline()).endswith(b": ok\n") for _ in range(answers)])
