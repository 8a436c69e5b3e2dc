"""A branch shows a person the work; it takes nothing from them and changes nothing else."""

import pytest

from foremand.git import RepositoryRefused, branch_for_person
from foremand.git.work import commit

NAME = "foremand/12-add-export"


@pytest.fixture
async def seals(user, work) -> list[str]:
    """Three attempts: the second replaces the first, the third follows the second."""
    made = []
    for number, (name, parent) in enumerate([("one", 0), ("two", 0), ("three", 2)], 1):
        blob = await work.git.line("hash-object", "-w", "--stdin", input=name.encode())
        tree = await work.git.line("mktree", input=f"100644 blob {blob}\t{name}.txt\n".encode())
        made.append(await commit(work, tree, made[parent - 1] if parent else user.head, f"attempt {number}", number))
        await work.keep(work.attempt_ref(number), made[-1])
    return made


def refs(user) -> dict[str, str]:
    return dict(
        line.split()[::-1] for line in user.git("for-each-ref", "--format=%(objectname) %(refname)").splitlines()
    )


async def test_it_is_made_and_moved_and_nothing_else_changes(user, work, seals):
    user.write("a.txt", "edited")
    before = user.traces()
    for seal in (seals[0], seals[1], seals[2], seals[2], seals[0]):  # replaced, followed, the same, back
        await branch_for_person(user.top, work, seal, NAME)
        assert refs(user) == {"refs/heads/main": user.head, f"refs/heads/{NAME}": seal}
    after = user.traces()
    ref = f".git/refs/heads/{NAME}"
    assert set(after) - set(before) <= {ref, ref.replace("refs", "logs/refs")}
    assert {name: after[name] for name in before} == before
    assert "foremand: show task 12" in user.git("reflog", "-1", NAME)
    assert user.git("show", f"{NAME}:one.txt") == "one"
    assert user.git("fsck", "--strict", "--connectivity-only") == "" and user.status == "M a.txt"


async def refused(user, work, revision: str, match: str) -> None:
    before = refs(user)
    with pytest.raises(RepositoryRefused, match=match) as caught:
        await branch_for_person(user.top, work, revision, NAME)
    assert caught.value.hint and refs(user) == before


async def test_a_persons_own_commits_are_never_dropped(user, work, seals):
    await branch_for_person(user.top, work, seals[1], NAME)
    user.git("checkout", "-q", NAME)
    mine = user.commit({"mine.txt": "x"})
    user.git("checkout", "-q", "main")
    await refused(user, work, seals[2], "has commits that are not of task 12")
    user.git("branch", "-q", "-f", NAME, "main")  # of which the task's revisions hold all
    await branch_for_person(user.top, work, seals[2], NAME)
    assert user.git("rev-parse", NAME) == seals[2]
    user.git("branch", "-q", "-f", NAME, mine)
    await refused(user, work, seals[0], "not of task 12")


@pytest.mark.parametrize("linked", [False, True])
async def test_a_branch_that_is_checked_out_stays(user, work, seals, tmp_path, linked):
    await branch_for_person(user.top, work, seals[0], NAME)
    if linked:
        user.git("worktree", "add", "-q", str(tmp_path / "linked"), NAME)
    else:
        user.git("checkout", "-q", NAME)
    await refused(user, work, seals[1], "is checked out in ")
    await branch_for_person(user.top, work, seals[0], NAME)  # it is there already


async def test_a_branch_in_the_middle_of_a_rebase_stays(user, work, seals):
    await branch_for_person(user.top, work, seals[0], NAME)
    user.git("checkout", "-q", NAME)
    user.git("-c", "sequence.editor=sed -i 1ibreak", "rebase", "-q", "-i", "--root", check=False)
    assert user.git("rev-parse", "--symbolic-full-name", "HEAD") == "HEAD"
    await refused(user, work, seals[1], "a rebase is going on")


async def test_a_name_that_git_cannot_give(user, work, seals):
    user.git("branch", "foremand")
    await refused(user, work, seals[0], "cannot be moved: .*exists")


async def test_no_hook_of_the_user_runs(user, work, seals, tmp_path):
    hook = user.top / ".git" / "hooks" / "reference-transaction"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    hook.chmod(0o755)
    await branch_for_person(user.top, work, seals[0], NAME)
    await branch_for_person(user.top, work, seals[1], NAME)
    assert not (tmp_path / "ran").exists()
