"""Submodules come from what the user has, and nothing that an agent wrote about them is obeyed."""

import asyncio
import os
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest

from foremand.git import (
    GitFailed,
    Identity,
    Mirror,
    WorkRepo,
    build,
    checkout,
    keep_submodule_work,
    land,
    prepare,
    restore,
    seal,
    submodules,
)
from foremand.git.run import Git, Result

AT = 1_700_000_000.0
WHO = Identity("Ada Example", "ada@example.org")
ADD = ("-c", "protocol.file.allow=always", "submodule", "--quiet", "add")


def git(tree: Path, *args: str) -> str:
    """What the agent's own git says in its tree."""
    done = subprocess.run(("git", "-C", tree, *args), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode().strip()


@pytest.fixture
def inner(tmp_path, another):
    """What stands in the submodule of the submodule."""
    inner = another(tmp_path / "upstream" / "inner")
    inner.commit({"inner.txt": "inner\n"})
    return inner


@pytest.fixture
def lib(tmp_path, another, inner):
    """What stands in the submodule, two commits and a tag."""
    lib = another(tmp_path / "upstream" / "lib")
    lib.commit({"lib.c": "1\n"})
    lib.commit({"lib.c": "2\n", "sub dir/é.h": "h\n", ".gitignore": "*.o\n", "run.sh": "#!/bin/sh\n"})
    return lib


@pytest.fixture
async def has_lib(user, lib, mirror) -> str:
    """A revision of the user's with a submodule named `the lib` at `vendor/lib`; upstream is gone afterwards."""
    user.git(*ADD, "--name", "the lib", str(lib.top), "vendor/lib")
    user.git("commit", "-qm", "submodule")
    await mirror.fetch()
    lib.top.rename(lib.top.with_name("gone"))
    return user.head


@pytest.fixture
def ready(work, place):
    async def ready(revision: str, files: str | None = None) -> tuple[Path, tuple[str, ...]]:
        notes = await prepare(place / "tree", work, revision, revision, files, kept=place / "kept")
        return place / "tree", notes

    return ready


async def test_a_workspace_has_the_users_submodules(work, user, mirror, place, has_lib, ready):
    traces = user.traces()
    tree, notes = await ready(has_lib)
    assert notes == () and (tree / "vendor/lib/lib.c").read_text() == "2\n"
    assert (tree / "vendor/lib/sub dir/é.h").exists()
    assert git(tree, "status", "--porcelain", "--ignored") == ""
    sub = tree / "vendor/lib"
    assert (
        git(sub, "log", "--format=%s") == "work\nwork"
        and git(sub, "remote") == ""
        and git(sub, "fsck", "--no-dangling") == ""
    )
    assert git(sub, "rev-parse", "HEAD") == git(user.top / "vendor/lib", "rev-parse", "HEAD")
    assert git(tree, "submodule", "status").strip("- ").startswith(git(sub, "rev-parse", "HEAD"))
    assert user.traces() == traces
    assert not (await seal(work, tree, has_lib, "m", AT, ref=work.attempt_ref(1))).changed
    assert await keep_submodule_work(work, tree, has_lib, place / "kept") == ()


async def test_a_git_that_was_killed_says_nothing_of_what_is_declared(work, has_lib, monkeypatch):
    real = Git.result

    async def killed(git: Git, *args: Any, **more: Any) -> Result:
        return Result(-9, b"", b"") if args[0] == "config" else await real(git, *args, **more)

    with monkeypatch.context() as patched:
        patched.setattr(Git, "result", killed)
        with pytest.raises(GitFailed):
            await submodules.declared(work, has_lib)
    (lib,) = await submodules.declared(work, has_lib)
    assert lib.path == b"vendor/lib"
    monkeypatch.setattr(Git, "result", killed)
    assert await submodules.declared(work, has_lib) == (lib,), "asked once"


async def test_a_gate_checkout_has_them_too_with_the_users_modules_gone(work, user, place, has_lib):
    assert await checkout(place / "gate", work, has_lib) == ()
    shutil.rmtree(user.top / ".git" / "modules")
    assert await checkout(place / "gate", work, has_lib) == ()
    assert (place / "gate/vendor/lib/lib.c").read_text() == "2\n"
    assert git(place / "gate", "status", "--porcelain", "--ignored") == ""
    assert sorted(each.name for each in place.iterdir()) == ["gate"]


async def test_a_commit_that_the_user_has_not_is_named_and_the_folder_stays_empty(work, user, mirror, ready, has_lib):
    user.git("update-index", "--cacheinfo", f"160000,{'12' * 20},vendor/lib")
    user.git("commit", "-qm", "bump")
    await mirror.fetch()
    tree, notes = await ready(user.head)
    assert notes == ("submodule the lib: commit 121212121212 is not in your .git/modules",)
    assert list((tree / "vendor/lib").iterdir()) == []


async def test_what_the_user_has_not_initialised_stays_empty(work, user, mirror, tmp_path, place, has_lib):
    user.git("clone", "-q", str(user.top), str(tmp_path / "fresh"))
    mirror = Mirror(tmp_path / "m.git", tmp_path / "fresh")
    await mirror.ensure()
    work = WorkRepo(tmp_path / "w.git", mirror, 13)
    await work.ensure()
    assert await checkout(place / "gate", work, has_lib) == ()
    assert list((place / "gate/vendor/lib").iterdir()) == []


async def test_nested_ones(work, user, mirror, lib, inner, place, ready):
    lib.git(*ADD, str(inner.top), "deep/inner")
    lib.git("commit", "-qm", "nested")
    user.git(*ADD, str(lib.top), "lib")
    user.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "update", "--init", "--recursive")
    user.git("commit", "-qm", "both")
    await mirror.fetch()
    tree, notes = await ready(user.head)
    assert notes == () and (tree / "lib/deep/inner/inner.txt").read_text() == "inner\n"
    assert git(tree, "status", "--porcelain", "--ignored") == "" and git(tree / "lib", "status", "--porcelain") == ""
    (tree / "lib/deep/inner/inner.txt").write_text("work\n")
    (note,) = await keep_submodule_work(work, tree, user.head, place / "kept")
    assert "lib/deep/inner" in note and contents(place / "kept" / "lib-deep-inner.tar") == {"inner.txt": b"work\n"}
    await restore(tree, work, user.head)
    assert (tree / "lib/deep/inner/inner.txt").read_text() == "inner\n"


