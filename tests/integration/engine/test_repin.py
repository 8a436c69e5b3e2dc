"""A pipeline file that changes while tasks run: they go on with theirs, the tip's gates are asked at landing, and
`repin` has a task take today's file where it fits."""

from pathlib import Path
from typing import Any

import pytest
from hands import HAND

BEGIN = (
    HAND
    + r"""
[agent.other]
adapter = "command"
command = ["true"]

[gate.check]
kind = "command"
run = "! grep -n BAD *.txt"

[gate.owner]
kind = "human"

[gate.security]
kind = "human"
"""
)
STAGE = """
[[stage]]
name = "implement"
agent = "hand"
gates = ["check"]
on_fail = { goto = "implement", limit = 0 }
"""
LAND = """
[land]
gates = ["owner", "security"]
on_fail = { goto = "implement", limit = 0 }
"""
FILE = ".foremand/pipeline.toml"
GOOD = "RUN: echo good > agent.txt"


@pytest.fixture
def home(shared_house: Any) -> Any:
    """The module's one daemon, with two agents at a time."""
    if shared_house.daemon is None:
        shared_house.start("--max-agents", "2")
    return shared_house


@pytest.fixture
def repo(home: Any) -> Any:
    return home.repo({FILE: BEGIN + STAGE + LAND})


def gates(shown: Any) -> dict[str, Any]:
    """The verdicts at the stage where it stands now, else at landing, by gate."""
    return {f"{gate['stage']} {gate['name']}": gate["verdict"] for gate in shown["gates"]}


def runs(home: Any, task: int, gate: str) -> int:
    """How often a gate has run for a task."""
    ran = [event for event in home.events() if (event["type"], event["task"]) == ("GateRan", task)]
    return sum(event["gate"] == gate for event in ran)


def test_what_is_new_is_asked_and_what_is_the_same_stays_answered(home: Any, repo: Any) -> None:
    task = home.submit(repo, GOOD)
    before = home.waits(task, "person")
    home.approve(task, "owner")
    began = runs(home, task, "check")

    new = (
        '[gate.agents]\nkind = "command"\nrun = "test -e agent.txt"\npaths = ["agent.*"]\n'
        '[gate.docs]\nkind = "command"\nrun = "false"\npaths = ["docs/**"]\n'
        '[gate.guard]\nkind = "protected"\npaths = ["secret/**"]\n'
    )
    stage = STAGE.replace('"check"', '"check", "agents", "docs", "guard"')
    repo.commit({FILE: BEGIN + new + stage + LAND})
    said = home.ok("repin", str(task), "--format", "json").json
    assert [each["id"] for each in said] == [task]
    shown = home.waits(task, "person")
    assert shown["reason"] == "approve security?"  # the owner has said yes to this change
    assert len(shown["attempts"]) == len(before["attempts"]) == 1
    verdicts = gates(shown)
    assert verdicts["implement check"] == verdicts["implement agents"] == verdicts["implement guard"] == "pass"
    assert verdicts["implement docs"] == "skipped"
    assert runs(home, task, "agents") >= 1
    assert runs(home, task, "check") <= began + 1  # on the tree as it would land now: the tip has moved
    assert shown["pipeline_origin"].startswith(f"{FILE} at main")
    assert shown["pipeline_hash"] != before["pipeline_hash"]
    again = home.ctl("repin", str(task))
    assert (again.returncode, "today's pipeline file already" in again.stderr) == (5, True), again.stderr
    home.approve(task)
    home.wait(task, "LANDED")


def test_what_was_waived_closes_again_once_a_floor_asks_it(home: Any, repo: Any) -> None:
    task = home.submit(repo, "RUN: echo BAD > agent.txt")
    home.waits(task, "stuck")
    home.ok("waive", str(task), "check", "-m", "just this once")
    home.waits(task, "person")
    repo.commit({FILE: BEGIN + STAGE + LAND + '\n[floor]\ngates = ["check"]\n'})
    home.ok("repin", str(task))
    stuck = home.waits(task, "stuck")
    assert gates(stuck)["implement check"] == "fail"
    assert home.ctl("waive", str(task), "check", "-m", "again").returncode == 5
    home.ok("cancel", str(task))


def test_a_new_gate_closes_for_work_that_had_passed(home: Any, repo: Any) -> None:
    task = home.submit(repo, "RUN: echo ugly > agent.txt")
    home.waits(task, "person")
    strict = BEGIN + '[gate.style]\nkind = "command"\nrun = "! grep -n ugly *.txt"\npaths = ["*.txt"]\n'
    repo.commit({FILE: strict + STAGE.replace('"check"', '"check", "style"') + LAND})
    home.ok("repin", str(task))
    stuck = home.waits(task, "stuck")
    assert (stuck["stage"], gates(stuck)["implement style"]) == ("implement", "fail")
    home.ok("rework", str(task), "-m", "RUN: echo nice > agent.txt")
    home.waits(task, "person")
    home.approve(task)
    home.wait(task, "LANDED")
    assert repo.show("agent.txt") == "nice"


