"""What the five pipelines share: each folder's repository, a daemon for it, and agents that do as a test says.

A folder holds what a team would copy: `pipeline.toml` with its prompts, and in `repository/` a project that it fits.
The pipelines name Claude Code; its place on PATH is taken by `scripted_claude.py`, so that no model is asked.
"""

import json
import shutil
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
collect_ignore_glob = ["*/repository"]

Script = dict[str, str | list[str]]
"""Shell text by role (plan, implement, harden, review, or review@MODEL); a list has one for each turn."""

ALONE = """
import os, sys
os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # those of these tests are none of the example's
def main():
    import pytest
    sys.exit(pytest.console_main())
"""


class Example:
    """A folder's repository with its pipeline, in a house of its own."""

    def __init__(self, house: Any, folder: Path) -> None:
        self.house = house
        self.folder = folder
        claude = house.script("claude", (HERE / "scripted_claude.py").read_text()).with_suffix("")
        claude.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S {claude}.py "$@"\n')
        claude.chmod(0o755)
        house.env["PATH"] = f"{claude.parent}:{house.env['PATH']}"
        self.repo = house.repo({"README.md": "An example.\n"}, folder.name)
        shutil.copytree(folder / "repository", self.repo.path, dirs_exist_ok=True)
        rules = self.repo.path / ".foremand"
        rules.mkdir()
        for file in (*folder.glob("*.toml"), *folder.glob("*.md")):
            shutil.copy(file, rules)
        for file in self.repo.path.rglob("requirements.txt"):
            offline(file)
        self.repo.commit({}, "the example")

    def start(self, *args: str) -> None:
        """Start the daemon."""
        self.house.start("--max-agents", "3", "--max-gates", "2", *args)

    def submit(self, title: str, script: Script, *args: str) -> int:
        """Dispatch a task whose agents do as the script says; its id."""
        return int(self.house.submit(self.repo, f"{title}\n\nSCRIPT: {json.dumps(script)}", *args))

    def wait(self, task: int, *states: str) -> dict[str, Any]:
        """The task once it is in one of these states, however many stand before it on a slow machine."""
        return dict(self.house.wait(task, *states, patience=240.0))

    def gates(self, task: int, stage: str = "implement") -> dict[str, str]:
        """The verdicts of the gates that a task is asked at a stage, or at "land"."""
        return {gate["name"]: gate["verdict"] for gate in self.house.show(task)["gates"] if gate["stage"] == stage}

    def agents(self, task: int) -> list[tuple[str, str]]:
        """Who has run for a task: stage and agent of each attempt."""
        return [(attempt["stage"], attempt["agent"]) for attempt in self.house.show(task)["attempts"]]

    def asked(self, task: int) -> list[str]:
        """The human gates that the task waits at now."""
        shown = self.house.show(task)
        waiting = [g["name"] for g in shown["gates"] if g["kind"] == "human" and g["verdict"] == "waiting"]
        return list(dict.fromkeys(waiting))

    def warnings(self) -> list[str]:
        """What `check` warns of, in the repository."""
        said = self.house.ok("check", "-C", str(self.repo.path), "--format", "json")
        return list(said.json["warnings"])


@pytest.fixture(scope="module")
def example(request: pytest.FixtureRequest, shared_house: Any) -> Example:
    """The pipeline of the folder that the test lies in."""
    return Example(shared_house, request.path.parent)


def offline(requirements: Path) -> None:
    """Have pip find pytest without a network: a wheel beside the list that leads to the pytest of these tests."""
    wheels = requirements.parent / "wheels"
    wheels.mkdir()
    info = "pytest-9.0.0.dist-info"
    with zipfile.ZipFile(wheels / "pytest-9.0.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("pytest_of_the_tests.pth", f"{Path(pytest.__file__).parent.parent}\n")
        wheel.writestr("pytest_alone.py", ALONE)
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: pytest\nVersion: 9.0.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/entry_points.txt", "[console_scripts]\npytest = pytest_alone:main\n")
        wheel.writestr(f"{info}/RECORD", "")
    requirements.write_text(f"--no-index\n--find-links wheels\n{requirements.read_text()}")
