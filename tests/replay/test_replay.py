"""A journal that any version ever wrote must open, and say what it always said."""

import json
import runpy
import shutil
from pathlib import Path
from typing import Any, get_args

import pytest

from foremand.core.facts import AnyFact
from foremand.journal import Journal
from foremand.journal.schema import STEPS

HERE = Path(__file__).parent
STORED = sorted((HERE / "journals").glob("*.db"), key=lambda path: int(path.stem[1:]))
describe = runpy.run_path(str(HERE / "make_journal.py"))["describe"]


def differences(expected: Any, found: Any, place: str = "") -> list[str]:
    """Where `found` lacks or contradicts `expected`. Fields that a later version added are no difference."""
    if isinstance(expected, dict) and isinstance(found, dict):
        missing = [f"{place}.{key}: missing" for key in expected.keys() - found.keys()]
        both = [differences(expected[key], found[key], f"{place}.{key}") for key in expected.keys() & found.keys()]
        return missing + [line for lines in both for line in lines]
    if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        pairs = enumerate(zip(expected, found, strict=True))
        return [line for index, (old, new) in pairs for line in differences(old, new, f"{place}[{index}]")]
    return [] if expected == found else [f"{place}: {expected!r} became {found!r}"]


def test_every_version_has_a_stored_journal() -> None:
    assert [path.name for path in STORED] == [f"v{number}.db" for number in range(1, len(STEPS) + 1)]


def test_the_newest_one_has_every_type_of_fact() -> None:
    """A fact that was added since needs a step of the schema, and a journal that has it: an older foremand has to
    refuse it (where the newest version was not released yet, remove its journal and make it anew)."""
    said = json.loads(STORED[-1].with_suffix(".json").read_text())
    known = {entry["fact"]["type"] for entry in said["facts"]}
    assert {kind.__name__ for kind in get_args(AnyFact)} - known == set()


@pytest.mark.parametrize("stored", STORED, ids=lambda path: path.stem)
async def test_a_stored_journal_says_the_same(stored: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copy(stored, tmp_path))
    expected = json.loads(stored.with_suffix(".json").read_text())
    assert differences(expected, await describe(copy)) == []
    # Opening it again, written by this version now, changes nothing; only a task id was taken.
    expected["next_task"] += 1
    assert differences(expected, await describe(copy)) == []


@pytest.mark.parametrize("stored", STORED, ids=lambda path: path.stem)
async def test_its_projections_come_from_its_facts(stored: Path, tmp_path: Path) -> None:
    async with Journal.open(Path(shutil.copy(stored, tmp_path))) as journal:
        definition, tree = "def-tests", f"{101:040x}"
        before = journal.base_run(definition, tree)
        await journal.rebuild()
        assert before is not None
        assert journal.base_run(definition, tree) == before
        assert list(journal.unremembered()) == list(journal.facts())


def test_a_difference_is_seen() -> None:
    assert differences({"a": [1, {"b": 2}]}, {"a": [1, {"b": 2, "new": 3}], "new": 4}) == []
    assert differences({"a": [1, {"b": 2}]}, {"a": [1, {"c": 2}]}) == [".a[1].b: missing"]
    assert differences({"a": [1, 2]}, {"a": [1]}) == [".a: [1, 2] became [1]"]
    assert differences({"a": 1}, {"a": 2}) == [".a: 1 became 2"]
