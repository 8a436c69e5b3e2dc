"""Landing: the one moment in which the user's repository is written.

In order: bring the commit over; hold the index of every work tree that has the branch; lock the branch at OLD;
look at everything that could be in the way; move the files; move the branch; publish the index. Until the first
file is touched, going back is letting go. From there on `index.lock`, whose content names this landing, stands
until files, branch and index agree: `land` called again after a crash finds it and goes on or goes back.
"""

import asyncio
import os
import stat
from collections.abc import Iterable
from pathlib import Path

from msgspec import structs

from .diff import RawChange, raw_changes
from .errors import Blocked, GitError, NotLanded, RepositoryRefused, TipMoved, text
from .layout import copy_index
from .locks import IndexLock, Lock, OnLocks, RefTransaction, alone, identify, remove_stale
from .mirror import FETCH
from .remote import upstream
from .run import Git, fields
from .user import Authorship, common_dir, identity, user_git
from .work import WorkRepo, commit_environment
from .worktrees import Worktree, holding, refuse_busy

MISSING = b"000000"


async def land(
    repo: Path,
    work: WorkRepo,
    into: str,
    old: str,
    new: str,
    *,
    stale: Iterable[Lock] = (),
    on_locks: OnLocks | None = None,
) -> None:
    """Move the user's branch `into` from `old` to `new`, and the files of the work trees that have it.

    Local edits elsewhere in those work trees stay. Safe to call again after a crash at any point: it goes on, or
    finds that all is done. `on_locks` is told of git's lock files once they exist, before anything is moved; given
    back as `stale` they are removed if a power cut has left them. No hook and no filter of the user runs.

    Raises `TipMoved` if the branch is elsewhere, `Blocked` if the user's work trees do not allow it or if `old` has
    commits that `new` has not (one that was built on the remote's tip); then the repository is as it was.
    """
    async with alone(work.path / "land.lock") as descriptor:
        remove_stale(stale)  # none of our processes holds them any more
        git = await user_git(repo, fds=(descriptor,))
        landing = _Landing(repo, git, await common_dir(git), work, into, old, new, await identity(repo))
        await landing.bring()
        await landing.run(on_locks)


async def prove(repo: Path, into: str, new: str, tree: str) -> None:
    """Prove that the user's branch holds the commit `new` and that `new` is exactly `tree`, or raise `NotLanded`."""
    git = await user_git(repo)
    ref = f"refs/heads/{into}"
    if (await git.result("merge-base", "--is-ancestor", new, ref)).code != 0:
        raise NotLanded(f"{into} does not hold {new[:12]}", "something moved the branch back: look at git reflog")
    if await git.line("rev-parse", "--verify", f"{new}^{{tree}}") != tree:
        raise NotLanded(f"{new[:12]} is not the tree that was tested", "nothing was recorded as landed")


