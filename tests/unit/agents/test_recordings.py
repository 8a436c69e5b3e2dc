"""Every recorded run of the real CLI, and what it must be taken for."""

import json
from pathlib import Path
from typing import NamedTuple

import pytest

from foremand.agents.claude_stream import ClaudeReader
from foremand.agents.port import AgentEvent, Job, Outcome, Usage

RECORDINGS = Path(__file__).parents[2] / "recordings" / "claude"
ROOT = "--dangerously-skip-permissions cannot be used with root/sudo privileges for security reasons\n"
IN_USE = "Error: Session ID 11111111-2222-4333-8444-555555555555 is already in use.\n"
GONE = "No conversation found with session ID: 99999999-2222-4333-8444-555555555555\n"


class Run(NamedTuple):
    """A recording: how its process ended, and the outcome: kind, a part of the reason, dollars, tokens, turns."""

    name: str
    exit: int | None
    kind: str
    reason: str
    usd: float | None
    tokens: int
    turns: int
    stderr: str = ""
    signal: int | None = None
    prior: float = 0.0


RUNS = (
    Run("done", 0, "done", "claude is done", 0.01125, 3150, 3),
    Run("done_bypass", 0, "done", "claude is done", 0.0075, 2100, 2),
    Run("done_mcp", 0, "done", "claude is done", 0.0075, 2100, 2),
    Run("done_hooks", 0, "done", "1 tool calls were not permitted", 0.015, 4200, 4),
    Run("done_partial", 0, "done", "claude is done", 0.0075, 2100, 2),
    Run("done_partial_thinking", 0, "done", "claude is done", 0.01, 2100, 2),
    Run("done_subagent", 0, "done", "claude is done", 0.02, 4200, 3),
    Run("done_unknown_model", 0, "done", "claude is done", 0.005, 1050, 1),
    Run("done_some_denied", 0, "done", "2 tool calls were not permitted", 0.015, 4200, 4),
    Run("done_all_denied", 0, "done", "2 tool calls were not permitted", 0.01125, 3150, 3),
    Run("done_env_scrub", 0, "done", "1 tool calls were not permitted", 0.0075, 2100, 2),
    Run("done_schema", 0, "done", "claude is done", 0.00375, 1050, 1),
    Run("done_permission_prompts", 0, "done", "1 tool calls were not permitted", 0.015, 4200, 4),
    Run("done_two_results", 0, "done", "claude is done", 0.01125, 3150, 3),
    Run("done_background", 0, "done", "claude is done", 0.01125, 3150, 3),
    Run("cut_once", 0, "done", "claude is done", 0.00375, 1050, 1),
    Run("error_529_once", 0, "done", "claude is done", 0.00375, 1050, 1),
    Run("error_401_once", 0, "done", "claude is done", 0.00375, 1050, 1),
    Run("cut_always", 1, "unavailable", "out of reach: API Error: Connection to the API was lost", 0.00816, 2008, 2),
    Run("limit_budget", 1, "limit", "limit is reached: Reached maximum budget ($0.05)", 0.09, 22000, 1),
    Run("limit_turns", 1, "limit", "limit is reached: Reached maximum number of turns (2)", 0.0075, 2100, 2),
    Run("error_400", 1, "failed", "claude gave up: API Error: 400 bad thing", 0.0, 0, 0),
    Run("error_prompt_too_long", 1, "failed", "claude gave up: Prompt is too long", 0.0, 0, 0),
    Run("error_max_tokens", 1, "failed", "exceeded the 32000 output token maximum", 0.015, 4200, 4),
    Run("error_refusal", 1, "failed", "can't help with this", 0.0075, 2100, 0),
    Run("error_billing", 1, "denied", "Credit balance is too low", 0.0, 0, 0),
    Run("error_401", 1, "denied", "Failed to authenticate. API Error: 401", 0.0, 0, 0),
    Run("error_403", 1, "denied", "Failed to authenticate. API Error: 403", 0.0, 0, 0),
    Run("error_404", 1, "denied", "issue with the selected model (claude-sonnet-4-5)", 0.0, 0, 0),
    Run("error_no_login", 1, "denied", "ANTHROPIC_API_KEY", 0.0, 0, 0),
    Run("error_429", 1, "quota", "Request rejected (429)", 0.0, 0, 0),
    Run("error_usage_limit", 1, "quota", "You've hit your 5-hour limit", 0.0, 0, 0),
    Run("error_500", 1, "unavailable", "API Error: 500", 0.0, 0, 0),
    Run("error_529", 1, "unavailable", "API Error: 529", 0.0, 0, 0),
    Run("error_connection", 1, "unavailable", "ECONNREFUSED", 0.0, 0, 0),
    Run("session_new", 0, "done", "claude is done", 0.00375, 1050, 1),
    Run("session_resume", 0, "done", "claude is done", 0.00375, 1050, 1, prior=0.00375),
    Run("budget_session", 0, "done", "claude is done", 0.09075, 22050, 2),
    Run("budget_session_resumed", 0, "done", "claude is done", 0.00375, 1050, 1, prior=0.0945),
    Run("session_missing", 1, "failed", "No conversation found", 0.0, 0, 0, GONE),
    Run("session_in_use", 1, "crashed", "exit code 1 and left no result: Error: Session ID", None, 0, 0, IN_USE),
    Run("root_unsandboxed", 1, "crashed", "cannot be used with root/sudo", None, 0, 0, ROOT),
    Run("killed", None, "crashed", "was killed by SIGKILL and left no result", None, 1001, 1, signal=9),
    Run("killed_in_session", None, "crashed", "was killed by SIGKILL", None, 2002, 2, signal=9),
    Run("killed_then_resumed", 0, "done", "claude is done", 0.00375, 1050, 1),
    Run("terminated", 143, "crashed", "ended with exit code 143 and left no result", None, 1001, 1),
    Run("terminated_hanging", 143, "crashed", "ended with exit code 143 and left no result", None, 0, 0),
    Run("interrupted", 0, "crashed", "interrupted from outside", 0.00375, 1050, 1),
    Run("interrupted_hanging", 0, "crashed", "interrupted from outside", 0.00309, 1006, 1),
    Run("interrupted_then_done", 0, "done", "claude is done", 0.0075, 2100, 2),
)


