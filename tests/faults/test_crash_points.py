"""A crash at any point of a task's life leads to the same end as no crash (I6): systematically, and at random."""

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

PROGRAM = Path(__file__).with_name("crash_program.py")
ROOT = PROGRAM.parents[2]
LINES = 60
MINE = {"unrelated.txt": "edited by me\n", "notes.txt": "not tracked\n"}


def live(house: Any, plot: Any, mode: str, sandbox: str) -> tuple[Path, Any, int]:
    """One task through all lives of a mode: its state folder, its repository, and how often it crashed."""
    top = house.root / mode
    top.mkdir()
    land = 'gates = ["owner"]\n[gate.owner]\nkind = "human"'
    repo = house.repo(
        {
            ".foremand/pipeline.toml": plot.pipeline(house.script("worker", plot.worker), LINES, land),
            "README": "hello\n",
            "unrelated.txt": "old\n",
        },
        f"{mode}-repo",
    )
    repo.write(MINE)
    done = subprocess.run(
        [sys.executable, str(PROGRAM), str(top / "state"), str(repo.path), mode],
        env={**house.env, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]), "FOREMAND_SANDBOX": sandbox},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    log = (top / "lives.log").read_text() if (top / "lives.log").exists() else ""
    assert done.returncode == 0, f"{mode}: {done.returncode}\n{done.stderr[-4000:]}\n{log[-4000:]}"
    assert "Traceback" not in log, log
    return top / "state", repo, int(done.stdout)


@pytest.fixture(scope="module")
def calm(shared_house: Any, plot: Any) -> tuple[Path, Any, int]:
    """The life without a crash, to which the others are held."""
    return live(shared_house, plot, "calm", "auto")


@pytest.mark.parametrize(("mode", "sandbox", "least"), [("after", "auto", 40), ("before", "off", 20), ("7", "auto", 8)])
async def test_the_same_end_as_without_a_crash(
    shared_house: Any, plot: Any, journal: Any, calm: tuple[Path, Any, int], mode: str, sandbox: str, least: int
) -> None:
    undisturbed, calm_repo = await journal(calm[0]), calm[1]
    state, repo, crashes = live(shared_house, plot, mode, sandbox)
    assert crashes >= least
    record = await journal(state)

    assert record.steps(1)[-1] == "Landed"
    assert record.steps(1) == undisturbed.steps(1)
    assert record.attempts(1) == [(stage, "done") for stage in plot.stages]
    for number, stage in enumerate(plot.stages, 1):
        assert record.transcript(1, number) == plot.expected(stage, number, LINES)
        assert record.heard(1, number) == plot.expected(stage, number, LINES)
    spans = [record.span(1, number) for number in range(1, len(plot.stages) + 1)]
    assert all(end < start for (_, end), (start, _) in pairwise(spans))

    assert repo.git("log", "-1", "--format=%B", "main") == calm_repo.git("log", "-1", "--format=%B", "main")
    assert repo.git("rev-list", "--count", "main") == "2"
    assert repo.git("ls-tree", "-r", "main") == calm_repo.git("ls-tree", "-r", "main")
    for at in (repo, calm_repo):
        assert at.git("status", "--porcelain") == "M unrelated.txt\n?? notes.txt"
        assert {name: (at.path / name).read_text() for name in MINE} == MINE
        assert (at.path / "work-1.txt").read_text() == "good\n"
