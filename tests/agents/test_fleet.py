"""The real Claude Code through the real daemon: the whole road, a fleet at once, and everything that goes wrong."""

import os
import shutil
import time
from itertools import pairwise

import pytest
from fleet import AGENT, SECRET, Fleet
from model_script import Cut, Error, Hang, Text, Tool

from foremand.v1 import foremand_pb2 as pb

ROAD = """
[gate.tests]
kind = "command"
run = '''
env
for file in *.txt; do
  grep -q right "$file" || { echo "$file is not right"; exit 1; }
done
'''

[gate.owner]
kind = "human"

[[stage]]
name = "plan"
agent = "claude"
access = "read"

[[stage]]
name = "implement"
agent = "claude"
gates = ["tests"]

[land]
gates = ["owner"]
"""

SHORT = """
[gate.made]
kind = "command"
run = "ls made-*.txt"

[[stage]]
name = "implement"
agent = "claude"
gates = ["made"]
"""

HASTY = f"{SHORT}\nlimits = {{ wall_clock = '12s' }}\non_fail = {{ limit = 3 }}\n"
LOOSE = SHORT.replace("[gate.made]", 'args = ["--max-budget-usd", "100"]\n[gate.made]', 1)
"""The agent's own budget is switched off: only the daemon's is left."""

IDLE = "tail -f /dev/null"
"""Runs until it is ended. Claude Code refuses a plain `sleep`."""


@pytest.fixture
def fleet(house, model, claude_cli):
    fleet = Fleet(house, model, claude_cli)
    yield fleet
    fleet.close()


def write(path, content="right\n"):
    return Tool("Write", {"file_path": path, "content": content})


def bash(command, **more):
    return Tool("Bash", {"command": command, "description": "d"}, **more)


def good(name):
    """What does: a file of its own, since the same change twice would be "already in"."""
    return (write(f"made-{name}.txt"), Text("done"))


def outcomes(detail):
    return [attempt.outcome for attempt in detail.attempts]


def spent(message):
    """What it cost, None where that is unknown: an interrupted Claude Code may end before it has said so."""
    return message.cost_usd if message.HasField("cost_usd") else None


def left(census, task, program=""):
    return [process for process in census.processes(program) if process[0].startswith(f"{task}/")]


def test_the_whole_road(fleet, house, model):
    house.start()
    repo = fleet.repo(ROAD)
    before = repo.git("rev-parse", "main")
    model.script(
        "road",
        [
            write("sneaked.txt", "by Write"),
            bash("echo by hand > sneaked.txt"),
            Text("the plan: answer.txt is made right"),
            write("answer.txt", "wrong\n"),
            bash("wc -l answer.txt > count.txt; echo right >> count.txt"),
            Text("written"),
            write("answer.txt", "right\n"),
            Text("mended"),
        ],
    )
    path = f"{house.env['PATH']}:/{'x' * 300}"  # PATH may name what cannot even be looked at
    task = house.submit(repo, "make the answer right", env=fleet.environment("road", PATH=path))
    waiting = house.wait(task, "WAITING")
    assert waiting["reason"] == "approve owner?"
    assert repo.git("rev-parse", "main") == before
    asked = [request.text for request in model.requests("road")]
    assert len(asked) == 8

    plan, first, second = waiting["attempts"]
    assert [a["outcome"] for a in (plan, first, second)] == ["done"] * 3
    assert not {"Write", "Edit", "NotebookEdit"} & model.requests("road")[0].tools
    assert "No such tool available: Write" in asked[1]
    assert "sneaked.txt" not in house.ok("diff", str(task)).stdout
    assert house.ok("diff", str(task), "--attempt", "1").stdout == ""
    assert "the plan: answer.txt is made right" in asked[3], "what the plan said is in the next stage's prompt"
    assert "by hand" not in asked[3], "which is another session"

    assert second["session_id"] == first["session_id"] != plan["session_id"]
    assert "answer.txt is not right" in asked[6], "the failure is told"
    assert "make the answer right" in asked[6], "in the session that began with the task"
    assert "answer.txt is not right" not in asked[5]

    # 1000 tokens in and 50 out for each answer, at 3 and 15 dollars a million. The CLI's own total runs on.
    assert [a["turns"] for a in waiting["attempts"]] == [3, 3, 2]
    assert [a["tokens"] for a in waiting["attempts"]] == [3150, 3150, 2100]
    assert [a["cost_usd"] for a in waiting["attempts"]] == pytest.approx([0.01125, 0.01125, 0.0075])
    assert (waiting["cost_usd"], waiting["tokens"]) == (pytest.approx(0.03), 8400)

    house.approve(task)
    landed = house.wait(task, "LANDED")
    assert repo.git("rev-parse", "main") == landed["landed_commit"]
    assert repo.show("answer.txt") == "right"
    assert repo.show("count.txt").startswith("1 answer.txt")
    assert repo.git("status", "--porcelain") == ""
    assert {request.headers["x-api-key"] for request in model.requests("road")} == {SECRET}
    printed = house.ok("logs", str(task), "--gate", "tests").stdout
    assert "HOME=" in printed, "the gate printed its environment"
    assert not {"ANTHROPIC", SECRET} & {*printed.replace("_", " ").replace("=", " ").split()}
    house.stop()
    kept = [*house.state.glob("journal.db*"), house.log]
    assert not [file.name for file in kept if SECRET.encode() in file.read_bytes()]


