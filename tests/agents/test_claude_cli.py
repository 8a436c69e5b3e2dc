"""The claude adapter against the real Claude Code, started plainly, its model scripted."""

import asyncio
import os
import signal
import time

import pytest
from asyncinotify import Inotify, Mask
from model_script import Cut, Error, Hang, Text, Tool

from foremand.agents import registry
from foremand.core.spec import Agent


def write(path="hello.txt", content="hello\n"):
    return Tool("Write", {"file_path": path, "content": content})


def bash(command):
    return Tool("Bash", {"command": command, "description": "d"})


async def test_version(claude_cli):
    agent = Agent(name="a", adapter="claude", command=(str(claude_cli),))
    found = registry.find(agent, os.environ["PATH"])
    assert await registry.version(agent, found) == "2.1.330 (Claude Code)"


async def test_done_then_resumed_with_the_failure(desk, model):
    url = model.script(
        "s", [write(), bash("wc -l hello.txt > count.txt"), Text("written"), write("b.txt"), Text("mended")]
    )
    first_job = desk.job(prompt="create hello.txt")
    first = await desk.run(url, first_job)
    assert (first.outcome.kind, first.outcome.output) == ("done", "written")
    assert first.outcome.session_id == first_job.session_id
    assert (desk.tree / "count.txt").read_text() == "1 hello.txt\n"
    assert "create hello.txt" in model.requests("s")[0].text
    assert [event.tool for event in first.kinds("tool_call")] == ["Write", "Bash"]
    assert first.kinds("session")[0].data["mode"] == "bypassPermissions"
    assert (first.outcome.usage.tokens, first.outcome.usage.turns) == (3150, 3)
    assert first.outcome.usage.cost_usd == pytest.approx(0.01125)
    live = [event.data["tokens"] for event in first.kinds("usage")]
    assert live == sorted(live)

    assert registry.adapter("claude").resumable(desk.home, first_job.session_id)
    retry = desk.job(
        prompt="gate tests failed: 2 of 48, see test_rounding",
        resume=first.outcome.session_id,
        prior_cost_usd=first.outcome.session_cost_usd,
    )
    second = await desk.run(url, retry)
    assert (second.outcome.kind, second.outcome.output) == ("done", "mended")
    assert second.outcome.session_id == first_job.session_id
    asked = model.requests("s")[3].text
    assert "create hello.txt" in asked
    assert "see test_rounding" in asked
    assert second.outcome.usage.cost_usd == pytest.approx(0.0075)
    assert second.outcome.session_cost_usd == pytest.approx(0.01875)


async def test_a_prompt_of_a_megabyte(desk, model):
    prompt = "first line\n" + "x" * 1_000_000 + "\nlast line"
    attempt = await desk.run(model.script("s", [Text("read")]), desk.job(prompt=prompt))
    assert attempt.outcome.kind == "done"
    assert prompt in model.requests("s")[0].text


@pytest.mark.parametrize(
    ("step", "kind", "reason"),
    [
        (Error(401, times=None), "denied", "API Error: 401"),
        (Error(429, times=None), "quota", "429"),
        (Error(429, times=None, retry_after=3600), "quota", "429"),
        (Error(500, times=None), "unavailable", "API Error: 500"),
        (Error(529, times=None), "unavailable", "API Error: 529"),
        (Cut(times=None), "unavailable", "Connection to the API was lost"),
    ],
    ids=["401", "429", "429-in-an-hour", "500", "529", "cut"],
)
async def test_api_errors_end_in_the_right_kind(desk, model, step, kind, reason):
    attempt = await desk.run(model.script("s", [step, Text("too late")]))
    assert attempt.outcome.kind == kind
    assert reason in attempt.outcome.reason
    assert attempt.outcome.output == ""
    assert attempt.outcome.usage.cost_usd is not None


async def test_errors_that_pass_are_told_and_end_well(desk, model):
    url = model.script("s", [Error(529), Cut(), Text("after all")])
    attempt = await desk.run(url, CLAUDE_CODE_MAX_RETRIES="3")
    assert (attempt.outcome.kind, attempt.outcome.output) == ("done", "after all")
    assert any("529 (overloaded)" in event.text for event in attempt.kinds("retry"))


async def test_a_subscriptions_limit_tells_when_it_ends(desk, model):
    reset = int(time.time()) + 3600
    headers = {
        "anthropic-ratelimit-unified-status": "rejected",
        "anthropic-ratelimit-unified-reset": str(reset),
        "anthropic-ratelimit-unified-representative-claim": "five_hour",
    }
    attempt = await desk.run(
        model.script("s", [Error(429, times=None, headers=headers)]),
        ANTHROPIC_API_KEY=None,
        CLAUDE_CODE_OAUTH_TOKEN="sk-ant-oat01-dummy",
    )
    assert (attempt.outcome.kind, attempt.outcome.reset_at) == ("quota", reset)
    assert "hit your 5-hour limit" in attempt.outcome.reason


async def test_no_credentials(desk, model):
    attempt = await desk.run(model.script("s", []), ANTHROPIC_API_KEY=None)
    assert attempt.outcome.kind == "denied"
    assert "ANTHROPIC_API_KEY" in attempt.outcome.reason
    assert model.requests() == []


async def test_nobody_there(desk):
    attempt = await desk.run("http://127.0.0.1:9")
    assert attempt.outcome.kind == "unavailable"


