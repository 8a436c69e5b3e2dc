"""Who works on the same files is said wherever people look, as it is now."""

from typing import Any

from hands import approve, lines, put, repository, tell

from foremand.v1 import foremand_pb2 as pb


def overlaps(house: Any, task: int) -> dict[int, tuple[list[str], list[str]]]:
    return {each["id"]: (each["files"], each["conflicts"]) for each in house.show(task)["overlaps"]}


def test_overlaps_follow_the_work(home: Any) -> None:
    repo = repository(home, 'gates = ["owner"]', **{"poem.txt": lines(60)})
    elsewhere = repository(home, 'gates = ["owner"]', **{"poem.txt": lines(60)})
    go = home.root / "go"
    late = f"while [ ! -e {go} ]; do sleep 0.02; done; {put(10, 'late')}"
    back = f"git checkout -q refs/foremand/base -- poem.txt; {put(50, 'again')}"
    again = f"if [ -e $HOME/been ]; then {back}; else touch $HOME/been; {put(10, 'again')}; fi"
    first = tell(home, repo, put(10, "first"), "First")
    third = tell(home, repo, again, "Third")
    second = tell(home, repo, late, "Second")
    other = tell(home, elsewhere, put(10, "other"), "Other")
    for task in (first, third, other):
        home.wait(task, "WAITING")
    both, poem = (["poem.txt"], ["poem.txt"]), (["poem.txt"], [])
    home.until(lambda: overlaps(home, first) == {third: both}, "the third is named")
    assert (overlaps(home, second), overlaps(home, other)) == ({}, {})

    go.touch()
    home.wait(second, "WAITING")
    home.until(lambda: overlaps(home, first) == {second: both, third: both}, "so is the second, once it is sealed")
    home.until(lambda: overlaps(home, second) == {first: both, third: both}, "each names the others")
    assert f"touches poem.txt with {second}; would conflict" in home.ok("list").stdout
    shown = home.ok("show", str(first)).stdout
    assert f"touches poem.txt with {second}; would conflict (Second)" in shown

    home.ok("rework", str(third), "-m", "elsewhere, please")
    home.until(lambda: overlaps(home, third) == {first: poem, second: poem}, "another seal, another forecast")
    assert overlaps(home, first) == {second: both, third: poem}

    # What lands and what ends is in nobody's way any more; the forecast was right.
    home.wait(third, "WAITING")
    home.ok("reject", str(first), "-m", "no")
    home.wait(first, "REJECTED")
    home.until(lambda: overlaps(home, second) == {third: poem}, "the rejected one is not named")
    approve(home, second)
    home.wait(second, "LANDED")
    home.until(lambda: overlaps(home, third) == {}, "the landed one is not named")
    approve(home, third)
    answers = home.wait(third, "LANDED")["approvals"]
    assert [answer["decision"] for answer in answers] == ["rework", "approved"]
    assert overlaps(home, other) == {}


def test_who_watches_is_told_of_another_s_seal(home: Any) -> None:
    """Nothing happens to the first task itself: it comes without an event, and under the cursor that was."""
    repo = repository(home, 'gates = ["owner"]', **{"poem.txt": lines(60)})
    first = tell(home, repo, put(10, "first"), "First")
    home.wait(first, "WAITING")
    stream = home.api.stream("Watch", pb.WatchRequest(task=first), timeout=60)
    begun = next(stream)
    assert [list(task.overlaps) for task in begun.snapshot] == [[]]
    second = tell(home, repo, put(10, "second"), "Second")
    said = next(stream)
    assert [(each.id, list(each.conflicts)) for task in said.tasks for each in task.overlaps] == [
        (second, ["poem.txt"])
    ]
    assert (list(said.events), said.cursor) == ([], begun.cursor)
    home.ok("cancel", str(second))
    assert [list(task.overlaps) for task in next(stream).tasks] == [[]]
    stream.close()
    home.ok("cancel", str(first))
