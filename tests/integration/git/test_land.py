"""Landing moves the user's branch and files together, or nothing at all, whatever happens in between."""

import asyncio
import os
import subprocess
import sys

import pytest
from landings import blocked, snapshot

from foremand.git import (
    Blocked,
    GitError,
    Lock,
    NotLanded,
    TipMoved,
    prove,
)
from foremand.git import locks as locks_module
from foremand.git.locks import RefTransaction
from foremand.git.run import Git


async def test_branch_files_and_index_move_together(landing, user):
    await landing.land()
    landing.assert_landed()
    await prove(user.top, "main", landing.new, landing.tree)
    assert "foremand: land task 12" in user.git("reflog", "-1", "HEAD")
    assert "Ada Example" in user.git("log", "-1", "--format=%an %gn", "-g")
    await landing.land()
    landing.assert_landed()


async def test_unrelated_local_edits_stay(landing, user):
    user.write(".gitignore", "*.log\nbuild/\nmine\n")
    user.write("staged.txt", "staged")
    user.git("add", "staged.txt")
    user.write("loose.txt", "loose")
    await landing.land()
    assert sorted(user.status.splitlines()) == ["?? loose.txt", "A  staged.txt", "M .gitignore"]
    assert user.git("rev-parse", "main") == landing.new and (user.top / "pkg" / "new.txt").exists()
    assert (user.top / ".gitignore").read_text().endswith("mine\n")


async def test_a_branch_that_is_not_checked_out(landing, user):
    user.git("checkout", "-q", "-b", "elsewhere")
    files = snapshot(user.top)
    await landing.land()
    assert user.git("rev-parse", "main") == landing.new
    assert snapshot(user.top) == files and user.status == ""


async def test_in_linked_work_trees(landing, user, tmp_path):
    user.git("checkout", "-q", "-b", "elsewhere")
    linked, second = tmp_path / "linked here", tmp_path / "second"
    user.git("worktree", "add", "-q", str(linked), "main")
    user.git("worktree", "add", "-q", "--force", str(second), "main")
    (linked / "loose.txt").write_text("mine")
    await landing.land()
    landing.assert_landed(second)
    (linked / "loose.txt").unlink()
    landing.assert_landed(linked)
    assert user.status == ""


async def test_one_blocked_work_tree_blocks_all(landing, user, tmp_path):
    linked = tmp_path / "linked"
    user.git("worktree", "add", "-q", "--force", str(linked), "main")
    (linked / "a.txt").write_text("edited")
    await blocked(landing, "a.txt")
    assert (linked / "a.txt").read_text() == "edited"
    assert user.git("status", "--porcelain", cwd=linked) == "M a.txt"


async def test_a_failure_in_the_second_work_tree_takes_the_first_back(landing, user, tmp_path, monkeypatch):
    linked = tmp_path / "linked"
    user.git("worktree", "add", "-q", "--force", str(linked), "main")
    move = landing_module_checkout().move

    async def fails(self, old, new):
        await move(self, old, new)
        if self.tree.path == linked:
            raise GitError("disk full")

    monkeypatch.setattr(landing_module_checkout(), "move", fails)
    before, files = user.traces(), snapshot(user.top)
    with pytest.raises(GitError, match="disk full"):
        await landing.land()
    assert user.traces() == before and snapshot(user.top) == files == snapshot(linked)
    assert user.status == "" and user.git("status", "--porcelain", cwd=linked) == ""


def landing_module_checkout():
    return sys.modules["foremand.git.land"]._Checkout


async def test_a_work_tree_that_is_gone(landing, user, tmp_path):
    user.git("checkout", "-q", "-b", "elsewhere")
    linked = tmp_path / "linked"
    user.git("worktree", "add", "-q", str(linked), "main")
    user.git("worktree", "lock", str(linked))
    linked.rename(tmp_path / "unplugged")
    await blocked(landing, match="not there now")
    user.git("worktree", "unlock", str(linked))
    await landing.land()
    assert user.git("rev-parse", "main") == landing.new


@pytest.mark.parametrize("staged", [False, True])
@pytest.mark.parametrize("name", ["a.txt", "src/b.py"])
async def test_edits_in_the_way(landing, user, name, staged):
    user.write(name, "edited\n")
    if staged:
        user.git("add", name)
    await blocked(landing, name, match="local changes")