def test_ten_at_once(fleet, house, model):
    house.start(env={"FOREMAND_MAX_AGENTS": "3", "FOREMAND_MAX_GATES": "2"})
    repo = fleet.repo(ROAD, {"base.txt": "right\n"})
    names = [f"t{number}" for number in range(10)]
    census = fleet.census()
    with census.taken():
        ids = [
            fleet.submit(
                repo,
                name,
                [
                    Hang("the plan"),
                    write(f"{name}.txt", "wrong\n"),
                    Text("written"),
                    write(f"{name}.txt", "right\n"),
                    Text("mended"),
                ],
            )
            for name in names
        ]
        model.wait_requests(3, timeout=60)
        for name in names:
            model.release(name)
        approved = set()
        for tasks in fleet.watch():
            for task in tasks.values():
                if task.waiting_for == "person" and task.id not in approved:
                    approved.add(task.id)
                    fleet.approve(task)
            assert not [task.reason for task in tasks.values() if task.state in (pb.FAILED, pb.CANCELLED)]
            if len(tasks) == 10 and all(task.state == pb.LANDED for task in tasks.values()):
                break
    assert approved == set(ids)
    assert [repo.show(f"{name}.txt") for name in names] == ["right"] * 10
    landed = repo.git("log", "--format=%(trailers:key=Foremand-Task,valueonly)", "main").split()
    assert sorted(map(int, landed)) == sorted(ids)
    assert repo.git("status", "--porcelain") == ""

    assert model.max_scripts == 3, "three worked at once, and never four"
    assert model.max_open == 3
    assert census.most == 3
    assert census.attempts == {f"{task}/{number}": 1 for task in ids for number in (1, 2, 3)}
    for name in names:
        requests = model.requests(name)
        assert len(requests) == 5, "one for each step: nothing was run a second time"
        assert all(one.closed <= other.opened for one, other in pairwise(requests))
        assert "is not right" in requests[3].text


def test_what_the_api_refuses(fleet, house, model):
    """Each in the right state with the right reason: a person's, a time's, or tried again by itself."""
    house.start(env={"FOREMAND_MAX_AGENTS": "5"})
    repo = fleet.repo(SHORT)
    reset = int(time.time()) + 10
    free_again = time.monotonic() + reset - time.time()
    hit = {
        "anthropic-ratelimit-unified-status": "rejected",
        "anthropic-ratelimit-unified-reset": str(reset),
        "anthropic-ratelimit-unified-representative-claim": "five_hour",
    }
    denied = fleet.submit(repo, "401", [Error(401, times=None)])
    quota = fleet.submit(repo, "429", [Error(429, times=None, retry_after=3600)])
    refilled = fleet.submit(
        repo, "5h", [Error(429, headers=hit), *good("5h")], ANTHROPIC_API_KEY=None, CLAUDE_CODE_OAUTH_TOKEN=SECRET
    )
    broken = fleet.submit(repo, "500", [Error(500), *good("500")])
    busy = fleet.submit(repo, "529", [Error(529, times=None)])
    cut = fleet.submit(repo, "cut", [Cut(times=None)])
    mended = fleet.submit(repo, "mended", [Error(529), Cut(), *good("mended")], CLAUDE_CODE_MAX_RETRIES="3")

    found = fleet.wait(denied, "WAITING")
    assert (found.task.waiting_for, outcomes(found)) == ("error", ["denied"])
    assert "ANTHROPIC_API_KEY" in found.task.reason
    assert "API Error: 401" in found.task.reason
    assert f"foremanctl retry {denied}" in fleet.why(denied)

    found = fleet.wait(quota, "WAITING")
    assert (found.task.waiting_for, outcomes(found)) == ("quota", ["quota"])
    assert "API Error: Request rejected (429)" in found.task.reason
    assert found.task.reason.endswith("tries again")

    for task, reason in ((busy, "API Error: 529"), (cut, "Connection to the API was lost")):
        found = fleet.until(task, lambda now: now.waiting_for == "backoff")
        assert found.state == pb.RUNNING
        assert reason in found.reason
        assert found.reason.endswith("tries again")
        assert "sent back" not in fleet.why(task)

    for task, kind in ((refilled, "quota"), (broken, "unavailable")):
        found = fleet.wait(task, "LANDED")
        assert outcomes(found) == [kind, "done"]
        assert len({attempt.session_id for attempt in found.attempts}) == 1, "in the same session"
        assert "sent back" not in fleet.why(task), "uncharged"
    until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(reset))
    reason = fleet.detail(refilled).attempts[0].reason
    assert reason.startswith(f"quota until {until}: the account's limit is reached: You've hit your 5-hour limit")
    assert model.requests("5h")[1].opened > free_again, "not before the limit's end"

    found = fleet.wait(mended, "LANDED")
    assert outcomes(found) == ["done"]
    assert len(model.requests("mended")) == 4


