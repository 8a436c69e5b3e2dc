"""What is told of those who landed meanwhile is bounded, however many they are and whatever they changed."""

from typing import Any

import pytest

from foremand.engine import others as module
from foremand.engine.others import Others


async def test_much_that_landed_is_told_in_little(an_estate: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATCH_LIMIT", 1_500)
    monkeypatch.setattr(module, "TOLD_LIMIT", 2_000)
    monkeypatch.setattr(module, "TITLES", 4)
    async with an_estate() as estate:
        mine = await estate.begin(1)
        landed = {}
        for number in range(2, 8):
            estate.now += 1
            await estate.begin(number, title=f"Number {number} " + "very " * 1000 + "\nlong")
            landed[number] = await estate.land(
                number, await estate.seal(number, {"poem.txt": f"line {number}\n" * 400})
            )
        await estate.repositories.mirror(estate.repo).fetch()

        told = await Others(estate.ledger, estate.repositories).between(mine, mine.base, landed[7], ["poem.txt"])

        assert len(told) < 2_000 + 4 * (module.TITLE + 150)
        assert [number for number in landed if f"Task {number} landed meanwhile: Number {number}" in told] == [
            4,
            5,
            6,
            7,
        ]
        assert told.index("Task 7 ") < told.index("Task 6 ") < told.index("Task 5 "), "the newest first"
        assert told.count("-line 6") > 100
        assert "-line 3" not in told, "nothing is left for it"
        assert all(f"git show {landed[number]}" in told for number in (4, 5, 6, 7))
        assert told.endswith("[2 more tasks landed meanwhile]")


async def test_little_is_told_whole(an_estate: Any) -> None:
    async with an_estate() as estate:
        mine = await estate.begin(1)
        await estate.begin(2)
        tip = await estate.land(2, await estate.seal(2, {"poem.txt": "one\n"}))
        await estate.begin(3)
        tip = await estate.land(3, await estate.seal(3, {"elsewhere.txt": "one\n"}))
        await estate.repositories.mirror(estate.repo).fetch()
        told = await Others(estate.ledger, estate.repositories).between(mine, mine.base, tip, ["poem.txt"])
        assert told.startswith("Task 2 landed meanwhile: task 2\n\n")
        assert "-seven" in told
        assert "[...]" not in told
        assert "Task 3" not in told
