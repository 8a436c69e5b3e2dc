"""The floor: golden pictures at three sizes, and what must hold in every size and whatever is written in a task.

Pictures are made anew with: FOREMAND_GOLDEN=write python -m pytest tests/unit/terminal/test_floor.py
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foremanctl.harmless import cells
from foremanctl.terminal.floor import body_rows, first_row, lines
from foremanctl.terminal.model import Back, Began, Floor, Lost, Model, Selected, Viewed, reduce
from foremanctl.terminal.paint import Line, Look, width_of
from foremand.v1 import foremand_pb2 as pb

HERE = Path(__file__).parent / "golden"
NOW = 1_800_000_000.0
INFO = pb.ServerInfo(running_agents=3, max_agents=3, spent_usd=1.84, daily_cost_usd=20, sandboxed=True)
SIZES = [(20, 50), (24, 80), (50, 160)]
Make = Callable[..., pb.Task]


def fleet(task: Make, busy: Make) -> Model:
    """A morning's floor."""
    overlap = pb.Overlap(id=11, files=["shop/money.py"], conflicts=["shop/money.py"])
    tasks = [
        task(12),
        busy(11, added=3, removed=1, files=1),
        busy(13, reason="plan: claude works, attempt 1", stage="plan", title="Drop Python 3.8", repo="/src/tools"),
        task(14, waiting_for="quota", reason="quota of claude until 14:05", title="Rename the columns"),
        task(
            15, waiting_for="stuck", reason="stuck: tests fail for the 3rd time", stage="implement", overlaps=[overlap]
        ),
        busy(16, state=pb.QUEUED, reason="waits for an agent slot", stage="", stages=[], title="漢字 in names"),
        busy(17, state=pb.LANDING, stage="land", queue_position=1, reason="number 1 to land on main"),
        busy(9, state=pb.LANDED, stage="", reason="landed as 0c1d2e3", updated_at="2027-01-15T07:30:00.000Z"),
        busy(8, state=pb.FAILED, reason="the agent may not use this model", updated_at="2027-01-15T07:20:00.000Z"),
    ]
    return told(Back(INFO), Began(5, tasks), Selected(12))


def told(*events: object) -> Model:
    model = Model(now=NOW)
    for event in events:
        model = reduce(model, event)  # type: ignore[arg-type]
    return model


def plain(painted: list[Line]) -> list[str]:
    return ["".join(text for _, text in line).rstrip() for line in painted]


def golden(name: str, painted: list[Line]) -> None:
    """The picture is the stored one."""
    path = HERE / f"{name}.txt"
    text = "\n".join(plain(painted)) + "\n"
    if os.environ.get("FOREMAND_GOLDEN") == "write":
        path.write_text(text)
    assert text == path.read_text()


@pytest.mark.parametrize(("rows", "columns"), SIZES)
def test_the_floor(task: Make, busy: Make, rows: int, columns: int) -> None:
    golden(f"floor-{columns}x{rows}", lines(fleet(task, busy), Look(), rows, columns, 0))


@pytest.mark.parametrize(("rows", "columns"), SIZES)
def test_by_repository_in_ascii_and_reconnecting(task: Make, busy: Make, rows: int, columns: int) -> None:
    model = reduce(fleet(task, busy), Viewed(Floor(by_repo=True, order="cost", selected=13)))
    painted = lines(reduce(model, Lost()), Look(ascii=True), rows, columns, 0)
    golden(f"floor-ascii-{columns}x{rows}", painted)
    assert all(text.isascii() for text in plain(painted))


def test_an_empty_floor_says_how_to_begin() -> None:
    golden("floor-empty", lines(told(Back(INFO), Began(0, [])), Look(), 12, 80, 0))


def test_before_the_snapshot_nothing_is_claimed() -> None:
    text = "\n".join(plain(lines(told(), Look(), 12, 80, 0)))
    assert "connecting..." in text
    assert "No tasks" not in text


def test_colour_is_never_the_only_sign(task: Make, busy: Make) -> None:
    painted = lines(fleet(task, busy), Look(), 24, 80, 0)
    marked = [line for line in painted if any("reverse" in style for style, _ in line)]
    assert [text[0] for text in plain(marked)] == [">"]
    assert {"WAITING", "RUNNING", "LANDED", "FAILED"} <= set(" ".join(plain(painted)).split())


def test_no_limit_and_no_sandbox_are_said(task: Make) -> None:
    text = plain(lines(told(Back(pb.ServerInfo(max_agents=3)), Began(1, [task(1)])), Look(), 12, 80, 0))[0]
    assert "$" not in text  # nothing is known of what the day has cost
    assert "unsandboxed" in text


def test_a_long_floor_shows_where_it_stands(busy: Make) -> None:
    model = told(Back(INFO), Began(1, [busy(number) for number in range(1, 101)]))
    text = plain(lines(model, Look(), 24, 80, 40))
    assert text[2].startswith(" ") and " 41 " in text[2]
    assert text[-2].endswith("60 of 100")


@pytest.mark.parametrize(
    ("place", "top", "expected"), [(0, 5, 0), (5, 0, 0), (10, 0, 1), (99, 0, 90), (50, 48, 48), (40, 48, 40)]
)
def test_the_selected_one_is_in_sight(place: int, top: int, expected: int) -> None:
    assert first_row(100, place, 10, top) == expected


HOSTILE = st.text(
    st.one_of(st.characters(), st.sampled_from("\x1b\x07\x9b\r\n\t\u202e\u200d\ufe0f\u0301漢\U0001f468\U000e0041")),
    max_size=60,
)


@settings(deadline=None)
@given(HOSTILE, HOSTILE, HOSTILE, st.integers(10, 250), st.integers(5, 60), st.booleans())
def test_nothing_that_is_written_breaks_a_line(
    title: str, reason: str, words: str, columns: int, rows: int, ascii_only: bool
) -> None:
    tasks = [
        pb.Task(id=number, title=title, reason=reason, repo=f"/{number}{words}", stage=words, stages=[words])
        for number in (1, 2)
    ]
    model = told(Back(INFO), Began(1, tasks), Viewed(Floor(by_repo=True)))
    look = Look(ascii=ascii_only)
    painted = lines(model, look, rows, columns, 0)
    assert len(painted) <= rows
    for line in painted:
        text = "".join(part for _, part in line)
        assert width_of(line) == cells(text) <= columns
        assert all(char.isprintable() or char == " " for char in text if not ascii_only) or not ascii_only
        assert not set(text) & set("\x1b\x07\x9b\r\n\t\u202e\u200d\ufe0f")
        assert text.isascii() or not ascii_only


def test_a_megabyte_in_a_title_is_no_matter(task: Make) -> None:
    model = told(Back(INFO), Began(1, [task(1, title="漢\u0301" * 500_000, reason="x" * 1_000_000)]))
    assert max(map(width_of, lines(model, Look(), 24, 80, 0))) <= 80


def test_the_rows_are_counted() -> None:
    assert [body_rows(rows) for rows in (3, 5, 24)] == [1, 1, 20]