class _Checkout:
    """One work tree that has the branch, with a private copy of its index in which the landing is made."""

    def __init__(self, git: Git, tree: Worktree, private: Path, mark: str, changes: tuple[RawChange, ...]) -> None:
        self.tree = tree
        self.lock = IndexLock(tree.index, mark)
        self.changes = changes
        self.private = private
        self.git = structs.replace(git, cwd=tree.path, index=private)
        self.resumed = False
        self.touched = False

    def take(self) -> None:
        """Hold the index, and begin with a copy of it."""
        self.resumed = self.touched = self.lock.take()
        self.private.parent.mkdir(exist_ok=True)
        for leftover in (self.private, self.private.with_name(self.private.name + ".lock")):
            leftover.unlink(missing_ok=True)
        if self.tree.index.exists():
            copy_index(self.tree.index, self.private)

    async def refresh(self) -> None:
        """Let the index see which files are as it remembers them."""
        await self.git.result("update-index", "-q", "--refresh")

    async def check(self, old: str, new: str) -> None:
        """Raise `Blocked` if anything of the user's would be lost or is in the way."""
        tracked = set(fields(await self.git.run("ls-files", "-z")))
        added = [each.path for each in self.changes if each.old_mode == MISSING]
        found = await asyncio.to_thread(in_the_way, self.tree.path, added, tracked)
        if found:
            raise Blocked(
                f"files in {self.tree.path} that git does not track are in the way",
                (text(path) for path in found),
                "move or remove them, then retry",
            )
        tried = await self.git.result("read-tree", "-n", "-m", "-u", old, new)
        if tried.code != 0:
            raise Blocked(
                f"local changes in {self.tree.path} are in the way",
                await self._edited(old) or [text(tried.err).strip()],
                "commit, stash or drop them, then retry",
            )

    async def move(self, old: str, new: str) -> None:
        """Put the files from `old` to `new`."""
        self.touched = True
        await self.git.run("read-tree", "-m", "-u", old, new)

    async def back(self, old: str, new: str) -> None:
        """Put whatever already moved back to `old`, and nothing else; the user's index was never changed."""
        if self.touched:
            moved = await self._moved(new)
            await self._note(self.git, moved)
            at_old, scratch = self._beside()
            await at_old.run("read-tree", "--reset", old)
            await self._note(at_old, moved)
            present = await at_old.line("write-tree")
            scratch.unlink()
            await self.git.run("read-tree", "-m", "-u", present, old)
        self.touched = False

    async def advance(self, new: str) -> None:
        """Let the private index know the files that a landing cut off in the middle has already moved."""
        await self._note(self.git, await self._moved(new))

    async def note_all(self) -> None:
        """Let the private index say `new` for every changed path."""
        await self._note(self.git, self.changes)

    async def _moved(self, new: str) -> list[RawChange]:
        """The changes whose file is already as in `new`."""
        at_new, scratch = self._beside()
        if self.private.exists():
            copy_index(self.private, scratch)
        await at_new.run("read-tree", "--reset", new)
        await at_new.result("update-index", "-q", "--refresh")
        differ = set(fields(await at_new.run("diff-files", "--name-only", "-z")))
        scratch.unlink()

        def moved(change: RawChange) -> bool:
            if change.new_mode == MISSING:
                return not os.path.lexists(self.tree.path / os.fsdecode(change.path))
            return change.path not in differ

        return [each for each in self.changes if moved(each)]

    def _beside(self) -> tuple[Git, Path]:
        """Another index for the same files, to ask a question with."""
        scratch = self.private.with_name(self.private.name + ".beside")
        scratch.unlink(missing_ok=True)
        return structs.replace(self.git, index=scratch), scratch

    async def _note(self, git: Git, changes: Iterable[RawChange]) -> None:
        # What goes away goes first: a folder may have become a file.
        ordered = sorted(changes, key=lambda each: each.new_mode != MISSING)
        lines = [
            b"%s %s\t%s\0" % (b"0" if each.new_mode == MISSING else each.new_mode, each.new_blob, each.path)
            for each in ordered
        ]
        if lines:
            await git.run("update-index", "-z", "--index-info", input=b"".join(lines))
            # An entry just written knows no file yet, so none would count as up to date.
            await git.result("update-index", "-q", "--refresh")

    def publish(self) -> None:
        """Make the private index the user's."""
        self.lock.publish(self.private)
        self.touched = False

    async def _edited(self, old: str) -> list[str]:
        edited = fields(await self.git.run("diff-index", "--name-only", "-z", old))
        changed = {each.path for each in self.changes}
        return [text(path) for path in edited if path in changed]


