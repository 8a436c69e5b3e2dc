"""The daemon starts shims from a copy of its own: an upgrade beneath it changes nothing until it is started again."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from foremand import executors
from foremand.executors.local import LocalExecutor
from foremand.executors.sandbox import Unsandboxed
from foremand.executors.who import PROGRAM, own_program, run_of_shim

ANOTHER = "raise SystemExit('this is another version')\n"


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A shim that can be upgraded."""
    shutil.copytree(PROGRAM.parent, tmp_path / "installed" / "shim", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "installed" / "shim" / PROGRAM.name


def upgrade(program: Path) -> None:
    for path in program.parent.glob("*.py"):
        path.write_text(ANOTHER)


async def test_runs_start_though_the_installed_shim_is_another(bench: Any, installed: Path, tmp_path: Path) -> None:
    executor = LocalExecutor(Unsandboxed("as the test wants it"), own_program(tmp_path / "own", installed))
    upgrade(installed)
    for _ in range(2):
        run = bench.run()
        await executor.start(run, bench.command("sleep", "60"))
        assert run_of_shim(executor_pid(run)) == run, "and it is known for a shim"
        assert (await executor.stop(run, "enough")).reason == "stopped"


def executor_pid(run: Path) -> int:
    pid = executors.Spool(run).shim()
    assert pid is not None
    return pid


def test_the_next_daemon_has_what_is_installed_then_and_the_old_copy_goes(installed: Path, tmp_path: Path) -> None:
    folder = tmp_path / "own"
    first = own_program(folder, installed)
    assert own_program(folder, installed) == first
    upgrade(installed)
    second = own_program(folder, installed)
    assert second.read_text() == ANOTHER
    assert [path.name for path in folder.iterdir()] == [second.parents[1].name]
    assert not first.exists()


def test_what_a_power_cut_has_left_of_a_copy_is_made_anew(installed: Path, tmp_path: Path) -> None:
    program = own_program(tmp_path / "own", installed)
    whole = program.read_text()
    program.write_text("")
    (tmp_path / "own" / "making" / "shim").mkdir(parents=True)
    assert own_program(tmp_path / "own", installed) == program
    assert program.read_text() == whole
    assert not (tmp_path / "own" / "making").exists()
