"""A program that speaks as Claude Code does, has sessions, and does what its prompt says. No model is behind it.

Lines of the session's prompts that it follows, the older prompts' first:
TOKENS: N      says that its first message took N tokens
COST: USD      says at its end that the run cost this much
QUOTA: FILE    as long as FILE is there, its account's limit is reached until the year 2030
RUN: COMMAND   runs a shell command in the work tree
"""

import json
import os
import subprocess
import sys
from pathlib import Path


def say(kind: str, **more: object) -> None:
    """One line of the stream."""
    print(json.dumps({"type": kind, **more}), flush=True)


def message(name: str, tokens: int) -> dict[str, object]:
    """A message of the model's."""
    content = [{"type": "text", "text": "I am at it."}]
    return {"id": name, "model": "claude-sonnet-4-5", "content": content, "usage": {"input_tokens": tokens}}


def main() -> int:
    """One run of the agent."""
    given = sys.argv[1:]
    flag = "--resume" if "--resume" in given else "--session-id"
    session = given[given.index(flag) + 1]
    folder = Path(os.environ["CLAUDE_CONFIG_DIR"]) / "projects" / "here"
    folder.mkdir(parents=True, exist_ok=True)
    transcript = folder / f"{session}.jsonl"
    with transcript.open("a") as file:
        file.write(json.loads(sys.stdin.readline())["message"]["content"] + "\n")
    asked = [line.partition(": ") for line in transcript.read_text().splitlines()]

    say("system", subtype="init", session_id=session, model="claude-sonnet-4-5")
    for full in (value for word, _, value in asked if word == "QUOTA"):
        if Path(full).exists():
            reset = {"status": "rejected", "resetsAt": 1895371304, "rateLimitType": "five_hour"}
            say("rate_limit_event", rate_limit_info=reset)
            say("assistant", message={"id": "m", "model": "<synthetic>"}, error="rate_limit")
            over = {"is_error": True, "terminal_reason": "api_error", "api_error_status": 429}
            say("result", result="You've hit your limit", session_id=session, total_cost_usd=0.0, **over)
            return 1
    tokens = sum(int(value) for word, _, value in asked if word == "TOKENS")
    say("assistant", message=message(f"msg-{os.getpid()}", tokens))
    for command in (value for word, _, value in asked if word == "RUN"):
        subprocess.run(["sh", "-ec", command], check=True)
    cost = sum(float(value) for word, _, value in asked if word == "COST")
    used = {"claude-sonnet-4-5": {"inputTokens": tokens, "costUSD": cost}}
    say(
        "result",
        is_error=False,
        result="done",
        terminal_reason="completed",
        session_id=session,
        total_cost_usd=cost,
        model_usage_since_last_result=used,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
