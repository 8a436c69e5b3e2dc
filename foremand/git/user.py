"""The user's own repository, read: what it is, who they are, what they ignore.

Their configuration is read as their own git would read it (reading runs nothing); commands in the repository
then run with our safe settings over it, with every filter driver switched off by name.
"""

import asyncio
import os
from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct

from foremand.waiting import together

from .errors import GitFailed, IdentityUnknown, RepositoryRefused
from .run import Git, fields

TAKEN_OVER = ("core.autocrlf", "core.eol", "core.ignorecase", "core.precomposeunicode", "core.quotepath")
"""What decides how files look in the user's checkout, also where it is set outside the repository."""

NEVER_HOLD = (Path("/usr"), Path("/etc"))
"""Places that a repository must not be or hold: the agent's tree is bound over the repository's path."""

OWN_FILES = ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM")
"""Where the user said that their configuration lies."""


class Identity(Struct, frozen=True):
    """A name and a mail address, as git writes them into a commit."""

    name: str
    email: str


class Authorship(Struct, frozen=True):
    """Under whose name a landing is committed."""

    author: Identity
    committer: Identity


class RepositoryInfo(Struct, frozen=True, kw_only=True):
    """A repository as `submit` finds it.

    `top` is the realpath of the work tree, `branch` what is checked out (None: detached), `origin_head` the
    branch that `origin/HEAD` names, `uncommitted` the number of paths that `git status` lists.
    """

    top: Path
    git_common_dir: Path
    branch: str | None
    origin_head: str | None
    uncommitted: int


async def inspect(path: Path, *, protected: Iterable[Path] = ()) -> RepositoryInfo:
    """Look at the repository that holds `path`, without writing to it.

    `protected` are further places, such as the state dir, that the repository must not be or hold.
    Raises `RepositoryRefused` for what foremand does not work on, with the way out as its hint.
    """
    git = Git(cwd=path)
    try:
        bare = await git.line("rev-parse", "--is-bare-repository")
        if bare == "true":
            raise RepositoryRefused(f"{path} is a bare repository", "give a work tree: clone it first")
        found = os.fsdecode(await git.run("rev-parse", "--show-toplevel")).removesuffix("\n")
        top = await asyncio.to_thread(Path(found).resolve)
        common = await common_dir(git)
    except (GitFailed, NotADirectoryError, FileNotFoundError) as error:
        raise RepositoryRefused(f"{path} is not in a git repository", "git init, or -C REPO") from error
    for place in (Path.home(), *NEVER_HOLD, *protected):
        if place.resolve().is_relative_to(top):
            raise RepositoryRefused(
                f"the repository {top} is or holds {place}",
                "agents would work over it: use a repository in a folder of its own",
            )
    git = await user_git(top)
    await _refuse_partial(git, top)
    if (await git.result("rev-parse", "--verify", "-q", "HEAD^{commit}")).code != 0:
        raise RepositoryRefused(f"{top} has no commit on its branch yet", "git commit first")
    status = await git.run(
        "status", "--porcelain", "-z", "--no-renames", "--untracked-files=normal", "--ignore-submodules=dirty"
    )
    return RepositoryInfo(
        top=top,
        git_common_dir=common,
        branch=await _symbolic(git, "HEAD", "refs/heads/"),
        origin_head=await _symbolic(git, "refs/remotes/origin/HEAD", "refs/remotes/origin/"),
        uncommitted=len(fields(status)),
    )


async def signs(top: Path) -> bool:
    """Whether the user's own commits in this repository are signed: their `commit.gpgSign`."""
    found = await _as_user(top).result("config", "--type=bool", "commit.gpgSign")
    return found.out.strip() == b"true"


async def common_dir(git: Git) -> Path:
    """The git folder that all work trees of a repository share."""
    out = await git.run("rev-parse", "--path-format=absolute", "--git-common-dir")
    return Path(os.fsdecode(out).removesuffix("\n"))


async def heads(path: Path, branch: str) -> str | None:
    """Where the repository that holds `path` stands: its top, its tip and that of `branch`, the branch checked out.

    One quick look, only to compare with an earlier one. None where it cannot be told.
    """
    words = ("rev-parse", "--show-toplevel", "HEAD", f"refs/heads/{branch}", "--symbolic-full-name", "HEAD")
    try:
        found = await Git(cwd=path).result(*words)
    except (NotADirectoryError, FileNotFoundError):
        return None
    return os.fsdecode(found.out) if found.code == 0 else None


