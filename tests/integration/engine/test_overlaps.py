"""Who works on the same files: kept current as seals come and tasks end, without ever holding anything up."""

import asyncio
from typing import Any

import pytest

from foremand.engine import overlaps as module
from foremand.engine.overlaps import Overlap, Overlaps
from foremand.git import GitError

LINES = "one\ntwo\nthree\nfour\nfive\nsix\nseven\n"


def edited(line: str, text: str = "changed") -> dict[str, str]:
    return {"poem.txt": LINES.replace(line, text)}


async def watching(estate: Any, group: asyncio.TaskGroup) -> Overlaps:
    overlaps = Overlaps(estate.ledger, estate.repositories, group)
    overlaps.start()
    async with asyncio.timeout(60):
        await overlaps.settled()
    return overlaps


async def test_tasks_are_named_on_each_other_as_seals_come_and_go(an_estate: Any) -> None:
    async with an_estate() as estate, asyncio.TaskGroup() as group:
        overlaps = await watching(estate, group)
        for number in (1, 2, 3):
            await estate.begin(number)
        first = await estate.seal(1, {**edited("one", "uno"), "a": "a\n"})
        await estate.seal(2, edited("seven", "sette"))
        await estate.seal(3, {"other": "o\n"})
        await overlaps.settled()
        assert overlaps.of(1) == (Overlap(id=2, title="task 2", files=("poem.txt",), conflicts=()),)
        assert overlaps.of(2) == (Overlap(id=1, title="task 1", files=("poem.txt",), conflicts=()),)
        assert overlaps.of(3) == ()

        await estate.seal(3, {**edited("one", "eins"), "a": "b\n"})  # a later seal
        await overlaps.settled()
        assert overlaps.of(3) == (
            Overlap(id=1, title="task 1", files=("a", "poem.txt"), conflicts=("a", "poem.txt")),
            Overlap(id=2, title="task 2", files=("poem.txt",), conflicts=()),
        )
        assert [each.id for each in overlaps.of(1)] == [2, 3]

        again = await watching(estate, group)  # a restart works it all out again
        assert [again.of(number) for number in (1, 2, 3)] == [overlaps.of(number) for number in (1, 2, 3)]

        await estate.land(1, first)  # what has ended is in nobody's way
        await overlaps.settled()
        assert overlaps.of(1) == ()
        assert [each.id for each in overlaps.of(3)] == [2]

        await estate.seal(3, {"elsewhere": "e\n"})
        await overlaps.settled()
        assert [overlaps.of(number) for number in (2, 3)] == [(), ()]


async def test_a_moved_base_is_taken_into_account(an_estate: Any) -> None:
    async with an_estate() as estate, asyncio.TaskGroup() as group:
        overlaps = await watching(estate, group)
        await estate.begin(1)
        await estate.begin(2)
        await estate.seal(1, edited("one", "uno"))
        await estate.seal(2, edited("one", "eins"))
        await overlaps.settled()
        assert overlaps.of(1)[0].conflicts == ("poem.txt",)

        (estate.repo / "poem.txt").write_text(LINES.replace("one", "uno"))
        estate.git("commit", "-q", "-a", "-m", "meanwhile")
        tip = estate.git("rev-parse", "HEAD")
        await estate.repositories.mirror(estate.repo).fetch()
        await estate.seal(2, {"poem.txt": LINES.replace("one", "uno").replace("seven", "sette")}, base=tip)
        await overlaps.settled()
        assert overlaps.of(1) == (Overlap(id=2, title="task 2", files=("poem.txt",), conflicts=()),)


async def test_other_branches_are_of_no_concern(an_estate: Any) -> None:
    async with an_estate() as estate, asyncio.TaskGroup() as group:
        overlaps = await watching(estate, group)
        await estate.begin(1)
        estate.git("branch", "release")
        await estate.begin(2, into="release")
        for number in (1, 2):
            await estate.seal(number, edited("one", str(number)))
        await overlaps.settled()
        assert (overlaps.of(1), overlaps.of(2)) == ((), ())


async def test_no_step_waits_for_it_and_a_task_that_ends_meanwhile_leaves_nothing(
    an_estate: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with an_estate() as estate, asyncio.TaskGroup() as group:
        begun, go_on = asyncio.Event(), asyncio.Event()
        forecast, asked = module.forecast, []

        async def slow(a: Any, b: Any) -> tuple[str, ...]:
            asked.append((a.work.task, b.work.task))
            begun.set()
            await go_on.wait()
            return await forecast(a, b)

        monkeypatch.setattr(module, "forecast", slow)
        overlaps = await watching(estate, group)
        for number in (1, 2):
            await estate.begin(number)
            await estate.seal(number, edited("one", str(number)))
        async with asyncio.timeout(60):
            await begun.wait()
        await estate.begin(3)
        await estate.seal(3, edited("one", "3"))
        await estate.end(2)  # facts are written all the while
        assert overlaps.of(1) == ()
        go_on.set()
        await overlaps.settled()
        assert [each.id for each in overlaps.of(1)] == [3]
        assert overlaps.of(2) == ()
        assert asked == [(1, 2), (1, 3)], "one at a time, and none for what has ended"


async def test_what_cannot_be_looked_at_stops_nothing(an_estate: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async with an_estate() as estate, asyncio.TaskGroup() as group:
        changed = module.changed_paths

        async def sometimes(work: Any, base: str, revision: str) -> frozenset[str]:
            if work.task == 1:
                raise GitError("its objects are gone")
            return await changed(work, base, revision)

        monkeypatch.setattr(module, "changed_paths", sometimes)
        overlaps = await watching(estate, group)
        for number in (1, 2, 3):
            await estate.begin(number)
            await estate.seal(number, edited("one", str(number)))
        await overlaps.settled()
        assert [[each.id for each in overlaps.of(number)] for number in (1, 2, 3)] == [[], [3], [2]]


async def test_closed_it_looks_at_nothing(an_estate: Any) -> None:
    async with an_estate() as estate, asyncio.TaskGroup() as group:
        overlaps = await watching(estate, group)
        await estate.begin(1)
        await estate.begin(2)
        await estate.seal(1, edited("one", "1"))
        overlaps.close()
        await estate.seal(2, edited("one", "2"))
        async with asyncio.timeout(60):
            await overlaps.settled()
        assert overlaps.of(1) == ()
