"""Stages without an agent of their own, and stages with several: checkpoints and lists of agents."""

import shutil
from pathlib import Path
from typing import Any

RECORDINGS = Path(__file__).parents[2] / "recordings" / "claude"

HEAD = """
version = 1

[agent.hand]
adapter = "command"
command = ["sh", "-ec", '''
cat > "$TMPDIR/heard"
sed -n "s/^$FOREMAND_STAGE: //p" "$TMPDIR/heard" > "$TMPDIR/run.sh"
. "$TMPDIR/run.sh"
''']

[gate.fine]
kind = "command"
run = "! test -e sloppy.txt"

[gate.still-red]
kind = "command"
run = "test -e test.txt && ! test -e done.txt"
scope = "stage"

[gate.owner]
kind = "human"
"""

CHECKED = """
[[stage]]
name = "tests"
agent = "hand"

[[stage]]
name = "are-red"
gates = ["still-red", "owner"]
ON_FAIL

[[stage]]
name = "implement"
agent = "hand"
gates = ["fine"]

[profile.strict]
paths = ["pay/**"]
gates = { implement = ["owner"] }
"""


def submit(home: Any, repo: Any, *runs: str) -> int:
    return int(home.submit(repo, "go\n\n" + "\n".join(runs) + "\n"))


def stages(shown: Any) -> list[str]:
    return [a["stage"] for a in shown["attempts"]]


def verdicts(shown: Any, stage: str) -> dict[str, str]:
    return {gate["name"]: gate["verdict"] for gate in shown["gates"] if gate["stage"] == stage}


def test_a_checkpoint_judges_what_the_stage_before_it_left(home: Any) -> None:
    repo = home.repo({".foremand/pipeline.toml": HEAD + CHECKED.replace("ON_FAIL", "")})
    task = submit(home, repo, "tests: echo > test.txt", "implement: echo > done.txt")
    shown = home.wait(task, "WAITING")
    assert (shown["stage"], shown["reason"]) == ("are-red", "approve owner?")
    assert verdicts(shown, "are-red") == {"still-red": "pass", "owner": "waiting"}
    assert shown["revision"] == shown["attempts"][0]["revision"]
    home.approve(task)
    landing = home.wait(task, "WAITING")
    assert (landing["stage"], landing["reason"]) == ("land", "approve owner?"), "the change is another by now"
    home.approve(task)
    landed = home.wait(task, "LANDED")
    assert stages(landed) == ["tests", "implement"]
    assert verdicts(landed, "land") == {"owner": "pass", "fine": "pass", "foremand-policy": "skipped"}


PLANNED = """
[agent.planner]
adapter = "command"
command = ["sh", "-ec", 'echo "a plan of $(date +%N)" > "$FOREMAND_OUTPUT"']

[[stage]]
name = "plan"
agent = "planner"
access = "read"

[[stage]]
name = "agreed"
gates = ["owner"]

[[stage]]
name = "implement"
agent = "hand"
gates = ["fine"]
"""


def test_a_checkpoint_after_a_plan_is_about_that_plan(home: Any) -> None:
    repo = home.repo({".foremand/pipeline.toml": HEAD + PLANNED})
    task = submit(home, repo, "implement: echo > done.txt")
    plan = home.wait(task, "WAITING")
    assert plan["reason"] == "approve owner?"
    home.ok("rework", str(task), "-m", "another plan")
    again = home.wait(task, "WAITING")
    assert (stages(again), again["reason"]) == (["plan", "plan"], "approve owner?")
    assert home.ctl("approve", str(task), "--revision", plan["revision"]).returncode == 5
    home.approve(task)
    landed = home.wait(task, "LANDED")
    assert stages(landed) == ["plan", "plan", "implement"]
    assert "owner" not in verdicts(landed, "land"), "the plan was followed, and it was agreed to"


def test_a_checkpoint_that_refuses_sends_the_writer_back(home: Any) -> None:
    repo = home.repo(
        {".foremand/pipeline.toml": HEAD + CHECKED.replace("ON_FAIL", "on_fail = { goto = 'tests', limit = 1 }")}
    )
    mends = 'tests: if grep -q "^Gate still-red" "$TMPDIR/heard"; then echo > test.txt; else echo > wrong.txt; fi'
    task = submit(home, repo, mends, "implement: echo > done.txt")
    shown = home.wait(task, "WAITING")
    assert (stages(shown), shown["reason"]) == (["tests", "tests"], "approve owner?")
    home.ok("rework", str(task), "-m", "another name, please")
    again = home.wait(task, "WAITING")
    assert (stages(again), again["reason"]) == (["tests"] * 3, "approve owner?")

    closed = home.wait(submit(home, repo, "tests: date +%N > wrong.txt", "implement: echo > done.txt"), "WAITING")
    assert (closed["stage"], closed["waiting_for"], stages(closed)) == ("are-red", "stuck", ["tests", "tests"])


def test_a_checkpoint_that_is_passed_stays_passed_when_the_task_is_raised(home: Any) -> None:
    repo = home.repo({".foremand/pipeline.toml": HEAD + CHECKED.replace("ON_FAIL", "")})
    task = submit(home, repo, "tests: echo > test.txt", "implement: mkdir pay; echo > pay/a.txt; echo > done.txt")
    home.wait(task, "WAITING")
    home.approve(task)
    home.until(lambda: home.show(task)["profile"] == "strict", "it is raised")
    shown = home.wait(task, "WAITING")
    assert (shown["stage"], shown["reason"]) == ("implement", "approve owner?")
    assert verdicts(shown, "are-red") == {"still-red": "pass", "owner": "pass"}
    home.approve(task)  # and what is approved here is what lands
    assert stages(home.wait(task, "LANDED")) == ["tests", "implement"]


PARKED = """
[agent.first]
adapter = "claude"
command = "ROOT/bin/claude"

[[stage]]
name = "implement"
agent = ["first", "hand"]
gates = ["fine"]
"""


def test_where_the_first_agent_is_parked_the_next_goes_on(home: Any) -> None:
    claude = home.root / "bin" / "claude"
    claude.parent.mkdir(exist_ok=True)
    shutil.copy(RECORDINGS / "error_usage_limit.jsonl", claude.with_suffix(".jsonl"))
    claude.write_text(f"#!/bin/sh\ncat {claude}.jsonl\nexit 1\n")
    claude.chmod(0o755)
    repo = home.repo({".foremand/pipeline.toml": HEAD + PARKED.replace("ROOT", str(home.root))})
    task = submit(home, repo, "implement: echo > done.txt")
    landed = home.wait(task, "LANDED")
    assert [(a["agent"], a["outcome"]) for a in landed["attempts"]] == [("first", "quota"), ("hand", "done")]