async def test_interrupted_in_a_hang_it_still_says_what_it_cost(desk, model):
    running = await desk.start(model.script("s", [Hang("thinking about it")]), desk.job())
    await asyncio.to_thread(model.wait_requests, 1, "s")
    await heard(running, b"thinking about it")
    running.process.send_signal(signal.SIGINT)
    attempt = await running.ended("cancelled by you")
    assert (attempt.outcome.kind, attempt.outcome.reason) == ("stopped", "cancelled by you")
    assert attempt.outcome.usage.cost_usd > 0


async def test_killed_in_a_hang_the_cost_is_unknown_and_the_session_goes_on(desk, model):
    url = model.script("s", [bash("true"), Hang("thinking about it"), Text("here again")])
    running = await desk.start(url, desk.job())
    await asyncio.to_thread(model.wait_requests, 2, "s")
    await heard(running, b"thinking about it")
    running.process.kill()
    killed = await running.ended()
    assert killed.outcome.kind == "crashed"
    assert killed.outcome.reason == "claude was killed by SIGKILL and left no result"
    assert killed.outcome.usage.cost_usd is None
    assert killed.outcome.usage.estimate_usd >= (2000 * 3 + 54 * 15) / 1e6, "no less than the list price"
    assert killed.outcome.usage.turns == 2

    again = await desk.run(url, desk.job(prompt="go on", resume=killed.outcome.session_id))
    assert (again.outcome.kind, again.outcome.output) == ("done", "here again")
    assert again.outcome.usage.cost_usd == pytest.approx(0.00375)


async def heard(running, words):
    """Waits until the CLI has written these words: only then it counts them."""
    with Inotify() as changes:
        changes.add_watch(running.out, Mask.MODIFY)
        async with asyncio.timeout(60):
            while words not in running.out.read_bytes():
                await changes.get()


async def test_turns_and_budget_are_limits(desk, model):
    url = model.script("turns", [bash("true"), bash("true"), Text("never")])
    attempt = await desk.run(url, desk.job(max_turns=1))
    assert attempt.outcome.kind == "limit"
    assert "turns (1)" in attempt.outcome.reason
    url = model.script("budget", [Tool("Bash", {"command": "touch spent"}, output_tokens=50_000), Text("never")])
    attempt = await desk.run(url, desk.job(budget_usd=0.05))
    assert attempt.outcome.kind == "limit"
    assert "budget" in attempt.outcome.reason
    assert attempt.outcome.usage.cost_usd == pytest.approx(0.753)
    assert len(model.requests("budget")) == 1
    assert not (desk.tree / "spent").exists()


WRITES = (
    write(),
    Tool("Edit", {"file_path": "kept.txt", "old_string": "kept", "new_string": "changed"}),
    Tool("NotebookEdit", {"notebook_path": "n.ipynb", "new_source": "x"}),
)
SHELL = (bash("touch a.txt"), bash('python3 -c \'open("b.txt", "w")\''), bash("echo x > kept.txt"))


@pytest.mark.parametrize(("sandboxed", "steps"), [(False, WRITES + SHELL), (True, WRITES)], ids=["bare", "sandboxed"])
async def test_a_plan_writes_nothing(desk, model, sandboxed, steps):
    """In the sandbox the shell stays: there the tree itself is read-only."""
    (desk.tree / "kept.txt").write_text("kept\n")
    looks = (Tool("Read", {"file_path": str(desk.tree / "kept.txt")}),)
    url = model.script("s", [*looks, *steps, Text("the plan")])
    attempt = await desk.run(url, desk.job(access="read", stage="plan", sandboxed=sandboxed))
    assert (attempt.outcome.kind, attempt.outcome.output) == ("done", "the plan")
    assert [path.name for path in desk.tree.iterdir()] == ["kept.txt"]
    assert (desk.tree / "kept.txt").read_text() == "kept\n"
    read, *refused = [event.data["is_error"] for event in attempt.kinds("tool_result")]
    assert not read
    assert refused == [True] * len(steps)
    assert not {"Write", "Edit", "NotebookEdit"} & model.requests("s")[0].tools


async def test_without_a_sandbox_only_what_is_allowed_runs(desk, model):
    python = "python3 -c 'print(6 * 7)'"
    url = model.script("s", [write(), bash(python), bash("git --version"), Text("ok")])
    attempt = await desk.run(url, desk.job(sandboxed=False), allow=("git *",))
    assert attempt.outcome.kind == "done"
    assert "1 tool calls were not permitted" in attempt.outcome.reason
    assert [event.data["is_error"] for event in attempt.kinds("tool_result")] == [False, True, False]
    assert attempt.launch.warnings


async def test_a_session_that_is_gone(desk, model):
    gone = "99999999-2222-4333-8444-555555555555"
    assert not registry.adapter("claude").resumable(desk.home, gone)
    attempt = await desk.run(model.script("s", []), desk.job(resume=gone))
    assert attempt.outcome.kind == "failed"
    assert "No conversation found" in attempt.outcome.reason


async def test_parallel_runs_are_seen_by_the_server_as_parallel(desk, model):
    urls = [model.script(f"s{number}", [Hang(), Text("unused")]) for number in range(2)]
    runs = [await desk.start(url, desk.job()) for url in urls]
    await asyncio.to_thread(model.wait_requests, 2)
    assert model.max_scripts == 2
    for number in range(2):
        model.release(f"s{number}")
    assert [(await run.ended()).outcome.kind for run in runs] == ["done", "done"]
