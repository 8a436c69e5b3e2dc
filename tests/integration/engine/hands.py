"""Agents that do as they are told, and the house they are told it in: what the tests of landing share."""

from pathlib import Path
from typing import Any

from foremand.v1 import foremand_pb2 as pb

HAND = """
version = 1

[agent.hand]
adapter = "command"
command = ["sh", "-ec", '''
sed -n 's/^RUN: //p' "$FOREMAND_PROMPT_FILE" > "$TMPDIR/run.sh"
. "$TMPDIR/run.sh"
''']
"""
"""An agent that runs the line of its prompt after RUN."""

CHECK = """
[gate.check]
kind = "command"
run = "! grep -rn '^<<<<<<<' --include='*.txt' . && sh ./check.sh"
"""
"""A gate that says what the repository's check.sh says."""

WRITES = """
[[stage]]
name = "implement"
agent = "hand"
gates = ["check"]
"""

OWNER = """
[gate.owner]
kind = "human"
"""


def lines(count: int) -> str:
    """A file in which tasks find their places."""
    return "".join(f"line {number}\n" for number in range(1, count + 1))


def repository(
    house: Any, land: str = "", *, more: str = "", stages: str = WRITES, name: str = "", **files: str
) -> Any:
    """A repository with this `[land]` and whatever else its pipeline is to say."""
    pipeline = f"{HAND}{CHECK}{OWNER}{more}{stages}\n[land]\n{land}\n"
    base = {".foremand/pipeline.toml": pipeline, "check.sh": "true\n", "poem.txt": lines(12)}
    return house.repo({**base, **files}, name)


def tell(
    house: Any, repo: Any, command: str, title: str = "Do this", *, into: str = "", env: dict[str, str] | None = None
) -> int:
    """Submit a task whose agent runs a line of shell; its id."""
    request = pb.SubmitTaskRequest(
        title=title,
        prompt=f"{title}\n\nRUN: {command}\n",
        repo=str(repo.path),
        into=into,
        environment={"PATH": house.env["PATH"], **(env or {})},
    )
    return int(house.api.ask("SubmitTask", request).id)


def put(line: int, text: str, file: str = "poem.txt") -> str:
    """A command that puts a text in the place of a line."""
    return f"sed -i 's/^line {line}$/{text}/' {file}"


def approve(house: Any, task: int, gate: str = "") -> None:
    """Approve what stands there now."""
    revision = house.show(task)["revision"]
    house.api.ask("ApproveTask", pb.ApproveTaskRequest(id=task, gate=gate, revision=revision))


def facts(house: Any, kind: str, *tasks: int) -> list[dict[str, Any]]:
    """The facts of one kind, of these tasks or of all."""
    return [e for e in house.events() if e["type"] == kind and (not tasks or e["task"] in tasks)]


def commits(repo: Any, span: str, what: str = "%s") -> list[str]:
    """What git says of the commits of a range, the newest first."""
    return repo.git("log", f"--format={what}", span).splitlines()


def program(folder: Path, name: str, text: str) -> Path:
    """A program to be found on PATH."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(text)
    path.chmod(0o755)
    return path
