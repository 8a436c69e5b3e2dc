"""A person takes a task from wherever it stands, works by hand, and gives it back: no door around the gates."""

from pathlib import Path
from typing import Any

import pytest

PIPELINE = r"""
version = 1

[agent.hand]
adapter = "command"
command = ["sh", "-ec", '''
hold() { while [ ! -e "ROOT/$1" ]; do sleep 0.02; done; }
cp "$FOREMAND_PROMPT_FILE" "ROOT/out/heard-$FOREMAND_TASK" 2> /dev/null || cat "$FOREMAND_PROMPT_FILE"
sed -n 's/^RUN: //p' "$FOREMAND_PROMPT_FILE" > "$TMPDIR/run.sh"
. "$TMPDIR/run.sh"
''']

[gate.check]
kind = "command"
run = "while [ -e WAIT ]; do sleep 0.02; done; ! grep -n BAD *.txt"

[gate.owner]
kind = "human"

[[stage]]
name = "implement"
agent = "hand"
gates = ["check"]
on_fail = { goto = "implement", limit = 1 }

[land]
gates = ["owner"]
"""
GOOD = "RUN: echo agent > agent.txt"


@pytest.fixture
def home(shared_house: Any) -> Any:
    """The module's one daemon, with one agent at a time."""
    if shared_house.daemon is None:
        shared_house.start("--max-agents", "1", "--max-gates", "2")
    return shared_house


@pytest.fixture
def repo(home: Any) -> Any:
    return home.repo({".foremand/pipeline.toml": PIPELINE.replace("ROOT", str(home.root)), "old.txt": "old\n"})


def take(home: Any, task: int) -> Path:
    """The workspace, as `take` prints it."""
    return Path(home.ok("take", str(task)).stdout.removesuffix("\n"))


def heard(home: Any, task: int, attempt: int) -> str:
    """What that attempt's agent was told."""
    return str(home.ok("logs", str(task), "--attempt", str(attempt), "--raw").stdout)


def wrote(home: Any, task: int, name: str) -> bool:
    """Whether the file is in the task's workspace."""
    return (home.state / "workspaces" / str(task) / "tree" / name).exists()


def runs(home: Any, words: str) -> bool:
    """Whether a process with these words in its command line is alive."""
    return any(words in command for _, command in home.processes())


def author(home: Any, repo: Any, task: int) -> str:
    """Who made the present revision, as a look at its branch tells."""
    branch = home.ok("checkout", str(task)).stdout.strip()
    return str(repo.git("log", "-1", "--format=%an <%ae>", branch))


def test_work_by_hand_is_judged_like_anyones_and_lands_under_their_name(home: Any, repo: Any) -> None:
    task = home.submit(repo, GOOD)
    before = home.waits(task, "person")
    repo.git("config", "user.name", "Rosa")
    repo.git("config", "user.email", "rosa@example.com")

    tree = take(home, task)
    assert {path.name for path in tree.iterdir()} >= {"agent.txt", "old.txt", ".git"}
    taken = home.show(task)
    assert (taken["state"], taken["workspace"]) == ("WAITING", str(tree))
    assert taken["reason"].startswith("taken by ")
    (tree / "agent.txt").write_text("by hand\n")
    (tree / "new").mkdir()
    (tree / "new" / "more.txt").write_text("more\n")
    (tree / "old.txt").unlink()

    home.ok("give", str(task), "-m", "I finished it")
    asked = home.waits(task, "person")
    assert asked["reason"] == "approve owner?"
    assert asked["revision"] != before["revision"]  # an approval of what stood there before would be refused
    assert home.ctl("approve", str(task), "--revision", before["revision"]).returncode == 5
    checks = {gate["stage"]: gate["verdict"] for gate in asked["gates"] if gate["name"] == "check"}
    assert checks["land"] == "pass"
    last = asked["attempts"][-1]
    assert (last["by"], last["agent"], last["outcome"]) == (taken["reason"].removeprefix("taken by "), "", "done")
    assert (last["cost_usd"], last["tokens"]) == (0.0, 0)
    assert author(home, repo, task) == "Rosa <rosa@example.com>"

    home.approve(task)
    landed = home.wait(task, "LANDED")
    assert repo.git("log", "-1", "--format=%an %cn", landed["landed_commit"]) == "Rosa Rosa"
    assert repo.show("agent.txt") == "by hand"
    assert repo.git("ls-tree", "-r", "--name-only", "main").split() == [
        ".foremand/pipeline.toml",
        "agent.txt",
        "new/more.txt",
    ]


