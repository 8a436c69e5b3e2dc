"""The argv and environment that Claude Code is started with."""

import json

import pytest

from foremand.agents.claude import Claude
from foremand.core.spec import Price


def after(argv, flag):
    assert argv.count(flag) == 1
    return argv[argv.index(flag) + 1]


def test_a_new_session_in_the_sandbox(make_agent, make_job):
    job = make_job(prompt="fix ü\n" * 3)
    launch = Claude().launch(make_agent(), job)
    assert launch.argv == (
        *("claude", "-p", "--output-format", "stream-json", "--verbose", "--include-partial-messages"),
        *("--input-format", "stream-json", "--replay-user-messages"),
        *("--session-id", "11111111-2222-4333-8444-555555555555"),
        *("--permission-mode", "bypassPermissions", "--disallowedTools", "EnterWorktree,ExitWorktree"),
    )
    assert json.loads(launch.stdin)["message"] == {"role": "user", "content": job.prompt}
    assert launch.stdin.count(b"\n") == 1
    assert json.loads(launch.plea)["request"] == {"subtype": "interrupt"}
    assert launch.env == {
        "CLAUDE_CONFIG_DIR": f"{job.home}/.claude",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "CLAUDE_CODE_EXIT_AFTER_STOP_DELAY": "500",
        "DISABLE_AUTOUPDATER": "1",
        "IS_SANDBOX": "1",
    }
    assert launch.warnings == ()
    assert launch.prepare == ()


def test_a_retry_resumes_and_names_no_new_session(make_agent, make_job):
    argv = Claude().launch(make_agent(), make_job(resume="earlier")).argv
    assert after(argv, "--resume") == "earlier"
    assert "--session-id" not in argv


def test_limits_model_command_and_arguments_are_passed_on(make_agent, make_job):
    agent = make_agent(model="opus", command=("npx", "claude"), args=("--effort", "high"))
    argv = Claude().launch(agent, make_job(budget_usd=1.5, max_turns=40)).argv
    assert argv[:3] == ("npx", "claude", "-p")
    assert argv[-2:] == ("--effort", "high")
    assert (after(argv, "--model"), after(argv, "--max-turns")) == ("opus", "40")
    assert after(argv, "--max-budget-usd") == "1.500000"


def test_a_price_of_ones_own_is_bound_by_us_and_not_by_the_cli(make_agent, make_job):
    price = Price(input=1.0, cached=0.1, written=2.0, output=5.0)
    assert "--max-budget-usd" not in Claude().launch(make_agent(), make_job(budget_usd=1.5, price=price)).argv


def test_what_is_inherited_is_named(make_agent, make_job):
    job = make_job()
    argv = Claude().launch(make_agent(inherit=True), job).argv
    assert after(argv, "--mcp-config") == f"{job.home}/.claude/inherited-mcp.json"


@pytest.mark.parametrize("left", [0.0, -1.0, 1e-9])
def test_a_budget_that_is_used_up_stays_a_budget(make_agent, make_job, left):
    """The CLI refuses zero as an argument; leaving the flag out would be no limit at all."""
    argv = Claude().launch(make_agent(), make_job(budget_usd=left)).argv
    assert float(after(argv, "--max-budget-usd")) == 1e-6


def test_the_prompt_is_not_on_the_command_line(make_agent, make_job):
    launch = Claude().launch(make_agent(), make_job(prompt="x" * 1_000_000))
    assert sum(map(len, launch.argv)) < 1000


def test_credentials_are_names_and_the_agents_own_come_with_them(make_agent, make_job):
    launch = Claude().launch(make_agent(env=("AWS_PROFILE",)), make_job())
    assert {"ANTHROPIC_API_KEY", "CLAUDE_CODE_OAUTH_TOKEN", "ANTHROPIC_BASE_URL", "AWS_PROFILE"} <= set(
        launch.credentials
    )
    assert not set(launch.credentials) & set(launch.env)


