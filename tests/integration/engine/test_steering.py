"""Pause, resume, send, retry and waive: what a person may do with a task at work, and nothing that nobody asked for."""

import sys
from pathlib import Path
from typing import Any

import pytest

STAND_IN = Path(__file__).with_name("claude_stand_in.py")
PIPELINE = rf"""
version = 1

[agent.claude]
adapter = "claude"
command = ["{sys.executable}", "CLAUDE"]

[agent.hand]
adapter = "command"
command = ["sh", "-ec", '''
cat "$FOREMAND_PROMPT_FILE"
sed -n 's/^RUN: //p' "$FOREMAND_PROMPT_FILE" > "$TMPDIR/run.sh"
. "$TMPDIR/run.sh"
''']

[gate.check]
kind = "command"
run = "! grep -n BAD *.txt"

[gate.owner]
kind = "human"

[[stage]]
name = "implement"
agent = "AGENT"
gates = ["check"]
on_fail = {{ goto = "implement", limit = 0 }}

[land]
gates = ["owner"]
on_fail = {{ goto = "implement", limit = 0 }}
"""
GOOD = "RUN: echo good > agent.txt"
WORDS = """Not `echo`, but "printf": keep $HOME and {{ task }} as they are.

\tThe second paragraph — with a tab, an umlaut ü, \\n and a %s."""


@pytest.fixture
def home(shared_house: Any) -> Any:
    """The module's one daemon, with two agents at a time."""
    if shared_house.daemon is None:
        shared_house.start("--max-agents", "2")
    return shared_house


def repository(home: Any, agent: str) -> Any:
    claude = home.script("claude", STAND_IN.read_text())
    return home.repo({".foremand/pipeline.toml": PIPELINE.replace("AGENT", agent).replace("CLAUDE", str(claude))})


def holds(home: Any, name: str) -> str:
    """A line with which an agent writes a file, and then works until `let_go`."""
    go = home.root / f"go-{name}"
    return f"RUN: echo half > half.txt; while [ ! -e {go} ]; do sleep 0.02; done"


def let_go(home: Any, name: str) -> None:
    (home.root / f"go-{name}").touch()


def at_work(home: Any, task: int) -> None:
    """Wait until the agent has written its first file."""
    file = home.state / "workspaces" / str(task) / "tree" / "half.txt"
    home.until(file.exists, f"the agent of task {task} is at work", 20.0)


def test_a_paused_agent_goes_on_in_its_session_and_is_charged_nothing(home: Any) -> None:
    task = home.submit(repository(home, "claude"), holds(home, "session"))
    at_work(home, task)
    home.ok("pause", str(task))
    paused = home.waits(task, "paused")
    assert paused["reason"].startswith("paused by ")
    (first,) = paused["attempts"]
    assert (first["outcome"], bool(first["revision"])) == ("stopped", True)
    assert "half.txt" in home.ok("diff", str(task), "--stat").stdout
    assert not [each for _, each in home.processes() if "claude.py" in each]

    home.kill()  # it stays paused, whoever asks
    home.start("--max-agents", "2")
    assert home.show(task)["waiting_for"] == "paused"

    let_go(home, "session")
    home.ok("resume", str(task))
    shown = home.waits(task, "person")  # with a limit of 0: nothing was sent back
    assert [each["outcome"] for each in shown["attempts"]] == ["stopped", "done"]
    assert len({each["session_id"] for each in shown["attempts"]}) == 1
    assert not [line for line in home.ok("why", str(task), "--format", "json").json["lines"] if "sent back" in line]
    home.approve(task)
    home.wait(task, "LANDED")


def test_a_task_that_was_not_begun_is_paused_too(home: Any) -> None:
    there = repository(home, "hand")
    busy = [home.submit(there, holds(home, "queue")) for _ in range(2)]
    for each in busy:
        at_work(home, each)
    task = home.submit(there, GOOD)
    home.until(lambda: home.show(task)["reason"] == "waits for an agent slot", "it waits for a slot")
    assert home.show(task)["state"] == "QUEUED"
    home.ok("pause", str(task))
    assert home.show(task)["state"] == "WAITING"
    again = home.ctl("pause", str(task))
    assert (again.returncode, f"foremanctl resume {task}" in again.stderr) == (5, True)

    third = home.submit(there, GOOD)
    let_go(home, "queue")
    for each in (*busy, third):
        home.waits(each, "person")
    assert home.show(task)["attempts"] == []
    home.ok("resume", str(task))
    home.waits(task, "person")
    home.ok("cancel", "--all", "-m", "enough")
    assert home.ok("list", "--format", "json").json == []


