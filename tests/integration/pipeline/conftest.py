"""Small repositories of every kind, the wheels that their tests need, and an agent that gets it wrong twice.

No registry is asked: what is to be installed is packed again from what is installed beside this test.
"""

import base64
import hashlib
import os
import re
import shutil
import zipfile
from collections.abc import Callable
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest

_NEEDED = ("pytest", "pluggy", "iniconfig", "packaging", "pygments")
_OF_OTHERS = re.compile(rb"^Requires-Dist: .*;.*\n", re.MULTILINE)
"""What is needed on other systems, by older Pythons or for extras."""


@pytest.fixture
def wheels(house: Any) -> Callable[[Any], dict[str, str]]:
    """Puts the wheels of pytest and of all that it needs into a repository; their paths by name."""

    def put(repo: Any) -> dict[str, str]:
        folder = repo.path / "wheels"
        folder.mkdir()
        return {name: f"wheels/{_pack(name, folder)}" for name in _NEEDED}

    return put


def _pack(name: str, folder: Path) -> str:
    found = distribution(name)
    stem = f"{found.metadata['Name'].replace('-', '_').lower()}-{found.version}"
    info = f"{stem}.dist-info"
    record = []
    with zipfile.ZipFile(folder / f"{stem}-py3-none-any.whl", "w") as wheel:
        for file in found.files or ():
            path = Path(str(file.locate()))
            if ".." in file.parts or path.suffix == ".pyc" or file.name in ("RECORD", "INSTALLER", "REQUESTED"):
                continue
            inside = re.sub(r"^[^/]+\.dist-info/", f"{info}/", file.as_posix())
            data = path.read_bytes()
            if file.name == "METADATA":
                data = _OF_OTHERS.sub(b"", data)
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            record.append(f"{inside},sha256={digest},{len(data)}\n")
            wheel.writestr(inside, data)
        wheel.writestr(f"{info}/RECORD", "".join(record) + f"{info}/RECORD,,\n")
    return f"{stem}-py3-none-any.whl"


@pytest.fixture
def needs(house: Any) -> Callable[..., None]:
    """Skips, where nothing may be skipped fails, when one of these programs is not there; says how to get it."""

    def ask(**programs: str) -> None:
        for program, how in programs.items():
            if shutil.which(program, path=house.env["PATH"]) is not None:
                continue
            if os.environ.get("CI") == "true":
                pytest.fail(f"{program} is missing: {how}")
            pytest.skip(f"{program} is missing: {how}")

    return ask


PATIENCE = 240.0
"""Seconds for a whole task: compilers and installers take theirs."""

AGENT = """\
adapter = "command"
command = ["sh", "-ec", '''
case $FOREMAND_STAGE in plan) echo a plan > "$FOREMAND_OUTPUT"; exit;; esac
echo x >> "$HOME/attempts"
case $(wc -l < "$HOME/attempts") in
1) {without_tests} ;;
2) {broken} ;;
*) {right} ;;
esac
''']
"""


@pytest.fixture
def first_task(house: Any) -> Callable[..., list[str]]:
    """Has init write a repository's pipeline and a first task done under it, by a script that is an agent.

    The agent first takes all tests away, then breaks what they test, then lets `file` end with "grown". Returns why
    the command gates refused, in their order.
    """

    def run(repo: Any, file: str, **tries: str) -> list[str]:
        house.ok("init", "--commit", cwd=repo.path)
        assert repo.git("status", "--porcelain") == ""
        house.ok("check", cwd=repo.path)
        written = repo.show(".foremand/pipeline.toml")
        agent = AGENT.format(**tries)
        repo.commit({".foremand/pipeline.toml": written.replace('adapter = "claude"\n', agent)})
        assert repo.show(".foremand/pipeline.toml") != written

        house.start()
        task = house.submit(repo, "grow", env=toolchains())
        waiting = house.wait(task, "WAITING", patience=PATIENCE)
        assert waiting["reason"] == "approve final-review?", house.ok("why", str(task)).stdout
        assert [a["stage"] for a in waiting["attempts"]] == ["plan", "implement", "implement", "implement"]
        house.approve(task)
        house.wait(task, "LANDED", patience=PATIENCE)
        assert repo.show(file).endswith("grown")
        assert repo.git("status", "--porcelain") == "", "nothing that was set up is part of the work"
        ran = [event for event in house.events() if event["type"] == "GateRan" and event["task"] == task]
        return [event["reason"] for event in ran if event["result"] != "pass"]

    return run


def toolchains() -> dict[str, str]:
    """Where rustup's toolchains are: it looks for them in HOME, which is the test's."""
    place = Path(os.environ.get("RUSTUP_HOME", Path.home() / ".rustup"))
    return {"RUSTUP_HOME": str(place)} if place.is_dir() else {}
