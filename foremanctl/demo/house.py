"""The demo's own place: a temporary home with its own settings, state, runtime folder, repository and daemon.

Nothing of the user's is read or written: the environment is made from a short list of names, `HOME` and the XDG
folders lie inside the home, git reads no configuration but the repository's. The home's path is unique, so whatever
process carries it in its environment, arguments or working directory belongs to this demo and to nothing else.
"""

import asyncio
import contextlib
import os
import shutil
import signal
import site
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import foremanctl

INHERITED = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TERM", "USER", "LOGNAME", "SHELL", "LD_LIBRARY_PATH")
OF_THE_TERMINAL = ("COLORTERM", "NO_COLOR", "EDITOR", "VISUAL", "PAGER", "LESS", "FOREMAND_BELL")
"""What a person who attaches has set for their screen."""

LONGEST_LINE = 2**24
"""Bytes of the longest event that is read: the one with the whole pipeline is long."""

SOCKET_ROOM = 107 - len("/run/foremand/foremand.sock.operator")
"""Bytes that the home's path may have: a Unix socket's path ends at 107."""


class DemoFailed(Exception):
    """Something without which the demo cannot go on: what happened, and the end of what was said about it."""


class Said(NamedTuple):
    """How a command ended and what it said."""

    code: int
    out: str
    err: str


class House:
    """One temporary home and what runs in it. `repository` is the work tree that the demo's user would sit in."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.repository = home / "shop"
        self.log = home / "daemon.log"
        self.environment = _environment(home)
        # Not asyncio's: that one kills its process when it is forgotten, and `--keep` leaves the daemon up.
        self._daemon: subprocess.Popen[bytes] | None = None

    @classmethod
    def build(cls, files: Mapping[str, str]) -> "House":
        """Makes the home, and in it a repository whose one commit on `main` holds `files`.

        Raises `DemoFailed` where there is no git, or no folder for it, and leaves nothing behind then.
        """
        if shutil.which("git") is None:
            raise DemoFailed("git was not found: install it")
        house = cls(Path(tempfile.mkdtemp(prefix="fm-demo-", dir=_short_place())).resolve())
        try:
            house._furnish(files)
        except BaseException:
            house.remove()
            raise
        return house

    def _furnish(self, files: Mapping[str, str]) -> None:
        for folder in ("tmp", "run", "config", "state", "cache", "data"):
            (self.home / folder).mkdir(mode=0o700)
        for path, text in files.items():
            file = self.repository / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        self.git("init", "--quiet", "--initial-branch=main")
        self.git("config", "user.name", "Mona Day")
        self.git("config", "user.email", "mona@example.com")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message=Open the shop")

    @property
    def socket_path(self) -> Path:
        """Where the daemon listens."""
        return self.home / "run" / "foremand" / "foremand.sock"

    @property
    def daemon_pid(self) -> int | None:
        """The daemon's process, None when none was started."""
        return self._daemon.pid if self._daemon else None

    def git(self, *arguments: str, at: Path | None = None) -> str:
        """What git says in the repository, or in the one `at`. Raises `DemoFailed` when git refuses."""
        done = subprocess.run(
            ["git", *arguments],
            cwd=at or self.repository,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise DemoFailed(f"git {' '.join(arguments)} ended with {done.returncode}: {done.stderr.strip()}")
        return done.stdout

    async def start_daemon(self, patience: float = 30.0) -> None:
        """Starts the daemon, away from the terminal's signals; returns when it says, as it would to systemd, "ready".

        Raises `DemoFailed` when it ends, or is not ready in `patience` seconds.
        """
        address = self.home / "notify"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as notify:
            notify.bind(str(address))
            self._daemon = self._launch(address)
            try:
                async with asyncio.timeout(patience):
                    said = await _first_word(notify, self._daemon)
            except TimeoutError:
                raise DemoFailed(f"the daemon was not ready in {patience:g} s") from None
        if said is None:
            raise DemoFailed(f"the daemon ended at once, with {self._daemon.returncode}:\n{self.log_end()}")

    def _launch(self, notify: Path) -> "subprocess.Popen[bytes]":
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-P", "-m", "foremand"],
                cwd=self.home,
                env={**self.environment, "NOTIFY_SOCKET": str(notify)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    async def start_ctl(self, *arguments: str) -> asyncio.subprocess.Process:
        """Starts `foremanctl ARGUMENTS` in the repository, as its user would."""
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "foremanctl", *arguments),
            cwd=self.repository,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            limit=LONGEST_LINE,
        )

    async def ctl(self, *arguments: str) -> Said:
        """Runs `foremanctl ARGUMENTS` to its end."""
        process = await self.start_ctl(*arguments)
        try:
            out, err = await process.communicate()
        finally:
            await end(process)
        code = process.returncode
        return Said(1 if code is None else code, out.decode(errors="replace"), err.decode(errors="replace"))

    async def attach(self) -> int:
        """Opens the full-screen terminal on this terminal until the person leaves it. Returns its exit code."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "foremanctl", "attach"),
            cwd=self.repository,
            env={**self.environment, **{name: os.environ[name] for name in OF_THE_TERMINAL if name in os.environ}},
        )
        try:
            return await process.wait()
        finally:
            await end(process)

    async def stop_daemon(self, patience: float = 10.0) -> int | None:
        """Asks the daemon to end and waits for it. Returns its exit code, None when there was none to stop.

        A daemon that does not end in `patience` seconds is killed, and its code says so.
        """
        if self._daemon is None:
            return None
        self._daemon.terminate()  # does nothing to one that has ended
        try:
            return await asyncio.to_thread(self._daemon.wait, patience)
        except subprocess.TimeoutExpired:
            self._daemon.kill()
            return await asyncio.to_thread(self._daemon.wait)

    async def cancel_tasks(self) -> None:
        """Stops whatever still runs: a daemon that ends leaves its agents alive, on purpose."""
        if self._daemon is None or self._daemon.poll() is not None:
            return
        live = (await self.ctl("list", "-q")).out.split()
        for task in live:
            await self.ctl("cancel", task)
        if live:
            await self.ctl("wait", *live, "--for", "done", "--timeout", "10")

    def processes(self) -> dict[int, str]:
        """Every process of this demo that is alive, this one excepted: pid to command line."""
        mark = os.fsencode(self.home)
        found = {}
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) == os.getpid():
                continue
            line = _read(entry / "cmdline")
            if mark in line or mark in _read(entry / "environ") or mark in _working_directory(entry):
                found[int(entry.name)] = line.replace(b"\0", b" ").decode(errors="replace").strip()
        return found

    def sweep(self) -> None:
        """Kills what is left of this demo's processes. Nothing is, unless something went wrong."""
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def remove(self) -> None:
        """Deletes the home."""
        shutil.rmtree(self.home, ignore_errors=True)

    def log_end(self) -> str:
        """The last lines of the daemon's log."""
        return "\n".join(_read(self.log).decode(errors="replace").splitlines()[-15:])