async def test_a_linked_work_tree_as_the_users_repository(user, tmp_path, place, lib, has_lib):
    """It has submodules of its own beside those of the main work tree."""
    lib.top.with_name("gone").rename(lib.top)
    linked = tmp_path / "linked"
    user.git("worktree", "add", "-q", str(linked), "-b", "side")
    newer = lib.commit({"lib.c": "3\n"})
    user.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "update", "--init", cwd=linked)
    user.git("-c", "protocol.file.allow=always", "fetch", "-q", cwd=linked / "vendor/lib")
    user.git("update-index", "--cacheinfo", f"160000,{newer},vendor/lib", cwd=linked)
    user.git("commit", "-qm", "bump", cwd=linked)
    lib.top.rename(lib.top.with_name("gone"))
    mirror = Mirror(tmp_path / "m.git", linked)
    await mirror.ensure()
    work = WorkRepo(tmp_path / "w.git", mirror, 13)
    await work.ensure()
    for revision, content in ((has_lib, "2\n"), (await mirror.tip("side"), "3\n")):
        assert await checkout(place / "gate", work, revision) == ()
        assert (place / "gate/vendor/lib/lib.c").read_text() == content


async def test_a_shallow_submodule_and_what_lands_after_it(user, tmp_path, mirror, work, place, lib, ready):
    user.git(*ADD, "--depth=1", f"file://{lib.top}", "lib")
    user.git("commit", "-qm", "shallow")
    await mirror.fetch()
    tree, notes = await ready(user.head)
    assert (
        notes == () and git(tree / "lib", "log", "--format=%s") == "work" and git(tree, "fsck", "--no-dangling") == ""
    )
    later = WorkRepo(tmp_path / "later.git", mirror, 13)
    await later.ensure()
    (tree / "a.txt").write_text("landed\n")
    sealed = await seal(later, tree, user.head, "m", AT, ref=later.attempt_ref(1))
    made = await build(
        later, tip=user.head, base=user.head, revision=sealed.revision, message="m", author=WHO, committer=WHO,
        at=AT, ref=later.candidate_ref(1),
    )  # fmt: skip
    await land(user.top, later, into="main", old=user.head, new=made.commit)
    assert user.head == made.commit and (user.top / "a.txt").read_text() == "landed\n"
    assert not (user.top / ".git" / "shallow").exists() and user.status == ""