def lines(run: Run) -> list[bytes]:
    return (RECORDINGS / f"{run.name}.jsonl").read_bytes().splitlines()


def job(run: Run) -> Job:
    return Job(
        prompt="",
        stage="implement",
        access="write",
        task=1,
        attempt=1,
        session_id="new",
        home=Path("/h"),
        output=Path("/h/out"),
        sandboxed=True,
        resume="earlier" if run.prior else None,
        prior_cost_usd=run.prior,
    )


def replay(run: Run) -> tuple[list[AgentEvent], Outcome]:
    reader = ClaudeReader.begin(job(run))
    events = [event for line in lines(run) for event in reader.feed(line)]
    return events, reader.finish(run.exit, run.signal, None, run.stderr)


def test_every_recording_is_in_the_table() -> None:
    assert sorted(path.stem for path in RECORDINGS.glob("*.jsonl")) == sorted(run.name for run in RUNS)


@pytest.mark.parametrize("run", RUNS, ids=lambda run: run.name)
def test_outcome(run: Run) -> None:
    _, outcome = replay(run)
    assert (outcome.kind, outcome.usage.tokens, outcome.usage.turns) == (run.kind, run.tokens, run.turns)
    assert run.reason in outcome.reason
    assert "\n" not in outcome.reason
    assert outcome.usage.cost_usd == (None if run.usd is None else pytest.approx(run.usd))
    if run.kind == "done":
        assert outcome.output


@pytest.mark.parametrize("run", RUNS, ids=lambda run: run.name)
def test_a_reader_restored_after_any_line_goes_on_exactly(run: Run) -> None:
    events, outcome = replay(run)
    reader, again = ClaudeReader.begin(job(run)), []
    for line in lines(run):
        again += reader.feed(line)
        reader = ClaudeReader.restore(reader.state())
    assert again == events
    assert reader.finish(run.exit, run.signal, None, run.stderr) == outcome


