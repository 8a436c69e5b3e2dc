"""foremanctl against a daemon with scripted answers: in this process for most tests, as a program where that counts."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from foremanctl.__main__ import run

sys.path.insert(0, str(Path(__file__).parent))

from fake_daemon import FakeDaemon

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Ended:
    """How a call of foremanctl ended."""

    code: int
    out: str
    err: str


Ctl = Callable[..., Ended]


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home of its own, and nothing of ours in the environment. Its path is short: sockets lie in it."""
    with tempfile.TemporaryDirectory(prefix="ctl-") as folder:
        yield _furnish(Path(folder), monkeypatch)


def _furnish(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith(("FOREMAND_", "XDG_"))]:
        monkeypatch.delenv(name)
    for name in ("config", "state", "runtime", "data"):
        folder = home / name
        folder.mkdir(mode=0o700)
        variable = f"XDG_{name.upper()}_{'DIR' if name == 'runtime' else 'HOME'}"
        monkeypatch.setenv(variable, str(folder))
    (home / ".git").mkdir()  # enough of a repository for who only asks whether there is one
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(home)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    return home


@pytest.fixture
def daemon(home: Path) -> Iterator[FakeDaemon]:
    """It answers where foremanctl looks for it."""
    fake = FakeDaemon(home / "runtime" / "foremand" / "foremand.sock").start()
    yield fake
    fake.stop()


@pytest.fixture
def ctl(home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Ctl:
    """Calls foremanctl in this process."""

    def call(*args: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["foremanctl", *args])
        capfd.readouterr()
        code = run()
        out, err = capfd.readouterr()
        return Ended(code, out, err)

    return call


@pytest.fixture
def program(home: Path) -> Ctl:
    """Runs foremanctl as a program."""

    def call(*args: str, stdin: str = "", cwd: Path | None = None, **env: str) -> Ended:
        done = subprocess.run(
            [sys.executable, "-m", "foremanctl", *args],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            cwd=cwd or home,
            env={**os.environ, **env},
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    return call
