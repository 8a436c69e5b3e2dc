"""Landing moves the user's branch and files together, or nothing at all, whatever happens in between."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from foremand.git import (
    Blocked,
    Candidate,
    GitError,
    Lock,
    NotLanded,
    TipMoved,
    build,
    identity,
    land,
    prove,
)
from foremand.git import locks as locks_module
from foremand.git.locks import RefTransaction
from foremand.git.run import Git

AT = 1_700_000_000.0


class Landing:
    """A candidate that changes, adds and removes files, and the user's repository before it."""

    def __init__(self, user, work, old: str, made: Candidate) -> None:
        self.user = user
        self.work = work
        self.old = old
        self.new = made.commit
        self.tree = made.tree

    async def land(self, into: str = "main", **more) -> None:
        await land(self.user.top, self.work, into, self.old, self.new, **more)

    def assert_landed(self, where: Path | None = None) -> None:
        top = where or self.user.top
        assert self.user.git("rev-parse", "main") == self.new
        assert (top / "a.txt").read_text() == "one\nTWO\nthree\n"
        assert (top / "pkg" / "new.txt").read_text() == "new\n"
        assert not (top / "src").exists()
        assert self.user.git("status", "--porcelain", cwd=top) == ""
        assert not list((self.user.top / ".git").rglob("*.lock")) + list((self.user.top / ".git").rglob("*.foremand"))


@pytest.fixture
async def landing(user, mirror, work) -> Landing:
    old = user.head
    user.git("checkout", "-q", "-b", "side")
    user.git("rm", "-q", "src/b.py")
    revision = user.commit({"a.txt": "one\nTWO\nthree\n", "pkg/new.txt": "new\n"})
    await mirror.fetch()
    user.git("checkout", "-q", "main")
    user.git("branch", "-q", "-D", "side")
    who = await identity(user.top)
    made = await build(
        work, tip=old, base=old, revision=revision, message="land", author=who.author, committer=who.committer,
        at=AT, ref=work.candidate_ref(1),
    )  # fmt: skip
    assert isinstance(made, Candidate)
    return Landing(user, work, old, made)


async def blocked(landing: Landing, *paths: str, match: str = "") -> None:
    """It is refused for these paths, and the repository is exactly as it was."""
    before, files, status = landing.user.traces(), snapshot(landing.user.top), landing.user.status
    with pytest.raises(Blocked, match=match) as caught:
        await landing.land()
    assert set(paths) <= set(caught.value.paths) and caught.value.reason
    assert landing.user.status == status
    assert landing.user.traces() == before
    assert snapshot(landing.user.top) == files


def snapshot(top: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(top)): path.read_bytes() if path.is_file() else b"?"
        for path in top.rglob("*")
        if ".git" not in path.parts
    }


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


CHILD = """
import asyncio, os, signal, sys
from pathlib import Path
sys.path.insert(0, {root!r})
from foremand.git import Mirror, WorkRepo, land
from foremand.git import locks
module = sys.modules["foremand.git.land"]
owner, name, when = {owner!r}, {name!r}, {when!r}
cls = getattr(module, owner, None) or getattr(locks, owner)
real = getattr(cls, name)
def die():
    os.kill(os.getpid(), signal.SIGKILL)
if when == "torn":
    async def patched(self, old, new):
        (self.tree.path / "a.txt").write_text("one\\nTWO\\nthree\\n")
        (self.tree.path / "src" / "b.py").unlink()
        (self.tree.path / "src").rmdir()
        die()
elif asyncio.iscoroutinefunction(real):
    async def patched(self, *args, **more):
        if when == "before": die()
        await real(self, *args, **more)
        die()
else:
    def patched(self, *args, **more):
        if when == "before": die()
        real(self, *args, **more)
        die()
setattr(cls, name, patched)
work = WorkRepo(Path({work!r}), Mirror(Path({mirror!r}), Path({repo!r})), 12)
asyncio.run(land(Path({repo!r}), work, "main", {old!r}, {new!r}))
"""

CRASHES = [
    ("IndexLock", "take", "after"),
    ("RefTransaction", "prepare", "after"),
    ("_Checkout", "move", "before"),
    ("_Checkout", "move", "torn"),
    ("_Checkout", "move", "after"),
    ("RefTransaction", "commit", "after"),
    ("IndexLock", "publish", "before"),
    ("IndexLock", "publish", "after"),
    ("IndexLock", "release", "after"),
]


