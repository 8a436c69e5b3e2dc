"""Claude Code, headless: how it is started and spoken to. How it is read is in `claude_stream`. Measured with 2.1.330.

Its stdin takes messages as long as it is open: one that comes in mid-turn is folded into the turn with the next tool
result, one that comes during the last answer makes another turn. That costs nothing: it starts as fast, and waits for
its background commands as with a prompt on a plain stdin.

`--include-partial-messages` costs about one line for every few tokens, and is worth it: only it tells the true
output tokens before the result (a killed attempt never has one), and only it shows a long answer to be alive.
"""

import json
from pathlib import Path

from foremand.agents import claude_inherit
from foremand.agents.claude_stream import ClaudeReader
from foremand.agents.port import File, Job, Launch
from foremand.core.spec import Agent

CREDENTIALS = (
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_AUTH_TOKEN",
    "CLAUDE_CODE_OAUTH_TOKEN",
    "ANTHROPIC_BASE_URL",
    "ANTHROPIC_CUSTOM_HEADERS",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "NODE_EXTRA_CA_CERTS",
    "SSL_CERT_FILE",
)
"""What Claude Code needs to reach its model. Other providers' variables are named in `[agent] env`."""

WRITERS = ("Write", "Edit", "NotebookEdit")
"""Tools that change files. A read stage does not have them, its subagents neither."""

LOOKERS = ("Read", "Glob", "Grep", "WebFetch", "WebSearch")
"""All that a read stage may use where no sandbox keeps its shell from writing."""

ELSEWHERE = ("EnterWorktree", "ExitWorktree")
"""Tools that move the work to another tree, where it would never be sealed."""

AT_REST_MS = 500
"""After so long without work it ends by itself: whoever would have closed its stdin may be gone."""

TALKATIVE = ("AskUserQuestion", "EnterPlanMode", "ExitPlanMode")
"""Tools that are there only where somebody can be asked, and ask more than whether a tool may be used."""

UNSANDBOXED = "unsandboxed: claude may edit files and run simple file commands, every other command must be in `allow`"


class Claude:
    """The adapter for `adapter = "claude"`."""

    program = "claude"
    hint = (
        "Get it with `npm install -g @anthropic-ai/claude-code` or from https://claude.com/claude-code, "
        "or name its path in the agent's `command`."
    )
    version_args = ("--version",)

    def launch(self, agent: Agent, job: Job) -> Launch:
        """One headless run, the prompt on stdin: argv has a length limit, and other users can read it."""
        permissions, warnings = _permissions(agent, job)
        session = ("--resume", job.resume) if job.resume else ("--session-id", job.session_id)
        bounds: tuple[str, ...] = ()
        if job.max_turns is not None:
            bounds += ("--max-turns", str(job.max_turns))
        if job.budget_usd is not None and job.price is None:  # it counts by prices of its own
            bounds += ("--max-budget-usd", f"{max(job.budget_usd, 0.000001):.6f}")  # zero is refused
        model = ("--model", agent.model) if agent.model else ()
        tools = ("--mcp-config", str(claude_inherit.servers(_config(job.home)))) if agent.inherit else ()
        return Launch(
            argv=(
                *(agent.command or (self.program,)),
                *("-p", "--output-format", "stream-json", "--verbose", "--include-partial-messages"),
                *("--input-format", "stream-json", "--replay-user-messages"),
                *session,
                *permissions,
                *bounds,
                *model,
                *tools,
                *agent.args,
            ),
            env={
                "CLAUDE_CONFIG_DIR": str(_config(job.home)),
                "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
                "CLAUDE_CODE_EXIT_AFTER_STOP_DELAY": str(AT_REST_MS),
                "DISABLE_AUTOUPDATER": "1",
                # Root may bypass permissions only where the CLI is told that a sandbox holds it.
                **({"IS_SANDBOX": "1"} if job.sandboxed else {}),
            },
            stdin=_line(_said(job.prompt)),
            plea=_interrupt("stop"),
            credentials=(*CREDENTIALS, *agent.env),
            warnings=warnings,
        )

    def inherited(self, users: Path, home: Path) -> tuple[File, ...]:
        """Their CLAUDE.md, skills and MCP servers."""
        return claude_inherit.copies(users, _config(home))

    def words(self, text: str, key: str, *, interrupt: bool) -> bytes:
        """A message of the person's. The CLI passes over a second one with the same key, in this run or a later one.

        With the interrupt before it, it begins the next turn: the one that is ended has an error for its result.
        """
        said = _line({**_said(text), "uuid": key})
        return _interrupt(key) + said if interrupt else said

    def answer(self, key: str, allow: bool, message: str) -> bytes:
        """A person's word on one use of a tool."""
        no = f"A person does not allow this{f': {message}' if message else '.'}"
        said = {"behavior": "allow"} if allow else {"behavior": "deny", "message": no}
        response = {"subtype": "success", "request_id": key, "response": said}
        return _line({"type": "control_response", "response": response})

    def reader(self, job: Job, state: bytes | None = None) -> ClaudeReader:
        """A reader of its `stream-json` lines."""
        return ClaudeReader.begin(job) if state is None else ClaudeReader.restore(state)

    def resumable(self, home: Path, session_id: str) -> bool:
        """Whether the session's transcript is there; it does not matter for which working directory."""
        return any(_config(home).glob(f"projects/*/{session_id}.jsonl"))


def _said(text: str) -> dict[str, object]:
    readable = text.encode(errors="surrogateescape").decode(errors="replace")
    return {"type": "user", "message": {"role": "user", "content": readable}, "parent_tool_use_id": None}


def _interrupt(name: str) -> bytes:
    """What ends the turn it is in, with its tools."""
    return _line({"type": "control_request", "request_id": name, "request": {"subtype": "interrupt"}})


def _line(message: dict[str, object]) -> bytes:
    return json.dumps(message).encode() + b"\n"


def _config(home: Path) -> Path:
    return home / ".claude"


def _permissions(agent: Agent, job: Job) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The flags that say what the agent may do, and what the person should know about them."""
    if job.access == "read":
        if job.sandboxed:
            return ("--permission-mode", "bypassPermissions", *_without(*WRITERS, *ELSEWHERE)), ()
        return (
            ("--permission-mode", "dontAsk", "--tools", ",".join(LOOKERS), "--allowedTools", ",".join(LOOKERS)),
            (),
        )
    if agent.permissions == "full" or (agent.permissions == "auto" and job.sandboxed):
        return ("--permission-mode", "bypassPermissions", *_without(*ELSEWHERE)), ()
    allowed = ("--allowedTools", *(f"Bash({command})" for command in agent.allow)) if agent.allow else ()
    if agent.permissions == "ask":
        asks = ("--permission-mode", "acceptEdits", "--permission-prompt-tool", "stdio")
        return (*asks, *_without(*ELSEWHERE, *TALKATIVE), *allowed), ()
    return (
        ("--permission-mode", "acceptEdits", *_without(*ELSEWHERE), *allowed),
        (UNSANDBOXED,) if agent.permissions == "auto" else (),
    )


def _without(*tools: str) -> tuple[str, ...]:
    return ("--disallowedTools", ",".join(tools))
