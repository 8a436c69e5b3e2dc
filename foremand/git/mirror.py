"""A bare mirror of the user's repository: all that foremand reads of their history, and never their own folder.

It holds the user's branches, tags and remote-tracking branches under the same names. Nothing in it is ever
pruned: tasks borrow its objects.
"""

import asyncio
import os
import shutil
from pathlib import Path

from msgspec import structs

from foremand.core.nearest import nearest

from . import layout
from .errors import GitFailed, RepositoryRefused, text
from .layout import Form
from .remote import PATIENCE, ask, reaching, unreachable, upstream
from .run import UPLOAD_PACK, Git, fields
from .user import common_dir

EVERYTHING = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*", "+refs/remotes/*:refs/remotes/*")
QUIET_FETCH = (
    "fetch",
    "-q",
    "--no-write-fetch-head",
    "--no-tags",
    "--no-auto-maintenance",
    "--no-recurse-submodules",
)
"""A fetch that leaves no trace but objects and the refs it names."""

FETCH = (*QUIET_FETCH, f"--upload-pack={UPLOAD_PACK}")
"""Such a fetch between two repositories of this machine."""

FETCHED = "refs/foremand/fetched/"
"""Where the tips are held that the user's remotes had; no fetch of the user's own refs touches them."""


class Mirror:
    """The mirror at `path` of the user's repository `repo` (its work tree or its git folder).

    Keep one instance for each repository: its lock orders everything that writes here.
    """

    def __init__(self, path: Path, repo: Path) -> None:
        self.path = path
        self.repo = repo
        self.git = Git(git_dir=path)
        self._lock = asyncio.Lock()
        self._fetching = asyncio.Lock()  # one of its own: nobody waits for a slow remote who does not ask it
        self._form: Form | None = None

    @property
    def objects(self) -> Path:
        """The folder that workspaces borrow from; a sandbox binds it read-only at its own path."""
        return self.path / "objects"

    async def ensure(self) -> None:
        """Make the mirror where there is none. A crash leaves none or a whole one."""
        async with self._lock:
            if self.path.exists():
                return
            making = self.path.with_name(self.path.name + ".making")
            await asyncio.to_thread(layout.discard, making)
            self.path.parent.mkdir(parents=True, exist_ok=True)
            await self._clone(making)
            await asyncio.to_thread(self._settle, making, await _form(Git(cwd=self.repo)))

    async def fetch(self, *branches: str) -> None:
        """Take over the user's branches, tags and remote-tracking branches, or only the branches named.

        Only reads the user's repository. Raises `RepositoryRefused` for a branch that is not there.
        """
        if branches:
            which = tuple(f"+refs/heads/{branch}:refs/heads/{branch}" for branch in branches)
        else:
            which = ("--prune", *EVERYTHING)
        async with self._lock:
            source = await self._source()
            try:
                await self.git.run(*FETCH, "--update-shallow", source, *which)
            except GitFailed as error:
                if b"couldn't find remote ref" in error.stderr:
                    raise await self._no_branch(*branches) from error
                raise

    async def fetch_remote(self, branch: str, seconds: float = PATIENCE) -> str:
        """The tip of `branch` at the user's remote (its upstream, else `origin`), with its history brought here.

        With the user's address, credentials and ssh agent; their own repository is not written. Raises
        `RemoteUnreachable`, and `RepositoryRefused` where there is no such remote or branch.
        """
        there = await upstream(self.repo, branch)
        held = FETCHED + branch.replace("/", "%")  # flat: `a` may be gone when `a/b` comes
        async with self._fetching:
            git = await reaching(self.path, self.repo, there.remote)
            result = await ask(git, there, *QUIET_FETCH, there.remote, f"+{there.ref}:{held}", seconds=seconds)
            if b"couldn't find remote ref" in result.err:
                raise RepositoryRefused(
                    f"{there} does not exist at {there.url}", f"push it first: git push {there.remote} {branch}"
                )
            if result.code != 0:
                raise unreachable(self.repo, there, result)
            return await self.resolve(held)

    async def resolve(self, ref: str) -> str:
        """The full id of the commit that a ref or an id names. Raises `RepositoryRefused`."""
        found = await self.git.result("rev-parse", "--verify", "-q", "--end-of-options", f"{ref}^{{commit}}")
        if found.code != 0:
            raise await self._no_branch(ref.removeprefix("refs/heads/"))
        return found.out.decode().strip()

    async def tip(self, branch: str) -> str:
        """Where a branch stood at the last fetch: of exactly that name, so never a tag, nor what is reached from it."""
        found = await self.git.result("show-ref", "--verify", "--hash", "--", f"refs/heads/{branch}")
        if found.code != 0:
            raise await self._no_branch(branch)
        return found.out.decode().strip()

    async def read_file(self, revision: str, path: str) -> bytes | None:
        """A file's stored bytes at a revision; None where there is no such file."""
        listed = fields(await self._literal("ls-tree", "-z", revision, "--", path))
        for line in listed:
            meta, _, name = line.partition(b"\t")
            mode, _, sha = meta.split(b" ")
            if name == os.fsencode(path) and mode.startswith(b"100"):
                return await self.git.run("cat-file", "blob", sha)
        return None

    async def list_files(self, revision: str, prefix: str = "") -> tuple[str, ...]:
        """The paths of all files at a revision, or of those that are or lie under `prefix`."""
        only = ("--", prefix) if prefix else ()
        listed = fields(await self._literal("ls-tree", "-r", "-z", "--name-only", revision, *only))
        return tuple(os.fsdecode(name) for name in listed)

    async def form(self) -> Form:
        """What our other repositories of this project must share with it."""
        if self._form is None:
            self._form = await _form(self.git)
        shallow = self.path / "shallow"
        return structs.replace(self._form, shallow=shallow.read_bytes() if shallow.exists() else b"")

    async def tags(self) -> bytes:
        """All tags, as lines for a packed-refs file."""
        return await self.git.run("for-each-ref", "--format=%(objectname) %(refname)", "refs/tags")

    async def _literal(self, *args: str) -> bytes:
        return await Git(git_dir=self.path, env={"GIT_LITERAL_PATHSPECS": "1"}).run(*args)

    async def _no_branch(self, *names: str) -> RepositoryRefused:
        listed = await self.git.result("for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads")
        there = [name for name in text(listed.out).splitlines() if name not in names]  # as of the last fetch
        said = " or ".join([f"{name}{await asyncio.to_thread(nearest, name, there)}" for name in names])
        return RepositoryRefused(
            f"{self.repo} has no branch or revision {said}", "git branch -a lists them; --into names another"
        )

    async def _source(self) -> Path:
        """The user's git folder: a linked work tree borrows the refs of its main one."""
        try:
            return await common_dir(Git(cwd=self.repo))
        except (GitFailed, FileNotFoundError, NotADirectoryError) as error:
            raise RepositoryRefused(f"{self.repo} is no git repository any more", "was it moved?") from error

    async def _clone(self, making: Path) -> None:
        source = await self._source()
        git = Git(cwd=self.path.parent)
        clone = ("clone", "-q", "--bare", "--dissociate", "--template=", f"--upload-pack={UPLOAD_PACK}")
        try:
            await git.run(*clone, source, making)
        except GitFailed:
            # An object folder with links in it, or on another file system that refuses: copy through the protocol.
            await asyncio.to_thread(layout.discard, making)
            await git.run(*clone, "--no-local", source, making)

    def _settle(self, making: Path, form: Form) -> None:
        """Replace what clone wrote of its own accord by our configuration, then give the mirror its name."""
        shutil.rmtree(making / "hooks", ignore_errors=True)
        layout.write_config(making, form, bare=True)
        layout.publish(making, self.path)


async def _form(git: Git) -> Form:
    filemode = await git.result("config", "--type=bool", "core.fileMode")
    return Form(
        object_format=await git.line("rev-parse", "--show-object-format"),
        filemode=filemode.out.strip() != b"false",
    )
