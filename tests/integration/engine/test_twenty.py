"""Twenty tasks on one repository, each approved by a person, in any order."""

import random
import re
from typing import Any

import pytest
from hands import approve, commits, facts, lines, put, repository, tell

RESOLVES = (
    "if grep -q '^<<<<<<<' poem.txt; then "
    "sed -i -e '/^<<<<<<<\\|^=======\\|^>>>>>>>/d' -e '/^|||||||/,/^line /d' poem.txt; else {}; fi"
)
"""Keeps both sides of a conflict, and drops what both began with."""


def work(house: Any, repo: Any) -> dict[int, str]:
    """Twenty tasks: each with the word that it brings. Three pairs of them are for the same line."""
    tasks = {}
    for number in range(1, 15):  # apart from each other; every other one moves all that stands below
        word = f"word-{number}"
        text = f"{word}\\nand more" if number % 2 else word
        tasks[tell(house, repo, RESOLVES.format(put(10 * number, text)), f"Task {word}")] = word
    for number in (150, 160, 170):
        for side in ("left", "right"):
            word = f"{side}-{number}"
            tasks[tell(house, repo, RESOLVES.format(put(number, word)), f"Task {word}")] = word
    return tasks


@pytest.mark.parametrize("seed", [2])
def test_approved_in_any_order_all_land_and_nobody_is_asked_twice_about_the_same(shared_house: Any, seed: int) -> None:
    house = shared_house
    if house.daemon is None:
        house.start("--max-agents", "4", "--max-gates", "2")
    repo = repository(house, 'gates = ["owner"]', **{"poem.txt": lines(200)})
    begin = repo.git("rev-parse", "main")
    tasks = work(house, repo)
    order = list(tasks)
    random.Random(seed).shuffle(order)
    for task in order:
        assert house.wait(task, "WAITING")["reason"] == "approve owner?"
    for task in order:
        approve(house, task)

    # Of each pair one is in conflict: its agent gets both, and the person is asked about what is another change.
    pairs = list(zip(list(tasks)[14::2], list(tasks)[15::2], strict=True))
    for task in list(tasks)[:14]:
        assert [a["decision"] for a in house.wait(task, "LANDED")["approvals"]] == ["approved"]
    second = {max(pair, key=lambda task: house.wait(task, "LANDED", "WAITING")["state"]) for pair in pairs}
    for task in second:
        assert house.wait(task, "WAITING")["reason"] == "approve owner?"
        approve(house, task)
        assert len(house.wait(task, "LANDED")["approvals"]) == 2

    asked = facts(house, "PersonAsked", *tasks)
    assert len(asked) == len({(e["task"], e["about"]) for e in asked}) == len(tasks) + len(second)
    told = {e["task"]: e["feedback"] for e in facts(house, "SentBack", *tasks)}
    assert set(told) == second
    for task in second:
        side, number = tasks[task].split("-")
        other = f"{'left' if side == 'right' else 'right'}-{number}"
        assert f"Task {other}" in told[task]
        assert f"+{other}" in told[task]
        assert "- poem.txt" in told[task]

    poem = repo.show("poem.txt")
    assert all(re.search(f"^{word}$", poem, re.MULTILINE) for word in tasks.values())
    assert ("<<<" in poem, poem.count("and more")) == (False, 7)
    trailers = commits(repo, f"{begin}..main", "%(trailers:key=Foremand-Task,valueonly,separator=)")
    assert sorted(map(int, trailers)) == sorted(tasks)
    assert repo.git("status", "--porcelain") == ""
    passed = {e["tree"] for e in facts(house, "GateRan", *tasks) if e["result"] == "pass"}
    assert passed.issuperset(commits(repo, f"{begin}..main", "%T")), "a tree landed that no gate has seen"