async def test_a_retry_keeps_the_files_and_renews_the_git(work, place, has_lib, ready):
    tree, _ = await ready(has_lib)
    sub = tree / "vendor/lib"
    (sub / "lib.c").write_text("work\n")
    git(sub, "commit", "-qam", "mine")
    mine = git(sub, "rev-parse", "HEAD")
    git(sub, "config", "core.fsmonitor", "touch poisoned; false")
    await ready(has_lib)
    assert (sub / "lib.c").read_text() == "work\n" and git(sub, "status", "--porcelain") == "M lib.c"
    assert git(sub, "rev-parse", "HEAD") == git(tree, "rev-parse", "HEAD:vendor/lib")
    assert git(place / "kept" / "git-1", "cat-file", "-t", mine) == "commit"
    assert not (sub / "poisoned").exists()
    shutil.rmtree(tree / "vendor")
    await ready(has_lib)
    assert not (tree / "vendor").exists(), "the agent took it out"
    await ready(has_lib, files=has_lib)
    assert (sub / "lib.c").read_text() == "2\n"


async def test_fresh_puts_them_back(work, place, has_lib, ready):
    tree, _ = await ready(has_lib)
    sub = tree / "vendor/lib"
    (sub / "lib.c").write_text("work\n")
    (sub / "new.c").write_text("work\n")
    git(sub, "add", "new.c")
    await ready(has_lib, files=has_lib)
    assert git(sub, "status", "--porcelain") == "" and (sub / "lib.c").read_text() == "2\n"
    assert (place / "kept" / "git-1" / "index").exists()
    shutil.rmtree(sub)
    sub.write_text("a file")
    await ready(has_lib, files=has_lib)
    assert (sub / "lib.c").read_text() == "2\n"
    assert {each.name for each in place.iterdir()} == {"tree", "kept"}


