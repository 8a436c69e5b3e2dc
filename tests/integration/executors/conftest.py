"""Runs in directories of their own, each with its own marker; afterwards nothing of them may be alive."""

import asyncio
import itertools
import os
import signal
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from foremand.executors.local import Command, LocalExecutor
from foremand.executors.sandbox import Mounts, Sandbox, Unsandboxed
from foremand.executors.shim import MARKER

PATH = "/usr/local/bin:/usr/bin:/bin"
PYTHON = (Path(sys.prefix), Path(sys.base_prefix))
"""The interpreter of these tests may lie where confined runs see nothing."""


def marked(marker: str) -> list[int]:
    """Who carries this marker, or one that begins with it, found by another variable than the product's search."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            environ = Path(f"/proc/{name}/environ").read_bytes()
        except OSError:
            continue
        if f"{MARKER}={marker}".encode() in environ:
            found.append(int(name))
    return found


@pytest.fixture
def marker() -> Iterator[str]:
    marker = f"test-{uuid.uuid4()}"
    yield marker
    left = marked(marker)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert not left, "a run left processes behind"


class Bench:
    """Makes commands and run directories. With `sandboxed`, commands see the mounts of a small workspace."""

    def __init__(self, top: Path, marker: str, sandbox: Sandbox | Unsandboxed) -> None:
        self.top = top
        self.executor = LocalExecutor(sandbox)
        self.marker = marker
        self.mounts: Mounts | None = None
        self._numbers = itertools.count()

    def run(self) -> Path:
        return self.top / "attempts" / str(next(self._numbers))

    def command(self, *argv: str, env: dict[str, str] | None = None, **more: object) -> Command:
        cwd = str(self.mounts.at if self.mounts else self.top)
        fields = {"cwd": cwd, "mounts": self.mounts, "marker": self.marker, **more}
        return Command(argv=argv, env={"PATH": PATH} | (env or {}), **fields)  # type: ignore[arg-type]

    def sh(self, script: str, **more: object) -> Command:
        return self.command("sh", "-c", script, **more)  # type: ignore[arg-type]

    def left(self) -> list[int]:
        """The pids of what its runs started and is still there."""
        return marked(self.marker)

    async def said(self, run: Path, word: bytes) -> None:
        """Returns when the run has said `word`, within a minute."""
        async with asyncio.timeout(60):
            while word not in (run / "out").read_bytes():  # noqa: ASYNC110 - no event tells
                await asyncio.sleep(0.005)


@pytest.fixture
def bench(tmp_path: Path, marker: str) -> Bench:
    return Bench(tmp_path, marker, Unsandboxed("a test without it"))


@pytest.fixture
def confined(tmp_path: Path, marker: str, sandbox: Sandbox) -> Bench:
    """A bench whose workspace, HOME, TMPDIR and repository all lie below the test's directory."""
    places = {name: tmp_path / "state" / name for name in ("tree", "home", "tmp")} | {"at": tmp_path / "repo"}
    for place in places.values():
        place.mkdir(parents=True)
    bench = Bench(tmp_path, marker, sandbox)
    bench.mounts = Mounts(**places, hide=(tmp_path / "state",), readable=PYTHON)
    return bench


@pytest.fixture(params=["plain", "sandbox"])
def either(request: pytest.FixtureRequest) -> Bench:
    """Both benches in turn: what must hold with and without the sandbox."""
    return request.getfixturevalue("bench" if request.param == "plain" else "confined")