def test_what_the_tips_file_asks_is_asked_at_landing_as_well(home: Any, repo: Any) -> None:
    own = home.root / "own.toml"
    own.write_text(BEGIN + STAGE + "[land]\non_fail = { goto = 'implement', limit = 0 }\n")
    go = home.root / "tips"
    task = home.submit(repo, f"RUN: while [ ! -e {go} ]; do sleep 0.02; done; echo ugly > agent.txt")
    alone = home.submit(repo, "RUN: echo ugly > alone.txt", "--pipeline", str(own))
    home.until(lambda: bool(home.show(task)["attempts"]), "it works")
    # The owner and the security people are asked by the tip's file, whatever file a task brought along.
    assert home.waits(alone, "person")["reason"].count("@main") == 2
    home.ok("cancel", str(alone))

    style = '[gate.style]\nkind = "command"\nrun = "! grep -n ugly *.txt"\n'
    repo.commit({FILE: BEGIN + style + STAGE.replace('"check"', '"check", "style"') + LAND})
    go.touch()
    stuck = home.waits(task, "stuck")
    assert (stuck["stage"], gates(stuck)["land style@main"]) == ("land", "fail")
    assert stuck["attempts"][0]["outcome"] == "done"
    home.ok("rework", str(task), "-m", "RUN: echo nice > agent.txt")
    shown = home.waits(task, "person")
    assert gates(shown)["land style@main"] == "pass"
    home.approve(task)
    home.wait(task, "LANDED")
    assert repo.show("agent.txt") == "nice"


def test_a_bad_file_stops_no_task_that_has_begun(home: Any, repo: Any) -> None:
    task = home.submit(repo, GOOD)
    before = home.waits(task, "person")
    bad = BEGIN + STAGE.replace('gates = ["check"]', 'gates = ["chek"]\nacess = "write"') + LAND
    repo.commit({FILE: bad})
    refused = home.ctl("repin", str(task))
    assert refused.returncode == 2, refused.stderr
    assert "chek" in refused.stderr
    assert "acess" in refused.stderr  # all errors at once
    late = home.ctl("submit", GOOD, "-C", str(repo.path))
    assert (late.returncode, "chek" in late.stderr) == (2, True)
    shown = home.show(task)
    assert (shown["waiting_for"], shown["pipeline_hash"]) == ("person", before["pipeline_hash"])
    home.approve(task)
    home.wait(task, "LANDED")
    assert repo.show("agent.txt") == "good"


def test_a_file_that_does_not_fit_is_refused(home: Any, repo: Any) -> None:
    task = home.submit(repo, GOOD)
    before = home.waits(task, "person")
    other = '[[stage]]\nname = "plan"\nagent = "hand"\naccess = "read"\n'
    for text, why in (
        (BEGIN + STAGE.replace('"implement"', '"build"') + LAND.replace('"implement"', '"build"'), "implement"),
        (
            BEGIN
            + STAGE.replace("gates =", 'access = "read"\ngates =')
            + other.replace('"read"', '"write"').replace('"hand"', '"hand"\ngates = ["check"]'),
            "implement",
        ),
    ):
        repo.commit({FILE: text})
        said = home.ctl("repin", str(task))
        assert (said.returncode, why in said.stderr) == (5, True), said.stderr
        assert "submit what is left as a new task" in said.stderr
    assert home.show(task)["pipeline_hash"] == before["pipeline_hash"]
    home.ok("cancel", str(task))
    assert home.ctl("repin", str(task)).returncode == 5


def test_the_agent_at_work_must_stay(home: Any, repo: Any) -> None:
    go = home.root / "stay"
    task = home.submit(repo, f"RUN: while [ ! -e {go} ]; do sleep 0.02; done; echo good > agent.txt")
    home.until(lambda: bool(home.show(task)["attempts"]), "it works")
    without = (BEGIN + STAGE + LAND).replace("agent.hand", "agent.somebody").replace('"hand"', '"somebody"')
    repo.commit({FILE: without})
    said = home.ctl("repin", str(task))
    assert (said.returncode, "no agent 'hand', which is at work" in said.stderr) == (5, True), said.stderr
    go.touch()
    home.waits(task, "person")
    home.ok("repin", str(task))  # now nobody is at work
    home.waits(task, "person")  # once more: the candidate is built anew
    home.ok("rework", str(task), "-m", "RUN: echo better > agent.txt")
    home.until(lambda: len(home.show(task)["attempts"]) == 2, "it works again")
    assert home.waits(task, "person")["attempts"][1]["agent"] == "somebody"
    home.ok("cancel", str(task))


def test_the_stage_that_a_person_works_on_must_stay(home: Any, repo: Any) -> None:
    go = home.root / "taken"
    busy = [home.submit(repo, f"RUN: while [ ! -e {go} ]; do sleep 0.02; done") for _ in range(2)]
    for each in busy:
        home.until(lambda each=each: bool(home.show(each)["attempts"]), "it works")
    task = home.submit(repo, GOOD)
    home.until(lambda: home.show(task)["reason"] == "waits for an agent slot", "it has started")
    tree = Path(home.ok("take", str(task)).stdout.removesuffix("\n"))
    (tree / "mine.txt").write_text("mine\n")
    repo.commit({FILE: (BEGIN + STAGE + LAND).replace('"implement"', '"build"')})
    said = home.ctl("repin", str(task))
    assert (said.returncode, "no stage 'implement' like" in said.stderr) == (5, True), said.stderr
    home.ok("give", str(task))
    home.waits(task, "person")
    assert "mine.txt" in home.ok("diff", str(task), "--stat").stdout
    home.ok("cancel", str(task), *map(str, busy))


def test_a_task_that_brought_its_file_along_keeps_it(home: Any, repo: Any) -> None:
    own = Path(home.root / "mine.toml")
    own.write_text(BEGIN + STAGE)
    task = home.submit(repo, GOOD, "--pipeline", str(own))
    shown = home.waits(task, "person")
    assert shown["pipeline_origin"] == "given with --pipeline"
    own.write_text("no pipeline any more")
    said = home.ctl("repin", str(task))
    assert (said.returncode, "already" in said.stderr) == (5, True), said.stderr
    second = home.submit(repo, GOOD, "--after", str(task))
    early = home.ctl("repin", str(second))
    assert (early.returncode, "has not started" in early.stderr) == (5, True), early.stderr
    home.ok("cancel", str(task), str(second))
