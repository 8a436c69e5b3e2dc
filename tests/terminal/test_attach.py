"""attach in a terminal, with real keys and a real daemon: nothing that happens to a screen happens to a task."""

import os
import signal
from typing import Any

import pytest

PIPELINE = """
version = 1
[agent.writer]
adapter = "command"
command = ["sh", "-c", "for i in 1 2 3; do echo I write line $i; done; echo work > work-$FOREMAND_TASK.txt"]
[gate.check]
kind = "command"
run = "echo looking; test -e work-*.txt || ls work-*"
[gate.owner]
kind = "human"
[[stage]]
name = "implement"
agent = "writer"
gates = ["check", "owner"]
"""

TALKS = """
version = 1
[agent.talker]
adapter = "command"
command = ["sh", "-c", "i=0; until test -e {flag}; do i=$((i+1)); echo talk $i; sleep 0.05; done; touch done.txt"]
[gate.owner]
kind = "human"
[[stage]]
name = "implement"
agent = "talker"
gates = ["owner"]
"""


@pytest.fixture
def asked(house: Any) -> int:
    """A task that waits for a person."""
    house.start()
    task: int = house.submit(house.repo({".foremand/pipeline.toml": PIPELINE}), "Add /v2/export")
    house.wait(task, "WAITING")
    return task


def test_the_floor_says_who_needs_you(house: Any, tmux: Any, asked: int) -> None:
    screen = tmux.open("attach")
    text = screen.shows("1 needs you", "approve owner?", "Add /v2/export", "a approve")
    assert text.startswith(" foremand   0 of 3 agents   1 needs you")


def test_without_a_command_it_is_attach(house: Any, tmux: Any, asked: int) -> None:
    screen = tmux.open()
    screen.shows("1 needs you")
    screen.keys("q")
    screen.shows("detached; nothing was stopped", "ended with 0")


@pytest.mark.parametrize("key", ["q", "C-c"])
def test_leaving_stops_nothing_and_says_so(house: Any, tmux: Any, asked: int, key: str) -> None:
    screen = tmux.open("attach", str(asked))
    screen.shows("I write line 3")
    screen.keys(key)
    screen.shows("detached; nothing was stopped", "ended with 0")
    assert house.show(asked)["state"] == "WAITING"


def test_a_program_that_is_ended_leaves_the_terminal_as_it_was(house: Any, tmux: Any, asked: int) -> None:
    screen = tmux.open("attach")
    screen.shows("1 needs you")
    (pid,) = [pid for pid, command in house.processes() if command.endswith("foremanctl attach ")]
    os.kill(pid, signal.SIGTERM)
    screen.shows("detached; nothing was stopped", "ended with 0")


@pytest.mark.parametrize("key", ["c", "s"])
def test_a_question_that_stands_open_keeps_no_program_alive(house: Any, tmux: Any, asked: int, key: str) -> None:
    screen = tmux.open("attach")
    screen.shows("1 needs you")
    screen.keys(key)
    screen.shows({"c": "y/n", "s": f"tell {asked}"}[key])
    (pid,) = [pid for pid, command in house.processes() if command.endswith("foremanctl attach ")]
    os.kill(pid, signal.SIGHUP)
    screen.shows("detached; nothing was stopped", "ended with 0")
    assert house.show(asked)["state"] == "WAITING"


def test_a_task_tells_what_was_said_what_was_checked_and_why(house: Any, tmux: Any, asked: int) -> None:
    screen = tmux.open("attach")
    screen.shows("1 needs you")
    screen.keys("Enter")
    screen.shows("I write line 1", "I write line 3", "attempt 1, implement: writer, done")
    screen.keys("Right")
    screen.shows("A work-1.txt", "+work")
    screen.keys("Right")
    screen.shows("check", "pass", "owner", "waiting")
    screen.keys("z")
    screen.shows("| looking")
    screen.keys("Right")
    screen.shows("what would move it", f"foremanctl approve {asked}")
    screen.keys("Escape")
    screen.shows("1 needs you", "a approve")


def test_a_terminal_that_is_killed_comes_back(house: Any, tmux: Any) -> None:
    house.start()
    flag = house.root / "tmp" / "enough"
    # A flag below the house: the sandbox shows the agent what lies outside its hidden places.
    task = house.submit(house.repo({".foremand/pipeline.toml": TALKS.format(flag=flag)}), "Talk")
    screen = tmux.open("attach", str(task))
    screen.shows("talk 5")
    screen.kill()
    house.until(lambda: not any("tmux" in command for _, command in house.processes()), "it is gone, and tmux with it")
    assert house.show(task)["state"] == "RUNNING"
    screen = tmux.open("attach", str(task))
    screen.shows("talk 20", "follows what is said")
    flag.touch()
    screen.shows("WAITING", "approve owner?")


