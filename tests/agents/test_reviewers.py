"""The real Claude Code as a reviewer of its like: another entry, a fresh session, nothing to write with."""

import json

import pytest
from fleet import Fleet
from model_script import Text, Tool

REVIEWED = """
[agent.second]
adapter = "claude"
command = ["{program}"]
model = "claude-sonnet-4-5"
env = ["CLAUDE_CODE_MAX_RETRIES"]

[gate.peer]
kind = "review"
reviewers = ["second"]

[[stage]]
name = "implement"
agent = "claude"
gates = ["peer"]
"""

FINDING = "the answer must be right, and it says wrong"


@pytest.fixture
def fleet(house, model, claude_cli):
    fleet = Fleet(house, model, claude_cli)
    yield fleet
    fleet.close()


def says(verdict, *findings):
    answer = {"verdict": verdict, "findings": list(findings), "summary": "looked at it"}
    return Text(f"I have read the change.\n\n```json\n{json.dumps(answer)}\n```")


def write(path, content):
    return Tool("Write", {"file_path": path, "content": content})


def test_a_rejection_reaches_the_author_and_an_approval_lands(fleet, house, model, claude_cli):
    house.start()
    repo = fleet.repo(REVIEWED.replace("{program}", str(claude_cli)))
    model.script(
        "reviewed",
        [
            write("answer.txt", "wrong\n"),
            Text("written"),
            write("answer.txt", "the reviewer's own\n"),  # which it cannot
            says("reject", {"file": "answer.txt", "line": 1, "severity": "high", "text": FINDING}),
            write("answer.txt", "right\n"),
            Text("mended"),
            says("approve"),
        ],
    )
    task = house.submit(repo, "make the answer right", env=fleet.environment("reviewed"))
    landed = house.wait(task, "LANDED")
    assert repo.show("answer.txt") == "right"

    author, first, again, second = landed["attempts"]
    assert [a["outcome"] for a in landed["attempts"]] == ["done"] * 4
    assert [a["gate"] for a in landed["attempts"]] == [None, "peer", None, "peer"]
    assert (author["agent"], first["agent"]) == ("claude", "second")
    assert author["session_id"] == again["session_id"]
    assert len({author["session_id"], first["session_id"], second["session_id"]}) == 3

    asked = [request.text for request in model.requests("reviewed")]
    assert "make the answer right" in asked[2] and "+wrong" in asked[2], "the reviewer sees task and change"
    assert "No such tool available: Write" in asked[3]
    assert f"answer.txt:1: {FINDING}" in asked[4], "word for word"
    assert "+right" in asked[6]
    assert landed["cost_usd"] == pytest.approx(7 * 0.00375), "reviewers are paid for too"
