"""The one way in which git is run: with a fixed environment, no hooks, no monitors, everything synced."""

import os
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import IO

from msgspec import Struct

from foremand.children import child

from .errors import GitFailed, text

Argument = str | bytes | Path
NO_FILE = "/dev/null"
PIECE = 1 << 18
"""Bytes that are held at once of an output that is streamed."""

SAFE: tuple[tuple[str, str], ...] = (
    ("safe.directory", "*"),  # the daemon's own rule says which repositories it works on
    ("core.hooksPath", NO_FILE),
    ("core.fsmonitor", "false"),
    ("core.attributesFile", NO_FILE),
    ("core.excludesFile", NO_FILE),
    ("core.fsync", "all"),  # objects and refs are on disk before a fact names them
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
    ("submodule.recurse", "false"),
    ("commit.gpgSign", "false"),
)
"""Configuration at the command's level: it overrides what any repository says."""

UPLOAD_PACK = "git -c 'safe.directory=*' -c core.hooksPath=/dev/null upload-pack"
"""The serving side of a fetch between two repositories of this machine; git does not hand it our configuration."""


def environment() -> dict[str, str]:
    """All that git gets to see: nothing of the caller's GIT_*, no user or system configuration."""
    env = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
    return env | {
        "LC_ALL": "C",
        "GIT_CONFIG_GLOBAL": NO_FILE,
        "GIT_CONFIG_SYSTEM": NO_FILE,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_ALLOW_PROTOCOL": "file",
    }


class Result(Struct, frozen=True):
    """How a git command ended and what it wrote."""

    code: int
    out: bytes
    err: bytes


class Git(Struct, frozen=True, kw_only=True):
    """Git for one place: a repository, and where it matters a work tree, an index, more configuration.

    `git_dir` given: git looks nowhere else. Not given: git finds the repository from `cwd`, as for the user's own.
    `env` adds to the environment, None takes a variable out of it. `fds` stay open in the git process: who holds
    a lock through one holds it until git is gone too.
    """

    git_dir: Path | None = None
    work_tree: Path | None = None
    index: Path | None = None
    cwd: Path | None = None
    config: tuple[tuple[str, str], ...] = ()
    always: tuple[tuple[str, str], ...] = SAFE
    env: Mapping[str, str | None] = {}
    fds: tuple[int, ...] = ()

    def environment(self) -> dict[str, str]:
        """The whole environment of a command here."""
        env = environment()
        for name, place in (
            ("GIT_DIR", self.git_dir),
            ("GIT_WORK_TREE", self.work_tree),
            ("GIT_INDEX_FILE", self.index),
        ):
            if place is not None:
                env[name] = str(place)
        settings = self.always + self.config
        env["GIT_CONFIG_COUNT"] = str(len(settings))
        for number, (key, value) in enumerate(settings):
            env[f"GIT_CONFIG_KEY_{number}"] = key
            env[f"GIT_CONFIG_VALUE_{number}"] = value
        changed = env | dict(self.env)
        return {name: value for name, value in changed.items() if value is not None}

    def process(self, *args: Argument, stderr: int | IO[bytes] = PIPE) -> AbstractAsyncContextManager[Process]:
        """A running git; whatever of it still runs when the block is left is killed, its helpers too."""
        return child(
            "git",
            *args,
            stdin=PIPE,
            stdout=PIPE,
            stderr=stderr,
            cwd=self.cwd or self.work_tree or self.git_dir,
            env=self.environment(),
            pass_fds=self.fds,
        )

    async def result(self, *args: Argument, input: bytes = b"") -> Result:  # noqa: A002
        """Run to the end, whatever its exit code. Cancelling ends the git process."""
        async with self.process(*args) as process:
            out, err = await process.communicate(input)
            return Result(process.returncode if process.returncode is not None else -1, out, err)

    async def run(self, *args: Argument, input: bytes = b"") -> bytes:  # noqa: A002
        """Run to success and return what it wrote to stdout. Raises `GitFailed`."""
        result = await self.result(*args, input=input)
        if result.code != 0:
            raise failed(args, result)
        return result.out

    async def stream(self, *args: Argument) -> AsyncGenerator[bytes, None]:
        """What a git writes to stdout, in pieces as they come, however much that is. Raises `GitFailed` at its end.

        Close it (`contextlib.aclosing`) where it is not read to the end.
        """
        with tempfile.TemporaryFile() as said:
            async with self.process(*args, stderr=said) as process:
                assert process.stdin is not None  # noqa: S101 (both are pipes)
                assert process.stdout is not None  # noqa: S101
                process.stdin.close()
                while piece := await process.stdout.read(PIECE):
                    yield piece
                code = await process.wait()
            if code != 0:
                said.seek(0)
                raise failed(args, Result(code, b"", said.read(PIECE)))

    async def line(self, *args: Argument, input: bytes = b"") -> str:  # noqa: A002
        """Like `run`, for commands that answer with one line."""
        return text(await self.run(*args, input=input)).removesuffix("\n")


def failed(args: tuple[Argument, ...], result: Result) -> GitFailed:
    """The typed error for a result that was not expected."""
    return GitFailed(tuple(text(os.fsencode(each)) for each in args), result.code, result.err)


def fields(output: bytes) -> list[bytes]:
    """The parts of `-z` output."""
    return output.split(b"\0")[:-1]