def test_a_daemon_that_restarts_is_heard_again(house: Any, tmux: Any) -> None:
    house.start()
    flag = house.root / "tmp" / "enough"
    task = house.submit(house.repo({".foremand/pipeline.toml": TALKS.format(flag=flag)}), "Talk")
    one, floor = tmux.open("attach", str(task), rows=50), tmux.open("attach")
    one.shows("talk 5")
    floor.shows("RUNNING")
    house.kill()
    one.shows("reconnecting")
    floor.shows("reconnecting")
    house.start()
    one.lacks("reconnecting")
    floor.lacks("reconnecting")
    text = one.shows("follows what is said")
    said = [int(line.split()[1]) for line in text.split("\n") if line.startswith("talk ")]
    assert said == list(range(said[0], said[-1] + 1)), "something was missed or came twice"
    flag.touch()
    one.shows("approve owner?")
    floor.shows("approve owner?", "1 needs you")


def test_two_terminals_see_the_same(house: Any, tmux: Any, asked: int) -> None:
    one, two = tmux.open("attach"), tmux.open("attach", columns=50, rows=20)
    one.shows("1 needs you")
    two.shows("1 needs you")
    one.keys("c")
    one.shows(f"cancel {asked}", "y/n")
    one.keys("y")
    for screen in (one, two):
        screen.shows("CANCELLED")
        screen.lacks("needs you")


def test_no_is_no(house: Any, tmux: Any, asked: int) -> None:
    screen = tmux.open("attach")
    screen.shows("1 needs you")
    screen.keys("c")
    screen.shows("y/n")
    screen.keys("n")
    screen.lacks("y/n")
    assert house.show(asked)["state"] == "WAITING"


def test_a_new_task_is_written_in_the_editor(house: Any, tmux: Any) -> None:
    house.start()
    repo = house.repo({".foremand/pipeline.toml": PIPELINE})
    editor = house.root / "editor"
    editor.write_text('#!/bin/sh\n{ echo "Fix the rounding"; cat "$1"; } > "$1.new"; mv "$1.new" "$1"\n')
    editor.chmod(0o755)
    screen = tmux.open("attach", env={"EDITOR": str(editor)}, cwd=str(repo.path))
    screen.shows("No tasks yet", "n new")
    screen.keys("n")
    screen.shows(f"in which repository? {repo.path}")
    screen.keys("Enter")
    screen.shows("dispatched 1: Fix the rounding")
    house.wait(1, "WAITING")


def test_a_screen_that_is_dragged_is_painted_anew(house: Any, tmux: Any, asked: int) -> None:
    screen = tmux.open("attach", columns=160, rows=50)
    screen.shows("PIPELINE", "CHANGE")
    screen.resize(50, 20)
    screen.until(lambda text: "PIPELINE" not in text and "needs you" in text, "fits 50 columns")
    assert max(map(len, screen.lines())) <= 50


def test_what_is_hostile_only_shows(house: Any, tmux: Any) -> None:
    house.start()
    pipeline = PIPELINE.replace(
        "I write line $i", r"$(printf '\\033[2J\\033]0;owned\\007\\302\\233 \\342\\200\\256 \\377 漢字 e\\314\\201')"
    )
    task = house.submit(
        house.repo({".foremand/pipeline.toml": pipeline}), "Bad \x1b[2J\x1b]0;title\x07 \u202egnorw 漢字"
    )
    house.wait(task, "WAITING")
    screen = tmux.open("attach")
    screen.shows("1 needs you", r"Bad \x1b[2J")
    screen.keys("Enter")
    text = screen.shows(r"\x1b[2J", "漢字", "WAITING")
    assert "\x1b" not in text
    assert "owned" not in tmux.run("list-panes", "-a", "-F", "#{pane_title}")


def test_without_a_terminal_it_is_lines(house: Any, asked: int) -> None:
    said = house.ctl("attach", str(asked), "--plain")
    assert "approve owner?" in said.stderr


def test_only_ascii(house: Any, tmux: Any) -> None:
    house.start()
    task = house.submit(house.repo({".foremand/pipeline.toml": PIPELINE}), "Grüße an alle " * 10)
    house.wait(task, "WAITING")
    screen = tmux.open("attach", "--ascii")
    text = screen.shows("1 needs you", r"Gr\xfc\xdfe", "...")
    assert text.isascii()
