"""A daemon that is started because nobody answers, and when none is; programs run instead of foremanctl."""

import os
import re
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[2]


@pytest.fixture
def foremand(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package `foremand` before the real one whose program is `foremand/__main__.py`, to be written by the test."""
    package = home / "stub" / "foremand"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(f"__path__.append({str(ROOT / 'foremand')!r})\n")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(package.parent), str(HERE), str(ROOT)]))
    yield package / "__main__.py"


@pytest.fixture
def daemon_program(foremand: Path) -> Path:
    """`foremand` is the daemon with scripted answers."""
    foremand.write_text((HERE / "fake_daemon.py").read_text())
    return foremand


def test_submit_starts_a_daemon_and_says_how_to_stop_it(daemon_program: Path, program: Any, home: Path) -> None:
    ended = program("submit", "x")
    pid = _started(ended.err)
    try:
        assert (ended.code, ended.out) == (0, "1\n")
        assert os.getsid(pid) == pid, "a session of its own: it outlives the terminal"
        assert Path(f"/proc/{pid}/fd/0").readlink() == Path("/dev/null")
        assert (home / "state" / "foremand" / "daemon.log").stat().st_mode & 0o777 == 0o600
        again = program("submit", "y")
        assert again.code == 0
        assert "started" not in again.err
    finally:
        _stop(pid)


def test_what_cannot_begin_starts_no_daemon(daemon_program: Path, program: Any, home: Path) -> None:
    subprocess.run(["git", "init", "-q", str(home / "empty")], check=True)
    ended = program("submit", "x", "-C", str(home / "empty"))
    assert (ended.code, "has no commit" in ended.err, "started" in ended.err) == (2, True, False)
    assert "what to do: git commit first" in ended.err


def test_a_named_socket_is_passed_on(daemon_program: Path, program: Any, home: Path) -> None:
    ended = program("submit", "x", "--socket", "other.sock", cwd=home)
    try:
        assert ended.code == 0, ended.err
        assert (home / "other.sock").is_socket()
    finally:
        _stop(_started(ended.err))


@pytest.mark.parametrize(
    ("args", "env", "code", "says"),
    [
        (["submit", "x", "--no-start"], {}, 3, "no daemon answers"),
        (["submit", "x"], {"FOREMAND_ATTEMPT": "12/3"}, 6, "inside an attempt"),
        (["list"], {}, 3, "no daemon answers"),
    ],
)
def test_when_none_is_started(
    daemon_program: Path, program: Any, home: Path, args: list[str], env: dict[str, str], code: int, says: str
) -> None:
    ended = program(*args, **env)
    assert ended.code == code
    assert says in ended.err
    assert not (home / "state" / "foremand").exists()


def test_where_systemd_has_a_unit_it_is_the_one_to_start_it(daemon_program: Path, program: Any, home: Path) -> None:
    unit = home / "config" / "systemd" / "user" / "foremand.service"
    unit.parent.mkdir(parents=True)
    unit.write_text("[Service]\n")
    ended = program("submit", "x")
    assert ended.code == 3
    assert "systemctl --user start foremand" in ended.err


def test_a_daemon_that_dies_at_once_is_quoted(foremand: Path, program: Any) -> None:
    foremand.write_text("raise SystemExit('the journal is newer than this foremand')\n")
    ended = program("submit", "x")
    assert ended.code == 3
    assert "exited with 1" in ended.err
    assert "the journal is newer" in ended.err


@pytest.mark.parametrize(
    ("args", "passed"),
    [
        (["check", "draft.toml", "-C", ".", "--format", "json"], "check -C . --format json -- draft.toml"),
        (["check"], "check"),
        (["schema"], "schema"),
        (["init", "--commit"], "init --commit"),
        (["doctor", "-C", "."], "doctor -C ."),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_what_needs_no_daemon_is_the_program_itself(
    foremand: Path, program: Any, home: Path, args: list[str], passed: str
) -> None:
    foremand.write_text("import sys\nprint(*sys.argv[1:])\nprint('talk', file=sys.stderr)\nsys.exit(2)\n")
    ended = program(*args)
    assert (ended.code, ended.out, ended.err) == (2, passed + "\n", "talk\n")


def test_a_module_in_the_working_directory_is_never_run(foremand: Path, program: Any, home: Path) -> None:
    foremand.write_text("print('ours')\n")
    repo = home / "repo" / "foremand"
    repo.mkdir(parents=True)
    (repo / "__init__.py").touch()
    (repo / "__main__.py").write_text("print('theirs')\n")
    # As the installed command does: without the working directory on the path.
    done = subprocess.run(
        [sys.executable, "-P", "-m", "foremanctl", "schema"], cwd=repo.parent, capture_output=True, text=True
    )
    assert done.stdout == "ours\n"


def _started(err: str) -> int:
    found = re.search(r"started foremand \(pid (\d+)\); stop it with: kill (\d+)", err)
    assert found, err
    assert found[1] == found[2]
    return int(found[1])


def _stop(pid: int) -> None:
    handle = os.pidfd_open(pid)
    os.kill(pid, signal.SIGTERM)
    assert select.select([handle], [], [], 20)[0]
    os.close(handle)
