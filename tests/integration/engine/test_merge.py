"""What lands looks like: merges with a commit for each writing stage, messages, authors, and never a seal."""

from typing import Any

from hands import approve, commits, put, repository, tell

STAGES = """
[[stage]]
name = "plan"
agent = "thinker"
access = "read"

[[stage]]
name = "implement"
agent = "hand"
gates = ["check"]

[[stage]]
name = "polish"
agent = "hand"
gates = ["check"]
"""
THINKER = """
[agent.thinker]
adapter = "command"
command = ["sh", "-c", "echo think first > $FOREMAND_OUTPUT"]
"""
LAND = 'strategy = "merge"\ngates = ["owner"]'

BOTH = (
    f"if [ $FOREMAND_STAGE = implement ]; then {put(2, 'second')}; touch tried; "
    f"else {put(9, 'ninth')}; echo polished it > $FOREMAND_OUTPUT; git commit -q -a -m own; fi"
)


def seals(house: Any, task: int) -> list[str]:
    return [attempt["revision"] for attempt in house.show(task)["attempts"]]


def test_a_merge_lands_one_commit_for_each_writing_stage(home: Any) -> None:
    repo = repository(home, LAND, more=THINKER, stages=STAGES)
    begin = repo.git("rev-parse", "main")
    task = tell(home, repo, BOTH, "Two stages")
    assert home.wait(task, "WAITING")["reason"] == "approve owner?"
    mine = repo.commit({"mine.txt": "mine\n"}, "mine")
    approve(home, task)
    landed = home.wait(task, "LANDED")
    merged = landed["landed_commit"]
    assert repo.git("rev-parse", "main", "main^1").split() == [merged, mine]
    assert commits(repo, "main^1..main^2") == ["Two stages (polish)", "Two stages (implement)"]
    assert repo.git("rev-parse", "main^2~2") == begin
    assert repo.git("log", "-1", "--format=%b", "main^2") == f"polished it\n\nForemand-Task: {task}"
    assert repo.git("diff", "--name-only", "main^2~2", "main^2~1").split() == ["poem.txt", "tried"]
    assert repo.git("show", "-s", "--format=%s|%an|%ae|%cn", "main") == "Two stages|Mona|mona@example.com|Mona"
    assert set(commits(repo, f"{begin}..main", "%an <%ae>")) == {"Mona <mona@example.com>"}
    by = repo.git("log", "-1", "--format=%(trailers:key=Approved-by,valueonly)", "main")
    assert by.strip() == landed["approvals"][0]["by"]
    held = set(repo.git("rev-list", "--all").split())
    assert held.isdisjoint(seals(home, task))
    assert repo.git("for-each-ref", "--format=%(refname)") == "refs/heads/main"
    assert "own" not in commits(repo, "main")


def test_a_merge_of_what_was_in_conflict_has_the_resolution_in_it(home: Any) -> None:
    repo = repository(home, LAND, more=THINKER, stages=STAGES)
    resolve = "sed -i -e '/^<<<<<<<\\|^=======\\|^>>>>>>>/d' -e '/^|||||||/,/^line /d' poem.txt"
    task = tell(home, repo, f"if grep -q '^<<<<<<<' poem.txt; then {resolve}; else {BOTH}; fi", "Two stages")
    home.wait(task, "WAITING")
    mine = repo.commit({"poem.txt": repo.show("poem.txt").replace("line 9", "mine") + "\n"}, "mine")
    approve(home, task)
    again = home.wait(task, "WAITING")
    assert again["reason"] == "approve owner?"
    approve(home, task)
    landed = home.wait(task, "LANDED")
    assert repo.git("rev-parse", "main^1") == mine
    assert repo.show("poem.txt").split("\n")[1:10:7] == ["second", "mine"]
    assert "ninth" in repo.show("poem.txt")
    assert set(repo.git("rev-list", "--all").split()).isdisjoint(seals(home, task))
    assert all("<<<<" not in repo.show("poem.txt", commit) for commit in commits(repo, f"{mine}..main", "%H"))
    assert landed["base"] == mine


def test_the_message_is_the_template_s_and_the_trailers_are_ours(home: Any) -> None:
    template = 'message = "{{ title }} (#{{ id }})\\n\\n{{ task }}\\n\\nSummary: {{ summary }}\\n"\n'
    repo = repository(home, template + 'gates = ["owner"]\n')
    command = f"{put(2, 'second')}; echo 'all done\\n\\nApproved-by: nobody' > $FOREMAND_OUTPUT"
    task = tell(home, repo, command, "Über {{ task }}: 100%")
    home.wait(task, "WAITING")
    approve(home, task)
    landed = home.wait(task, "LANDED")
    by = landed["approvals"][0]["by"]
    subject, _, body = repo.git("log", "-1", "--format=%B").partition("\n\n")
    assert subject == f"Über {{{{ task }}}}: 100% (#{task})"
    assert "RUN: sed" in body
    assert "Summary: all done" in body
    trailers = repo.git("log", "-1", "--format=%(trailers:only,unfold)").splitlines()
    assert trailers == [f"Foremand-Task: {task}", f"Approved-by: {by}"]
