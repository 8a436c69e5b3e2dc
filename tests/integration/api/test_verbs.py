"""Every verb that steers a task, typed against the real daemon."""

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

PIPELINE = """
version = 1
[agent.writer]
adapter = "command"
command = ["sh", "-c", "AGENT"]
[gate.check]
kind = "command"
run = "test ! -e broken"
[gate.style]
kind = "command"
run = "test -e styled"
advisory = true
[gate.owner]
kind = "human"
[[stage]]
name = "implement"
agent = "writer"
gates = ["check", "style"]
on_fail = { goto = "implement", limit = 0 }
[land]
gates = ["owner"]
"""

WRITES = "cat $FOREMAND_PROMPT_FILE >> heard.txt; echo work > work.txt"
BREAKS = "touch broken"


@pytest.fixture(scope="module")
def home(shared_house: Any) -> Any:
    shared_house.start()
    return shared_house


def repo(home: Any, agent: str = WRITES) -> Any:
    return home.repo({".foremand/pipeline.toml": PIPELINE.replace("AGENT", agent), "README": "hello\n"})


def asleep(home: Any, name: str) -> str:
    """An agent that works until the file `name` is there."""
    return f"while [ ! -e {home.root}/{name} ]; do sleep 0.05; done; {WRITES}"


def test_a_task_is_paused_and_resumed(home: Any) -> None:
    task = home.submit(repo(home, asleep(home, "go-1")), "slow")
    home.wait(task, "RUNNING")
    home.ok("pause", str(task))
    paused = home.wait(task, "WAITING")
    assert paused["waiting_for"] == "paused"
    assert home.ctl("pause", str(task)).returncode == 5
    (home.root / "go-1").touch()
    home.ok("resume", "--all")
    assert home.wait(task, "WAITING")["waiting_for"] == "person"
    assert home.ctl("resume", str(task)).returncode == 5
    home.ok("cancel", str(task))
    home.wait(task, "CANCELLED")
    for given in (("pause",), ("resume",), ("take",), ("send", "x"), ("limit", "turns=5")):
        verb, *words = given
        over = home.ctl(verb, str(task), *words)
        assert (over.returncode, f"foremanctl retry {task} takes it up again" in over.stderr) == (5, True), over.stderr


def sent_to(home: Any, task: int) -> Any:
    return home.ok("show", str(task), "--format", "json").json["messages"]


def test_an_agent_is_told_with_its_next_attempt(home: Any) -> None:
    task = home.submit(repo(home, asleep(home, "go-2")), "slow")
    home.until(lambda: home.show(task)["attempt"] == 1, "its agent works")
    assert sent_to(home, task) == []
    said = home.ok("send", str(task), "look in tests/data")
    assert "next attempt" in said.stderr
    (home.root / "go-2").touch()
    home.wait(task, "WAITING")
    home.ok("rework", str(task), "-m", "once more")
    home.until(lambda: home.show(task)["attempt"] == 2, "it works again")
    home.wait(task, "WAITING")
    assert "look in tests/data" in home.ok("diff", str(task)).stdout
    (sent,) = sent_to(home, task)
    assert (sent["message"], sent["attempt"]) == ("look in tests/data", 2)
    assert "attempt 2 began with it: look in tests/data" in home.ok("show", str(task)).stdout
    assert home.ctl("send", str(task), "too late").returncode == 5
    home.ok("cancel", str(task))


def test_a_person_works_by_hand_and_their_work_lands_under_their_name(home: Any) -> None:
    there = repo(home)
    task = home.submit(there, "begin")
    home.wait(task, "WAITING")
    tree = Path(home.ok("take", str(task)).stdout.removesuffix("\n"))
    assert (tree / "work.txt").read_text() == "work\n"
    taken = home.show(task)
    assert (taken["waiting_for"], taken["workspace"]) == ("taken", str(tree))
    assert home.ctl("take", str(task)).returncode == 5
    (tree / "by-hand.txt").write_text("mine\n")
    home.ok("give", str(task), "-m", "finished it")
    home.until(lambda: home.show(task)["waiting_for"] == "person", "a person is asked")
    shown = home.show(task)
    assert shown["workspace"] is None
    assert [(each["by"] is None, each["gate"]) for each in shown["attempts"]] == [(True, None), (False, None)]
    assert "by hand" in home.ok("show", str(task)).stdout
    home.approve(task)
    home.wait(task, "LANDED")
    assert there.show("by-hand.txt") == "mine"
    over = home.ctl("give", str(task))
    assert (over.returncode, "what to do: submit a new task" in over.stderr) == (5, True), over.stderr