def killed(landing: Landing, owner: str, name: str, when: str) -> None:
    """Land in a process that is killed at this point."""
    script = CHILD.format(
        root=str(Path(__file__).parents[3]),
        owner=owner,
        name=name,
        when=when,
        work=str(landing.work.path),
        mirror=str(landing.work.mirror.path),
        repo=str(landing.user.top),
        old=landing.old,
        new=landing.new,
    )
    done = subprocess.run((sys.executable, "-c", script), capture_output=True, check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()


@pytest.mark.parametrize(("owner", "name", "when"), CRASHES)
async def test_killed_anywhere_it_is_made_good(landing, user, owner, name, when):
    user.write("loose.txt", "mine")
    user.write(".gitignore", "edited\n")
    killed(landing, owner, name, when)
    await landing.land()
    assert sorted(user.status.splitlines()) == ["?? loose.txt", "M .gitignore"]
    (user.top / "loose.txt").unlink()
    user.git("checkout", "-q", "--", ".gitignore")
    landing.assert_landed()


@pytest.mark.parametrize("when", ["before", "torn", "after"])
async def test_killed_and_then_the_branch_moved_elsewhere(landing, user, when):
    """The files that had moved go back: they belong to no commit that the branch will ever have."""
    killed(landing, "_Checkout", "move", when)
    elsewhere = user.git("commit-tree", "-p", landing.old, "-m", "x", f"{landing.old}^{{tree}}")
    user.git("update-ref", "refs/heads/main", elsewhere)
    with pytest.raises(TipMoved):
        await landing.land()
    assert user.status == "" and user.head == elsewhere
    assert sorted(snapshot(user.top)) == [".gitignore", "a.txt", "src", "src/b.py"]
    assert not list((user.top / ".git").rglob("*.lock"))


async def test_killed_and_then_an_edit_came_in_the_way(landing, user):
    killed(landing, "_Checkout", "move", "torn")
    user.write("pkg/new.txt", "mine")
    with pytest.raises(Blocked):
        await landing.land()
    assert user.status == "?? pkg/" and (user.top / "a.txt").read_text() == "one\ntwo\nthree\n"
    (user.top / "pkg" / "new.txt").unlink()
    await landing.land()
    landing.assert_landed()


async def test_killed_after_the_branch_moved_edits_since_then_stay(landing, user):
    killed(landing, "RefTransaction", "commit", "after")
    user.write("a.txt", "edited since\n")
    await landing.land()
    assert user.status == "M a.txt" and (user.top / "a.txt").read_text() == "edited since\n"


async def test_a_git_of_a_killed_daemon_is_waited_for(landing, user, work):
    """It inherited the lock, so as long as it writes nobody else does."""
    async with locks_module.alone(work.path / "land.lock") as descriptor:
        orphan = await asyncio.create_subprocess_exec("cat", stdin=subprocess.PIPE, pass_fds=(descriptor,))
    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        again = group.create_task(landing.land())
        _, pending = await asyncio.wait([again], timeout=0.3)
        assert pending and user.head == landing.old
        await orphan.communicate(b"")
    landing.assert_landed()


async def test_a_landing_that_cannot_be_alone_says_so(landing, work, monkeypatch):
    monkeypatch.setattr(locks_module, "PATIENCE", 0.1)
    async with locks_module.alone(work.path / "land.lock"):
        with pytest.raises(GitError, match="earlier landing"):
            await landing.land()


async def test_lock_files_left_by_a_power_cut(landing, user):
    """Only the files that we said we made are removed, and only if they are still those."""
    seen: list[Lock] = []
    kept = user.top / ".git" / "kept"

    async def cut(locks: tuple[Lock, ...]) -> None:
        seen.extend(locks)
        for lock in locks:
            os.link(
                lock.path, kept.with_name(f"kept-{lock.path.stem}")
            )  # git lets go of its own, a power cut would not
        raise GitError("stop here")

    with pytest.raises(GitError, match="stop here"):
        await landing.land(on_locks=cut)
    assert [lock.path.name for lock in seen] == ["main.lock", "HEAD.lock"]
    lock = seen[0].path
    lock.write_text("")
    with pytest.raises(Blocked, match="main is locked"):
        await landing.land(stale=seen)
    assert lock.exists(), "a later lock at the same place is not ours"
    lock.unlink()
    for each in seen:
        os.link(kept.with_name(f"kept-{each.path.stem}"), each.path)
    with pytest.raises(Blocked, match="main is locked"):
        await landing.land()
    await landing.land(stale=seen)
    landing.assert_landed()
    assert not any(each.path.exists() for each in seen)


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