def test_what_a_gate_refuses_of_it_goes_back_to_the_agent(home: Any, repo: Any) -> None:
    task = home.submit(repo, GOOD)
    home.waits(task, "person")
    tree = take(home, task)
    (tree / "agent.txt").write_text("BAD\n")
    home.ok("give", str(task))
    home.until(lambda: len(home.show(task)["attempts"]) == 3, "the agent is to mend it")
    shown = home.waits(task, "person")  # by writing the file anew, as it is told once more
    assert "agent.txt:1:BAD" in heard(home, task, 3)
    assert [attempt["by"] is None for attempt in shown["attempts"]] == [True, False, True]
    assert "BAD" not in home.ok("diff", str(task)).stdout
    home.ok("cancel", str(task))


def test_what_is_given_for_rework_is_not_judged_but_gone_on_from(home: Any, repo: Any) -> None:
    task = home.submit(repo, GOOD)
    home.waits(task, "person")
    tree = take(home, task)
    (tree / "begun.txt").write_text("BAD\n")
    assert home.ctl("give", str(task), "--rework").returncode == 2
    home.ok("give", str(task), "--rework", "-m", "RUN: sed -i s/BAD/good/ begun.txt")
    shown = home.waits(task, "person")
    assert len(shown["attempts"]) == 3
    assert "A person worked on it" in heard(home, task, 3)
    home.approve(task)
    home.wait(task, "LANDED")
    assert (repo.show("begun.txt"), repo.show("agent.txt")) == ("good", "agent")
    assert not [fact for fact in home.events() if fact["task"] == task and fact.get("verdict") == "fail"]


def test_a_running_agent_is_stopped_and_what_it_made_is_sealed_first(home: Any, repo: Any) -> None:
    task = home.submit(repo, "RUN: echo half > half.txt; hold never")
    home.until(lambda: wrote(home, task, "half.txt"), "it wrote")
    assert home.show(task)["state"] == "RUNNING"
    home.until(lambda: runs(home, "hold()"), "its process is there")
    tree = take(home, task)
    assert not runs(home, "hold()")
    stopped = home.show(task)["attempts"][0]
    assert (stopped["outcome"], bool(stopped["revision"])) == ("stopped", True)
    assert "half.txt" in home.ok("diff", str(task), "--attempt", "1").stdout
    assert (tree / "half.txt").read_text() == "half\n"
    (tree / "whole.txt").write_text("whole\n")
    home.ok("give", str(task))
    home.waits(task, "person")
    home.approve(task)
    home.wait(task, "LANDED")
    assert (repo.show("half.txt"), repo.show("whole.txt")) == ("half", "whole")


def test_a_task_that_waits_for_a_slot_is_taken_and_needs_none(home: Any, repo: Any) -> None:
    busy = home.submit(repo, "RUN: hold never")
    home.until(lambda: bool(home.show(busy)["attempts"]), "the only agent is busy")
    task = home.submit(repo, GOOD)
    home.until(lambda: home.show(task)["reason"] == "waits for an agent slot", "it waits for a slot")
    tree = take(home, task)
    assert sorted(path.name for path in tree.iterdir()) == [".foremand", ".git", "old.txt"]
    (tree / "mine.txt").write_text("mine\n")
    home.ok("give", str(task))
    home.waits(task, "person")
    home.approve(task)
    home.wait(task, "LANDED")
    assert [attempt["agent"] for attempt in home.show(task)["attempts"]] == [""]
    home.ok("cancel", str(busy))
    home.wait(busy, "CANCELLED")


def test_a_stuck_task_is_mended_by_hand(home: Any, repo: Any) -> None:
    task = home.submit(repo, "RUN: echo BAD > agent.txt")
    stuck = home.waits(task, "stuck")
    assert f"foremanctl take {task}" in home.ok("why", str(task), "--format", "json").json["commands"]
    tree = take(home, task)
    assert (tree / "agent.txt").read_text() == "BAD\n"
    (tree / "agent.txt").write_text("good\n")
    home.ok("give", str(task))
    home.waits(task, "person")
    assert home.show(task)["revision"] != stuck["revision"]
    home.approve(task)
    home.wait(task, "LANDED")


def test_a_paused_task_is_taken_and_is_not_paused_afterwards(home: Any, repo: Any) -> None:
    task = home.submit(repo, "RUN: echo half > half.txt; hold never")
    home.until(lambda: wrote(home, task, "half.txt"), "it wrote")
    home.ok("pause", str(task))
    home.waits(task, "paused")
    tree = take(home, task)
    assert (tree / "half.txt").exists()
    home.ok("give", str(task))
    home.waits(task, "person")
    home.ok("cancel", str(task))


