"""The decision screen with real keys against a real daemon: what a person says and answers arrives as they gave it."""

from typing import Any

import pytest

from foremanctl import exits
from foremand.v1 import foremand_pb2 as pb

PIPELINE = """
version = 1
[agent.hand]
adapter = "command"
command = ["sh", "-ec", '''
cat > prompt.txt
mkdir -p src
n=$(cat src/count 2>/dev/null || echo 0)
echo $((n + 1)) > src/count
printf 'def total(rows):\\n    return 0  # attempt %s\\n' $((n + 1)) > src/export.py
''']
[gate.check]
kind = "command"
run = "test -s src/export.py"
[gate.owner]
kind = "human"
message = "is it what you meant?"
[[stage]]
name = "implement"
agent = "hand"
gates = ["check", "owner"]
"""
WORDS = """Not `0`, but "sum": keep $HOME {{ task }} %s \\n as they are, ümlaut"""


@pytest.fixture
def asked(house: Any) -> int:
    """A task that waits for a person."""
    house.start()
    task: int = house.submit(house.repo({".foremand/pipeline.toml": PIPELINE}), "Add the export")
    house.wait(task, "WAITING")
    return task


def decide(tmux: Any, **more: Any) -> Any:
    screen = tmux.open("attach", **{"columns": 120, "rows": 40, **more})
    screen.shows("1 needs you", "approve owner?")
    screen.keys("d")
    screen.shows("to decide", "owner (implement): is it what you meant?")
    screen.lacks("more is coming")
    return screen


def test_a_person_is_told_what_was_and_what_was_not_checked(house: Any, tmux: Any, asked: int) -> None:
    screen = decide(tmux)
    text = screen.shows("+ check (command) pass", "no gate looks for secrets", "at worst 4 more agent runs, ")
    assert f" {asked}  approve owner?  Add the export" in text
    assert house.show(asked)["revision"][:12] in text


def test_line_comments_reach_the_agent_word_for_word(house: Any, tmux: Any, asked: int) -> None:
    screen = decide(tmux)
    screen.keys("n", "n", "n")  # prompt.txt, src/count, src/export.py
    screen.keys("N", "j", "j")
    screen.keys("c")
    screen.shows("src/export.py, line 2:")
    screen.type(WORDS)
    screen.keys("Enter")
    screen.shows("* Not `0`", "1 comment")
    screen.keys("C")
    screen.shows("src/export.py:")
    screen.type("name it rows")
    screen.keys("Enter")
    screen.shows("2 comments")
    screen.keys("Escape")
    screen.shows("1 needs you")
    screen.keys("d")  # what was said is still there
    screen.shows("2 comments")
    screen.keys("w")
    screen.shows("with 2 comments? y/n")
    screen.keys("y")
    screen.shows(f"sent {asked} back with 2 comments")
    house.until(lambda: len(house.show(asked)["approvals"]) == 1, "the daemon has heard it")
    house.wait(asked, "WAITING")
    screen.keys("d")
    screen.shows("it has changed since you looked at", "approve owner?")
    repo_prompt = house.ok("diff", str(asked)).stdout
    expected = [
        "src/export.py:",
        "name it rows",
        "",
        "src/export.py, line 2:",
        ">     return 0  # attempt 1",
        WORDS,
    ]
    assert "\n".join(f"+{line}" for line in expected) in repo_prompt
    message = house.show(asked)["approvals"][0]["message"]
    assert message == "\n".join(expected)


def test_a_stale_approval_is_refused_and_shown(house: Any, tmux: Any, asked: int) -> None:
    screen = decide(tmux)
    first = house.show(asked)["revision"]
    screen.keys("a")
    screen.shows(f"approve owner at {first[:12]}", "y/n")
    house.ok("rework", str(asked), "-m", "once more")
    house.until(lambda: house.show(asked)["revision"] != first, "the work is another one")
    second = house.wait(asked, "WAITING")["revision"]
    screen.keys("y")
    text = screen.shows(
        f"is at revision {second[:12]} now, not at {first[:12]}", f"since you looked at {first[:12]} alone"
    )
    screen.shows("return 0  # attempt 1", "return 0  # attempt 2")
    assert "approved" not in text
    assert [each["decision"] for each in house.show(asked)["approvals"]] == ["rework"]
    screen.keys("a")
    screen.shows(f"approve owner at {second[:12]}", "y/n")
    screen.keys("y")
    screen.shows(f"approved owner of {asked} at {second[:12]}")
    assert house.wait(asked, "LANDED")["approvals"][-1]["revision"] == second


