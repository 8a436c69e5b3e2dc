"""Brief and change as one page: rows are made when they are looked at, and every row is some spot."""

import time

from deciding import CHANGE, ONE, a_file

from foremanctl.terminal.comments import Comment, Place
from foremanctl.terminal.decision_page import Page, Spot
from foremanctl.terminal.decision_words import Note, Section
from foremanctl.terminal.paint import Look
from foremanctl.terminal.patch import Patch


def test_a_hundred_thousand_lines_are_shown_at_once() -> None:
    patch = Patch.of(b"".join(a_file(f"d{n // 20}/f{n}.py", *(["-x = 1", "+x = 2", " y"] * 333)) for n in range(100)))
    assert len(patch) > 100_000
    page = Page([Section("asked", [Note("x")])], patch, [], 100, Look())
    began = time.process_time()  # all of them would take seconds, and no machine is so busy that this counts
    row = page.row_of(Spot("line", 99, len(patch) - 1))
    shown = [page.line(each, 0, both=True) for each in range(row - 49, row + 1)]
    assert time.process_time() - began < 1.0
    assert "".join(text for _, text in shown[-1]).endswith(" y")
    assert page.spot(row) == Spot("line", 99, len(patch) - 1)


def test_rows_and_spots_are_each_others_inverse() -> None:
    said = [Comment(ONE, Place("src/a.py", 2), "here\nand here"), Comment(ONE, Place("src/a.py"), "file")]
    page = Page([Section("asked", [Note("x")])], Patch.of(b"Foreword.\n" + CHANGE), said, 80, Look())
    for row in range(len(page)):
        spot = page.spot(row)
        if spot.kind != "foreword":
            assert page.row_of(spot) == row, spot
    gone = page.row_of(Spot("words", 0, 6, 0))  # a comment that was taken back: the line it stood under
    assert page.spot(gone) == Spot("line", 0, 6)