@pytest.mark.parametrize(
    ("permissions", "sandboxed", "mode", "warned"),
    [
        ("auto", True, "bypassPermissions", False),
        ("auto", False, "acceptEdits", True),
        ("edit", True, "acceptEdits", False),
        ("edit", False, "acceptEdits", False),
        ("full", True, "bypassPermissions", False),
        ("full", False, "bypassPermissions", False),
    ],
)
def test_permissions_of_a_writer(make_agent, make_job, permissions, sandboxed, mode, warned):
    launch = Claude().launch(make_agent(permissions=permissions), make_job(sandboxed=sandboxed))
    assert after(launch.argv, "--permission-mode") == mode
    assert bool(launch.warnings) is warned
    assert ("IS_SANDBOX" in launch.env) is sandboxed


def test_allowed_commands_are_given_where_not_everything_is(make_agent, make_job):
    agent = make_agent(permissions="edit", allow=("pytest", "npm *"))
    argv = Claude().launch(agent, make_job()).argv
    at = argv.index("--allowedTools")
    assert argv[at + 1 : at + 3] == ("Bash(pytest)", "Bash(npm *)")


@pytest.mark.parametrize("permissions", ["auto", "edit", "full"])
def test_a_reader_cannot_write_whatever_the_writers_may(make_agent, make_job, permissions):
    agent = make_agent(permissions=permissions, allow=("*",))
    held = Claude().launch(agent, make_job(access="read")).argv
    assert set(after(held, "--disallowedTools").split(",")) >= {"Write", "Edit", "NotebookEdit"}
    free = Claude().launch(agent, make_job(access="read", sandboxed=False)).argv
    assert after(free, "--permission-mode") == "dontAsk"
    assert not {"Bash", "Write", "Edit", "NotebookEdit", "Task"} & set(after(free, "--tools").split(","))
    assert "Bash(*)" not in held + free


def test_a_session_can_be_resumed_only_if_it_is_there(make_job):
    job = make_job()
    assert not Claude().resumable(job.home, job.session_id)
    there = job.home / ".claude" / "projects" / "-work-tree"
    there.mkdir(parents=True)
    (there / f"{job.session_id}.jsonl").touch()
    assert Claude().resumable(job.home, job.session_id)
    assert not Claude().resumable(job.home, "another")


@pytest.mark.parametrize("sandboxed", [True, False])
def test_who_must_ask_asks_us_and_only_about_tools(make_agent, make_job, sandboxed):
    launch = Claude().launch(make_agent(permissions="ask", allow=("pytest",)), make_job(sandboxed=sandboxed))
    assert after(launch.argv, "--permission-prompt-tool") == "stdio"
    assert after(launch.argv, "--permission-mode") == "acceptEdits"
    assert after(launch.argv, "--allowedTools") == "Bash(pytest)"
    assert {"AskUserQuestion", "ExitPlanMode"} <= set(after(launch.argv, "--disallowedTools").split(","))
    reader = Claude().launch(make_agent(permissions="ask"), make_job(access="read", sandboxed=sandboxed))
    assert "--permission-prompt-tool" not in reader.argv


def test_what_it_is_told_and_answered_is_a_line_each():
    words = Claude().words('two\nlines, "quoted" \udcff', "11111111-2222-4333-8444-555555555555", interrupt=False)
    assert words.endswith(b"\n")
    assert words.count(b"\n") == 1
    said = json.loads(words)
    assert said["uuid"] == "11111111-2222-4333-8444-555555555555"
    assert said["message"]["content"] == 'two\nlines, "quoted" \ufffd'
    now = Claude().words('two\nlines, "quoted" \udcff', "11111111-2222-4333-8444-555555555555", interrupt=True)
    first, _, then = now.partition(b"\n")
    assert json.loads(first)["request"] == {"subtype": "interrupt"}
    assert then == words
    yes, no = (json.loads(Claude().answer("q", allow, "not now"))["response"] for allow in (True, False))
    assert (yes["request_id"], yes["response"]) == ("q", {"behavior": "allow"})
    assert no["response"]["behavior"] == "deny"
    assert "not now" in no["response"]["message"]
