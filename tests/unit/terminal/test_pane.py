"""Lines in cells: each letter where a terminal shows it, and nothing made twice that has not changed."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prompt_toolkit.layout.mouse_handlers import MouseHandlers
from prompt_toolkit.layout.screen import Screen, WritePosition

from foremanctl.terminal import pane
from foremanctl.terminal.paint import Line, Look
from foremanctl.terminal.pane import Pane

COLUMNS = 20


def painted(lines: Sequence[Line], rows: int = 5) -> Screen:
    screen = Screen()
    place = WritePosition(0, 0, COLUMNS, rows)
    Pane(lambda: lines, lambda _event: None).write_to_screen(screen, MouseHandlers(), place, "", False, None)
    return screen


def read(screen: Screen, row: int = 0) -> list[str]:
    cells = screen.data_buffer[row]
    return [cells[column].char for column in range(max(cells, default=-1) + 1)]


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ("ab", ["a", "b"]),
        ("漢a", ["漢", "", "a"]),
        ("e\u0301a", ["e\u0301", "a"]),
        ("漢\u0301a", ["漢\u0301", "", "a"]),
        ("\u0301a", ["a"]),
        ("x" * 30, ["x"] * COLUMNS),
        ("x" * 19 + "漢", ["x"] * 19),
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


@settings(deadline=None)
@given(st.text(max_size=40))
def test_whatever_is_written_stays_in_its_row(text: str) -> None:
    cells = painted([[("", Look().line(text))]]).data_buffer[0]
    assert all(0 <= column < COLUMNS for column in cells)