def test_a_red_gate_is_waived_with_a_reason(home: Any) -> None:
    task = home.submit(repo(home, BREAKS), "break it")
    assert home.wait(task, "WAITING")["waiting_for"] == "stuck"
    assert home.ctl("waive", str(task), "nosuch", "-m", "why").returncode == 4
    home.ok("waive", str(task), "check", "-m", "meant to be there")
    home.until(lambda: home.show(task)["stage"] == "land", "it goes on to land")
    (waived,) = [each for each in home.show(task)["approvals"] if each["decision"] == "waived"]
    assert (waived["gate"], waived["message"]) == ("check", "meant to be there")
    home.ok("cancel", str(task))


def test_work_is_looked_at_on_a_branch_and_since_an_approval(home: Any) -> None:
    there = repo(home)
    task = home.submit(there, "begin")
    home.wait(task, "WAITING")
    assert home.ctl("diff", str(task), "--since-approval").returncode == 4
    branch = home.ok("checkout", str(task)).stdout.strip()
    assert branch.startswith(f"foremand/{task}-")
    assert there.show("work.txt", branch) == "work"
    assert there.git("branch", "--show-current") == "main"
    home.ok("cancel", str(task))


def test_what_is_new_since_a_revision_that_was_looked_at(home: Any) -> None:
    task = home.submit(repo(home), "begin")
    seen = home.wait(task, "WAITING")["attempts"][0]["revision"]
    same = home.ok("diff", str(task), "--since", seen[:9])
    assert (same.stdout, same.stderr) == ("", "nothing has changed\n")
    home.ok("rework", str(task), "-m", "once more")
    home.until(lambda: home.show(task)["attempt"] == 2, "it works again")
    home.wait(task, "WAITING")
    whole, new = home.ok("diff", str(task)).stdout, home.ok("diff", str(task), "--since", seen[:9]).stdout
    assert "+once more" in new
    assert "work.txt" in whole
    assert "work.txt" not in new, "that has been seen"
    for unknown in ("abcdef0", "e" * 40):
        said = home.ctl("diff", str(task), "--since", unknown)
        assert (said.returncode, "has no revision" in said.stderr) == (4, True), said.stderr
        assert f"what to do: foremanctl show {task}" in said.stderr
    home.ok("cancel", str(task))


def test_a_name_that_is_none_is_answered_with_the_nearest(home: Any) -> None:
    there = repo(home, BREAKS)
    task = home.submit(there, "break it")
    home.wait(task, "WAITING")
    for code, words, given in (
        (4, 'did you mean "check"?', ("waive", str(task), "chek", "-m", "why")),
        (4, 'did you mean "check"?', ("logs", str(task), "--gate", "chek")),
        (4, 'did you mean "implement"?', ("logs", str(task), "--stage", "implment")),
        (4, 'did you mean "implement"?', ("retry", str(task), "--stage", "implment")),
        (4, 'did you mean "writer"?', ("retry", str(task), "--agent", "writr")),
        (4, 'did you mean "style"?', ("retry", str(task), "--gate", "styl")),
    ):
        said = home.ctl(*given)
        assert (said.returncode, words in said.stderr) == (code, True), (given, said.stderr)
        assert "what to do: its " in said.stderr, said.stderr
    home.ok("cancel", str(task))
    strict = PIPELINE.replace("AGENT", WRITES) + "[profile.production]\ngates = {}\n"
    there.commit({".foremand/pipeline.toml": strict})
    said = home.ctl("submit", "x", "-C", str(there.path), "--profile", "prodction")
    assert (said.returncode, 'did you mean "production"?' in said.stderr) == (2, True), said.stderr
    assert "what to do: its profiles are production" in said.stderr


def test_advisory_gates_are_marked_and_costs_are_summed(home: Any) -> None:
    task = home.submit(repo(home), "begin", "--priority", "3")
    home.wait(task, "WAITING")
    shown = home.show(task)
    style = next(gate for gate in shown["gates"] if (gate["name"], gate["stage"]) == ("style", "implement"))
    assert (style["advisory"], style["verdict"], shown["priority"]) == (True, "fail", 3)
    assert "command, advisory" in home.ok("show", str(task)).stdout
    (sums,) = [each for each in home.ok("costs", "--by", "task", "--format", "json").json if each["task"] == task]
    assert (sums["attempts"], sums["unknown"] + (sums["cost_usd"] is not None)) == (1, 1)
    assert home.ok("costs", "--since", "1h", "--by", "day,agent").stdout
    home.ok("cancel", str(task))


