"""Landing in a process that is killed in between: the next one makes it good, and touches nothing that came since."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from landings import Landing, snapshot

from foremand.git import (
    Blocked,
    GitError,
    Lock,
    TipMoved,
)
from foremand.git import locks as locks_module

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
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
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
