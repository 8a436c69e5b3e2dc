"""Lines in cells: each letter where a terminal shows it, and nothing made twice that has not changed."""

import re
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prompt_toolkit.application import Application
from prompt_toolkit.data_structures import Size
from prompt_toolkit.input import DummyInput
from prompt_toolkit.layout import Layout
from prompt_toolkit.layout.mouse_handlers import MouseHandlers
from prompt_toolkit.layout.screen import Screen, WritePosition
from prompt_toolkit.output import DummyOutput

from foremanctl.terminal import pane
from foremanctl.terminal.paint import Line, Look
from foremanctl.terminal.pane import Pane

ROWS, COLUMNS = 5, 20


def painted(lines: Sequence[Line], rows: int = ROWS) -> Screen:
    screen = Screen()
    place = WritePosition(0, 0, COLUMNS, rows)
    Pane(lambda: lines, lambda _event: None).write_to_screen(screen, MouseHandlers(), place, "", False, None)
    return screen


def read(screen: Screen, row: int = 0) -> list[str]:
    cells = screen.data_buffer[row]
    return [cells[column].char for column in range(max(cells, default=-1) + 1)]


class Glass(DummyOutput):
    """A terminal that shows what is written where; wide letters are not for it."""

    def __init__(self) -> None:
        self.rows = [" " * COLUMNS] * ROWS
        self._at = [0, 0]

    def write(self, data: str) -> None:
        for part in re.split("(\\r\\n|\\r)", data):
            if part.startswith("\r"):
                self._at = [self._at[0] + part.count("\n"), 0]
            else:
                self._put(self._at[1], part)
                self._at[1] += len(part)

    def get_size(self) -> Size:
        return Size(ROWS, COLUMNS)

    def cursor_forward(self, amount: int) -> None:
        self._at[1] += amount

    def cursor_backward(self, amount: int) -> None:
        self._at[1] -= amount

    def cursor_up(self, amount: int) -> None:
        self._at[0] -= amount

    def erase_down(self) -> None:
        self.rows = [" " * COLUMNS] * ROWS

    def erase_end_of_line(self) -> None:
        self._put(self._at[1], " " * (COLUMNS - self._at[1]))

    def _put(self, column: int, text: str) -> None:
        row = self.rows[self._at[0]]
        assert column + len(text) <= COLUMNS, "nothing is written beside the terminal"
        self.rows[self._at[0]] = row[:column] + text + row[column + len(text) :]


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ("ab", ["ab", ""]),
        ("漢ab", ["漢", "", "ab", ""]),
        ("ae\u0301b", ["ae\u0301", "", "b"]),
        ("漢\u0301a", ["漢\u0301", "", "a"]),
        ("\u0301a", ["a"]),
        ("x" * 30, ["x" * COLUMNS, *[""] * (COLUMNS - 1)]),
        ("x" * 19 + "漢", ["x" * 19, *[""] * 18]),
        ("漢" * 10 + "x", ["漢", ""] * 10),
    ],
)
def test_each_letter_has_its_cells(text: str, cells: list[str]) -> None:
    assert read(painted([[("", text)]])) == cells


def test_a_part_of_a_line_keeps_its_style() -> None:
    cells = painted([[("bold", "a"), ("", "b")]]).data_buffer[0]
    assert (cells[0].style, cells[1].style) == ("bold", "")


def test_lines_stand_one_below_the_other_and_no_more_than_there_is_room_for() -> None:
    screen = painted([[("", f"{number}")] for number in range(9)], rows=3)
    assert [read(screen, row) for row in range(4)] == [["0"], ["1"], ["2"], []]
    assert screen.height == 3


def test_a_line_that_was_there_before_is_not_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    pane._cells.cache_clear()
    lines: list[Line] = [[("", f"{number} stays")] for number in range(5)]
    painted(lines)
    made = pane._cells.cache_info().misses
    painted([*lines[:4], [("", "another")]])
    assert (made, pane._cells.cache_info().misses) == (5, 6)


def test_the_mouse_is_told_of_everywhere() -> None:
    heard: list[object] = []
    handlers = MouseHandlers()
    Pane(list, heard.append).write_to_screen(Screen(), handlers, WritePosition(0, 0, COLUMNS, 2), "", False, None)
    for row, column in ((0, 0), (1, COLUMNS - 1)):
        handlers.mouse_handlers[row][column]((row, column))  # type: ignore[arg-type]
    assert heard == [(0, 0), (1, COLUMNS - 1)]


LINE = st.lists(st.tuples(st.sampled_from(["", "bold", "reverse"]), st.text("ab -é", max_size=9)), max_size=5)


@settings(deadline=None)
@given(st.lists(st.lists(LINE, max_size=ROWS), min_size=1, max_size=4))
def test_after_every_picture_the_screen_shows_just_that(pictures: list[list[Line]]) -> None:
    shown: list[Line] = []
    glass = Glass()
    layout = Layout(Pane(lambda: shown, lambda _event: None))
    app: Application[None] = Application(layout, full_screen=True, input=DummyInput(), output=glass)
    for picture in pictures:
        shown[:] = picture
        app.renderer.render(app, layout)
        texts = ["".join(text for _, text in line)[:COLUMNS].ljust(COLUMNS) for line in picture]
        assert glass.rows == texts + [" " * COLUMNS] * (ROWS - len(texts))


@settings(deadline=None)
@given(st.text(max_size=40))
def test_whatever_is_written_stays_in_its_row(text: str) -> None:
    cells = painted([[("", Look().line(text))]]).data_buffer[0]
    assert all(0 <= column < COLUMNS for column in cells)
