"""What a person's terminal and environment say: colours, bell, pager, no screen at all; and how one gets there."""

import re
from pathlib import Path
from typing import Any

import pytest

PIPELINE = """
version = 1
[agent.writer]
adapter = "command"
command = ["sh", "-c", "echo I write; echo work > work.txt"]
[gate.owner]
kind = "human"
[[stage]]
name = "implement"
agent = "writer"
gates = ["owner"]
"""
COLOUR = re.compile(r"\x1b\[(?:[0-9;]*;)?(?:3[0-7]|4[0-7]|9[0-7]|10[0-7]|38|48)[;m]")


@pytest.fixture
def repo(house: Any) -> Any:
    """A repository whose tasks wait for a person."""
    house.start()
    return house.repo({".foremand/pipeline.toml": PIPELINE})


@pytest.fixture
def asked(house: Any, repo: Any) -> int:
    """A task that waits for a person."""
    task: int = house.submit(repo, "Add /v2/export")
    house.wait(task, "WAITING")
    return task


@pytest.fixture
def pager(house: Any) -> Path:
    """A $PAGER that keeps what it is given, and stays until Enter."""
    pager = Path(house.root) / "pager"
    pager.write_text(f"#!/bin/sh\ncat > {house.root}/paged; echo the pager is here; read -r _ < /dev/tty\n")
    pager.chmod(0o755)
    return pager


def test_a_task_that_does_not_exist_is_not_opened(tmux: Any, asked: int) -> None:
    screen = tmux.open("attach", "99")
    screen.shows("there is no task 99", "ended with 4")


def test_submit_attach_opens_what_it_dispatched(house: Any, tmux: Any, repo: Any) -> None:
    screen = tmux.open("submit", "--attach", "Add /v2/export", cwd=str(repo.path))
    screen.shows("Add /v2/export", "I write", "approve owner?")
    screen.keys("q")
    screen.shows("detached; nothing was stopped", "ended with 0")


def test_texts_open_in_the_pager_and_the_screen_comes_back(house: Any, tmux: Any, pager: Path, asked: int) -> None:
    screen = tmux.open("attach", str(asked), env={"PAGER": str(pager)})
    screen.shows("I write")
    screen.keys("v")
    screen.shows("the pager is here")
    assert "I write" in (house.root / "paged").read_text()
    screen.keys("Enter")
    screen.shows("approve owner?", "I write")
    screen.keys("d")
    screen.shows("to decide")
    screen.lacks("more is coming")
    screen.keys("v")
    house.until(lambda: "+work" in (house.root / "paged").read_text(), "the change is in the pager")
    screen.keys("Enter")
    screen.shows("to decide")


def test_texts_open_in_the_editor_and_nothing_comes_of_it(house: Any, tmux: Any, asked: int) -> None:
    editor = house.root / "editor"
    editor.write_text(f'#!/bin/sh\ncat "$1" >> {house.root}/edited; echo approved > "$1"\n')
    editor.chmod(0o755)
    screen = tmux.open("attach", str(asked), env={"EDITOR": str(editor)})
    screen.shows("I write")
    screen.keys("e")
    house.until(lambda: "I write" in _read(house.root / "edited"), "what was said is in the editor")
    screen.shows("approve owner?")
    screen.keys("d")
    screen.shows("to decide")
    screen.lacks("more is coming")
    screen.keys("e")
    house.until(lambda: "+work" in _read(house.root / "edited"), "the change is in the editor")
    screen.shows("to decide")
    assert house.show(asked)["approvals"] == []


def _read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def test_a_pager_that_is_none_is_told(tmux: Any, asked: int) -> None:
    screen = tmux.open("attach", str(asked), env={"PAGER": "no-such-pager"})
    screen.shows("I write")
    screen.keys("v")
    screen.shows("no-such-pager could not be run", "set $PAGER")


def test_every_screen_tells_its_keys(tmux: Any, asked: int) -> None:
    screen = tmux.open("attach", columns=120, rows=50)
    screen.shows("1 needs you")
    for keys, words in (
        ((), "show only tasks with these words"),
        (("Enter",), "follow what is said"),
        (("d",), "send it back with your comments"),
    ):
        screen.keys(*keys)
        screen.until(lambda text: "? help" in text or "approve owner?" in text, "is open")
        screen.keys("?")
        screen.shows(" keys", words, "detach; nothing is stopped")
        screen.keys("Escape")
        screen.lacks(words)


def test_it_rings_when_somebody_begins_to_be_needed(house: Any, tmux: Any, repo: Any) -> None:
    loud, quiet = tmux.open("attach"), tmux.open("attach", env={"FOREMAND_BELL": "0"})
    said = {}
    for name, screen in (("loud", loud), ("quiet", quiet)):
        screen.shows("No tasks yet")
        said[name] = house.root / name
        screen.record(said[name])
    house.wait(house.submit(repo, "Add /v2/export"), "WAITING")
    for name in said:
        house.until(lambda: b"needs you" in said[name].read_bytes(), "it is told")  # noqa: B023
    assert said["loud"].read_bytes().count(b"\x07") == 1
    assert b"\x07" not in said["quiet"].read_bytes()


def test_no_color_has_none(tmux: Any, asked: int) -> None:
    plain, coloured = tmux.open("attach", env={"NO_COLOR": "1"}), tmux.open("attach")
    for screen in (plain, coloured):
        screen.shows("1 needs you", "WAITING")
    assert COLOUR.search(coloured.styled())
    assert not COLOUR.search(plain.styled())
    assert re.search(r"\x1b\[[0-9;]*7m(\x1b\[[34]9m)*>", plain.styled()), "what is selected is told without a colour"


def test_plain_is_lines_also_on_a_terminal(house: Any, tmux: Any, repo: Any, asked: int) -> None:
    screen = tmux.open("attach", "--plain", columns=160)
    screen.shows(f"{asked}", "approve owner?", "(needs you)")
    second = house.submit(repo, "Add /v3/export")
    house.wait(second, "WAITING")
    screen.until(lambda text: text.count("(needs you)") == 2, "tells the second one")
    screen.keys("C-c")
    screen.shows("ended with 130")


def test_a_question_is_read_whole_in_the_smallest_terminal(house: Any, tmux: Any, repo: Any) -> None:
    title = "Add an export of all that was ever sold, as a table, for those who ask for it every month"
    task = house.submit(repo, title)
    house.wait(task, "WAITING")
    screen = tmux.open("attach", columns=50, rows=20)
    screen.shows("1 needs you")
    screen.keys("c")
    text = screen.shows(f"cancel {task} (Add an export", "Its work is kept.", "y/n")
    assert title in " ".join(line.strip() for line in text.split("\n"))
    assert text.startswith(" foremand"), "the rest has made room"
    screen.keys("n")
    screen.lacks("y/n")
    screen.keys("L")
    screen.shows(f"limits of {task} (cost_usd=", "attempts=):")
    screen.type(" cost_usd=7")
    screen.shows("cost_usd=7")
    screen.keys("Enter")
    house.until(lambda: "cost_usd" in str(house.events()[-1]), "the limit is set")
