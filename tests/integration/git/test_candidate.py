"""A candidate is one commit on the tip, merged from exactly the task's base, or a conflict with its markers."""

import pytest

from foremand.git import Candidate, Conflict, Identity, build

ADA = Identity("Ada Example", "ada@example.org")
BOT = Identity("Bot", "bot@example.org")
AT = 1_700_000_000.0


@pytest.fixture
def candidate(work):
    async def candidate(tip: str, base: str, revision: str) -> Candidate | Conflict:
        return await build(
            work, tip=tip, base=base, revision=revision, message="Land it\n", author=ADA, committer=BOT, at=AT,
            ref=work.candidate_ref(1),
        )  # fmt: skip

    return candidate


@pytest.fixture
async def sides(user, mirror):
    """A base, and what two sides make of it."""

    async def side(base: str, name: str, files: dict[str, str]) -> str:
        user.git("checkout", "-q", "-B", name, base)
        made = user.commit(files)
        await mirror.fetch()
        return made

    return side


async def test_the_work_as_one_commit_on_a_moved_tip(work, user, sides, candidate):
    base = user.head
    revision = await sides(await sides(base, "work", {"new.txt": "1"}), "work2", {"src/b.py": "b = 2\n"})
    tip = await sides(base, "tip", {"a.txt": "moved\n"})
    made = await candidate(tip, base, revision)
    assert isinstance(made, Candidate) and not made.empty
    assert set(await work.entries(made.tree)) == {b".gitignore", b"a.txt", b"new.txt", b"src/b.py"}
    shown = await work.git.line("log", "-1", "--format=%P|%an|%ae|%cn|%at|%B", made.commit)
    assert shown.rstrip() == f"{tip}|Ada Example|ada@example.org|Bot|1700000000|Land it"
    assert await work.resolve(work.candidate_ref(1)) == made.commit
    assert await candidate(tip, base, revision) == made
    assert await work.tree_of(made.commit) == made.tree


async def test_on_an_unmoved_tip_it_is_the_revisions_tree(work, user, sides, candidate):
    base = user.head
    revision = await sides(base, "work", {"new.txt": "1"})
    made = await candidate(base, base, revision)
    assert isinstance(made, Candidate) and made.tree == await work.tree_of(revision)


async def test_the_base_is_the_one_given_not_the_one_that_history_has(user, sides, candidate, work):
    """A rework on a merged tip: its revisions descend from the old base, the change is against the new one."""
    base = user.head
    new_base = await sides(base, "main2", {"a.txt": "one\nTWO\nthree\n"})
    revision = await sides(base, "work", {"a.txt": "one\nTWO\nthree\nfour\n"})
    made = await candidate(new_base, new_base, revision)
    assert isinstance(made, Candidate)
    assert await work.git.run("cat-file", "blob", f"{made.commit}:a.txt") == b"one\nTWO\nthree\nfour\n"
    tip = await sides(new_base, "main3", {"other.txt": "x"})
    moved = await candidate(tip, new_base, revision)
    assert isinstance(moved, Candidate)
    assert await work.git.run("cat-file", "blob", f"{moved.commit}:a.txt") == b"one\nTWO\nthree\nfour\n"


async def test_work_that_is_already_in_is_empty(user, sides, candidate):
    base = user.head
    revision = await sides(base, "work", {"a.txt": "same\n"})
    tip = await sides(base, "tip", {"a.txt": "same\n", "more.txt": "x"})
    made = await candidate(tip, base, revision)
    assert isinstance(made, Candidate) and made.empty


async def test_a_conflict_has_its_markers_and_is_kept(work, user, sides, candidate):
    base = user.head
    revision = await sides(base, "work", {"a.txt": "one\nWORK\nthree\n", "fine.txt": "x"})
    tip = await sides(base, "tip", {"a.txt": "one\nTIP\nthree\n"})
    made = await candidate(tip, base, revision)
    assert isinstance(made, Conflict) and made.paths == ("a.txt",)
    text = (await work.git.run("cat-file", "blob", f"{made.tree}:a.txt")).decode()
    assert "<<<<<<< TIP\nTIP\n" in text and ">>>>>>> WORK\n" in text
    assert await work.tree_of(work.candidate_ref(1) + "-conflict") == made.tree
    assert b"fine.txt" in await work.entries(made.tree)
    assert await candidate(tip, base, revision) == made


async def test_deleted_against_changed_is_a_conflict(user, sides, candidate, mirror):
    base = user.head
    tip = await sides(base, "tip", {"a.txt": "changed\n"})
    user.git("checkout", "-q", "-B", "work", base)
    user.git("rm", "-q", "a.txt")
    user.git("commit", "-qm", "gone")
    await mirror.fetch()
    assert isinstance(await candidate(tip, base, user.head), Conflict)


async def test_a_merge_driver_of_the_tree_is_not_asked(user, sides, candidate, home, tmp_path):
    """`merge=evil`, or `merge=union` which would hide a conflict, is content: it decides nothing."""
    with (home / ".gitconfig").open("a") as config:
        config.write(f'[merge "evil"]\n\tdriver = touch {tmp_path}/ran\n')
    for driver in ("evil", "union", "ours"):
        base = await sides(user.head, "base", {".gitattributes": f"* merge={driver}\n", "a.txt": "one\ntwo\nthree\n"})
        revision = await sides(base, "work", {"a.txt": "one\nWORK\nthree\n"})
        tip = await sides(base, "tip", {"a.txt": "one\nTIP\nthree\n"})
        assert isinstance(await candidate(tip, base, revision), Conflict)
    assert not (tmp_path / "ran").exists()
