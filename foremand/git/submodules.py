"""Submodules: filled from what the user has of them, without network, and without running anything that they name.

Their commits are copied into the mirror once, each held by a ref. So all that borrows from the mirror has them.
"""

import asyncio
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from . import layout
from .dotgit import AGENT, fill, install, keep_commits, read_tree
from .errors import GitFailed
from .listing import SUBMODULE
from .mirror import FETCH
from .run import Git, failed, fields
from .user import common_dir
from .work import Submodule, WorkRepo

NOT_RUN = 127
"""The exit code of a program that its loader could not begin."""


async def populate(tree: Path, work: WorkRepo, revision: str, *, kept: Path, fresh: bool) -> tuple[str, ...]:
    """Fill the submodules that a revision declares and that the user has initialised, nested ones too.

    Each gets a `.git` of its own, without a remote. What they have of a submodule comes from their `.git/modules`;
    the notes name each commit that is not there, whose folder then stays as it is. A folder in which something
    lies already is put back to the commit if `fresh`, otherwise it gets just the new `.git`; commits that an
    agent made there go to the folder `kept`. Safe to repeat after a crash at any point.
    """
    aside = tree.with_name(tree.name + ".submodule")
    return tuple(await _Filling(work, aside, kept, fresh=fresh).fill(tree, revision, None, ""))


async def held(work: WorkRepo, revision: str) -> list[Submodule]:
    """The declared submodules of a revision that `populate` has filled."""
    return [each for each in await declared(work, revision) if await is_held(work, each.commit)]


async def declared(work: WorkRepo, revision: str) -> tuple[Submodule, ...]:
    """The submodules of a revision, as far as its `.gitmodules` names them in a way that can be followed."""
    tree = await work.tree_of(revision)
    if tree not in work.submodules:
        work.submodules[tree] = await _declared(work, tree)
    return work.submodules[tree]


async def _declared(work: WorkRepo, tree: str) -> tuple[Submodule, ...]:
    if not await work.git.run("ls-tree", tree, "--", ".gitmodules"):
        return ()
    question = ("config", "--blob", f"{tree}:.gitmodules", "-z", "--get-regexp", r"^submodule\..*\.path$")
    said = await work.git.result(*question)
    if said.code < 0 or said.code == NOT_RUN:  # killed, or never begun: that says nothing of the file
        raise failed(question, said)
    if said.code != 0:  # it names none, or whoever wrote it broke it
        return ()
    names: dict[bytes, str] = {}
    for line in fields(said.out):
        key, _, path = line.partition(b"\n")
        name = os.fsdecode(key.removeprefix(b"submodule.").removesuffix(b".path"))
        if _stays_within(name):
            names[path.rstrip(b"/")] = name
    entries = await work.entries(tree)
    return tuple(
        Submodule(names[path], path, sha.decode())
        for path, (mode, sha) in entries.items()
        if mode == SUBMODULE and path in names
    )


async def is_held(work: WorkRepo, commit: str) -> bool:
    """Whether the mirror has a submodule's commit, whole."""
    return (await work.mirror.git.result("show-ref", "--verify", "-q", _ref(commit))).code == 0


class _Filling:
    def __init__(self, work: WorkRepo, aside: Path, kept: Path, *, fresh: bool) -> None:
        self.work = work
        self.aside = aside
        self.kept = kept
        self.fresh = fresh

    async def fill(self, tree: Path, revision: str, modules: Sequence[Path] | None, within: str) -> list[str]:
        """Fill what `revision` declares in `tree`; the user has them in `modules` (None: their repository's)."""
        notes: list[str] = []
        for each in await declared(self.work, revision):
            if modules is None:
                modules = await _modules_of(self.work.mirror.repo)
            sources = [home / each.name for home in modules if (home / each.name / "HEAD").is_file()]
            if not await self._fetched(each.commit, sources):
                if sources:
                    called = f"submodule {within}{each.name}"
                    notes.append(f"{called}: commit {each.commit[:12]} is not in your .git/modules")
                continue
            place = await asyncio.to_thread(layout.folder, tree, each.path)
            if place is not None:
                await self._lay(place, each.commit)
                below = [source / "modules" for source in sources]
                notes += await self.fill(place, each.commit, below, f"{within}{each.name}/")
        return notes

    async def _fetched(self, commit: str, sources: Iterable[Path]) -> bool:
        """Have the commit in the mirror. What git says does not count: another task may fetch the same just now."""
        if await is_held(self.work, commit):
            return True
        for source in sources:
            await self.work.mirror.git.result(*FETCH, "--update-shallow", source, f"{commit}:{_ref(commit)}")
            if await is_held(self.work, commit):
                return True
        return False

    async def _lay(self, place: Path, commit: str) -> None:
        """Make the folder, or its `.git`, beside the tree, until it can take its place at once."""
        empty = not await asyncio.to_thread(os.listdir, place)
        new = empty or self.fresh
        git_dir = self.aside / ".git" if new else self.aside
        form = await self.work.mirror.form()

        def write() -> None:
            layout.discard(self.aside)
            layout.write_repository(git_dir, form, bare=False, head=commit, borrows=self.work.objects, extra=AGENT)

        def replace() -> None:
            if not new:
                install(self.aside, place, self.kept)
                return
            if not empty:
                keep_commits(place, self.kept)
                layout.discard(place)
            layout.publish(self.aside, place)

        await asyncio.to_thread(write)
        if new:
            await fill(Git(git_dir=git_dir, work_tree=self.aside), commit)
        else:
            await read_tree(Git(git_dir=git_dir, work_tree=place), commit)
        await asyncio.to_thread(replace)


async def _modules_of(repo: Path) -> tuple[Path, ...]:
    """Where the user's git keeps submodules: a linked work tree has some of its own."""
    git = Git(cwd=repo)
    try:
        own = os.fsdecode(await git.run("rev-parse", "--path-format=absolute", "--git-path", "modules"))
        return (Path(own.removesuffix("\n")), await common_dir(git) / "modules")
    except (GitFailed, FileNotFoundError, NotADirectoryError):
        return ()


def _stays_within(name: str) -> bool:
    """Whether a name is one of a folder below: an agent may have written it."""
    return not any(part in ("", ".", "..") for part in name.split("/"))


def _ref(commit: str) -> str:
    return f"refs/foremand/submodules/{commit}"
