"""The mirror reads the user's repository whole and leaves no trace in it; what cannot be served is refused."""

import asyncio
import os
import shutil
from pathlib import Path

import pytest

from foremand.git import IdentityUnknown, Mirror, RepositoryRefused, WorkRepo, identity, inspect, user_excludes


async def test_a_mirror_has_branches_tags_and_remote_branches_and_reads_files(user, mirror):
    user.git("tag", "v1")
    user.git("update-ref", "refs/remotes/origin/dev", "HEAD")
    user.git("branch", "side")
    await mirror.fetch()
    for ref in ("main", "v1", "origin/dev", "side"):
        assert await mirror.resolve(ref) == user.head
    assert await mirror.tip("main") == user.head
    assert await mirror.read_file(user.head, "src/b.py") == b"b = 1\n"
    assert await mirror.read_file(user.head, "src") is None
    assert await mirror.read_file(user.head, "*.txt") is None
    assert await mirror.list_files(user.head, "src") == ("src/b.py",)
    assert await mirror.list_files(user.head) == (".gitignore", "a.txt", "src/b.py")


async def test_a_fetch_follows_forced_and_deleted_branches_and_keeps_old_objects(user, mirror):
    user.git("branch", "gone")
    old = user.commit({"a.txt": "two"})
    await mirror.fetch()
    user.git("reset", "-q", "--hard", "HEAD^")
    user.git("branch", "-D", "gone")
    user.commit({"a.txt": "three"})
    await mirror.fetch("main")
    assert await mirror.tip("main") == user.head
    await mirror.fetch()
    with pytest.raises(RepositoryRefused):
        await mirror.tip("gone")
    assert await mirror.resolve(old) == old


async def test_the_users_repository_is_only_read(user, tmp_path):
    before = user.traces()
    mirror = Mirror(tmp_path / "m.git", user.top)
    await mirror.ensure()
    await mirror.fetch()
    await inspect(user.top)
    assert user.traces() == before


async def test_no_hook_or_configuration_of_the_source_is_taken_over(user, tmp_path):
    hook = user.top / ".git" / "hooks" / "reference-transaction"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    hook.chmod(0o755)
    user.git("config", "core.fsmonitor", str(hook))
    (tmp_path / "ran").unlink(missing_ok=True)
    mirror = Mirror(tmp_path / "m.git", user.top)
    await mirror.ensure()
    await mirror.fetch()
    await inspect(user.top)
    assert not (tmp_path / "ran").exists()
    assert "fsmonitor" not in (mirror.path / "config").read_text()
    assert not (mirror.path / "hooks").exists()


async def test_ensure_is_idempotent_and_outlives_a_torn_attempt(user, tmp_path):
    mirror = Mirror(tmp_path / "repos" / "m.git", user.top)
    torn = tmp_path / "repos" / "m.git.making"
    torn.mkdir(parents=True)
    (torn / "HEAD").write_text("torn")
    await mirror.ensure()
    await mirror.ensure()
    assert await mirror.tip("main") == user.head and not torn.exists()


async def test_parallel_fetches_wait_for_each_other(user, mirror):
    user.commit({"a.txt": "more"})
    await asyncio.gather(*(mirror.fetch() for _ in range(6)))
    assert await mirror.tip("main") == user.head


async def test_a_borrowing_source_is_copied_whole(user, tmp_path):
    user.git("clone", "-q", "--shared", str(user.top), str(tmp_path / "borrower"))
    mirror = Mirror(tmp_path / "m.git", tmp_path / "borrower")
    await mirror.ensure()
    shutil.rmtree(user.top)
    shutil.rmtree(tmp_path / "borrower")
    assert await mirror.read_file("HEAD", "a.txt") == b"one\ntwo\nthree\n"


async def test_a_source_with_linked_objects_is_copied_by_the_protocol(user, tmp_path):
    objects = user.top / ".git" / "objects"
    objects.rename(tmp_path / "objects")
    os.symlink(tmp_path / "objects", objects)
    mirror = Mirror(tmp_path / "m.git", user.top)
    await mirror.ensure()
    assert await mirror.tip("main") == user.head


async def test_a_linked_work_tree_stands_for_its_repository(user, tmp_path):
    linked = tmp_path / "linked"
    user.git("worktree", "add", "-q", str(linked), "-b", "side")
    info = await inspect(linked)
    assert (info.top, info.branch, info.git_common_dir) == (linked, "side", user.top / ".git")
    mirror = Mirror(tmp_path / "m.git", linked)
    await mirror.ensure()
    await mirror.fetch()
    assert await mirror.tip("main") == user.head


async def test_a_shallow_clone_works(user, tmp_path):
    user.commit({"a.txt": "two"})
    user.git("clone", "-q", "--depth=1", f"file://{user.top}", str(tmp_path / "shallow"))
    mirror = Mirror(tmp_path / "m.git", tmp_path / "shallow")
    await mirror.ensure()
    await mirror.fetch()
    work = WorkRepo(tmp_path / "w.git", mirror, 1)
    await work.ensure()
    assert await work.git.line("rev-list", "--count", user.head) == "1"


async def test_sha256_repositories_work(tmp_path, another):
    user = another(tmp_path / "p256", "--object-format=sha256")
    user.commit({"a": "x"})
    mirror = Mirror(tmp_path / "m.git", user.top)
    await mirror.ensure()
    await mirror.fetch()
    work = WorkRepo(tmp_path / "w.git", mirror, 1)
    await work.ensure()
    assert await work.resolve(user.head) == user.head and len(user.head) == 64