def test_tasks_come_after_others(home: Any) -> None:
    there = repo(home)
    first = home.submit(there, "first")
    second = home.submit(there, "second", "--after", str(first))
    home.wait(first, "WAITING")
    held = home.show(second)
    assert (held["state"], held["waiting_for"], held["after"]) == ("WAITING", None, [first])
    assert home.show(second)["attempts"] == []
    home.approve(first)
    home.wait(first, "LANDED")
    home.until(lambda: home.show(second)["waiting_for"] == "person", "the second is asked about")
    assert home.ctl("submit", "x", "-C", str(there.path), "--after", "404").returncode == 4
    home.ok("cancel", str(second))


def test_tasks_that_change_the_same_files_are_named_on_each_other(home: Any) -> None:
    there = repo(home, "echo $FOREMAND_TASK >> README")
    tasks = [home.submit(there, name) for name in ("one", "two")]
    for task in tasks:
        home.until(lambda task=task: bool(home.show(task)["overlaps"]), "the other is seen")
    one, two = tasks
    (seen,) = home.show(one)["overlaps"]
    assert (seen["id"], seen["title"], seen["files"]) == (two, "two", ["README"])
    home.until(lambda: home.show(one)["overlaps"][0]["conflicts"] == ["README"], "the conflict is forecast")
    for verb in ("list", "show", "why"):
        words = [verb] if verb == "list" else [verb, str(one)]
        assert f"touches README with {two}; would conflict" in home.ok(*words).stdout
    home.ok("cancel", *map(str, tasks))
    home.until(lambda: not home.show(one)["overlaps"], "what has ended touches nothing")


def test_a_task_takes_todays_file(home: Any) -> None:
    there = repo(home)
    task = home.submit(there, "begin")
    home.wait(task, "WAITING")
    assert home.ctl("repin", str(task)).returncode == 5
    more = PIPELINE.replace("AGENT", WRITES).replace('gates = ["owner"]', 'gates = ["owner", "second"]')
    there.commit({".foremand/pipeline.toml": more + '[gate.second]\nkind = "human"\n'})
    home.ok("repin", str(task))
    names = {gate["name"] for gate in home.show(task)["gates"] if gate["stage"] == "land"}
    assert {"owner", "second"} <= names
    home.ok("cancel", str(task))


def test_what_is_kept_is_proved_exported_and_pruned(home: Any) -> None:
    task = home.submit(repo(home), "begin")
    home.wait(task, "WAITING")
    home.approve(task)
    home.wait(task, "LANDED")
    assert all(each["ok"] for each in home.ok("verify", str(task), "--format", "json").json)
    assert home.ok("verify").stdout
    to = home.root / "kept.tgz"
    home.ok("export", str(task), "-o", str(to))
    with tarfile.open(fileobj=io.BytesIO(to.read_bytes())) as archive:
        assert any(name.endswith("facts.jsonl") for name in archive.getnames())
    would = home.ok("prune", "--dry-run", "--format", "json").json
    assert home.ok("prune", "--dry-run", "--format", "json").json == would
    home.ok("prune")


def test_what_is_not_there_is_refused_by_every_verb(home: Any) -> None:
    for given in (
        ("waive", "404", "g", "-m", "why"),
        ("take", "404"),
        ("give", "404"),
        ("checkout", "404"),
        ("pause", "404"),
        ("resume", "404"),
        ("repin", "404"),
        ("send", "404", "x"),
        ("limit", "404", "tokens=5"),
        ("priority", "404", "5"),
        ("verify", "404"),
        ("export", "404"),
    ):
        said = home.ctl(*given)
        assert (said.returncode, "there is no task 404" in said.stderr) == (4, True), (given, said.stderr)
    assert not list(home.root.glob("*.tar.gz"))
    there = repo(home)
    assert home.ctl("submit", "x", "-C", str(there.path), "--profile", "nosuch").returncode == 2


def test_the_queue_is_empty_when_nothing_lands(home: Any) -> None:
    assert json.loads(home.ok("queue", "--format", "json").stdout) == []
