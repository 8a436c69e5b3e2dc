"""Pictures of the decision screen with everything that a person may have to look at."""

import pytest
from deciding import FakeTerminal, Person
from export_task import BEFORE, CHANGE, SINCE, export_detail, export_task, gate
from pictures import SIZES, golden

from foremanctl.terminal.decision_screen import Memory
from foremanctl.terminal.paint import Look
from foremanctl.terminal.screens import Size


@pytest.fixture
async def export(monkeypatch: pytest.MonkeyPatch) -> Person:
    """Who looked at an earlier revision, and opens the decision screen again."""
    for module in ("decision_brief", "decision_view"):
        monkeypatch.setattr(f"foremanctl.terminal.{module}.age", lambda at: f"{8 * 60 - _minutes(at)}m")
    terminal = FakeTerminal()
    terminal.detail = export_detail()
    terminal.patches = {"": CHANGE, BEFORE: SINCE}
    made = Person(terminal, Memory(looked=BEFORE))
    await made.rest()
    return made


def _minutes(at: str) -> int:
    return int(at[11:13]) * 60 + int(at[14:16])


@pytest.mark.parametrize(("rows", "columns"), SIZES)
async def test_what_is_known_before_the_change(export: Person, rows: int, columns: int) -> None:
    golden("decision", export.screen.lines(Size(rows, columns)), rows, columns)


@pytest.mark.parametrize(("rows", "columns"), SIZES)
async def test_the_gates_and_what_they_did_not_check(export: Person, rows: int, columns: int) -> None:
    export.size = Size(rows, columns)
    while not export.here().startswith("gates"):
        await export.press("j")
    await export.press("pagedown")
    golden("decision-gates", export.screen.lines(export.size), rows, columns)


@pytest.mark.parametrize(("rows", "columns"), SIZES)
async def test_the_change_with_comments(export: Person, rows: int, columns: int) -> None:
    export.size = Size(rows, columns)
    export.terminal.answers = ["Which time zone has the caller?", "is this tested with `limit=-1`?"]
    await export.press("n", "n", "n", "n", "n", "n", "C", "N", "j", "j", "j", "c")
    golden("decision-change", export.screen.lines(export.size), rows, columns)


@pytest.mark.parametrize(("rows", "columns"), SIZES)
async def test_what_is_new_since_the_last_look(export: Person, rows: int, columns: int) -> None:
    export.size = Size(rows, columns)
    await export.press("d")
    golden("decision-since", export.screen.lines(export.size), rows, columns)


@pytest.mark.parametrize(("rows", "columns"), SIZES)
async def test_work_that_is_stuck_and_moves_under_the_eyes(export: Person, rows: int, columns: int) -> None:
    export.size = Size(rows, columns)
    stuck = export_task(
        revision="c0ffee00" * 5,
        waiting_for="stuck",
        reason="stuck: tests: 3 of 50 failed (sent back 2 of 2 times)",
        stage="implement",
        gates=[gate("tests", "command", "fail", "3 of 50 failed", "implement", output="E   assert 61 == 6100\n")],
        updated_at="2027-01-15T08:00:00.000Z",
    )
    export.screen._latest = export_detail(task=stuck)
    golden("decision-moved", export.screen.lines(export.size), rows, columns)


async def test_in_ascii(export: Person) -> None:
    export.terminal.look = Look(ascii=True)
    export.size = Size(24, 80)
    await export.press("G")
    painted = export.screen.lines(export.size)
    golden("decision-ascii", painted, 24, 80)
    assert all(text.isascii() for line in painted for _, text in line)
