"""People's answers are about the change that lands: kept while it is the same, else asked again with what is new."""

from typing import Any

import pytest
from hands import approve, facts, lines, put, repository, tell

TWO = """
[[stage]]
name = "implement"
agent = "hand"
gates = ["check", "early"]

[[stage]]
name = "polish"
agent = "hand"
gates = ["check"]
allow_empty = true
"""
EARLY = """
[gate.early]
kind = "human"
"""
RULE = """
[gate.api-owner]
kind = "human"
paths = ["api/**"]
"""
BOTH = 'gates = ["owner", "api-owner"]'


def since(house: Any, task: int) -> str:
    return str(house.ok("diff", str(task), "--since-approval").stdout)


def edits(diff: str) -> list[str]:
    """The lines that a patch adds and removes."""
    return [line for line in diff.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")]


def test_an_approval_is_kept_on_a_tip_that_moved_elsewhere(home: Any) -> None:
    repo = repository(home, 'gates = ["owner"]', **{"poem.txt": lines(60)})
    task = tell(home, repo, put(30, "thirtieth"))
    home.wait(task, "WAITING")
    revision = home.show(task)["revision"]
    # The same file, above, so that every line number is another; and another file.
    moved = repo.commit({"poem.txt": f"title\n\n{lines(60)}", "other.txt": "mine\n"})
    approve(home, task)
    landed = home.wait(task, "LANDED")
    assert repo.git("rev-parse", "main^") == moved
    assert [(a["decision"], a["revision"]) for a in landed["approvals"]] == [("approved", revision)]
    assert len(facts(home, "PersonAsked", task)) == 1


@pytest.mark.parametrize(("polish", "asked"), [(put(9, "ninth"), 2), ("true", 1)])
def test_what_a_later_stage_altered_is_asked_again_with_the_interdiff(home: Any, polish: str, asked: int) -> None:
    repo = repository(home, "", more=EARLY, stages=TWO)
    task = tell(home, repo, f"if [ $FOREMAND_STAGE = implement ]; then {put(2, 'second')}; else {polish}; fi")
    first = home.wait(task, "WAITING")
    assert (first["reason"], first["stage"]) == ("approve early?", "implement")
    assert home.ctl("diff", str(task), "--since-approval").returncode == 4
    approve(home, task)
    if asked == 2:
        again = home.wait(task, "WAITING")
        assert (again["reason"], again["stage"]) == ("approve early?", "land")
        assert edits(since(home, task)) == ["-line 9", "+ninth"]
        assert home.ctl("approve", str(task), "--revision", first["revision"]).returncode == 5
        approve(home, task)
    assert len(home.wait(task, "LANDED")["approvals"]) == asked


def test_a_rebuilt_change_is_asked_again(home: Any) -> None:
    repo = repository(home, 'gates = ["owner"]')
    resolve = "sed -i -e '/^<<<<<<<\\|^=======\\|^>>>>>>>/d' -e '/^|||||||/,/^line /d' poem.txt; echo note > note.txt"
    task = tell(home, repo, f"if grep -q '^<<<<<<<' poem.txt; then {resolve}; else {put(5, 'agent')}; fi")
    home.wait(task, "WAITING")
    repo.commit({"poem.txt": repo.show("poem.txt").replace("line 5", "person") + "\n", "more.txt": "more\n"})
    approve(home, task)
    assert home.wait(task, "WAITING")["reason"] == "approve owner?"
    said = since(home, task)
    assert said.startswith("The approved change conflicts with the present base")
    assert "+note" in edits(said)
    shown = home.show(task)
    approve(home, task)
    landed = home.wait(task, "LANDED")
    assert [a["revision"] == shown["revision"] for a in landed["approvals"]] == [False, True]


def test_a_rule_that_matches_further_is_asked_though_the_person_is_the_same(home: Any) -> None:
    repo = repository(home, BOTH, more=RULE, **{"lib/a.txt": lines(20), "lib/b.txt": lines(20)})
    task = tell(home, repo, put(3, "third", "lib/a.txt"))
    first = home.wait(task, "WAITING")
    assert first["reason"] == "approve owner?"
    assert {g["name"]: g["verdict"] for g in first["gates"]}["api-owner"] == "skipped"
    repo.git("mv", "lib", "api")
    moved = repo.commit({"README": "moved\n"})
    approve(home, task)
    again = home.wait(task, "WAITING")
    assert again["reason"] == "approve owner, api-owner?"
    home.ok("approve", str(task), "owner", "--revision", again["revision"])
    assert home.wait(task, "WAITING")["reason"] == "approve api-owner?"
    approve(home, task)
    home.wait(task, "LANDED")
    assert repo.git("diff", "--name-only", moved, "main") == "api/a.txt"


def test_a_gate_that_the_tip_has_and_the_task_has_not_is_asked_of_the_same_change(home: Any) -> None:
    repo = repository(home, 'gates = ["owner"]')
    task = tell(home, repo, put(2, "second"))
    home.wait(task, "WAITING")
    file = repo.path / ".foremand" / "pipeline.toml"
    stricter = file.read_text().replace('gates = ["owner"]', BOTH.replace("api-", "second-")) + RULE
    repo.commit({".foremand/pipeline.toml": stricter.replace("api-", "second-").replace("api/**", "*.txt")})
    approve(home, task)
    again = home.wait(task, "WAITING")
    assert again["reason"] == "approve second-owner@main?"
    approve(home, task)
    assert [a["gate"] for a in home.wait(task, "LANDED")["approvals"]] == ["owner", "second-owner@main"]


def test_a_profile_that_the_tip_s_file_raises_the_change_to_is_asked_too(home: Any) -> None:
    repo = repository(home, 'gates = ["owner"]')
    task, other = tell(home, repo, put(2, "second")), tell(home, repo, "echo more > other.txt")
    home.wait(task, "WAITING")
    home.wait(other, "WAITING")
    file = repo.path / ".foremand" / "pipeline.toml"
    second = '\n[gate.second-owner]\nkind = "human"\n'
    raising = '\n[profile.poems]\npaths = ["poem.txt"]\ngates = { land = ["second-owner"] }\n'
    repo.commit({".foremand/pipeline.toml": file.read_text() + second + raising})
    approve(home, task)
    assert home.wait(task, "WAITING")["reason"] == "approve second-owner@main?"
    approve(home, task)
    home.wait(task, "LANDED")
    approve(home, other)
    assert [a["gate"] for a in home.wait(other, "LANDED")["approvals"]] == ["owner"]