def test_a_gate_that_runs_is_stopped_and_asked_again_about_what_is_given(home: Any) -> None:
    wait = home.root / "gate-waits"
    wait.touch()
    text = PIPELINE.replace("ROOT", str(home.root)).replace("-e WAIT", f"-e {wait}")
    task = home.submit(home.repo({".foremand/pipeline.toml": text}), GOOD)
    home.until(lambda: home.show(task)["reason"] == "implement: check runs", "the gate runs")
    home.until(lambda: runs(home, "grep -n BAD"), "its process is there")
    tree = take(home, task)
    assert not runs(home, "grep -n BAD")
    (tree / "agent.txt").write_text("by hand\n")
    wait.unlink()
    home.ok("give", str(task))
    shown = home.waits(task, "person")
    assert [gate["verdict"] for gate in shown["gates"] if gate["name"] == "check"] == ["pass", "pass"]
    home.ok("cancel", str(task))


def test_what_is_taken_is_nobody_elses_to_move(home: Any, repo: Any) -> None:
    task = home.submit(repo, GOOD)
    revision = home.waits(task, "person")["revision"]
    early = home.ctl("give", str(task))
    assert (early.returncode, "was not taken" in early.stderr) == (5, True), early.stderr
    tree = take(home, task)
    for given in (
        ("take", str(task)),
        ("approve", str(task), "--revision", revision),
        ("reject", str(task), "-m", "no"),
        ("rework", str(task), "-m", "more"),
        ("retry", str(task)),
        ("waive", str(task), "check", "-m", "why"),
        ("pause", str(task)),
        ("resume", str(task)),
        ("send", str(task), "hello"),
    ):
        said = home.ctl(*given)
        assert said.returncode == 5, (given, said.stderr)
        assert f"foremanctl give {task}" in said.stderr, (given, said.stderr)
    (tree / "mine.txt").write_text("mine\n")
    home.ok("cancel", str(task), "-m", "after all not")
    home.wait(task, "CANCELLED")
    assert home.show(task)["attempts"][-1]["by"]  # what a person did is sealed like an agent's work
    assert "mine.txt" in home.ok("diff", str(task), "--stat").stdout
    home.ok("retry", str(task))
    assert home.waits(task, "person")["workspace"] is None
    assert "mine.txt" in home.ok("diff", str(task), "--stat").stdout
    home.ok("cancel", str(task))


def test_the_daemon_may_die_while_a_person_works(home: Any, repo: Any) -> None:
    task = home.submit(repo, GOOD)
    home.waits(task, "person")
    tree = take(home, task)
    (tree / "mine.txt").write_text("mine\n")
    home.kill()
    (tree / "later.txt").write_text("later\n")
    home.start("--max-agents", "1", "--max-gates", "2")
    taken = home.show(task)
    assert (taken["waiting_for"], taken["workspace"]) == ("taken", str(tree))
    assert (tree / "mine.txt").exists()
    home.ok("give", str(task))
    home.waits(task, "person")
    home.approve(task)
    home.wait(task, "LANDED")
    assert (repo.show("mine.txt"), repo.show("later.txt")) == ("mine", "later")


def test_a_plan_is_written_by_hand(home: Any) -> None:
    text = PIPELINE.replace("ROOT", str(home.root)).replace(
        "[[stage]]",
        '[gate.plan-ok]\nkind = "human"\n[[stage]]\nname = "plan"\nagent = "hand"\naccess = "read"\n'
        'prompt = "Plan it."\ngates = ["plan-ok"]\n\n[[stage]]',
        1,
    )
    repo = home.repo({".foremand/pipeline.toml": text})
    task = home.submit(repo, "echo it")
    first = home.waits(task, "person")
    assert (first["stage"], first["reason"]) == ("plan", "approve plan-ok?")
    take(home, task)
    home.ok("give", str(task), "-m", "RUN: echo by-my-plan > planned.txt")
    second = home.waits(task, "person")
    assert (second["stage"], second["reason"]) == ("plan", "approve plan-ok?")
    assert second["revision"] != first["revision"]
    home.approve(task)
    home.until(lambda: home.show(task)["stage"] == "land", "it is implemented by that plan")
    home.waits(task, "person")
    home.approve(task)
    home.wait(task, "LANDED")
    assert repo.show("planned.txt") == "by-my-plan"
