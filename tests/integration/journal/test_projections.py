"""Projections: copies of the facts that make a restart quick, and can be thrown away."""

from collections.abc import Callable
from pathlib import Path

import msgspec

from foremand.core.facts import GateRan, TimeCame
from foremand.journal import Folded, Journal

Make = Callable[..., TimeCame]


def ran(task: int = 1, **changes: object) -> GateRan:
    base = GateRan(
        task=task, at=1.0, gate="tests", definition="d", tree="t", result="fail", reason="exit 1", on_base=True
    )
    return msgspec.structs.replace(base, **changes)


async def test_what_is_remembered_is_not_read_again(path: Path, fact: Make) -> None:
    async with Journal.open(path) as journal:
        for number in range(3):
            await journal.append([fact(f"a{number}", task=1), fact(f"b{number}", task=2), fact(f"c{number}", task=3)])
        await journal.remember(1, 7, b"all of task 1")
        await journal.remember(2, 5, b"a part of task 2")
    async with Journal.open(path) as journal:
        assert journal.folded() == {1: Folded(7, b"all of task 1"), 2: Folded(5, b"a part of task 2")}
        assert [entry.fact.key for entry in journal.unremembered()] == ["c0", "c1", "b2", "c2"]


async def test_an_older_state_never_replaces_a_newer(journal: Journal) -> None:
    await journal.remember(1, 7, b"newer")
    await journal.remember(1, 5, b"older")
    assert journal.folded() == {1: Folded(7, b"newer")}
    await journal.remember(1, 8, b"newest")
    assert journal.folded() == {1: Folded(8, b"newest")}


async def test_a_base_run_is_found_by_any_task(path: Path) -> None:
    async with Journal.open(path) as journal:
        assert journal.base_run("d", "t") is None
        await journal.append([ran(on_base=False), ran(tree="other"), ran(definition="other")])
        assert journal.base_run("d", "t") is None
        await journal.append([ran(task=1)])
        await journal.append([ran(task=2, result="pass", reason="")])
    async with Journal.open(path) as journal:
        assert journal.base_run("d", "t") == ran(task=2, result="pass", reason="")
        assert journal.base_run("other", "t") == ran(definition="other")


async def test_rebuild_makes_the_same_from_the_facts(journal: Journal, fact: Make) -> None:
    await journal.append([ran(task=1), fact(), ran(task=2, result="pass"), ran(tree="u", on_base=False)])
    await journal.remember(1, 1, b"x")
    await journal._writer.write(lambda transaction: transaction.execute("DELETE FROM base_runs"))
    await journal.rebuild()
    assert journal.folded() == {}
    assert journal.base_run("d", "t") == ran(task=2, result="pass")
    assert journal.base_run("d", "u") is None
    assert len(list(journal.unremembered())) == 4