@pytest.mark.parametrize("run", RUNS, ids=lambda run: run.name)
def test_whatever_ended_we_stopped_it(run: Run) -> None:
    reader = ClaudeReader.begin(job(run))
    for line in lines(run):
        reader.feed(line)
    stopped = reader.finish(run.exit, run.signal, "cancelled by you", run.stderr)
    assert (stopped.kind, stopped.reason) == ("stopped", "cancelled by you")


@pytest.mark.parametrize("run", [run for run in RUNS if run.kind == "done"], ids=lambda run: run.name)
def test_done_needs_a_good_end_and_the_last_result(run: Run) -> None:
    """Neither a bad exit nor a missing last line may pass for done."""
    reader = ClaudeReader.begin(job(run))
    all_lines = lines(run)
    end = max(at for at, line in enumerate(all_lines) if json.loads(line)["type"] == "result")
    most, last = all_lines[:end], all_lines[end]
    for line in most:
        reader.feed(line)
    assert reader.finish(0, None, None, "").kind == "crashed"
    assert reader.usage().cost_usd is None
    reader.feed(last)
    assert reader.finish(1, None, None, "").kind == "crashed"
    assert reader.finish(None, 9, None, "").kind == "crashed"
    assert reader.finish(None, None, None, "").kind == "crashed"
    assert reader.finish(0, None, None, "").kind == "done"


PARTIAL = ("done_partial", "done_partial_thinking", "done_subagent", "cut_always")
"""Made as we run it, with partial messages. In the others a one-word text was called 50 tokens by the server, and
a placeholder by the CLI: no bound can be had from those."""


@pytest.mark.parametrize("run", [run for run in RUNS if run.name in PARTIAL], ids=lambda run: run.name)
def test_the_estimate_is_never_below_the_cost(run: Run) -> None:
    reader = ClaudeReader.begin(job(run))
    for line in lines(run):
        before = reader.usage()
        reader.feed(line)
        if json.loads(line)["type"] == "result":
            cost = reader.usage().cost_usd
            assert cost is not None
            assert before.estimate_usd is not None
            assert before.estimate_usd >= cost


def test_events_of_a_run_with_partial_messages() -> None:
    events, outcome = replay(next(run for run in RUNS if run.name == "done_partial"))
    kinds = [event.kind for event in events]
    assert kinds == [
        "session",
        "thinking",
        "text",
        "tool_call",
        "usage",
        "tool_result",
        "text",
        "usage",
        "usage",
        "result",
    ]
    call, answer = events[3], events[5]
    assert (call.tool, call.text, call.data) == ("Bash", "echo hi", {"input": {"command": "echo hi"}})
    assert (answer.tool_id, answer.text, answer.data) == (call.tool_id, "hi", {"is_error": False})
    live = events[4].data
    assert (live["cost_usd"], live["tokens"], live["turns"]) == (None, 1050, 1)
    assert outcome.output == "ok"
    assert outcome.usage == Usage(cost_usd=0.0075, tokens=2100, turns=2, estimate_usd=0.0075)
    assert outcome.session_id == "987ee554-3d98-43b8-be43-9fdb57e7be10"
    assert outcome.session_cost_usd == pytest.approx(0.0075)


def test_a_usage_limit_tells_when_it_ends() -> None:
    events, outcome = replay(next(run for run in RUNS if run.name == "error_usage_limit"))
    assert outcome.reset_at == 1895371304
    assert any(event.kind == "notice" and "five_hour" in event.text for event in events)


def test_retries_are_told() -> None:
    events, _ = replay(next(run for run in RUNS if run.name == "error_529"))
    retries = [event.text for event in events if event.kind == "retry"]
    assert retries[0] == "the API answered 529 (overloaded); retry 1 of 2 in 0.5 s"
    assert len(retries) == 2


def test_the_session_is_told_once_though_every_turn_begins_with_it() -> None:
    events, outcome = replay(next(run for run in RUNS if run.name == "done_background"))
    assert [event.kind for event in events].count("session") == 1
    assert outcome.output == "[script exhausted]"
