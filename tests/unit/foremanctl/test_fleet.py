"""The table of tasks."""

from typing import Any

import pytest

from foremanctl.fleet import ordered, pipeline, table
from foremanctl.harmless import cells
from foremanctl.output import Output
from foremand.v1 import foremand_pb2 as pb


def _task(id_: int = 12, **fields: Any) -> pb.Task:
    return pb.Task(id=id_, **({"stages": ["plan", "impl"], "created_at": "2026-01-01T00:00:00Z"} | fields))


class Wide(Output):
    """stdout with a width of its own, without colour."""

    def __init__(self, width: int | None) -> None:
        super().__init__()
        self.color = False
        self._width = width

    @property
    def width(self) -> int | None:
        return self._width


@pytest.mark.parametrize(
    ("fields", "strip"),
    [
        ({"state": pb.QUEUED}, "plan impl land"),
        ({"state": pb.RUNNING, "stage": "plan"}, "[plan] impl land"),
        ({"state": pb.RUNNING, "stage": "impl"}, "plan+ [impl] land"),
        ({"state": pb.WAITING, "stage": "land"}, "plan+ impl+ [land]"),
        ({"state": pb.LANDED, "stage": "land"}, "plan+ impl+ land+"),
        ({"state": pb.FAILED, "stage": "impl"}, "plan+ [impl] land"),
        ({"state": pb.QUEUED, "stages": []}, ""),
        (
            {"state": pb.RUNNING, "stage": "implementation", "stages": ["a" * 20, "b" * 20, "implementation"]},
            "2+ [implementation] land",
        ),
    ],
)
def test_the_strip_shows_passed_now_and_to_come(fields: dict[str, Any], strip: str) -> None:
    assert pipeline(_task(**fields)) == strip


def test_who_needs_you_comes_first() -> None:
    tasks = [
        _task(1, state=pb.LANDED),
        _task(2, state=pb.QUEUED),
        _task(3, state=pb.WAITING, waiting_for="quota"),
        _task(4, state=pb.RUNNING),
        _task(5, state=pb.WAITING, waiting_for="stuck"),
        _task(6, state=pb.LANDING),
        _task(7, state=pb.WAITING, waiting_for="person"),
    ]
    assert [task.id for task in ordered(tasks)] == [5, 7, 4, 6, 3, 2, 1]


@pytest.mark.parametrize("width", [40, 50, 60, 80, 100, 132, 250])
@pytest.mark.parametrize("title", ["short", "t" * 300, "長い題名" * 50, "\x1b[31m" * 30])
def test_a_task_is_one_line_and_fits(width: int, title: str) -> None:
    task = _task(state=pb.WAITING, waiting_for="person", stage="impl", reason="r " * 100, title=title)
    lines = table([task], Wide(width)).splitlines()
    assert len(lines) == 2
    assert all(cells(line) <= width for line in lines)
    assert "12  WAITING" in lines[1]


def test_at_50_columns_it_still_says_who_what_and_why() -> None:
    task = _task(state=pb.WAITING, stage="impl", reason="approve api-owner?", title="Add /v2/export")
    head, row = table([task], Wide(50)).splitlines()
    assert head.split() == ["ID", "STATE", "NOW", "TITLE"]
    assert "approve api-owner?" in row
    assert "Add /v2/" in row


def test_without_a_terminal_nothing_is_cut() -> None:
    task = _task(state=pb.RUNNING, reason="r" * 300, title="t" * 300, cost_usd=0.614)
    row = table([task], Wide(None)).splitlines()[1]
    assert "r" * 300 in row
    assert "t" * 300 in row
    assert " 0.61 " in row


def test_an_unknown_cost_is_no_number() -> None:
    assert "0.00" not in table([_task(state=pb.RUNNING)], Wide(None))
    assert "0.00" in table([_task(state=pb.RUNNING, cost_usd=0.0)], Wide(None))


def test_colour_changes_nothing_but_colour() -> None:
    task = _task(state=pb.FAILED, title="FAILED again")
    plain, coloured = Wide(100), Wide(100)
    coloured.color = True
    import click

    assert click.unstyle(table([task], coloured)) == table([task], plain)
    assert table([task], coloured) != table([task], plain)
