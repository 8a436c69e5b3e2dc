"""A candidate is one commit on the tip, merged from exactly the task's base, or a conflict with its markers."""

import pytest

from foremand.git import Candidate, Conflict, Identity, StageCommit, build

ADA = Identity("Ada Example", "ada@example.org")
BOT = Identity("Bot", "bot@example.org")
AT = 1_700_000_000.0


@pytest.fixture
def candidate(work):
    async def candidate(
        tip: str, base: str, revision: str, stages: list[StageCommit] | None = None
    ) -> Candidate | Conflict:
        return await build(
            work, tip=tip, base=base, revision=revision, message="Land it\n", author=ADA, committer=BOT, at=AT,
            ref=work.candidate_ref(1), stages=stages,
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


async def ancestry(work, commit: str, *without: str) -> list[tuple[str, str]]:
    """Tree and subject of all commits that `commit` has and `without` have not, the newest first."""
    listed = await work.git.line("log", "--topo-order", "--format=%T %s", commit, "--not", *without)
    return [(line[:40], line[41:]) for line in listed.splitlines()]


async def test_a_merge_has_a_commit_for_each_stage_and_no_seal(work, user, sides, candidate):
    base = user.head
    first = await sides(base, "work", {"new.txt": "1"})
    second = await sides(first, "work2", {"src/b.py": "b = 2\n"})
    tip = await sides(base, "tip", {"a.txt": "moved\n"})
    stages = [StageCommit(first, "Tests first\n"), StageCommit(second, "Then the code\n")]
    made = await candidate(tip, base, second, stages)
    assert isinstance(made, Candidate) and not made.empty
    assert await ancestry(work, made.commit, tip) == [
        (made.tree, "Land it"),
        (await work.tree_of(second), "Then the code"),
        (await work.tree_of(first), "Tests first"),
    ]
    assert await work.resolve(f"{made.commit}^1") == tip and await work.resolve(f"{made.commit}^2~2") == base
    people = await work.git.line("log", "--format=%an <%ae>|%cn|%at|%ct", f"{tip}..{made.commit}")
    assert set(people.splitlines()) == {"Ada Example <ada@example.org>|Bot|1700000000|1700000000"}
    for seal in (first, second):
        assert (await work.git.result("merge-base", "--is-ancestor", seal, made.commit)).code == 1
    assert await candidate(tip, base, second, stages) == made
    squash = await candidate(tip, base, second)
    assert isinstance(squash, Candidate) and squash.tree == made.tree


async def test_a_merge_on_an_unmoved_tip_is_one_too(work, user, sides, candidate):
    base = user.head
    revision = await sides(base, "work", {"new.txt": "1"})
    made = await candidate(base, base, revision, [StageCommit(revision, "It\n")])
    assert isinstance(made, Candidate) and made.tree == await work.tree_of(revision)
    assert await work.git.line("log", "-1", "--format=%P", made.commit) == (
        f"{base} {await work.resolve(f'{made.commit}^2')}"
    )
    assert [subject for _, subject in await ancestry(work, made.commit, base)] == ["Land it", "It"]
    alone = await candidate(base, base, revision, [])
    assert isinstance(alone, Candidate) and await work.git.line("log", "-1", "--format=%P", alone.commit) == base


async def test_a_merge_that_conflicts_is_a_conflict(user, sides, candidate):
    base = user.head
    revision = await sides(base, "work", {"a.txt": "one\nWORK\nthree\n"})
    tip = await sides(base, "tip", {"a.txt": "one\nTIP\nthree\n"})
    assert isinstance(await candidate(tip, base, revision, [StageCommit(revision, "It")]), Conflict)


async def test_a_stage_left_on_an_earlier_base_is_moved_along(work, user, sides, candidate):
    """Else its commit would undo what others landed in the meantime."""
    base = user.head
    first = await sides(base, "work", {"new.txt": "1", "a.txt": "one\nWORK\nthree\n"})
    clean = await sides(base, "clean", {"new.txt": "1"})
    tip = await sides(base, "tip", {"a.txt": "one\nTIP\nthree\n"})
    second = await sides(tip, "resolved", {"new.txt": "1", "a.txt": "one\nBOTH\nthree\n"})
    made = await candidate(tip, tip, second, [StageCommit(clean, "First", base), StageCommit(second, "Second")])
    assert isinstance(made, Candidate)
    moved = (await ancestry(work, made.commit, tip))[2]
    assert moved[1] == "First" and await work.git.run("cat-file", "blob", f"{moved[0]}:a.txt") == b"one\nTIP\nthree\n"
    folded = await candidate(tip, tip, second, [StageCommit(first, "First", base), StageCommit(second, "Second")])
    assert isinstance(folded, Candidate)
    assert [subject for _, subject in await ancestry(work, folded.commit, tip)] == ["Land it", "Second"]


async def test_a_merge_does_not_bring_back_what_the_target_has_dropped(work, user, sides, candidate):
    tip = user.head
    base = await sides(tip, "dropped", {"dropped.txt": "x"})
    revision = await sides(base, "work", {"new.txt": "1"})
    made = await candidate(tip, base, revision, [StageCommit(revision, "It")])
    assert isinstance(made, Candidate) and b"dropped.txt" not in await work.entries(made.tree)
    assert (await work.git.result("merge-base", "--is-ancestor", base, made.commit)).code == 1
    assert [subject for _, subject in await ancestry(work, made.commit, tip)] == ["Land it", "It"]
