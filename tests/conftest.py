"""What every end-to-end test stands on: a real daemon in a home of its own, real commands, real repositories.

Nothing of the developer's is read: HOME, the XDG folders and git's configuration are the test's. When a test ends,
its daemon is stopped and no process that carries its home may be left.
"""

import asyncio
import contextlib
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from foremanctl import records
from foremanctl.client import Client
from foremanctl.place import Place
from foremand.children import wait_without_threads
from foremand.executors import Sandbox, Unsandboxed
from foremand.v1 import foremand_pb2 as pb

wait_without_threads()  # as the daemon does

PATIENCE = 120.0
"""Seconds after which something that should have happened has not."""


class Repo:
    """A user's repository."""

    def __init__(self, path: Path, env: dict[str, str]) -> None:
        self.path = path
        self._env = env

    def git(self, *args: str) -> str:
        """What git says; an error is the test's."""
        done = subprocess.run(["git", *args], cwd=self.path, env=self._env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"git {args}: {done.stderr}"
        return done.stdout.strip()

    def write(self, files: dict[str, str]) -> None:
        """Put files into the work tree."""
        for name, text in files.items():
            path = self.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def commit(self, files: dict[str, str], message: str = "change") -> str:
        """Write files and commit everything; the new commit."""
        self.write(files)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        return self.git("rev-parse", "HEAD")

    def show(self, path: str, revision: str = "main") -> str:
        """A file at a revision."""
        return self.git("show", f"{revision}:{path}")


class Said(subprocess.CompletedProcess[str]):
    """How a command ended; `json` is its output read as JSON."""

    @property
    def json(self) -> Any:
        """The output as data."""
        return json.loads(self.stdout)


class House:
    """A home with at most one daemon, and everything a person would type."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.log = root / "daemon.log"
        self.daemon: subprocess.Popen[bytes] | None = None
        self._api: Client | None = None
        self._repos = itertools.count(1)
        self.env = {
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
            "HOME": str(root / "home"),
            "XDG_RUNTIME_DIR": str(root / "run"),
            "XDG_STATE_HOME": str(root / "state"),
            "XDG_CONFIG_HOME": str(root / "config"),
            "XDG_CACHE_HOME": str(root / "cache"),
            "XDG_DATA_HOME": str(root / "data"),
            "TMPDIR": str(root / "tmp"),
            "LANG": "C.UTF-8",
            "TERM": "dumb",
            "GIT_AUTHOR_NAME": "Mona",
            "GIT_AUTHOR_EMAIL": "mona@example.com",
            "GIT_COMMITTER_NAME": "Mona",
            "GIT_COMMITTER_EMAIL": "mona@example.com",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        for name in ("home", "run", "state", "config", "cache", "data", "tmp"):
            (root / name).mkdir(mode=0o700)
        (root / "home" / ".gitconfig").write_text("[user]\nname = Mona\nemail = mona@example.com\n")

    @property
    def state(self) -> Path:
        """The daemon's state folder."""
        return self.root / "state" / "foremand"

    @property
    def socket(self) -> Path:
        """Where the daemon answers."""
        return self.root / "run" / "foremand" / "foremand.sock"

    def start(self, *args: str, env: dict[str, str] | None = None, wait: bool = True) -> None:
        """Start the daemon and wait until it answers. `args` are its flags."""
        assert self.daemon is None or self.daemon.poll() is not None, "a daemon runs already"
        with self.log.open("ab") as log:
            self.daemon = subprocess.Popen(
                [sys.executable, "-m", "foremand", *args],
                env={**self.env, **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        if not wait:
            return
        needle = f"foremand {self.daemon.pid} answers".encode()
        self.until(lambda: needle in self.log.read_bytes() or self.daemon.poll() is not None, "the daemon answers")
        assert self.daemon.poll() is None, self.log.read_text()[-4000:]

    def stop(self) -> None:
        """Ask the daemon to stop and wait until it has."""
        if self.daemon is not None and self.daemon.poll() is None:
            self.daemon.terminate()
            self.daemon.wait(PATIENCE)

    def kill(self) -> None:
        """kill -9 the daemon."""
        assert self.daemon is not None
        self.daemon.kill()
        self.daemon.wait(PATIENCE)

    def ctl(
        self, *args: str, stdin: str | None = None, cwd: Path | None = None, env: dict[str, str] | None = None
    ) -> Said:
        """Run foremanctl; whatever happens is in the answer."""
        done = subprocess.run(
            [sys.executable, "-m", "foremanctl", *args],
            env={**self.env, **(env or {})},
            cwd=cwd or self.root,
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        return Said(done.args, done.returncode, done.stdout, done.stderr)

    def ok(self, *args: str, **more: Any) -> Said:
        """Run foremanctl and insist on exit 0."""
        said = self.ctl(*args, **more)
        assert said.returncode == 0, (
            f"foremanctl {args}: {said.returncode}\n{said.stdout}\n{said.stderr}\n{self.tail()}"
        )
        return said

    def submit(self, repo: Repo, prompt: str, *args: str, env: dict[str, str] | None = None) -> int:
        """Dispatch a task; its id."""
        return int(self.ok("submit", prompt, "-C", str(repo.path), "-q", *args, env=env).stdout)

    @property
    def api(self) -> Client:
        """A client of this process's own: no program has to be started for a question."""
        if self._api is None:
            self._api = Client(Place(str(self.socket), named=True))
        return self._api

    def show(self, task: int) -> dict[str, Any]:
        """What `show --format json` prints."""
        return records.detail(self.api.ask("GetTask", pb.GetTaskRequest(id=task)))

    def wait(self, task: int, *states: str, patience: float = PATIENCE) -> dict[str, Any]:
        """The task once it is in one of these states. Waiting or over in any other is a failure, told at once."""
        end = time.monotonic() + patience
        while True:
            shown = self.show(task)
            if shown["state"] in states:
                return shown
            here = f"{shown['state']} ({shown['reason']}), not {states}"
            settled = shown["state"] in ("WAITING", "LANDED", "REJECTED", "FAILED", "CANCELLED")
            assert not settled and time.monotonic() < end, f"{here}\n{self.tail()}"
            time.sleep(0.03)

    def waits(self, task: int, whom: str) -> dict[str, Any]:
        """The task once it waits for `whom`, as `waiting_for` has it."""
        self.until(lambda: self.show(task)["waiting_for"] == whom, f"task {task} waits for {whom}", 30.0)
        return self.show(task)

    def approve(self, task: int, *gate: str) -> None:
        """Approve the revision that stands there now."""
        self.ok("approve", str(task), *gate, "--revision", self.show(task)["revision"], "-m", "fine")

    def events(self, after: int = 0) -> list[dict[str, Any]]:
        """Every event so far."""
        said = self.ok("events", "--after", str(after), "--format", "jsonl")
        return [json.loads(line) for line in said.stdout.splitlines()]

    def until(self, true: Callable[[], bool], what: str, patience: float = PATIENCE) -> None:
        """Wait for something outside our reach. It is looked at often, and never for longer than `patience`."""
        end = time.monotonic() + patience
        while not true():
            assert time.monotonic() < end, f"it never came to pass that {what}\n{self.tail()}"
            time.sleep(0.01)

    def tail(self) -> str:
        """The end of the daemon's log."""
        return self.log.read_text(errors="replace")[-6000:] if self.log.exists() else ""

    def repo(self, files: dict[str, str], name: str = "") -> Repo:
        """A new repository on `main` with these files committed."""
        path = self.root / (name or f"repo{next(self._repos)}")
        path.mkdir()
        repo = Repo(path, self.env)
        repo.git("init", "-q", "-b", "main")
        repo.commit(files, "begin")
        return repo

    def script(self, name: str, text: str) -> Path:
        """A Python program outside every repository, where agents see it also in the sandbox."""
        path = self.root / "bin" / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    def processes(self) -> list[tuple[int, str]]:
        """What runs with this house's root in its environment or command line."""
        needle = str(self.root).encode()
        found = []
        for proc in Path("/proc").iterdir():
            if not proc.name.isdigit() or int(proc.name) == os.getpid():
                continue
            try:
                command = (proc / "cmdline").read_bytes()
                if needle in command or needle in (proc / "environ").read_bytes():
                    found.append((int(proc.name), command.replace(b"\0", b" ").decode(errors="replace")))
            except OSError:
                continue
        return found

    def close(self) -> None:
        """Stop the daemon, then insist that nothing is left; what is left is ended all the same."""
        if self._api is not None:
            self._api.close()
        self.stop()
        end = time.monotonic() + 10.0
        while (left := self.processes()) and time.monotonic() < end:
            time.sleep(0.02)
        for pid, _ in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        shutil.rmtree(self.root, ignore_errors=True)
        assert not left, f"processes are left: {left}"


@pytest.fixture
def house() -> Iterator[House]:
    """A home without a daemon yet: `house.start()`. Its path is short, for the socket's sake."""
    with _house() as house:
        yield house


@pytest.fixture(scope="module")
def shared_house() -> Iterator[House]:
    """A home for all tests of a module, for those that only look at what one run has brought about."""
    with _house() as house:
        yield house


@pytest.fixture(scope="module")
def other_house() -> Iterator[House]:
    """A second one, for a module that looks at two daemons."""
    with _house() as house:
        yield house


@contextlib.contextmanager
def _house() -> Iterator[House]:
    # Not below /tmp, which the sandbox hides: a test's own programs must be seen by the agents that run them.
    house = House(Path(tempfile.mkdtemp(prefix="fm-", dir="/var/tmp")).resolve())
    try:
        yield house
    finally:
        house.close()


@pytest.fixture(scope="session")
def sandbox() -> Sandbox:
    """Bubblewrap. Where there is none it is skipped, and where nothing may be skipped that is a failure."""
    found = asyncio.run(Sandbox.probe("auto"))
    if isinstance(found, Unsandboxed):
        if os.environ.get("CI") == "true":
            pytest.fail(f"the sandbox must be tested here: {found.why}")
        pytest.skip(f"no bubblewrap to test: {found.why}")
    return found