def test_all_of_them_at_once(home: Any) -> None:
    there = repository(home, "hand")
    asks = home.submit(there, GOOD)
    home.waits(asks, "person")
    runs = [home.submit(there, holds(home, "all")) for _ in range(2)]
    for each in runs:
        at_work(home, each)
    queued = home.submit(there, GOOD)
    paused = home.ok("pause", "--all", "--format", "json").json
    assert {each["id"] for each in paused} == {*runs, queued}
    for each in runs:
        home.waits(each, "paused")
    assert home.show(asks)["waiting_for"] == "person"
    assert "no task that could be paused" in home.ok("pause", "--all").stderr
    let_go(home, "all")
    resumed = home.ok("resume", "--all", "-q").stdout.split()
    assert set(map(int, resumed)) == {*runs, queued}
    for each in (*runs, queued):
        home.waits(each, "person")
    assert home.ctl("cancel", "--all", str(asks)).returncode == 2
    cancelled = home.ok("cancel", "--all", "-q").stdout.split()
    assert set(map(int, cancelled)) == {asks, *runs, queued}
    for each in (asks, *runs, queued):
        home.wait(each, "CANCELLED")


def test_a_quota_is_not_waited_for_where_a_person_knows_better(home: Any) -> None:
    full = home.root / "full"
    full.touch()
    task = home.submit(repository(home, "claude"), f"QUOTA: {full}\n{GOOD}")
    waiting = home.waits(task, "quota")
    assert (waiting["state"], "2030-01-23T" in waiting["reason"]) == ("WAITING", True)
    home.ok("resume", str(task))  # too early
    home.until(lambda: len(home.show(task)["attempts"]) == 2, "it is tried at once")
    home.waits(task, "quota")
    full.unlink()
    home.ok("resume", "--all")
    shown = home.waits(task, "person")
    assert [each["outcome"] for each in shown["attempts"]] == ["quota", "quota", "done"]
    assert len({each["session_id"] for each in shown["attempts"]}) == 1
    home.ok("cancel", str(task))


def test_what_is_sent_is_heard_word_for_word_by_the_next_attempt(home: Any) -> None:
    task = home.submit(repository(home, "hand"), holds(home, "send"))
    at_work(home, task)
    answer = home.ok("send", str(task), "-", "--format", "json", stdin=WORDS).json
    assert (answer["id"], "next attempt" in answer["when"]) == (task, True)
    assert "next attempt" in home.ok("send", str(task), "And then: RUN nothing").stderr
    deaf = home.ok("send", str(task), "Now", "--interrupt").stderr
    assert "nothing is interrupted" in deaf
    assert f"foremanctl pause {task}" in deaf
    assert home.show(task)["state"] == "RUNNING"
    assert home.ctl("send", str(task), " ").returncode == 2
    let_go(home, "send")
    home.waits(task, "person")
    assert "umlaut" not in home.ok("logs", str(task), "--attempt", "1", "--raw").stdout
    home.ok("rework", str(task), "-m", "once more")
    home.until(lambda: len(home.show(task)["attempts"]) == 2, "it works again")
    home.waits(task, "person")
    heard = home.ok("logs", str(task), "--attempt", "2", "--raw").stdout
    assert WORDS in heard
    assert heard.index("once more") < heard.index(WORDS) < heard.index("And then: RUN nothing")
    home.ok("rework", str(task), "-m", "and again")
    home.until(lambda: len(home.show(task)["attempts"]) == 3, "it works again")
    home.waits(task, "person")
    assert "umlaut" not in home.ok("logs", str(task), "--attempt", "3", "--raw").stdout  # said once
    home.ok("cancel", str(task))


def test_another_agent_has_a_go(home: Any) -> None:
    task = home.submit(repository(home, "hand"), "RUN: echo BAD > agent.txt")
    home.waits(task, "stuck")
    unknown = home.ctl("retry", str(task), "--agent", "nobody")
    assert (unknown.returncode, "no agent 'nobody'" in unknown.stderr) == (4, True), unknown.stderr
    home.ok("retry", str(task), "--agent", "claude", "-m", "RUN: echo good > agent.txt")
    shown = home.waits(task, "person")
    assert [each["agent"] for each in shown["attempts"]] == ["hand", "claude"]
    home.ok("rework", str(task), "-m", "RUN: echo better > agent.txt")
    home.until(lambda: len(home.show(task)["attempts"]) == 3, "it works again")
    assert home.waits(task, "person")["attempts"][2]["agent"] == "claude"  # who was named stays
    home.approve(task)
    home.wait(task, "LANDED")


def test_a_used_up_limit_is_raised(home: Any) -> None:
    task = home.submit(repository(home, "hand"), "RUN: echo BAD > agent.txt", "--limit", "attempts=1")
    home.waits(task, "stuck")
    home.ok("retry", str(task), "-m", GOOD)
    assert home.waits(task, "budget")["reason"] == "limit attempts: 1 of 1 agent runs are used"
    refused = home.ctl("resume", str(task))
    assert (refused.returncode, f"foremanctl limit {task} attempts=" in refused.stderr) == (5, True)
    home.ok("limit", str(task), "attempts=2")
    home.waits(task, "person")
    home.ok("cancel", str(task))
