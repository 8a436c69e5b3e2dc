"""Whatever a change is made of lands as it is, in whatever shape the user's repository is."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from foremand.git import (
    Blocked,
    Candidate,
    Conflict,
    Mirror,
    RepositoryRefused,
    StageCommit,
    TipMoved,
    WorkRepo,
    build,
    identity,
    land,
    prove,
)


async def candidate(user, work, base: str, revision: str, tip: str | None = None, *, merge: bool = False) -> Candidate:
    who = await identity(user.top)
    made = await build(
        work, tip=tip or base, base=base, revision=revision, message="land", author=who.author,
        committer=who.committer, at=1_700_000_000, ref=work.candidate_ref(1),
        stages=[StageCommit(revision, "stage")] if merge else None,
    )  # fmt: skip
    assert isinstance(made, Candidate)
    return made


async def change(user, mirror, make: Callable[[], object]) -> str:
    """A revision with what `make` does to the files, known to the mirror and to no branch of the user."""
    here = user.git("symbolic-ref", "-q", "--short", "HEAD", check=False) or user.head
    user.git("checkout", "-q", "-b", "side")
    make()
    user.git("add", "-A", "-f")
    user.git("commit", "-q", "-m", "seal")
    revision = user.head
    await mirror.fetch()
    user.git("checkout", "-q", here)
    user.git("branch", "-q", "-D", "side")
    return revision


async def lands(user, mirror, work, make: Callable[[], object]) -> None:
    """The change arrives in branch, files and index exactly as a checkout by the user's own git has it."""
    old = user.head
    made = await candidate(user, work, old, await change(user, mirror, make))
    await land(user.top, work, "main", old, made.commit)
    await prove(user.top, "main", made.commit, made.tree)
    assert user.head == made.commit and user.status == ""
    fresh = user.top.parent / "fresh"
    user.git("clone", "-q", str(user.top), str(fresh))
    assert shape(user.top) == shape(fresh)


def shape(top: Path) -> dict[bytes, tuple[str, bytes]]:
    found = {}
    for folder, folders, names in os.walk(os.fsencode(top)):
        folders[:] = [name for name in folders if name != b".git"]
        for name in names:
            path = os.path.join(folder, name)
            if os.path.islink(path):
                value = ("link", os.readlink(path))
            else:
                with open(path, "rb") as file:
                    value = ("program" if os.access(path, os.X_OK) else "file", file.read())
            found[os.path.relpath(path, os.fsencode(top))] = value
    return found


def renamed(user, old: str, new: str) -> None:
    (user.top / new).parent.mkdir(parents=True, exist_ok=True)
    (user.top / old).rename(user.top / new)


def linked(user, name: str, to: str) -> None:
    (user.top / name).unlink(missing_ok=True)
    os.symlink(to, user.top / name)


def made_a_folder(user) -> None:
    (user.top / "a.txt").unlink()
    user.write("a.txt/inside", "x")


def made_a_file(user) -> None:
    (user.top / "src" / "b.py").unlink()
    (user.top / "src").rmdir()
    user.write("src", "x")


def folder_made_a_link(user) -> None:
    renamed(user, "src/b.py", "lib/b.py")
    (user.top / "src").rmdir()
    linked(user, "src", "lib")


SHAPES = {
    "executable": lambda user: (user.top / "a.txt").chmod(0o755),
    "new program": lambda user: user.write("run", "#!/bin/sh\n").chmod(0o755),
    "link": lambda user: linked(user, "link", "a.txt"),
    "dangling link": lambda user: linked(user, "link", "/nowhere/at all"),
    "file made a link": lambda user: linked(user, "a.txt", "src/b.py"),
    "file made a folder": made_a_folder,
    "folder made a file": made_a_file,
    "folder made a link": folder_made_a_link,
    "case-only rename": lambda user: renamed(user, "a.txt", "A.txt"),
    "case-only rename of a folder": lambda user: renamed(user, "src/b.py", "Src/b.py"),
    "rename out of a folder": lambda user: renamed(user, "src/b.py", "other/b.py"),
    "names": lambda user: [
        user.write(name, "x")
        for name in (
            "a b/c d",
            "line\nbreak",
            'quo"te\\',
            "\u00fcml\u00e4ut",
            "e\u0301",
            "-dash",
            ":(top)x",
            "*",
            "tab\t",
        )
    ],
    "name that is no text": lambda user: user.write(os.fsdecode(b"bytes\xff\xfe"), "x"),
    "empty": lambda user: user.write("empty", ""),
    "binary": lambda user: user.write("binary", bytes(range(256)) * 99),
    "line endings": lambda user: [user.write(".gitattributes", "*.dos eol=crlf\n"), user.write("x.dos", b"a\r\nb\r\n")],
}


