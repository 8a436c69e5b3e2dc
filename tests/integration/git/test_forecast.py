"""Whether two tasks will conflict is known before either lands, and leaves nothing behind."""

import os
from pathlib import Path

import pytest

from foremand.git import Side, WorkRepo, changed_paths, forecast


@pytest.fixture
async def other(tmp_path: Path, mirror) -> WorkRepo:
    """Another task's repository, in a folder whose name a list of folders would be torn at."""
    other = WorkRepo(tmp_path / "state" / 'wo:rk "\\' / "13.git", mirror, 13)
    await other.ensure()
    return other


def objects(*works: WorkRepo) -> set[str]:
    return {os.path.join(folder, name) for work in works for folder, _, names in os.walk(work.path) for name in names}


async def test_the_same_line_conflicts_and_other_files_do_not(work, other, user, change):
    base = user.head
    mine = Side(work, base, await change(work, base, {"a.txt": "one\nMINE\nthree\n", "mine.txt": "x"}))
    theirs = Side(other, base, await change(other, base, {"a.txt": "one\nTHEIRS\nthree\n", "theirs.txt": "x"}))
    apart = Side(other, base, await change(other, base, {"src/b.py": "b = 2\n"}))
    before = objects(work, other, work.mirror)
    traces = user.traces()
    assert await forecast(mine, theirs) == await forecast(theirs, mine) == ("a.txt",)
    assert await forecast(mine, apart) == await forecast(apart, mine) == ()
    assert objects(work, other, work.mirror) == before and user.traces() == traces


async def test_other_places_of_one_file_do_not_conflict(work, other, user, mirror, change):
    lines = [f"line {number}\n" for number in range(40)]
    base = user.commit({"long.txt": "".join(lines)})
    await mirror.fetch()
    mine = await change(work, base, {"long.txt": "".join(["first\n", *lines[1:]])})
    theirs = await change(other, base, {"long.txt": "".join([*lines[:-1], "last\n"])})
    assert await forecast(Side(work, base, mine), Side(other, base, theirs)) == ()


async def test_removed_against_changed_and_a_folder_against_a_file(work, other, user, change):
    base = user.head
    gone = Side(work, base, await change(work, base, {"a.txt": None, "new": "a file"}))
    kept = Side(other, base, await change(other, base, {"a.txt": "changed\n", "new/below.txt": "x"}))
    assert set(await forecast(gone, kept)) == {"a.txt", "new"}


async def test_what_others_landed_in_between_is_no_conflict_of_theirs(work, other, user, mirror, change):
    """The second task began after main had moved, and goes on with what landed there; the first knows neither."""
    old = user.head
    early = await change(work, old, {"src/b.py": "b = 2\n"})
    new = user.commit({"a.txt": "one\nMAIN\nthree\n", "more.txt": "x"})
    await mirror.fetch()
    late = await change(other, new, {"a.txt": "one\nLATE\nthree\n"})
    for pair in ((Side(work, old, early), Side(other, new, late)), (Side(other, new, late), Side(work, old, early))):
        assert await forecast(*pair) == ()
    clash = await change(other, new, {"src/b.py": "b = 3\n"})
    for pair in ((Side(work, old, early), Side(other, new, clash)), (Side(other, new, clash), Side(work, old, early))):
        assert await forecast(*pair) == ("src/b.py",)


async def test_a_file_that_was_moved_in_between_is_told_by_its_new_name(work, other, user, mirror, change):
    old = user.head
    early = Side(work, old, await change(work, old, {"a.txt": "one\nEARLY\nthree\n"}))
    user.git("mv", "a.txt", "moved.txt")
    new = user.commit({})
    await mirror.fetch()
    late = Side(other, new, await change(other, new, {"moved.txt": "one\nLATE\nthree\n"}))
    assert await forecast(early, late) == await forecast(late, early) == ("moved.txt",)


async def test_who_conflicts_with_main_alone_does_not_with_each_other(work, other, user, mirror, change):
    old = user.head
    early = await change(work, old, {"a.txt": "one\nEARLY\nthree\n"})
    new = user.commit({"a.txt": "one\nMAIN\nthree\n"})
    await mirror.fetch()
    late = await change(other, new, {"src/b.py": "b = 3\n"})
    assert await forecast(Side(work, old, early), Side(other, new, late)) == ()


async def test_the_same_change_twice_is_no_conflict(work, other, user, change):
    base = user.head
    same = {"a.txt": "one\nSAME\nthree\n"}
    mine, theirs = [Side(each, base, await change(each, base, same)) for each in (work, other)]
    assert await forecast(mine, theirs) == ()


async def test_changed_paths_have_both_names_of_a_rename(work, user, change):
    moved = await change(work, user.head, {"a.txt": None, "b/a.txt": "one\ntwo\nthree\n"})
    assert await changed_paths(work, user.head, moved) == {"a.txt", "b/a.txt"}
    assert await changed_paths(work, moved, moved) == frozenset()
