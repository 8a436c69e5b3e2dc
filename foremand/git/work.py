"""A task's own repository: its seals and candidates, which no other task sees. It borrows the mirror's objects.

Nothing in it is ever pruned, and every commit of worth has a ref besides.
"""

import asyncio
import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from msgspec import Struct

from . import layout
from .mirror import Mirror
from .run import Git, fields

CONFLICT_SUFFIX = "-conflict"
"""How the refs of candidates end that are none: merges with their markers."""


class Submodule(Struct, frozen=True):
    """A submodule as a revision declares it: its name, where it stands, and the commit that belongs there."""

    name: str
    path: bytes
    commit: str


class WorkRepo:
    """The repository at `path` of the task `task`."""

    def __init__(self, path: Path, mirror: Mirror, task: int) -> None:
        self.path = path
        self.mirror = mirror
        self.task = task
        self.git = Git(git_dir=path)
        self.merging = asyncio.Lock()
        self.trees: dict[str, str] = {}
        """The trees of commits that were made or looked at here, by their full ids: a git less for each look."""
        self.submodules: dict[str, tuple[Submodule, ...]] = {}
        """What trees declare, as far as somebody has asked."""

    async def ensure(self) -> None:
        """Make it where there is none, and clear what a crash left in its scratch folder."""
        if not self.path.exists():
            making = self.path.with_name(self.path.name + ".making")
            form = await self.mirror.form()
            await asyncio.to_thread(layout.discard, making)
            layout.write_repository(
                making, form, bare=True, head="ref: refs/heads/none", borrows=(self.mirror.objects,)
            )
            layout.publish(making, self.path)
        await asyncio.to_thread(shutil.rmtree, self.scratch, ignore_errors=True)
        self.scratch.mkdir()

    @property
    def scratch(self) -> Path:
        """For files that need not outlive a call."""
        return self.path / "scratch"

    @property
    def objects(self) -> tuple[Path, ...]:
        """The object folders that a workspace of this task borrows from."""
        return (self.path / "objects", self.mirror.objects)

    def attempt_ref(self, number: int) -> str:
        """Where the seal of an attempt is kept."""
        return f"refs/foremand/{self.task}/attempt/{number}"

    def candidate_ref(self, number: int) -> str:
        """Where a candidate is kept."""
        return f"refs/foremand/{self.task}/candidate/{number}"

    async def resolve(self, ref: str) -> str | None:
        """The id of the commit at a ref, None where there is none."""
        found = await self.git.result("rev-parse", "--verify", "-q", "--end-of-options", f"{ref}^{{commit}}")
        return found.out.decode().strip() if found.code == 0 else None

    async def tree_of(self, revision: str) -> str:
        """The tree of a commit or tree."""
        if revision not in self.trees:
            tree = await self.git.line("rev-parse", "--verify", "-q", "--end-of-options", f"{revision}^{{tree}}")
            if not _is_id(revision, tree):  # what a name stands for changes
                return tree
            self.trees[revision] = tree
        return self.trees[revision]

    async def follows(self, commit: str, earlier: str) -> bool:
        """Whether `earlier` is `commit` or in its history; False also where one of them is not known here."""
        return (await self.git.result("merge-base", "--is-ancestor", earlier, commit)).code == 0

    async def conflicts(self) -> frozenset[str]:
        """The trees of the merges in conflict that somebody was to resolve."""
        refs = f"refs/foremand/{self.task}/candidate/*{CONFLICT_SUFFIX}"
        return frozenset((await self.git.line("for-each-ref", "--format=%(tree)", refs)).split())

    async def dropped(self, tip: str, base: str) -> tuple[str, ...]:
        """Where the target has been, as far as `base` and the candidates tell, that `tip` no longer follows."""
        refs = f"refs/foremand/{self.task}/candidate/"
        lines = (await self.git.line("for-each-ref", "--format=%(parent)", refs)).splitlines()
        earlier = dict.fromkeys([base, *(line.split()[0] for line in lines if line)])
        return tuple([each for each in earlier if not await self.follows(tip, each)])

    async def keep(self, ref: str, commit: str) -> None:
        """Hold a commit by a ref, on disk when this returns."""
        await self.git.run("update-ref", ref, commit)

    async def entries(self, tree: str) -> dict[bytes, tuple[bytes, bytes]]:
        """Everything a tree holds: path to (mode, id); submodules have mode 160000."""
        listed = await self.git.run("ls-tree", "-r", "-z", "--full-tree", tree)
        return await asyncio.to_thread(_parse_entries, listed)

    async def read_blobs(self, shas: Iterable[bytes]) -> list[bytes]:
        """The stored bytes of several files, in this order."""
        asked = [*shas]
        if not asked:
            return []
        said = await self.git.run("cat-file", "--batch", input=b"".join(sha + b"\n" for sha in asked))
        blobs = []
        start = 0
        for _ in asked:
            end = said.index(b"\n", start)
            size = int(said[start:end].rsplit(b" ", 1)[1])
            blobs.append(said[end + 1 : end + 1 + size])
            start = end + size + 2
        return blobs

    async def read_named(self, entries: Mapping[bytes, tuple[bytes, bytes]], name: bytes) -> dict[bytes, bytes]:
        """All regular files of this name in a tree's entries: path to content."""
        found = {
            path: sha
            for path, (mode, sha) in entries.items()
            if path.rpartition(b"/")[2] == name and mode.startswith(b"100")
        }
        return dict(zip(found, await self.read_blobs(found.values()), strict=True))


def _is_id(name: str, other: str) -> bool:
    """Whether a name is a full id, as the `other` is one."""
    return len(name) == len(other) and not name.strip("0123456789abcdef")


def _parse_entries(listed: bytes) -> dict[bytes, tuple[bytes, bytes]]:
    found: dict[bytes, tuple[bytes, bytes]] = {}
    for line in fields(listed):
        meta, _, path = line.partition(b"\t")
        mode, _, sha = meta.split(b" ")
        found[path] = (mode, sha)
    return found


def commit_environment(author: tuple[str, str], committer: tuple[str, str], at: float) -> dict[str, str]:
    """The environment that fixes who commits (name, mail) and when (Unix seconds, shown in UTC)."""
    moment = f"@{int(at)} +0000"
    return {
        "GIT_AUTHOR_NAME": author[0],
        "GIT_AUTHOR_EMAIL": author[1],
        "GIT_AUTHOR_DATE": moment,
        "GIT_COMMITTER_NAME": committer[0],
        "GIT_COMMITTER_EMAIL": committer[1],
        "GIT_COMMITTER_DATE": moment,
    }


OURS = ("foremand", "foremand@localhost")
"""Who seals: a fixed identity, so that sealing again gives the same commit."""


async def commit(
    work: WorkRepo,
    tree: str,
    parent: str | None,
    message: str,
    at: float,
    *,
    merged: str | None = None,
    author: tuple[str, str] = OURS,
    committer: tuple[str, str] = OURS,
) -> str:
    """Write a commit that is the same whenever it is written with the same arguments. `merged`: a second parent."""
    git = Git(git_dir=work.path, env=commit_environment(author, committer, at))
    parents = [word for each in (parent, merged) if each for word in ("-p", each)]
    said = os.fsencode(message) if message.isascii() else message.encode("utf-8", "replace")
    made = await git.line("commit-tree", tree, *parents, input=said.replace(b"\0", b""))
    if _is_id(tree, made):
        work.trees[made] = tree
    return made