async def user_git(top: Path, *, fds: tuple[int, ...] = ()) -> Git:
    """Git for the user's repository: their line endings and ignore file, none of their programs."""
    config = await _configuration(top)
    settings = [(key, config[key]) for key in TAKEN_OVER if key in config]
    for key in config:
        section, _, variable = key.rpartition(".")
        if section.startswith("filter.") and variable in ("clean", "smudge", "process", "required"):
            settings.append((key, "false" if variable == "required" else ""))
    excludes = await _excludes_file(top)
    if excludes is not None:
        settings.append(("core.excludesFile", str(excludes)))
    return Git(cwd=top, config=tuple(settings), fds=fds)


async def user_excludes(top: Path) -> tuple[Path, ...]:
    """The user's ignore files outside the tree, weakest first: `core.excludesFile`, then `info/exclude`."""
    async with together() as group:
        excludes = group.create_task(_excludes_file(top))
        common = group.create_task(common_dir(Git(cwd=top)))
    info = common.result() / "info" / "exclude"
    return tuple(path for path in (excludes.result(), info) if path is not None and path.is_file())


async def identity(top: Path) -> Authorship:
    """Author and committer from the user's git configuration. Raises `IdentityUnknown` where it names none."""
    git = _as_user(top)
    try:
        return Authorship(
            author=_parse_identity(await git.line("var", "GIT_AUTHOR_IDENT")),
            committer=_parse_identity(await git.line("var", "GIT_COMMITTER_IDENT")),
        )
    except GitFailed as error:
        raise IdentityUnknown(
            "git's configuration does not say who you are, and what lands is committed under your name",
            "git config --global user.name NAME; git config --global user.email ADDRESS (GIT_AUTHOR_NAME and the like "
            "are not read)",
        ) from error


def _parse_identity(ident: str) -> Identity:
    name, _, rest = ident.partition(" <")
    return Identity(name, rest.partition(">")[0])


def _as_user(top: Path) -> Git:
    """Only for reading configuration: with the user's global and system files."""
    names = ("HOME", "XDG_CONFIG_HOME", "USER", *OWN_FILES)
    return Git(cwd=top, always=(("safe.directory", "*"),), env={name: os.environ.get(name) for name in names})


async def settings(top: Path) -> tuple[tuple[str, str], ...]:
    """The user's effective configuration, as git lists it: keys in git's spelling, what comes later weighs more."""
    listed = await _as_user(top).run("config", "--list", "-z")
    pairs = (each.partition(b"\n") for each in fields(listed))
    return tuple((os.fsdecode(key), os.fsdecode(value) if sep else "true") for key, sep, value in pairs)


async def _configuration(top: Path) -> dict[str, str]:
    """The last value of each key."""
    return dict(await settings(top))


async def _excludes_file(top: Path) -> Path | None:
    found = await _as_user(top).result("config", "--path", "core.excludesFile")
    if found.code == 0 and found.out.strip():
        return top / os.fsdecode(found.out.removesuffix(b"\n"))
    config_home = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    default = Path(config_home) / "git" / "ignore"
    return default if default.is_file() else None


async def _symbolic(git: Git, ref: str, prefix: str) -> str | None:
    result = await git.result("symbolic-ref", "-q", ref)
    name = os.fsdecode(result.out).removesuffix("\n")
    return name.removeprefix(prefix) if result.code == 0 and name.startswith(prefix) else None


async def _refuse_partial(git: Git, top: Path) -> None:
    """A partial clone lacks objects: whoever reads it would fetch one by one, with the user's credentials."""
    found = await git.result("config", "--get-regexp", r"^(extensions\.partialclone|remote\..*\.promisor)$")
    if found.code != 0:
        return
    remote = "origin"
    for line in os.fsdecode(found.out).splitlines():
        key, _, value = line.partition(" ")
        remote = value if key == "extensions.partialclone" else key.removeprefix("remote.").removesuffix(".promisor")
    raise RepositoryRefused(
        f"{top} is a partial clone",
        f"complete it: git config --unset-all remote.{remote}.partialclonefilter; git fetch --refetch {remote}; "
        f"git config --unset-all remote.{remote}.promisor; git config --unset-all extensions.partialclone",
    )
