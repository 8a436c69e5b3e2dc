"""The user's remote: which one a branch belongs to, and git that reaches it as theirs would."""

import re
from pathlib import Path

from msgspec import Struct, structs

from .errors import RemoteUnreachable, RepositoryRefused, text
from .outside import acting, told
from .run import Argument, Git, Result
from .user import settings

PATIENCE = 120.0
"""Seconds that a remote has to answer."""

NEEDED = ("credential.", "http.", "url.", "ssh.", "protocol.", "core.sshcommand", "core.gitproxy")
NEEDED_OF_REMOTE = ("url", "pushurl", "proxy", "proxyauthmethod", "vcs", "uploadpack", "receivepack", "serveroption")
"""The configuration that says how to reach a remote. What it says of refs is left out: we name ours ourselves."""

UNASKED = {"GIT_ASKPASS": "", "SSH_ASKPASS_REQUIRE": "never"}
SECRET = re.compile(r"(?<=://)[^/\s]*@")


class Upstream(Struct, frozen=True):
    """Where a branch of the user's comes from: a remote (its name, or its address) and the branch there.

    `url` is for people: no password or user name is in it.
    """

    remote: str
    branch: str
    url: str

    @property
    def ref(self) -> str:
        """The branch as the remote names it."""
        return f"refs/heads/{self.branch}"

    def __str__(self) -> str:
        """As git's own messages name it: origin/main."""
        return f"{unsecret(self.remote)}/{self.branch}"


def unsecret(said: str) -> str:
    """A text without the user names and passwords of the addresses in it."""
    return SECRET.sub("", said)


async def upstream(repo: Path, branch: str) -> Upstream:
    """What `branch.NAME.remote` and `.merge` of the user's configuration say, else the same branch of `origin`.

    Raises `RepositoryRefused` where the repository has no such remote.
    """
    pairs = await settings(repo)
    config = dict(pairs)
    remote = config.get(f"branch.{branch}.remote", ".")
    merge = config.get(f"branch.{branch}.merge", f"refs/heads/{branch}")
    if remote == ".":  # none, or a branch of the same repository
        remote, merge = "origin", f"refs/heads/{branch}"
    urls = [value for key, value in pairs if key == f"remote.{remote}.url"]
    if not urls and not ("/" in remote or ":" in remote):
        raise RepositoryRefused(
            f"{repo} has no remote {remote} for {branch}",
            f"git remote add {remote} URL, or do without fetch and publish",
        )
    return Upstream(remote, merge.removeprefix("refs/heads/"), unsecret(urls[0] if urls else remote))


async def reaching(git_dir: Path, repo: Path, remote: str) -> Git:
    """Git in a repository of ours that knows the user's remote by its name and reaches it with their credentials."""
    own = tuple(f"remote.{remote}.{key}" for key in NEEDED_OF_REMOTE)
    config = [pair for pair in await settings(repo) if pair[0].startswith(NEEDED) or pair[0] in own]
    git = acting(git_dir, repo, config)
    return structs.replace(git, env={**git.env, **UNASKED})


async def ask(git: Git, to: Upstream, *args: Argument, seconds: float = PATIENCE) -> Result:
    """Run a git that talks to a remote. Raises `RemoteUnreachable` when it takes longer than `seconds`."""
    try:
        return await told(git, *args, seconds=seconds)
    except TimeoutError as error:
        raise RemoteUnreachable(
            f"{unsecret(to.remote)} ({to.url}) did not answer within {seconds:g} s", "look at the network, then retry"
        ) from error


def unreachable(repo: Path, to: Upstream, result: Result) -> RemoteUnreachable:
    """The typed error for a git that could not reach a remote."""
    said = text(result.err).strip() or "git said nothing"
    before, fatal, after = said.partition("fatal: ")  # ssh gives its reason before it, advice follows
    why = " ".join(f"{before}{fatal}{after.partition(chr(10))[0]}".split())
    name = unsecret(to.remote)
    return RemoteUnreachable(
        f"{name} ({to.url}) cannot be reached: {unsecret(why)[-500:]}",
        f"try: git -C {repo} ls-remote {name}. Nobody can be asked for a password here: "
        "use a credential helper or an ssh-agent",
    )


async def remote_tip(git: Git, repo: Path, to: Upstream, seconds: float = PATIENCE) -> str | None:
    """Where the remote's branch is now, None where it has none. Raises `RemoteUnreachable`."""
    result = await ask(git, to, "ls-remote", "-q", to.remote, to.ref, seconds=seconds)
    if result.code != 0:
        raise unreachable(repo, to, result)
    found = [line.split("\t") for line in text(result.out).splitlines()]
    return next((sha for sha, ref in found if ref == to.ref), None)