async def test_inspect_tells_what_submit_needs(user, home):
    user.git("update-ref", "refs/remotes/origin/trunk", "HEAD")
    user.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/trunk")
    (home / ".config" / "git").mkdir(parents=True)
    (home / ".config" / "git" / "ignore").write_text("*.swp\n")
    for name in ("x.swp", "x.log", "x.txt"):
        user.write(name, "x")
    user.write("a.txt", "edited")
    info = await inspect(user.top / "src")
    assert info.top == user.top and info.branch == "main" and info.origin_head == "trunk"
    assert info.uncommitted == 2
    user.git("checkout", "-q", "--detach")
    assert (await inspect(user.top)).branch is None


async def test_top_is_the_real_path(user, tmp_path):
    os.symlink(user.top, tmp_path / "link")
    assert (await inspect(tmp_path / "link")).top == user.top


async def test_refusals_name_the_reason_and_the_way_out(user, tmp_path, home):
    async def refused(path: Path, **more) -> RepositoryRefused:
        with pytest.raises(RepositoryRefused) as caught:
            await inspect(path, **more)
        assert caught.value.hint
        return caught.value

    plain = tmp_path / "plain"
    plain.mkdir()
    assert "not in a git repository" in (await refused(plain)).reason
    assert "not in a git repository" in (await refused(tmp_path / "nothing")).reason
    user.git("clone", "-q", "--bare", str(user.top), str(tmp_path / "bare.git"))
    assert "bare" in (await refused(tmp_path / "bare.git")).reason
    await refused(user.top / ".git")
    user.git("init", "-q", str(tmp_path / "unborn"))
    assert "no commit" in (await refused(tmp_path / "unborn")).reason
    user.git("init", "-q", str(home))
    assert "HOME" in (await refused(home)).reason or str(home) in (await refused(home)).reason
    user.git("init", "-q", str(tmp_path))
    assert str(home) in (await refused(tmp_path)).reason
    assert "state" in (await refused(user.top, protected=(user.top / "state",))).reason


async def test_a_partial_clone_is_refused_with_the_command_that_completes_it(user, tmp_path):
    user.git("config", "uploadpack.allowFilter", "true")
    partial = tmp_path / "partial"
    user.git("clone", "-q", "--filter=blob:none", "--no-checkout", f"file://{user.top}", str(partial))
    with pytest.raises(RepositoryRefused) as caught:
        await inspect(partial)
    assert "partial" in caught.value.reason
    for command in caught.value.hint.removeprefix("complete it: ").split("; "):
        user.git(*command.split()[1:], cwd=partial, check="fetch" in command)
    await inspect(partial)
    mirror = Mirror(tmp_path / "m.git", partial)
    await mirror.ensure()
    assert await mirror.read_file("HEAD", "a.txt") == b"one\ntwo\nthree\n"


async def test_a_branch_that_is_not_there(mirror):
    for call in (mirror.tip("nope"), mirror.tip("main^0"), mirror.resolve("--all"), mirror.fetch("nope")):
        with pytest.raises(RepositoryRefused):
            await call


async def test_the_branch_that_was_meant_is_named(user, mirror):
    user.git("branch", "side")
    await mirror.fetch()
    for call in (mirror.tip("sied"), mirror.fetch("sied")):
        with pytest.raises(RepositoryRefused, match='no branch or revision sied; did you mean "side"'):
            await call


async def test_a_tag_of_the_same_name_is_not_the_branch(user, mirror):
    user.git("tag", "side", "HEAD")
    tip = user.commit({"a.txt": "x"})
    user.git("branch", "side")
    await mirror.fetch()
    assert await mirror.tip("side") == tip


async def test_a_repository_that_moved_away(user, mirror, tmp_path):
    user.top.rename(tmp_path / "elsewhere")
    with pytest.raises(RepositoryRefused):
        await mirror.fetch()


async def test_identity_is_the_users(user, home):
    assert (await identity(user.top)).author.name == "Ada Example"
    user.git("config", "user.email", "ada@work.example")
    user.git("config", "committer.name", "Bot")
    found = await identity(user.top)
    assert (found.author.email, found.committer.name) == ("ada@work.example", "Bot")


async def test_no_identity_says_how_to_set_one(user, home):
    (home / ".gitconfig").write_text("[user]\n\tuseConfigOnly = true\n")
    with pytest.raises(IdentityUnknown, match=r"git config --global user\.name"):
        await identity(user.top)


async def test_the_users_ignore_files_weakest_first(user, home):
    (home / ".gitconfig").write_text("[core]\n\texcludesFile = ~/mine\n")
    (home / "mine").write_text("*.swp\n")
    (user.top / ".git" / "info").mkdir(exist_ok=True)
    (user.top / ".git" / "info" / "exclude").write_text("*.tmp\n")
    assert await user_excludes(user.top) == (home / "mine", user.top / ".git" / "info" / "exclude")


async def test_a_work_repository_is_made_once_and_cleared_of_scratch(work):
    (work.scratch / "left").mkdir()
    await work.ensure()
    assert not list(work.scratch.iterdir())
    assert await work.resolve("refs/nothing") is None
