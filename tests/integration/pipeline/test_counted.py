"""Scripts that count tests by what a tool says: in bash and in sh, and closed for whatever is no pass."""

import subprocess
from pathlib import Path

import pytest

from foremand.gates.command import script
from foremand.pipeline.init.kinds import counted

PASSED = "^[1-9][0-9]* passed"


@pytest.fixture(params=["bash", "sh"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A PATH with bash, or one without."""
    if request.param == "bash":
        return "/usr/bin:/bin"
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("sh", "tee", "cat", "grep", "sleep"):
        (tools / name).symlink_to(Path("/usr/bin", name) if Path("/usr/bin", name).exists() else Path("/bin", name))
    return str(tools)


def run(tmp_path: Path, path: str, command: str) -> tuple[int, str]:
    argv = script(counted(command, PASSED), path)
    assert argv[0] == ("sh" if path.endswith("tools") else "bash")
    env = {"PATH": path, "TMPDIR": str(tmp_path)}
    done = subprocess.run(argv, env=env, capture_output=True, text=True, check=False, timeout=60)
    assert done.stderr == ""
    return done.returncode, done.stdout


@pytest.mark.parametrize(
    ("command", "code", "last"),
    [
        ("echo 2 passed", 0, "2 passed"),
        ("sh -c 'echo 2 passed >&2'", 0, "2 passed"),
        ("echo 0 passed", 1, "no test ran"),
        ("true", 1, "no test ran"),
        ("{ echo 2 passed; false; }", 1, "2 passed"),
        ("sh -c 'echo 2 passed; exit 101'", 101, "2 passed"),
        ("no-such-tool", 127, "not found"),
    ],
)
def test_only_a_test_that_passed_passes(tmp_path: Path, path: str, command: str, code: int, last: str) -> None:
    ended, said = run(tmp_path, path, command)
    assert (ended, said.splitlines()[-1][-len(last) :]) == (code, last)


def test_nothing_of_an_earlier_run_counts(tmp_path: Path, path: str) -> None:
    assert run(tmp_path, path, "echo 2 passed")[0] == 0
    assert run(tmp_path, path, "true")[0] == 1
    assert run(tmp_path, path, "sh -c 'exit 3'")[0] == 3
    assert run(tmp_path, path, "echo 2 passed")[0] == 0


def test_what_it_says_is_seen_before_it_ends(tmp_path: Path, path: str) -> None:
    argv = script(counted("sh -c 'echo looping; exec sleep 60'", PASSED), path)
    env = {"PATH": path, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(argv, env=env, stdout=subprocess.PIPE, text=True, process_group=0) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "looping\n"
        finally:
            subprocess.run(["kill", "-KILL", "--", f"-{process.pid}"], check=True)
