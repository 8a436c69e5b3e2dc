"""Claude Code's command line as far as a pipeline sees it, with a test's script in place of a model.

The script comes with the task: a line `SCRIPT: {...}` holds shell text by role, for each role a list of turns of its
session, the last of which is repeated. Which role this is, the first line of the prompt tells; a script may also name
a role and a model ("review@opus"). What a turn prints is the answer; the prompt lies at $PROMPT. A turn costs 0.25 USD.
"""

import itertools
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROLES = {"planning": "plan", "hardening": "harden", "reviewing": "review"}
PRICE = 0.25


def main(argv: list[str]) -> int:
    """One headless run; the exit code."""
    if "--version" in argv:
        print("2.1.330 (Claude Code, scripted)")
        return 0
    words = dict(itertools.pairwise(argv))
    session = words.get("--resume") or words["--session-id"]
    memory = Path(os.environ["CLAUDE_CONFIG_DIR"], "projects", "here", f"{session}.jsonl")
    prompt, model = told(words), words.get("--model", "sonnet")
    kept = json.loads(memory.read_text()) if "--resume" in words else {"turns": turns(prompt, model), "spent": 0.0}
    turn = kept["turns"].pop(0) if len(kept["turns"]) > 1 else kept["turns"][0]
    kept["spent"] += PRICE
    memory.parent.mkdir(parents=True, exist_ok=True)
    memory.write_text(json.dumps(kept))

    say({"type": "system", "subtype": "init", "session_id": session, "model": model})
    code, text = play(turn, prompt)
    message = {"id": f"msg-{kept['spent']}", "model": model, "content": [{"type": "text", "text": text}]}
    say({"type": "assistant", "message": {**message, "usage": {"input_tokens": 10, "output_tokens": 5}}})
    result = {"type": "result", "session_id": session, "is_error": code != 0, "result": text}
    say({**result, "total_cost_usd": kept["spent"]})
    return code


def told(words: dict[str, str]) -> str:
    """The prompt, as the CLI's input format has it. Of a stream only the first message counts: no turn is long."""
    if words.get("--input-format") != "stream-json":
        return sys.stdin.read()
    return str(json.loads(sys.stdin.readline())["message"]["content"])


def turns(prompt: str, model: str) -> list[str]:
    """What the script has for this role."""
    line = next(line for line in prompt.splitlines() if line.startswith("SCRIPT: "))
    script = json.loads(line.removeprefix("SCRIPT: "))
    first = prompt.partition("\n")[0]
    role = next((role for word, role in ROLES.items() if word in first), "implement")
    found = script.get(f"{role}@{model}") or script.get(role) or "true"
    return [found] if isinstance(found, str) else found


def play(turn: str, prompt: str) -> tuple[int, str]:
    """Run a turn in the workspace: its exit code and what it printed."""
    with tempfile.NamedTemporaryFile("w", suffix=".md") as file:
        file.write(prompt)
        file.flush()
        env = {**os.environ, "PROMPT": file.name}
        done = subprocess.run(["bash", "-ec", turn], env=env, stdout=subprocess.PIPE, text=True, check=False)
    return done.returncode, done.stdout.strip() or "done"


def say(line: dict[str, object]) -> None:
    """One line of the stream."""
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