def test_what_goes_on_too_long_or_ends_too_soon(fleet, house, model):
    house.start(env={"FOREMAND_MAX_AGENTS": "5"})
    repo = fleet.repo(SHORT)
    hung = fleet.submit(repo, "hung", [Hang("thinking"), *good("hung")], pipeline=HASTY)
    unwanted = fleet.submit(repo, "unwanted", [bash(f"{IDLE} & {IDLE}")])
    crashed = fleet.submit(repo, "crashed", [bash("kill -9 $PPID"), *good("crashed")])
    dear = fleet.submit(repo, "dear", [bash("touch spent", output_tokens=50_000)], limits=pb.Limits(cost_usd=0.02))
    dearer = fleet.submit(
        repo, "dearer", [bash(IDLE, output_tokens=50_000)], pipeline=LOOSE, limits=pb.Limits(cost_usd=0.02)
    )
    census = fleet.census()

    house.until(lambda: len(left(census, unwanted, "tail")) == 2, "the agent's commands run")
    fleet.cancel(unwanted)
    found = fleet.wait(unwanted, "CANCELLED")
    assert outcomes(found) == ["stopped"]
    assert spent(found.task) in (None, pytest.approx(0.00375))
    assert not left(census, unwanted)

    for task in (dear, dearer):
        found = fleet.wait(task, "WAITING")
        assert (found.task.waiting_for, outcomes(found)) == ("budget", ["limit"])
        said, told = ("$0.75", pytest.approx(0.753)) if spent(found.task) is not None else ("up to $1.13", None)
        assert found.task.reason == f"limit cost_usd: {said} of $0.02 is spent"
        assert spent(found.task) == told
        assert not left(census, task)

    found = fleet.wait(crashed, "LANDED")
    assert outcomes(found) == ["crashed", "done"]
    assert found.attempts[0].reason == "claude was killed by SIGKILL and left no result"
    assert spent(found.attempts[0]) is spent(found.task) is None, "unknown, which is not nothing"
    assert "killed by SIGKILL" in model.requests("crashed")[1].text

    found = fleet.wait(hung, "LANDED")
    assert (found.attempts[0].outcome, found.attempts[-1].outcome) == ("limit", "done")
    assert found.attempts[0].reason.startswith("limit wall_clock: stopped after ")
    assert "limit wall_clock: stopped after " in model.requests("hung")[1].text
    assert "sent back" in fleet.why(hung)


def test_a_daemon_that_is_killed_leaves_claude_at_work(fleet, house, model):
    house.start()
    repo = fleet.repo(SHORT)
    task = fleet.submit(repo, "kept", [write("made-kept.txt"), Hang("nearly")])
    census = fleet.census()
    model.wait_requests(2, timeout=60)
    before = list(census.agents())
    assert [attempt for attempt, _ in before] == [f"{task}/1"]
    fleet.close()
    house.kill()
    house.start()
    assert list(census.agents()) == before
    model.release("kept")
    found = fleet.wait(task, "LANDED")
    assert outcomes(found) == ["done"]
    assert (found.attempts[0].turns, found.task.tokens) == (2, 2100)
    assert found.task.cost_usd == pytest.approx(0.0075)
    assert len(model.requests("kept")) == 2


def test_without_claude(house):
    """No CLI is needed here, which is the point."""
    house.start()
    bin_ = house.root / "bin"
    bin_.mkdir()
    (bin_ / "git").symlink_to(shutil.which("git"))
    for command, named in (("", "claude: not found"), ('command = "/nowhere/claude"', "/nowhere/claude: not found")):
        agent = AGENT.replace('command = ["{program}"]', command)
        repo = house.repo({".foremand/pipeline.toml": agent + SHORT})
        said = house.ctl("submit", "x", "-C", str(repo.path), env={"PATH": os.fspath(bin_)})
        assert said.returncode == 2, said.stderr
        assert f"[agent.claude] {named}" in said.stderr
        assert "npm install -g @anthropic-ai/claude-code" in said.stderr
    assert house.ok("list", "--all", "-q").stdout == ""