@pytest.mark.parametrize("name", SHAPES)
async def test_a_change_lands_as_it_is(user, mirror, work, name):
    await lands(user, mirror, work, lambda: SHAPES[name](user))


async def test_a_link_in_the_place_of_a_link_that_moved(user, mirror, work):
    await lands(user, mirror, work, lambda: linked(user, "link", "a.txt"))
    assert os.readlink(user.top / "link") == "a.txt"


async def test_pointers_of_large_files_land_as_they_are_stored(user, mirror, work, home, tmp_path):
    """The filter is switched off: nobody asks a server for the content in the middle of a landing."""
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 12345\n"
    old = user.head
    attributes = "*.bin filter=lfs\n"
    revision = await change(
        user, mirror, lambda: [user.write("x.bin", pointer), user.write(".gitattributes", attributes)]
    )
    with (home / ".gitconfig").open("a") as config:
        config.write(f'[filter "lfs"]\n\tsmudge = touch {tmp_path}/ran\n\trequired = true\n')
    made = await candidate(user, work, old, revision)
    await land(user.top, work, "main", old, made.commit)
    assert (user.top / "x.bin").read_bytes() == pointer and not (tmp_path / "ran").exists()


async def test_a_submodules_bump_lands_and_its_files_are_left_alone(user, mirror, work, tmp_path, another):
    inner = another(tmp_path / "inner")
    first = inner.commit({"x": "1"})
    second = inner.commit({"x": "2"})
    user.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner.top), "sub")
    user.git("checkout", "-q", first, cwd=user.top / "sub")
    user.git("add", "sub")
    old = user.commit({}, "a submodule")
    user.git("checkout", "-q", "-b", "side")
    user.git("update-index", "--cacheinfo", f"160000,{second},sub")
    user.git("commit", "-q", "-m", "bump")
    revision = user.head
    await mirror.fetch()
    user.git("checkout", "-q", "main")
    made = await candidate(user, work, old, revision)
    await land(user.top, work, "main", old, made.commit)
    assert user.git("rev-parse", "main:sub") == second
    assert user.git("rev-parse", "HEAD", cwd=user.top / "sub") == first and user.status == "M sub"


async def test_a_merge_lands_with_its_stages(user, mirror, work):
    old = user.head
    revision = await change(user, mirror, lambda: user.write("new.txt", "1"))
    tip = user.commit({"other.txt": "x"})
    await mirror.fetch()
    made = await candidate(user, work, old, revision, tip, merge=True)
    await land(user.top, work, "main", tip, made.commit)
    await prove(user.top, "main", made.commit, made.tree)
    assert user.git("log", "--first-parent", "--format=%s", "-2").split() == ["land", "work"]
    assert user.git("rev-parse", "main^1") == tip and user.git("log", "-1", "--format=%s", "main^2") == "stage"
    assert (user.top / "new.txt").read_text() == "1" and user.status == ""
    assert user.git("merge-base", "--is-ancestor", revision, "main", check=False) == ""
    assert revision not in user.git("rev-list", "main")
    assert user.git("cat-file", "-t", f"{made.commit}^2") == "commit" and user.git("fsck", "--strict") == ""