async def test_an_edit_in_the_second_of_the_checkout_is_seen(landing, user, next_second):
    next_second()
    os.utime(user.top / "a.txt")
    user.git("update-index", "-q", "--refresh")
    user.write("a.txt", "ONE\ntwo\nthree\n")
    next_second()
    with pytest.raises(Blocked):  # without a look by the user's own git before, for that would see it
        await landing.land()
    assert (user.top / "a.txt").read_text() == "ONE\ntwo\nthree\n"


async def test_an_edit_in_the_second_of_the_landing_is_seen(landing, user, next_second, monkeypatch):
    publish = locks_module.IndexLock.publish

    def later(self, *content) -> None:
        user.write("a.txt", "one\nOWT\nthree\n")
        next_second()
        publish(self, *content)

    monkeypatch.setattr(locks_module.IndexLock, "publish", later)
    next_second()
    await landing.land()
    assert user.status == "M a.txt"


async def test_untracked_and_ignored_files_in_the_way(landing, user):
    user.write("pkg/new.txt", "mine")
    await blocked(landing, "pkg/new.txt", match="does not track|not track")
    (user.top / ".git" / "info").mkdir(exist_ok=True)
    (user.top / ".git" / "info" / "exclude").write_text("pkg\n")
    await blocked(landing, "pkg/new.txt")


@pytest.mark.parametrize("kind", ["file", "link to a folder", "folder with an ignored file", "dangling link"])
async def test_other_things_in_the_place_of_a_new_file(landing, user, tmp_path, kind):
    expected = "pkg"
    if kind == "file":
        user.write("pkg", "mine")
    elif kind == "link to a folder":
        os.symlink(tmp_path, user.top / "pkg")
    elif kind == "dangling link":
        (user.top / "pkg").mkdir()
        os.symlink("nowhere", user.top / "pkg" / "new.txt")
        expected = "pkg/new.txt"
    else:
        user.write("pkg/new.txt/x.log", "ignored")
        os.symlink(tmp_path, user.top / "pkg" / "new.txt" / "y")
        expected = "pkg/new.txt/x.log"
    await blocked(landing, expected)


async def test_an_empty_folder_is_not_in_the_way(landing, user):
    (user.top / "pkg" / "new.txt").mkdir(parents=True)
    await landing.land()
    landing.assert_landed()


async def test_the_tip_has_moved(landing, user):
    tip = user.commit({"other.txt": "x"})
    before = user.traces()
    with pytest.raises(TipMoved) as caught:
        await landing.land()
    assert caught.value.tip == tip and user.traces() == before and user.status == ""
    user.git("checkout", "-q", "--detach")
    user.git("branch", "-q", "-D", "main")
    with pytest.raises(TipMoved) as caught:
        await landing.land()
    assert caught.value.tip is None


def conflict(user) -> None:
    user.git("checkout", "-q", "-b", "side")
    user.commit({".gitignore": "side"})
    user.git("checkout", "-q", "main")


async def operation(user, what: str) -> None:
    if what == "merge":
        user.git("merge", "-q", "--no-commit", "--no-ff", "side")
    elif what == "cherry-pick":
        user.write(".gitignore", "mine")
        user.git("cherry-pick", "-n", "side", check=False)
        user.git("checkout", "-q", "--", ".gitignore")
        (user.top / ".git" / "CHERRY_PICK_HEAD").write_text(user.head + "\n")
    elif what == "bisect":
        user.git("bisect", "start")
    elif what == "bisect away":
        user.git("bisect", "start", "side", "main")
        user.git("checkout", "-q", "--detach", check=False)
    else:
        user.git("-c", "sequence.editor=sed -i 1ibreak", "rebase", "-q", "-i", "--force-rebase", "main^0", check=False)
        user.git("-c", "sequence.editor=sed -i 1ibreak", "rebase", "-i", "--root", check=False)


@pytest.mark.parametrize("what", ["merge", "cherry-pick", "bisect", "rebase"])
async def test_an_operation_that_goes_on(landing, user, what):
    conflict(user)
    await operation(user, what)
    await blocked(landing, match="going on")


async def test_a_rebase_of_the_branch_in_a_linked_work_tree(landing, user, tmp_path):
    user.git("checkout", "-q", "-b", "elsewhere")
    linked = tmp_path / "linked"
    user.git("worktree", "add", "-q", str(linked), "main")
    user.git("-c", "sequence.editor=sed -i 1ibreak", "rebase", "-i", "--root", cwd=linked, check=False)
    assert user.git("status", cwd=linked).startswith("interactive rebase in progress")
    await blocked(landing, match="rebase")


