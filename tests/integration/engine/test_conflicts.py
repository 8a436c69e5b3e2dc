"""Work that contradicts what has landed: it goes back to its agent with both sides, and nothing lands by oversight."""

from typing import Any

import pytest
from hands import approve, facts, lines, put, repository, tell

PLANNED = """
[[stage]]
name = "plan"
agent = "thinker"
access = "read"
gates = ["lead"]

[[stage]]
name = "implement"
agent = "hand"
gates = ["check"]
"""
THINKER = """
[agent.thinker]
adapter = "command"
command = ["sh", "-c", "echo think first > $FOREMAND_OUTPUT"]

[gate.lead]
kind = "human"
"""
RESOLVE = "sed -i -e '/^<<<<<<<\\|^=======\\|^>>>>>>>/d' -e '/^|||||||/,/^line /d' poem.txt"

MARKERLESS = {
    "both changed a binary file": (r"printf 'a\0agent' > data.bin", {"data.bin": "a\0person"}),
    "removed by the agent, changed by a person": ("git rm -q poem.txt", {"poem.txt": lines(13)}),
    "changed by the agent, removed by a person": (put(3, "third"), {"poem.txt": None}),
    "a file here, a folder there": ("echo file > place", {"place/inside.txt": "person\n"}),
}


def meanwhile(repo: Any, files: dict[str, str | None]) -> str:
    """A person commits something."""
    for name, text in files.items():
        if text is None:
            repo.git("rm", "-q", name)
    return str(repo.commit({name: text for name, text in files.items() if text is not None}))


def test_the_agent_gets_both_sides_and_a_plan_keeps_its_answer(home: Any) -> None:
    repo = repository(home, "", more=THINKER, stages=PLANNED)
    looks = "sed 's/^/> /' poem.txt > saw.md; cp $FOREMAND_PROMPT_FILE heard.md"
    resolving = f"if grep -q '^<<<<<<<' poem.txt; then {looks}; {RESOLVE}"
    task = tell(home, repo, f"{resolving}; else {put(5, 'mine')}; fi", "Mine")
    other = tell(home, repo, put(5, "yours"), "Say yours")
    for each in (other, task):
        assert home.wait(each, "WAITING")["reason"] == "approve lead?"
    approve(home, other)
    tip = home.wait(other, "LANDED")["landed_commit"]
    approve(home, task)
    landed = home.wait(task, "LANDED")

    assert [(a["stage"], a["outcome"]) for a in landed["attempts"]] == [
        ("plan", "done"),
        ("implement", "done"),
        ("implement", "done"),
    ]
    assert landed["base"] == tip == repo.git("rev-parse", "main^")
    assert [e["gate"] for e in facts(home, "PersonAsked", task)] == ["lead"]
    saw = [line.removeprefix("> ") for line in repo.show("saw.md").splitlines()]
    assert [*saw[4:6], *saw[7:11]] == ["<<<<<<< TIP", "yours", "line 5", "=======", "mine", ">>>>>>> WORK"]
    heard = repo.show("heard.md")
    for said in ("In conflict:\n- poem.txt\n", f"Task {other} landed meanwhile: Say yours", "-line 5\n+yours\n"):
        assert said in heard
    assert repo.show("poem.txt").splitlines()[4:6] == ["yours", "mine"]
    assert repo.git("diff", "--stat", "main^", "--", "poem.txt").endswith("1 insertion(+)")


@pytest.mark.parametrize("case", MARKERLESS)
def test_a_conflict_that_leaves_no_markers_is_not_resolved_by_doing_nothing(home: Any, case: str) -> None:
    command, theirs = MARKERLESS[case]
    repo = repository(home, 'gates = ["owner"]', **{"data.bin": "a\0begin"})
    task = tell(home, repo, f"if [ -e $HOME/been ]; then exit 0; fi; touch $HOME/been; echo more > more.txt; {command}")
    assert home.wait(task, "WAITING")["reason"] == "approve owner?"
    mine = meanwhile(repo, theirs)
    approve(home, task)
    stuck = home.wait(task, "WAITING")
    assert stuck["waiting_for"] == "stuck", stuck["reason"]
    assert any(said in stuck["reason"] for said in ("no change", "Conflict markers are left in place~WORK"))
    name = next(iter(theirs)).partition("/")[0]
    assert name in next(e["feedback"] for e in facts(home, "SentBack", task))
    assert repo.git("rev-parse", "main") == mine

    if "removed by a person" in case:  # a person may leave it as it is: they have seen it
        home.ok("take", str(task))
        home.until(lambda: bool(home.show(task)["workspace"]), "it is handed over")
        home.ok("give", str(task), "-m", "it stays")
        assert home.wait(task, "WAITING")["reason"] == "approve owner?"
        approve(home, task)
        home.wait(task, "LANDED")
        assert "third" in repo.show("poem.txt")


def test_without_a_try_a_person_decides_at_once(home: Any) -> None:
    repo = repository(home, 'on_conflict = { goto = "implement", limit = 0 }\ngates = ["owner"]')
    resolving = f"if grep -q '^<<<<<<<' poem.txt; then cp $FOREMAND_PROMPT_FILE heard.md; {RESOLVE}"
    task = tell(home, repo, f"{resolving}; else {put(5, 'agent')}; fi")
    home.wait(task, "WAITING")
    mine = repo.commit({"poem.txt": repo.show("poem.txt").replace("line 5", "person") + "\n"})
    approve(home, task)
    stuck = home.wait(task, "WAITING")
    assert (stuck["waiting_for"], len(stuck["attempts"])) == ("stuck", 1)
    assert "conflicts" in stuck["reason"]
    home.ok("rework", str(task), "-m", "both are wanted")
    assert home.wait(task, "WAITING")["reason"] == "approve owner?"
    approve(home, task)
    home.wait(task, "LANDED")
    assert repo.git("rev-parse", "main^") == mine
    heard = repo.show("heard.md")
    assert "both are wanted" in heard
    assert "- poem.txt" in heard
    assert "landed meanwhile" not in heard  # it was no task's
    assert repo.show("poem.txt").splitlines()[4:6] == ["person", "agent"]
