"""What the demo's tests share: an environment without marks of whatever runs these tests."""

import os
import shutil
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def outside_of_any_attempt(monkeypatch):
    """The tests may run as a gate of foremand itself; the demo must not take that for its own attempt."""
    for name in [name for name in os.environ if name.startswith("FOREMAND_") and not name.startswith("FOREMAND_TEST_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def path_without_bubblewrap(tmp_path) -> str:
    """A PATH with every program of this one but bwrap."""
    farm = tmp_path / "bin"
    farm.mkdir()
    for folder in os.environ["PATH"].split(os.pathsep):
        if not Path(folder).is_dir():
            continue
        for program in Path(folder).iterdir():
            link = farm / program.name
            if program.name != "bwrap" and not link.is_symlink() and not link.exists():
                link.symlink_to(program)
    assert shutil.which("bwrap", path=str(farm)) is None
    return str(farm)