def test_two_keys_on_the_floor_approve_what_is_then_in_sight(house: Any, tmux: Any, asked: int) -> None:
    screen = tmux.open("attach", columns=120, rows=40)
    screen.shows("1 needs you", "approve owner?")
    screen.keys("a")
    screen.shows("to decide", "A export.py", f"approve owner at {house.show(asked)['revision'][:12]}", "y/n")
    screen.keys("y")
    screen.shows(f"approved owner of {asked}")
    assert house.wait(asked, "LANDED")["approvals"][-1]["decision"] == "approved"
    screen.keys("x")
    screen.shows(f"task {asked} asks nobody for an answer now")


def test_w_on_a_task_opens_the_editor_with_the_change_quoted(house: Any, tmux: Any, asked: int) -> None:
    editor = house.root / "editor"
    editor.write_text(f'#!/bin/sh\ncp "$1" {house.root}/quoted\nsed -i \'1s/^/Not like this.\\n/\' "$1"\n')
    editor.chmod(0o755)
    screen = tmux.open("attach", str(asked), env={"EDITOR": str(editor)}, columns=120, rows=40)
    screen.shows("approve owner?")
    screen.keys("w")
    screen.shows("with 1 comment? y/n")
    assert "> +def total(rows):" in (house.root / "quoted").read_text()
    screen.keys("y")
    screen.shows(f"sent {asked} back with 1 comment")
    house.until(lambda: bool(house.show(asked)["approvals"]), "the daemon has heard it")
    assert house.show(asked)["approvals"][0]["message"] == "Not like this."


def test_a_narrow_terminal_shows_all_of_the_question(house: Any, tmux: Any, asked: int) -> None:
    screen = tmux.open("attach", columns=50, rows=20)
    screen.shows("1 needs you")
    screen.keys("a")  # asked once the whole change is there
    text = screen.shows("then implement is done", "y/n")
    asked_for = f"approve owner at {house.show(asked)['revision'][:12]}, 3 files "
    assert asked_for in " ".join(line.strip() for line in text.split("\n"))


def test_what_changed_since_a_revision_is_told_alone_and_by_its_whole_id(house: Any, asked: int) -> None:
    first = house.show(asked)["revision"]

    def diff(**asked_for: Any) -> bytes:
        request = pb.GetDiffRequest(id=asked, **asked_for)
        return b"".join(chunk.data for chunk in house.api.stream("GetDiff", request))

    assert diff(since=first) == b""
    house.ok("rework", str(asked), "-m", "once more")
    house.until(lambda: house.show(asked)["revision"] != first, "the work is another one")
    house.wait(asked, "WAITING")
    assert b"-    return 0  # attempt 1\n+    return 0  # attempt 2\n" in diff(since=first)
    for refused in ({"since": first[:12]}, {"since": "main"}, {"since": first, "stat": True}, {"since": "--help"}):
        with pytest.raises(exits.Usage):
            diff(**refused)
    with pytest.raises(exits.NotFound):
        diff(since="0" * 40)


def test_of_two_terminals_the_first_wins_and_the_other_sees_by_whom(house: Any, tmux: Any, asked: int) -> None:
    one, two, third = decide(tmux), decide(tmux), decide(tmux)
    for screen in (one, two):
        screen.keys("a")
        screen.shows("y/n")
    one.keys("y")
    one.shows(f"approved owner of {asked}")
    house.wait(asked, "LANDED")
    by = house.show(asked)["approvals"][0]["by"]
    third.shows(f"answered: {by} approved owner", "LANDED")
    two.keys("y")
    two.shows(f"{by} approved owner")
    two.lacks("y/n")
    assert len(house.show(asked)["approvals"]) == 1


def test_rejecting_wants_a_reason_and_a_second_key(house: Any, tmux: Any, asked: int) -> None:
    screen = decide(tmux, columns=80, rows=24)
    screen.keys("x")
    screen.shows(f"reject {asked}; why?")
    screen.type("not this year")
    screen.keys("Enter")
    screen.shows(f"{asked} ends; its work is kept", f"reject {asked} at", "y/n")
    assert house.show(asked)["state"] == "WAITING"
    screen.keys("y")
    screen.shows(f"rejected {asked}", "REJECTED")
    assert house.show(asked)["approvals"][-1]["message"] == "not this year"


