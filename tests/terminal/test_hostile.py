"""An agent that writes whatever could break a screen, wherever what it writes is shown: no screen breaks."""

import sys
from typing import Any

import pytest

from foremanctl.harmless import cells

EVIL = r"""
import os, pathlib, sys

LINES = [
    b"\x1b[2J\x1b[H\x1b]0;owned\x07\x1b]52;c;b3duZWQ=\x07\x1b[?1049l\x1bc\x1bP+q\x1b\\",
    "\u009b2J \u202egnorw\u202c \u2066isolated\u2069 \u200fmark".encode(),
    "漢字かな交じり文 한국어 e\u0301 a\u0300\u0301\u0302\u0303\u0304 👩\u200d👩\u200d👧 ❤\ufe0f \ufeff ".encode() * 4,
    b"\xff\xfe\xc0\xaf \xed\xa0\x80 half \xe2\x82",
    b"\rback\x08\x08\x0b\x0c\x00 tab\tstop \x7f",
    b"M" * 1_000_000,
    "漢".encode() * 300_000,
    b"the end of it",
]


def everything(out):
    out.write(b"\n".join(LINES) + b"\n")
    out.flush()


everything(sys.stdout.buffer)
if sys.argv[1] == "agent":
    everything(sys.stderr.buffer)
    pathlib.Path(os.environ["FOREMAND_OUTPUT"]).write_bytes(b"\n".join(LINES[:5]))
    for name in (b"a\x1b[2Jb", "c\u202ed".encode(), b"e\xfff", b"g\nh", "漢字e\u0301".encode() * 12, b"z" * 200):
        with open(b"evil-" + name, "wb") as file:
            file.write(b"\n".join(LINES))
sys.exit(sys.argv[1] == "refuses")
"""

PIPELINE = """
version = 1
[agent.evil]
adapter = "command"
command = ["{python}", "{script}", "agent"]
[gate.passes]
kind = "command"
run = ["{python}", "{script}", "passes"]
[gate.refuses]
kind = "command"
advisory = true
run = ["{python}", "{script}", "refuses"]
[gate.owner]
kind = "human"
message = "\\u001B[2J \\u202Egnorw 漢字"
[[stage]]
name = "implement"
agent = "evil"
gates = ["passes", "refuses", "owner"]
"""

TITLE = "Bad \x1b[2J\x1b]0;owned\x07 \u202egnorw\u202c 漢字 e\u0301\u0301\u0301\u0301\u0301 \u200b " + "漢" * 300


@pytest.fixture
def evil(house: Any) -> int:
    """A task that waits for a person, after all that."""
    house.start()
    pipeline = PIPELINE.format(python=sys.executable, script=house.script("evil", EVIL))
    task: int = house.submit(house.repo({".foremand/pipeline.toml": pipeline}), TITLE)
    house.waits(task, "person")
    return task


def unbroken(screen: Any, columns: int, rows: int, head: str, foot: str) -> list[str]:
    """The screen's lines: none of them acts, and the first and last are what and where they should be."""
    text = screen.shows(head, foot)
    lines: list[str] = text.removesuffix("\n").split("\n")
    assert len(lines) == rows
    assert head in lines[0]
    assert foot in lines[-1]
    assert max(map(cells, lines)) <= columns
    assert not [char for char in text if char != "\n" and not char.isprintable()], "something acts"
    return lines


@pytest.mark.parametrize(("columns", "rows"), [(50, 20), (80, 24), (160, 50)])
def test_nothing_that_an_agent_writes_breaks_a_screen(
    house: Any, tmux: Any, evil: int, columns: int, rows: int
) -> None:
    screen = tmux.open("attach", columns=columns, rows=rows)
    screen.shows("1 needs you")
    screen.record(house.root / "written")
    unbroken(screen, columns, rows, " foremand", "enter open")

    screen.keys("Enter")
    screen.shows("the end of it")
    for key in ("PageUp", "PageUp", "PageDown", "z", "Home"):
        screen.keys(key)
        unbroken(screen, columns, rows, f" {evil}  Bad", "? keys")
    screen.shows(r"\x1b[2J\x1b[H\x1b]0;owned\x07", r"\x9b2J \u202egnorw\u202c", "漢字かな", "\ufffd half")
    screen.keys("End")
    screen.shows("the end of it")
    for key in ("Right", "PageDown", "End", "Right", "z", "PageDown", "End", "Right", "End"):
        screen.keys(key)
        unbroken(screen, columns, rows, f" {evil}  Bad", "? keys")

    screen.keys("d")
    screen.shows("to decide")
    screen.lacks("more is coming")
    for key in ("PageDown", "n", "n", "Right", "n", "n", "n", "PageDown", "End", "PageUp", "Home"):
        screen.keys(key)
        lines = unbroken(screen, columns, rows, f" {evil}  approve owner?", "approve")
        bars = {cells(line[: line.index("│")]) for line in lines[2:-1] if "│" in line}
        assert len(bars) <= 1, f"the pane's edge is not one line: {lines}"

    screen.keys("f")
    screen.shows(r"evil-a\x1b[2Jb", r"evil-c\u202ed")

    written = (house.root / "written").read_bytes()
    written.decode()  # all of it is UTF-8
    for acts in ("\u202e", "\u2066", "\u200f", "\u009b", "\ufeff", "\u200d"):
        assert acts.encode() not in written
    for acts in (b"\x1b]0;", b"\x1b]52;", b"\x1b[2J\x1b[H\x1b]", b"\x1bc", b"\x1bP"):
        assert acts not in written
    assert "owned" not in tmux.run("list-panes", "-a", "-F", "#{pane_title}")


def test_nor_the_lines_without_a_screen(house: Any, evil: int) -> None:
    said = house.ctl("attach", str(evil), "--plain")
    text = said.stdout + said.stderr
    assert "the end of it" in text
    assert r"\x1b[2J" in text
    assert not [char for char in text if char not in "\n\t" and not char.isprintable() and char not in "\u200d\ufe0f"]