async def test_commits_that_only_the_users_branch_has_are_never_lost(user, mirror, work, tmp_path):
    """Built on the remote's tip while the local branch has gone another way."""
    user.git("clone", "-q", "--bare", str(user.top), str(tmp_path / "origin.git"))
    user.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    base = await mirror.fetch_remote("main")
    revision = await change(user, mirror, lambda: user.write("new.txt", "1"))
    local = user.commit({"unpushed.txt": "x"})
    await mirror.fetch()
    made = await candidate(user, work, base, revision, base)
    before, files = user.traces(), shape(user.top)
    with pytest.raises(Blocked, match=r"^main has commits that origin/main has not: push or rebase them"):
        await land(user.top, work, "main", local, made.commit)
    assert user.traces() == before and shape(user.top) == files and user.status == ""
    user.git("push", "-q", "origin", "main")
    tip = await mirror.fetch_remote("main")
    made = await candidate(user, work, base, revision, tip)
    await land(user.top, work, "main", local, made.commit)
    assert user.head == made.commit and user.status == ""


async def test_a_branch_that_is_behind_the_remote_moves_over_both(user, mirror, work, tmp_path, another):
    user.git("clone", "-q", "--bare", str(user.top), str(tmp_path / "origin.git"))
    user.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    user.git("clone", "-q", str(tmp_path / "origin.git"), str(tmp_path / "other"))
    theirs = another(tmp_path / "other")
    theirs.commit({"theirs.txt": "x", "a.txt": "one\ntwo\n"})
    theirs.git("push", "-q")
    old = user.head
    revision = await change(user, mirror, lambda: user.write("new.txt", "1"))
    tip = await mirror.fetch_remote("main")
    made = await candidate(user, work, old, revision, tip, merge=True)
    user.write("theirs.txt", "mine")
    with pytest.raises(Blocked, match="not track"):
        await land(user.top, work, "main", old, made.commit)
    (user.top / "theirs.txt").unlink()
    await land(user.top, work, "main", old, made.commit)
    assert user.head == made.commit and user.status == ""
    assert (user.top / "theirs.txt").read_text() == "x" and (user.top / "new.txt").exists()


@pytest.mark.parametrize("merge", [False, True])
async def test_a_target_that_was_forced_back(user, mirror, work, merge):
    """What was dropped stays dropped: the old candidate does not land, the new one does not bring it back."""
    earlier = user.head
    base = user.commit({"dropped.txt": "x"})
    revision = await change(user, mirror, lambda: user.write("new.txt", "1"))
    made = await candidate(user, work, base, revision, merge=merge)
    user.git("reset", "-q", "--hard", earlier)
    before = user.traces()
    with pytest.raises(TipMoved) as caught:
        await land(user.top, work, "main", base, made.commit)
    assert caught.value.tip == earlier and user.traces() == before and user.status == ""
    assert not await work.follows(earlier, base), "so that a person can be asked first"
    again = await candidate(user, work, base, revision, earlier, merge=merge)
    await land(user.top, work, "main", earlier, again.commit)
    assert base not in user.git("rev-list", "main").split() and not (user.top / "dropped.txt").exists()
    assert (user.top / "new.txt").exists() and user.status == ""


async def test_a_target_that_has_no_commit(user, mirror, work):
    old = user.head
    revision = await change(user, mirror, lambda: user.write("new.txt", "1"))
    made = await candidate(user, work, old, revision)
    user.git("checkout", "-q", "--orphan", "unborn")
    before = user.traces()
    with pytest.raises(TipMoved) as caught:
        await land(user.top, work, "unborn", old, made.commit)
    assert caught.value.tip is None and user.traces() == before
    for call in (mirror.fetch("unborn"), mirror.tip("unborn")):
        with pytest.raises(RepositoryRefused, match="no branch"):
            await call


async def test_a_detached_head_stays_where_it_is(user, mirror, work):
    old = user.head
    made = await candidate(user, work, old, await change(user, mirror, lambda: user.write("new.txt", "1")))
    user.git("checkout", "-q", "--detach")
    await land(user.top, work, "main", old, made.commit)
    assert user.git("rev-parse", "main") == made.commit and user.head == old
    assert user.status == "" and not (user.top / "new.txt").exists()