def test_what_the_editor_says_between_the_lines_is_sent(house: Any, tmux: Any, asked: int) -> None:
    editor = house.root / "editor"
    editor.write_text("#!/bin/sh\nsed -i 's/^> +def total.*/&\\nrows is a bad name/' \"$1\"\n")
    editor.chmod(0o755)
    screen = decide(tmux, env={"EDITOR": str(editor)})
    screen.keys("w")
    screen.shows("with 1 comment? y/n")
    screen.keys("y")
    screen.shows("sent 1 back with 1 comment")
    house.until(lambda: bool(house.show(asked)["approvals"]), "the daemon has heard it")
    said = house.show(asked)["approvals"][0]["message"]
    assert said == "src/export.py, line 1:\n> def total(rows):\nrows is a bad name"


def test_a_refused_gate_can_be_waived_with_a_reason(house: Any, tmux: Any) -> None:
    house.start()
    pipeline = PIPELINE.replace("test -s src/export.py", "echo it is ugly; false").replace(
        'gates = ["check", "owner"]', 'gates = ["check", "owner"]\non_fail = { limit = 0 }'
    )
    task = house.submit(house.repo({".foremand/pipeline.toml": pipeline}), "Add the export")
    house.wait(task, "WAITING")
    screen = tmux.open("attach", columns=120, rows=40)
    screen.shows("1 needs you", "stuck")
    screen.keys("d")
    screen.shows("x check (command) fail", "it is ugly", "W waive")
    screen.keys("W")
    screen.shows("waive check at ")
    screen.type("see #88")
    screen.keys("Enter")
    screen.shows(f"waive check of {task} at ", "y/n")
    screen.keys("y")
    screen.shows(f"waived check of {task}")
    screen.shows("approve owner?")
    screen.keys("d")
    screen.shows("check (command) was let pass: waived by")


def test_a_plan_is_shown_where_a_plan_is_to_be_approved(house: Any, tmux: Any) -> None:
    house.start()
    stage = '[[stage]]\nname = "plan"\nagent = "planner"\naccess = "read"\ngates = ["owner"]\n\n[[stage]]'
    planner = '[agent.planner]\nadapter = "command"\ncommand = ["sh", "-c", "echo First I read, then I write."]\n'
    pipeline = PIPELINE.replace("[[stage]]", stage).replace("[gate.check]", planner + "[gate.check]")
    task = house.submit(house.repo({".foremand/pipeline.toml": pipeline}), "Add the export")
    house.wait(task, "WAITING")
    screen = tmux.open("attach", columns=80, rows=24)
    screen.shows("1 needs you")
    screen.keys("d")
    screen.shows("plan: what planner handed on", "First I read, then I write.", "no change")
    screen.keys("a")
    screen.shows("y/n")
    screen.keys("y")
    screen.shows(f"approved owner of {task}")
    house.until(lambda: house.show(task)["stage"] == "implement", "it goes on")


def test_hostile_content_only_shows_in_any_size(house: Any, tmux: Any) -> None:
    house.start()
    evil = r"""printf '\033[2J\033]0;owned\007\302\233 \342\200\256gnp \377 e\314\201\n%0100000d\n' 7 > src/evil.txt
printf 'x' > "src/$(printf 'a\033[2Jb\342\200\256c')"
"""
    pipeline = PIPELINE.replace("printf 'def", f"{evil}printf 'def")
    task = house.submit(house.repo({".foremand/pipeline.toml": pipeline}), "Bad \x1b[2J \u202egnorw")
    house.wait(task, "WAITING")
    for columns, rows in ((50, 20), (80, 24), (160, 50)):
        screen = tmux.open("attach", columns=columns, rows=rows)
        screen.shows("1 needs you")
        screen.keys("d")
        screen.shows("to decide", "owner")
        screen.lacks("more is coming")
        screen.keys("n", "n")
        text = screen.shows(r"A src/a\x1b[2Jb\u202ec")
        screen.keys("n", "n", "n")
        text += screen.shows(r"\x1b[2J\x1b]0;owned\x07\x9b \u202egnp \xff")
        assert max(map(len, text.split("\n"))) <= columns
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert "owned" not in tmux.run("list-panes", "-a", "-F", "#{pane_title}")
        screen.keys("g")
        screen.shows("to decide")
