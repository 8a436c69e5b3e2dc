"""Runs on this machine: start, watch, stop. The daemon may die at any moment; the next one finds the runs again."""

import asyncio
import json
import marshal
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec

from . import shim
from .errors import NotStarted, RunLost, StartFailed
from .sandbox import Mounts, Sandbox, Unsandboxed
from .shim.processes import end_marked
from .spool import Exit, Spool, State
from .who import PROGRAM

_HAND_OVER = 10.0
"""Seconds within which a run that is being started must have its shim: it takes some 30 ms."""
_GLANCE = 0.01
"""Seconds between looks during the hand-over, the only time when there is nothing to wait on."""


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """What to run. `env` is the whole environment: nothing of the daemon's own reaches the program.

    Words and names may hold any bytes but NUL, decoded as `os.fsdecode` does. With a sandbox, `mounts` say what the
    program sees and `cwd` is a path inside; without one, a `cwd` inside `mounts.at` means that place in
    `mounts.tree`. `stdin`: its whole standard input, None for none. With a `plea` that stays open, so that the
    program can be told more, and the plea is what it is told before it is ended. `deadline`: seconds of running time.
    `grace`: seconds between SIGINT, SIGTERM and SIGKILL at the deadline. `marker` becomes FOREMAND_ATTEMPT and tells
    this daemon's processes from those of others: it should name its state directory.
    """

    argv: tuple[str, ...]
    cwd: str
    env: dict[str, str]
    stdin: bytes | None = None
    plea: bytes | None = None
    deadline: float | None = None
    grace: float = 5.0
    mounts: Mounts | None = None
    marker: str