@pytest.mark.parametrize("here", [True, False])
async def test_a_linked_work_tree_as_the_users_repository(user, mirror, tmp_path, another, here):
    """The branch is checked out in it, or in the main one."""
    user.git("worktree", "add", "-q", str(tmp_path / "linked"), "-b", "topic")
    tree = another(tmp_path / "linked")
    if here:
        user.git("checkout", "-q", "--detach")
        tree.git("checkout", "-q", "main")
    old = tree.git("rev-parse", "main")
    work = WorkRepo(tmp_path / "linked.git", Mirror(mirror.path, tree.top), 12)
    await work.ensure()
    revision = await change(tree, work.mirror, lambda: tree.write("new.txt", "1"))
    made = await candidate(tree, work, old, revision)
    await land(tree.top, work, "main", old, made.commit)
    await prove(tree.top, "main", made.commit, made.tree)
    assert user.git("rev-parse", "main") == made.commit
    assert (tree.top / "new.txt").exists() == here and (user.top / "new.txt").exists() != here
    assert user.status == tree.status == ""


@pytest.mark.parametrize("merge", [False, True])
async def test_in_a_shallow_repository(user, tmp_path, another, merge):
    user.commit({"a.txt": "two\n"})
    user.git("clone", "-q", "--depth=1", f"file://{user.top}", str(tmp_path / "shallow"))
    shallow = another(tmp_path / "shallow")
    mirror = Mirror(tmp_path / "m.git", shallow.top)
    await mirror.ensure()
    work = WorkRepo(tmp_path / "w.git", mirror, 12)
    await work.ensure()
    old = shallow.head
    revision = await change(shallow, mirror, lambda: shallow.write("new.txt", "1"))
    theirs = user.commit({"theirs.txt": "x"})
    tip = await mirror.fetch_remote("main")
    assert tip == theirs
    made = await candidate(shallow, work, old, revision, tip, merge=merge)
    border = (shallow.top / ".git" / "shallow").read_bytes()
    await land(shallow.top, work, "main", old, made.commit)
    await prove(shallow.top, "main", made.commit, made.tree)
    assert shallow.status == "" and shallow.git("fsck", "--strict") == ""
    assert (shallow.top / ".git" / "shallow").read_bytes() == border
    assert shallow.git("rev-list", "--count", "--first-parent", "main") == "3"


async def test_two_repositories_of_one_target_do_not_overwrite_each_other(user, mirror, work):
    """Another clone, or another daemon, has landed in the meantime: the second is told, and builds again."""
    old = user.head
    first = await candidate(user, work, old, await change(user, mirror, lambda: user.write("one", "1")))
    revision = await change(user, mirror, lambda: user.write("two", "2"))
    second = await candidate(user, work, old, revision)
    await land(user.top, work, "main", old, first.commit)
    with pytest.raises(TipMoved) as caught:
        await land(user.top, work, "main", old, second.commit)
    assert caught.value.tip == first.commit
    await land(user.top, work, "main", first.commit, (await candidate(user, work, old, revision, first.commit)).commit)
    assert (user.top / "one").exists() and (user.top / "two").exists() and user.status == ""


async def test_a_conflict_never_comes_near_the_users_repository(user, mirror, work):
    old = user.head
    revision = await change(user, mirror, lambda: user.write("a.txt", "WORK\n"))
    tip = user.commit({"a.txt": "TIP\n"})
    await mirror.fetch()
    before = user.traces()
    who = await identity(user.top)
    made = await build(
        work, tip=tip, base=old, revision=revision, message="x", author=who.author, committer=who.committer, at=0,
        ref=work.candidate_ref(1),
    )  # fmt: skip
    assert isinstance(made, Conflict) and user.traces() == before
    kept = await work.resolve(work.candidate_ref(1) + "-conflict")
    assert kept and user.git("cat-file", "-t", kept, check=False) == ""