async def end(process: asyncio.subprocess.Process) -> None:
    """Ends a client process that may still be running, and waits until it has."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def _first_word(notify: socket.socket, daemon: subprocess.Popen[bytes]) -> bytes | None:
    """What the daemon says first on its notify socket, None when it ends without a word."""
    while daemon.poll() is None:
        try:
            return notify.recv(256)  # at once or not at all: a wait that is given up may take the word along
        except BlockingIOError:
            await asyncio.sleep(0.02)
    return None


def _environment(home: Path) -> dict[str, str]:
    environment = {name: os.environ[name] for name in INHERITED if name in os.environ}
    environment.update(
        HOME=str(home),
        TMPDIR=str(home / "tmp"),
        XDG_RUNTIME_DIR=str(home / "run"),
        XDG_CONFIG_HOME=str(home / "config"),
        XDG_STATE_HOME=str(home / "state"),
        XDG_CACHE_HOME=str(home / "cache"),
        XDG_DATA_HOME=str(home / "data"),
        GIT_CONFIG_NOSYSTEM="1",
        PYTHONUSERBASE=site.getuserbase(),  # a HOME of its own must not hide an install made with --user
    )
    installed = Path(foremanctl.__file__).resolve().parents[1]
    if str(installed) not in {*site.getsitepackages(), site.getusersitepackages()}:
        environment["PYTHONPATH"] = str(installed)  # run from a checkout
    return environment


def _short_place() -> str:
    """A folder for the home in which its socket's path is short enough."""
    for place in (tempfile.gettempdir(), "/tmp", "/var/tmp"):  # noqa: S108 (mkdtemp makes a private folder there)
        if len(os.fsencode(place)) + len("/fm-demo-xxxxxxxx") <= SOCKET_ROOM and os.access(place, os.W_OK):
            return place
    raise DemoFailed("no temporary folder has a short enough path for a socket: set TMPDIR to one")


def _read(path: Path) -> bytes:
    """A file's bytes; none where it cannot be read, as with a process that has just ended or is another user's."""
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _working_directory(process: Path) -> bytes:
    try:
        return os.fsencode((process / "cwd").readlink())
    except OSError:
        return b""