class LocalExecutor:
    """Starts runs behind shims of their own. `sandbox` is what `Sandbox.probe` found.

    `program` is what shims are started from: for who lives long, an `own_program`.
    """

    def __init__(self, sandbox: Sandbox | Unsandboxed, program: Path = PROGRAM) -> None:
        self.sandbox = sandbox
        self._program = program
        self._ready: dict[Path, subprocess.Popen[bytes]] = {}

    def state(self, run: Path) -> State:
        """What the files in directory `run` say; never from a pid."""
        return Spool(run).state()

    @asynccontextmanager
    async def ready(self, run: Path) -> AsyncIterator[None]:
        """Meanwhile a shim for the run directory `run` comes up, beside whatever is done to prepare the run: `start`
        need not wait for it then. One that is not used goes again, and has touched nothing.

        Raises RuntimeError where one comes up for that run already.
        """
        if run in self._ready:
            raise RuntimeError(f"{run} is made ready twice")
        with suppress(OSError):  # `start` will say it
            self._ready[run] = self._open(run)
        try:
            yield
        finally:
            unused = self._ready.pop(run, None)
            if unused is not None:
                unused.kill()
                with unused:  # closes its pipes and reaps it
                    pass

    async def start(self, run: Path, command: Command) -> None:
        """Starts `command` in the run directory `run`, once: a run that is there already is left as it is.

        When this returns the run has its shim. A program that is missing is no error here but the run's end.
        Raises RunLost for a run that was begun and lost, StartFailed when there can be no shim.
        """
        until = time.monotonic() + _HAND_OVER
        spool = Spool(run)
        while True:
            match spool.state():
                case "exited":
                    return
                case "lost":
                    raise await self._lost(spool)
                case "running" if spool.shim() is not None:
                    return
                case "new":
                    await asyncio.to_thread(self._launch, spool, command)
                case _:
                    await asyncio.sleep(_GLANCE)
            if time.monotonic() > until:
                raise StartFailed(run, f"no shim after {_HAND_OVER:g} s")

    def _launch(self, spool: Spool, command: Command) -> None:
        try:
            spool.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._take_ready(spool.path) or self._open(spool.path) as starter:
                said = starter.communicate(self._request(command))[1]
        except OSError as error:
            raise StartFailed(spool.path, str(error)) from error
        if starter.returncode not in (shim.STARTED, shim.BUSY, shim.USED):
            last = said.decode(errors="replace").strip().rpartition("\n")[2]
            raise StartFailed(spool.path, last or f"its shim ended with {starter.returncode}")

    def _take_ready(self, run: Path) -> subprocess.Popen[bytes] | None:
        """The shim that has come up for this run, unless something has killed it since."""
        starter = self._ready.pop(run, None)
        if starter is None or starter.poll() is None:
            return starter
        with starter:  # closes its pipes
            return None

    def _open(self, run: Path) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-I", "-S", str(self._program), str(run)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C on the daemon's terminal is not for the run
        )

    def _request(self, command: Command) -> bytes:
        argv, cwd, sandboxed = command.argv, command.cwd, False
        if command.mounts is not None:
            if isinstance(self.sandbox, Sandbox):
                argv, cwd, sandboxed = self.sandbox.wrap(argv, command.mounts, cwd), "/", True
            elif Path(cwd).is_relative_to(command.mounts.at):
                cwd = str(command.mounts.tree / Path(cwd).relative_to(command.mounts.at))
        token = uuid.uuid4().hex
        spec: dict[str, Any] = {
            "argv": argv,
            "cwd": cwd,
            "env": command.env | {shim.MARKER: command.marker, shim.TOKEN: token},
            "plea": None if command.plea is None else command.plea.decode(),
            "deadline": command.deadline,
            "grace": command.grace,
            "marker": command.marker,
            "token": token,
            "sandboxed": sandboxed,
        }
        record = spec | {
            "env": sorted(spec["env"]),
            "stdin": None if command.stdin is None else len(command.stdin),
            "began": time.monotonic(),
        }
        # Not msgspec: words that are not UTF-8 come as lone surrogates, which only the standard library's JSON takes.
        return marshal.dumps((spec, json.dumps(record).encode(), command.stdin))

    async def wait(self, run: Path) -> Exit:
        """How the run ended, as soon as it has. Costs nothing meanwhile; any number may wait.

        Raises RunLost when the shim vanished, after ending what it left behind; NotStarted for a new run.
        """
        spool = Spool(run)
        while True:
            held = await self._hold(spool)
            if held is not None:
                try:
                    await _readable(held)
                finally:
                    os.close(held)
            match spool.state():
                case "exited":
                    return _ending(spool)
                case "lost":
                    raise await self._lost(spool)
                case "new":
                    raise NotStarted(run)
                case "running":
                    continue  # it was started between the two looks

    async def tell(self, run: Path, key: str, data: bytes) -> bool:
        """Puts `data` in the standard input of a program whose input stays open, behind all that it was told before.

        It is put in once, however often that is asked for one `key`, by this daemon or another. False when the run
        has ended. A program whose input does not stay open hears nothing of it.
        """
        return await asyncio.to_thread(Spool(run).tell, key, data)

    async def end_input(self, run: Path) -> bool:
        """Lets a program whose standard input stays open read its end. False when the run has ended."""
        return await asyncio.to_thread(Spool(run).ask, {"do": "end-input"})

    async def stop(self, run: Path, reason: str, grace: float = 5.0) -> Exit:
        """Ends the run's whole tree: its plea, SIGINT, after `grace` seconds SIGTERM, after as many again SIGKILL.

        Returns how it ended, which may be by itself. A run that is new is recorded as never to be started.
        Raises RunLost.
        """
        spool = Spool(run)
        held = await self._hold(spool)
        if held is None:
            if spool.state() == "new" and not await asyncio.to_thread(spool.forbid, reason):
                return await self.stop(run, reason, grace)  # it was being started just then
            return await self.wait(run)
        try:
            spool.ask({"do": "stop", "reason": reason[:500], "grace": grace})
            async with asyncio.timeout(shim.PLEA + 2 * grace + 2 * shim.STRUGGLE):
                await _readable(held)
        except TimeoutError:
            signal.pidfd_send_signal(held, signal.SIGKILL)  # the shim itself hangs; its program dies with it
        finally:
            os.close(held)
        return await self.wait(run)

    async def _hold(self, spool: Spool) -> int | None:
        """A pidfd of the run's shim, None when it is not running. The pid in the lock file is its own for certain:
        the lock is still held after the pidfd was opened."""
        until = time.monotonic() + _HAND_OVER
        while spool.state() == "running":
            pid = spool.shim()
            if pid is not None:
                try:
                    held = os.pidfd_open(pid)
                except ProcessLookupError:
                    pass  # it ended just now
                else:
                    if spool.state() == "running":
                        return held
                    os.close(held)
            if time.monotonic() > until:
                raise StartFailed(spool.path, f"its lock is held, but by no shim of this machine, for {_HAND_OVER:g} s")
            await asyncio.sleep(_GLANCE)
        return None

    async def _lost(self, spool: Spool) -> RunLost:
        """Ends what a vanished shim left: the program died with it, but its children need not have."""
        left = await asyncio.to_thread(end_marked, spool.record()["token"])
        rest = f"; could not be ended: processes {sorted(left)}" if left else ""
        return RunLost(spool.path, f"its supervisor is gone and left no record{rest}")


def _ending(spool: Spool) -> Exit:
    try:
        return spool.exit()
    except msgspec.DecodeError as error:
        raise RunLost(spool.path, f"its record of the end is not readable: {error}") from error


async def _readable(file: int) -> None:
    """Until `file` can be read, which for a pidfd means that the process has ended."""
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_reader(file, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(file)
