"""The decision screen: what it shows, and where keys go on it."""

import pytest
from deciding import CHANGE, Person, a_file

from foremanctl.terminal.decision_cursor import in_sight
from foremanctl.terminal.decision_view import page_width, tree_width
from foremanctl.terminal.screens import Size


async def test_it_opens_with_what_is_to_be_decided(person: Person) -> None:
    seen = person.seen()
    assert seen[0] == " 12  approve owner?  Export"
    assert seen[1] == " revision 111111111111  2 files +2 -1"
    for text in ("to decide", "owner (land)", "asked", "Add an export.", "+ tests (command) pass: 48 passed"):
        assert person.sees(text)
    assert person.sees("M .github/workflows/ci.yml: CI")
    assert seen[-1].startswith(" a approve  w rework  x reject  c comment")


@pytest.mark.parametrize("size", [Size(20, 50), Size(24, 80), Size(50, 160), Size(3, 10), Size(1, 1)])
async def test_it_fits_everywhere_and_has_a_tree_where_there_is_room(person: Person, size: Size) -> None:
    person.size = size
    await person.press("G", "g", "n", "f", "escape", "l")
    assert bool(tree_width(size)) == (size.columns >= 80)
    assert page_width(size) <= size.columns


async def test_keys_go_from_file_to_file_and_from_hunk_to_hunk(person: Person) -> None:
    await person.press("n")
    assert person.here().startswith("M src/a.py  +1 -1")
    await person.press("n")
    assert person.here().startswith("M .github/workflows/ci.yml  +1 -0  ! CI")
    await person.press("n")
    assert person.here().startswith("M .github/workflows/ci.yml")
    await person.press("p", "N")
    assert person.here().startswith("@@")
    await person.press("j", "j")
    assert person.here().endswith("-two = 2")
    await person.press("N", "N")
    assert person.here().startswith("@@ -1,1 +1,9 @@")
    await person.press("P")
    assert person.here().startswith("@@")
    await person.press("g")
    assert person.here() == "to decide"
    await person.press("G")
    assert person.here().endswith("+on: push")


async def test_the_tree_is_another_way_to_a_file(person: Person) -> None:
    assert person.sees("M a.py")
    assert person.sees("  M!ci.yml")
    await person.press("f", "G")
    assert "M!ci.yml" in person.here()
    await person.press("enter")
    assert person.here().startswith("M .github/workflows/ci.yml")
    person.size = Size(20, 50)
    assert not person.sees("M a.py")
    await person.press("f", "g")
    assert person.sees("M a.py")
    await person.press("escape")
    assert not person.sees("M a.py")
    assert person.terminal.screens


async def test_pager_and_editor_have_all_of_it_and_nothing_that_acts(person: Person) -> None:
    person.terminal.detail.prompt = "\x1b[2J" + "x" * 10_000 + "\n" + "y\n" * 1000
    person.terminal.patches[""] = CHANGE + a_file("evil", "+\x1b[31mred")
    again = Person(person.terminal, person.memory)
    await again.rest()
    again.terminal.edits = [lambda text: again.terminal.pages.append(text)]
    await again.press("v", "e")
    text, edited = person.terminal.pages
    assert edited == text
    assert again.terminal.said == []
    assert "\x1b" not in text
    assert "x" * 10_000 in text
    assert text.count("  y\n") == 1000
    assert "+\\x1b[31mred" in text


async def test_what_is_written_where_one_reads_is_said_to_be_lost(person: Person) -> None:
    person.terminal.edits = [lambda text: f"{text}!"]
    await person.press("e")
    assert person.terminal.said == ["what was written there is not kept: E and w are for that"]


def test_the_cursor_is_always_in_sight() -> None:
    for rows in (0, 1, 5, 100):
        for height in (1, 3, 50):
            for row in range(rows):
                for top in (0, 2, 99):
                    found = in_sight(row, top, rows, height)
                    assert found <= row < found + height