class _Landing:
    def __init__(
        self, repo: Path, git: Git, common: Path, work: WorkRepo, into: str, old: str, new: str, who: Authorship
    ) -> None:
        self.repo = repo
        self.git = git
        self.common = common
        self.work = work
        self.into = into
        self.ref = f"refs/heads/{into}"
        self.old = old
        self.new = new
        self.who = who
        self.mark = f"foremand lands {new} on {self.ref} at {old}\n"

    async def bring(self) -> None:
        """Copy the new commit's objects into the user's repository; no ref names them yet."""
        await self.git.run(*FETCH, self.work.path, self.new)

    async def run(self, on_locks: OnLocks | None) -> None:
        checkouts = await self._take()
        try:
            if await self._landed():
                await self._finish(checkouts)
                return
            await self._refuse_backwards()
            refuse_busy(self.common, [each.tree for each in checkouts], self.ref)
            await self._move(checkouts, on_locks)
        except GitError:
            for each in checkouts:
                await each.back(self.old, self.new)
            raise
        finally:
            # What is half done stays locked, and says by whom: the next call takes it up.
            for each in checkouts:
                if not each.touched:
                    each.lock.release()

    async def _take(self) -> list[_Checkout]:
        """Hold the index of every work tree that has the branch, and make sure that these are still all."""
        changes = await raw_changes(self.work, self.old, self.new)
        while True:
            trees = await holding(self.git, self.ref)
            checkouts: list[_Checkout] = []
            try:
                for number, tree in enumerate(trees):
                    private = self.work.path / "landing" / f"{number}.index"
                    each = _Checkout(self.git, tree, private, self.mark, changes)
                    each.take()
                    checkouts.append(each)
                same = await holding(self.git, self.ref) == trees
            except BaseException:
                self._let_go(checkouts)
                raise
            if same:
                return checkouts
            self._let_go(checkouts)

    def _let_go(self, checkouts: Iterable[_Checkout]) -> None:
        for each in checkouts:
            if not each.resumed:
                each.lock.release()

    async def _tip(self) -> str | None:
        found = await self.git.result("rev-parse", "--verify", "-q", self.ref)
        return found.out.decode().strip() if found.code == 0 else None

    async def _landed(self) -> bool:
        return (await self.git.result("merge-base", "--is-ancestor", self.new, self.ref)).code == 0

    async def _refuse_backwards(self) -> None:
        """A branch only ever goes forward: built on the remote's tip, the work may lack commits that are only here."""
        if (await self.git.result("merge-base", "--is-ancestor", self.old, self.new)).code == 0:
            return
        try:
            where = str(await upstream(self.repo, self.into))
        except RepositoryRefused:
            where = "what is to land on it"
        raise Blocked(f"{self.into} has commits that {where} has not", hint="push or rebase them, then retry")

    async def _finish(self, checkouts: list[_Checkout]) -> None:
        """The branch has moved, so all files had: only the index may be missing."""
        for each in checkouts:
            if each.resumed:
                await each.note_all()
                each.publish()

    async def _move(self, checkouts: list[_Checkout], on_locks: OnLocks | None) -> None:
        who = (self.who.committer.name, self.who.committer.email)
        where = checkouts[0].tree.path if checkouts else self.git.cwd
        env = {name: value for name, value in commit_environment(who, who, 0).items() if "DATE" not in name}
        git = structs.replace(self.git, cwd=where, env=env)
        message = f"foremand: land task {self.work.task}"
        files = self._lock_files(checkouts)
        theirs = set(identify(files))
        async with RefTransaction.open(git, message) as transaction:
            if not await transaction.prepare(self.ref, self.new, self.old):
                raise await self._refused()
            if on_locks is not None:
                await on_locks(tuple(lock for lock in identify(files) if lock not in theirs))
            for each in checkouts:
                if each.resumed:
                    await each.advance(self.new)
                await each.refresh()
                await each.check(self.old, self.new)
            for each in checkouts:
                await each.move(self.old, self.new)
            if not await transaction.commit() and not await self._landed():
                raise await self._refused()
        for each in checkouts:
            each.publish()

    async def _refused(self) -> GitError:
        tip = await self._tip()
        if tip != self.old:
            return TipMoved(self.into, tip)
        lock = self.common / f"{self.ref}.lock"
        return Blocked(f"{self.into} is locked", [str(lock)], f"wait, or remove {lock} if no git runs")

    def _lock_files(self, checkouts: Iterable[_Checkout]) -> list[Path]:
        """What git makes for the transaction: it locks the branch, and HEAD of the work tree it runs in."""
        heads = [each.tree.git_dir / "HEAD.lock" for each in checkouts]
        return [self.common / f"{self.ref}.lock", *heads[:1]]


def in_the_way(top: Path, added: Iterable[bytes], tracked: set[bytes]) -> list[bytes]:
    """Files, ignored or not, that stand where the landing would put a new file.

    git itself overwrites ignored files silently, and follows no rule of ours about links.
    """
    found: dict[bytes, None] = {}
    for path in added:
        found.update(dict.fromkeys(_obstacles(top, path, tracked)))
    return list(found)


def _obstacles(top: Path, path: bytes, tracked: set[bytes]) -> Iterable[bytes]:
    parts = path.split(b"/")
    for depth in range(1, len(parts) + 1):
        part = b"/".join(parts[:depth])
        place = top / os.fsdecode(part)
        try:
            mode = place.lstat().st_mode
        except (FileNotFoundError, NotADirectoryError):
            return
        if not stat.S_ISDIR(mode):
            if part not in tracked:
                yield part
            return
    for folder, folders, names in os.walk(place):
        links = [name for name in folders if (Path(folder) / name).is_symlink()]
        for name in names + links:
            inside = os.fsencode(os.path.relpath(Path(folder) / name, top))
            if inside not in tracked:
                yield inside