@pytest.mark.parametrize("step", ["publish", "read_tree", "fill", "keep_commits"])
async def test_a_crash_at_any_step_is_made_good(place, has_lib, ready, monkeypatch, step):
    tree, _ = await ready(has_lib)
    (tree / "vendor/lib/lib.c").write_text("work\n")
    files = None if step == "read_tree" else has_lib

    def crash(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(submodules.layout if step == "publish" else submodules, step, crash)
    with pytest.raises(KeyboardInterrupt):
        await ready(has_lib, files=files)
    monkeypatch.undo()
    await ready(has_lib, files=files)
    assert git(tree / "vendor/lib", "status", "--porcelain") == ("M lib.c" if files is None else "")
    assert {each.name for each in place.iterdir()} <= {"tree", "kept"}


async def test_nothing_that_a_gitmodules_file_says_runs_or_leads_elsewhere(work, user, tmp_path, place, has_lib):
    """A revision of an agent's, which names commands, and repositories that are none of its business."""
    commit = user.git("rev-parse", "HEAD:vendor/lib")
    secret = user.top.parent / "secret"
    shutil.copytree(user.top / ".git" / "modules" / "the lib", secret)
    shutil.rmtree(user.top / ".git" / "modules" / "the lib")
    tree = tmp_path / "evil"
    await checkout(tree, work, has_lib)
    shutil.rmtree(tree / "vendor" / "lib")
    (tree / "vendor" / "lib").mkdir()
    for name in ("../../../secret", str(secret), "x/../../../../secret", "./../../../secret", ""):
        (tree / ".gitmodules").write_text(
            f'[submodule "{name}"]\n\tpath = vendor/lib\n\tupdate = !touch {tmp_path}/ran\n'
            f"\turl = ext::sh -c touch% x\n"
            f"[include]\n\tpath = {tmp_path}/more\n[core]\n\tfsmonitor = touch {tmp_path}/ran\n"
        )
        sealed = await seal(work, tree, has_lib, "evil", AT, ref=work.attempt_ref(1))
        assert await checkout(place / "gate", work, sealed.revision) == ()
        assert list((place / "gate/vendor/lib").iterdir()) == []
        assert not await submodules.is_held(work, commit)
    for broken in ("[submodule", "\0", "[submodule]\n\tpath = vendor/lib\n"):
        (tree / ".gitmodules").write_text(broken)
        sealed = await seal(work, tree, has_lib, "broken", AT, ref=work.attempt_ref(1))
        assert await checkout(place / "gate", work, sealed.revision) == ()
    assert not (tmp_path / "ran").exists()


async def test_no_hook_or_filter_runs_when_they_are_filled(work, user, tmp_path, place, has_lib, home):
    driver = tmp_path / "driver.sh"
    driver.write_text(f"#!/bin/sh\necho >> {tmp_path}/ran\ncat\n")
    driver.chmod(0o755)
    with (home / ".gitconfig").open("a") as config:
        config.write(f'[filter "evil"]\n\tsmudge = {driver}\n\tclean = {driver}\n')
    sub = user.top / "vendor/lib"
    (sub / ".gitattributes").write_text("*.c filter=evil\n")
    git(sub, "add", ".")
    git(sub, "-c", "user.name=x", "-c", "user.email=x", "commit", "-qm", "filtered")
    hooks = user.top / ".git" / "modules" / "the lib" / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("post-checkout", "reference-transaction"):
        shutil.copy(driver, hooks / name)
    (tmp_path / "ran").unlink(missing_ok=True)
    user.git("update-index", "--cacheinfo", f"160000,{git(sub, 'rev-parse', 'HEAD')},vendor/lib")
    user.git("commit", "-qm", "bump")
    (tmp_path / "ran").unlink(missing_ok=True)
    await work.mirror.fetch()
    assert await checkout(place / "gate", work, user.head) == ()
    assert (place / "gate/vendor/lib/lib.c").read_text() == "2\n" and not (tmp_path / "ran").exists()


async def test_a_link_that_an_agent_put_in_the_way_is_not_followed(work, tmp_path, place, has_lib, ready):
    outside = tmp_path / "outside"
    (outside / "lib").mkdir(parents=True)
    tree, _ = await ready(has_lib)
    shutil.rmtree(tree / "vendor")
    os.symlink(outside, tree / "vendor")
    await ready(has_lib)
    assert list((outside / "lib").iterdir()) == []
    (outside / "lib" / "precious").write_text("x")
    await ready(has_lib)
    assert await keep_submodule_work(work, tree, has_lib, place / "kept") == ()
    await ready(has_lib, files=has_lib)
    assert [each.name for each in (outside / "lib").iterdir()] == ["precious"]
    assert (tree / "vendor/lib/lib.c").exists()


@pytest.mark.parametrize("bumped", [False, True])
async def test_a_pipe_in_the_place_of_its_head_keeps_nobody_waiting(
    work, user, mirror, place, lib, has_lib, ready, bumped
):
    tree, _ = await ready(has_lib)
    await checkout(place / "gate", work, has_lib)
    for sub in (tree / "vendor/lib", place / "gate/vendor/lib"):
        (sub / ".git/HEAD").unlink()
        os.mkfifo(sub / ".git/HEAD")
        (sub / "lib.c").write_text("tampered\n")
    revision = has_lib
    if bumped:
        user.git("update-index", "--cacheinfo", f"160000,{'12' * 20},vendor/lib")
        user.git("commit", "-qm", "bump")
        await mirror.fetch()
        revision = user.head
    async with asyncio.timeout(60):
        await restore(place / "gate", work, has_lib)
        await ready(revision)
        await ready(revision, files=revision)
        await ready(has_lib, files=has_lib)
    assert (tree / "vendor/lib/lib.c").read_text() == (place / "gate/vendor/lib/lib.c").read_text() == "2\n"


async def test_restoring_after_a_setup_puts_submodules_back(work, place, has_lib, tmp_path):
    await checkout(place / "gate", work, has_lib)
    sub = place / "gate/vendor/lib"
    (sub / "lib.c").write_text("tampered\n")
    (sub / "lib.o").write_text("built")
    (sub / ".git" / "config").write_text(f"[core]\n\tfsmonitor = touch {tmp_path}/ran\n")
    await restore(place / "gate", work, has_lib)
    assert (sub / "lib.c").read_text() == "2\n" and (sub / "lib.o").exists() and not (tmp_path / "ran").exists()


def contents(tar: Path) -> dict[str, bytes]:
    with tarfile.open(tar) as opened:
        found = {member.name: opened.extractfile(member) for member in opened if member.isreg()}
        return {name: file.read() for name, file in found.items() if file is not None}


async def test_work_in_a_submodule_is_kept_once_and_named(work, place, has_lib, ready):
    tree, _ = await ready(has_lib)
    sub, kept = tree / "vendor/lib", place / "kept"
    (sub / "lib.o").write_text("ignored")
    assert await keep_submodule_work(work, tree, has_lib, kept) == ()
    (sub / "lib.c").write_text("work\n")
    (sub / "run.sh").unlink()
    os.mkfifo(sub / "pipe")
    os.symlink("/etc/passwd", sub / "link")
    first = await keep_submodule_work(work, tree, has_lib, kept)
    assert first == (
        "work in the submodule vendor/lib cannot land, it is kept in vendor-lib.tar (removed there: run.sh)",
    )
    assert first == await keep_submodule_work(work, tree, has_lib, kept)
    assert [each.name for each in kept.iterdir()] == ["vendor-lib.tar"]
    with tarfile.open(kept / "vendor-lib.tar") as tar:
        assert tar.getmember("link").linkname == "/etc/passwd" and sorted(tar.getnames()) == ["lib.c", "link"]
    (sub / "lib.c").write_text("more work\n")
    (note,) = await keep_submodule_work(work, tree, has_lib, kept)
    assert "vendor-lib-2.tar" in note and contents(kept / "vendor-lib.tar")["lib.c"] == b"work\n"


async def test_commits_in_a_submodule_are_kept_though_its_files_are_as_they_were(work, place, has_lib, ready):
    tree, _ = await ready(has_lib)
    git(tree / "vendor/lib", "commit", "-q", "--allow-empty", "-m", "mine")
    (note,) = await keep_submodule_work(work, tree, has_lib, place / "kept")
    with tarfile.open(place / "kept" / "vendor-lib.tar") as tar:
        assert ".git/HEAD" in tar.getnames() and any("/objects/" in name for name in tar.getnames())
    assert "vendor/lib" in note


async def test_another_commit_checked_out_in_a_submodule_is_told(work, place, has_lib, ready):
    tree, _ = await ready(has_lib)
    git(tree / "vendor/lib", "checkout", "-q", "HEAD~1")
    assert len(await keep_submodule_work(work, tree, has_lib, place / "kept")) == 1


async def test_work_where_a_submodule_could_not_be_filled(work, user, mirror, place, ready):
    user.git("update-index", "--add", "--cacheinfo", f"160000,{'12' * 20},vendor/none")
    user.git("commit", "-qm", "undeclared")
    await mirror.fetch()
    tree, notes = await ready(user.head)
    assert notes == () and await keep_submodule_work(work, tree, user.head, place / "kept") == ()
    (tree / "vendor/none/x.c").write_text("x")
    (note,) = await keep_submodule_work(work, tree, user.head, place / "kept")
    assert "vendor/none" in note and contents(place / "kept" / "vendor-none.tar") == {"x.c": b"x"}


async def test_tasks_that_fill_the_same_submodule_at_once(work, mirror, tmp_path, place, has_lib):
    notes = await asyncio.gather(*(checkout(place / f"gate{number}", work, has_lib) for number in range(6)))
    assert set(notes) == {()}
    assert all((place / f"gate{number}/vendor/lib/lib.c").exists() for number in range(6))