async def test_locks_of_the_user_are_respected(landing, user):
    lock = user.top / ".git" / "index.lock"
    lock.write_text("")
    await blocked(landing, str(lock), match="git is at work")
    lock.unlink()
    lock = user.top / ".git" / "refs" / "heads" / "main.lock"
    lock.write_text("")
    await blocked(landing, str(lock), match="locked")
    lock.unlink()
    await landing.land()
    landing.assert_landed()


async def test_while_it_lands_nobody_else_can_move_anything(landing, user):
    said = []

    async def busy(locks: tuple[Lock, ...]) -> None:
        said.extend(lock.path.name for lock in locks)
        user.write("loose.txt", "x")
        for attempt in (("add", "loose.txt"), ("commit", "--allow-empty", "-qm", "x"), ("checkout", "-q", "-b", "y")):
            done = await asyncio.to_thread(subprocess.run, ("git", *attempt), cwd=user.top, capture_output=True)
            assert done.returncode != 0
        done = await asyncio.to_thread(
            subprocess.run, ("git", "update-ref", "refs/heads/main", "HEAD"), cwd=user.top, capture_output=True
        )
        assert done.returncode != 0
        (user.top / "loose.txt").unlink()

    await landing.land(on_locks=busy)
    assert said == ["main.lock", "HEAD.lock"]
    landing.assert_landed()


async def test_no_hook_filter_or_monitor_of_the_user_runs(landing, user, tmp_path, home):
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\necho $0 >> {tmp_path}/ran\ncat\n")
    program.chmod(0o755)
    hooks = user.top / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for hook in ("reference-transaction", "post-index-change", "post-checkout", "post-merge", "post-commit"):
        os.symlink(program, hooks / hook)
    for scope in ("--local", "--global"):
        for key in ("core.fsmonitor", "filter.evil.smudge", "filter.evil.clean", "filter.evil.process"):
            user.git("config", scope, key, str(program))
        user.git("config", scope, "filter.evil.required", "true")
    (user.top / ".git" / "info").mkdir(exist_ok=True)
    (user.top / ".git" / "info" / "attributes").write_text("* filter=evil\n")
    (tmp_path / "ran").unlink(missing_ok=True)
    await landing.land()
    assert not (tmp_path / "ran").exists()
    assert (user.top / "pkg" / "new.txt").read_text() == "new\n"
    assert user.git("rev-parse", "main") == landing.new


async def test_the_users_line_endings_hold(landing, user, home):
    with (home / ".gitconfig").open("a") as config:
        config.write("[core]\n\tautocrlf = true\n")
    await landing.land()
    assert (user.top / "pkg" / "new.txt").read_bytes() == b"new\r\n"
    assert user.status == ""


async def test_a_lost_transaction_moves_nothing(landing, user, monkeypatch):
    async def lost(self) -> bool:
        self._process.kill()
        return False

    monkeypatch.setattr(RefTransaction, "commit", lost)
    files = snapshot(user.top)
    with pytest.raises(GitError):
        await landing.land()
    assert user.head == landing.old and snapshot(user.top) == files and user.status == ""


async def test_nothing_is_left_that_would_gc_away_or_show(landing, user):
    before = set(user.traces())
    await landing.land()
    assert set(user.traces()) - before <= {".git/logs/HEAD", ".git/refs/heads/main", ".git/ORIG_HEAD"}
    assert user.git("for-each-ref", "--format=%(refname)") == "refs/heads/main"
    assert not (user.top / ".git" / "FETCH_HEAD").exists()


async def test_the_proof_fails_where_it_must(landing, user, work):
    with pytest.raises(NotLanded, match="does not hold"):
        await prove(user.top, "main", landing.new, landing.tree)
    await landing.land()
    with pytest.raises(NotLanded, match="not the tree"):
        await prove(user.top, "main", landing.new, await work.tree_of(landing.old))
    user.commit({"later.txt": "x"})
    await prove(user.top, "main", landing.new, landing.tree)
    user.git("reset", "-q", "--hard", landing.old)
    with pytest.raises(NotLanded):
        await prove(user.top, "main", landing.new, landing.tree)


async def test_git_objects_are_synced_before_the_branch_moves(landing, user):
    assert ("core.fsync", "all") in Git().always
    await landing.land()
    assert user.git("fsck", "--strict") == ""
