"""A daemon whose own files are replaced beneath it, as by an upgrade, goes on with its tasks."""

import shutil
from pathlib import Path
from typing import Any

from hands import put, repository, tell

import foremand


def test_a_task_lands_though_the_shim_on_disk_is_another(house: Any) -> None:
    installed = house.root / "installed" / "foremand"
    shutil.copytree(Path(foremand.__file__).parent, installed, ignore=shutil.ignore_patterns("__pycache__"))
    house.start(env={"PYTHONPATH": str(installed.parent), "PYTHONSAFEPATH": "1"})
    programs = list((installed / "executors" / "shim").glob("*.py"))
    assert programs
    for path in programs:
        path.write_text("raise SystemExit('this is another version')\n")

    repo = repository(house)
    house.wait(tell(house, repo, put(3, "third")), "LANDED")
    assert repo.show("poem.txt").splitlines()[2] == "third"
