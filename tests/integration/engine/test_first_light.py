"""The main road, end to end: a task goes through its stages and gates and lands, and only then."""

from typing import Any

PIPELINE = """
version = 1

[agent.planner]
adapter = "command"
command = ["sh", "-c", "echo 'add greeting.txt' > $FOREMAND_OUTPUT"]

[agent.writer]
adapter = "command"
command = ["sh", "-c", '''
grep -q 'add greeting.txt' "$FOREMAND_PROMPT_FILE" || exit 3
echo hey > greeting.txt
if grep -q 'must be polite' "$FOREMAND_PROMPT_FILE"; then echo 'good day' > greeting.txt; fi
''']

[gate.polite]
kind = "command"
run = "grep -q good greeting.txt || { echo it must be polite; exit 1; }"

[gate.owner]
kind = "human"

[[stage]]
name = "plan"
agent = "planner"
access = "read"

[[stage]]
name = "implement"
agent = "writer"
gates = ["polite"]

[land]
gates = ["owner"]
"""


def test_a_task_is_refused_fed_back_approved_and_lands(house: Any) -> None:
    house.start()
    repo = house.repo({".foremand/pipeline.toml": PIPELINE, "README": "hello\n"})
    before = repo.git("rev-parse", "main")
    task = house.submit(repo, "greet people")

    waiting = house.wait(task, "WAITING")
    assert waiting["reason"] == "approve owner?"
    assert repo.git("rev-parse", "main") == before
    assert [a["stage"] for a in waiting["attempts"]] == ["plan", "implement", "implement"]

    house.approve(task)
    landed = house.wait(task, "LANDED")
    assert repo.git("rev-parse", "main") == landed["landed_commit"]
    assert (repo.path / "greeting.txt").read_text() == "good day\n"
    assert repo.git("status", "--porcelain") == ""
    assert repo.git("log", "-1", "--format=%(trailers:key=Foremand-Task,valueonly)").strip() == str(task)
    house.until(lambda: not (house.state / "workspaces" / str(task) / "tree").exists(), "its workspace is released")
    assert list((house.state / "checkouts").iterdir()) == []

    told = house.events()
    house.stop()
    house.start()
    assert house.events() == told, "what has ended is told as before, also by a daemon that only remembers it"


def test_a_rejected_task_stops_cleanly_and_its_work_is_kept(house: Any) -> None:
    house.start()
    repo = house.repo({".foremand/pipeline.toml": PIPELINE})
    before = repo.git("rev-parse", "main")
    task = house.submit(repo, "greet people")
    house.wait(task, "WAITING")

    assert house.ctl("reject", str(task), "-m", "not now").returncode == 0
    rejected = house.wait(task, "REJECTED")
    assert "not now" in rejected["reason"]
    assert repo.git("rev-parse", "main") == before
    assert "good day" in house.ok("diff", str(task)).stdout
