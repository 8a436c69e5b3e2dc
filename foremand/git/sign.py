"""Signing: the last step before a landing, with the user's own key and program."""

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path

from msgspec import structs

from .errors import GitError, SigningFailed, text
from .outside import acting, told
from .run import Git
from .user import settings
from .work import WorkRepo

SIGNATURE = b"gpgsig"


async def signed(repo: Path, work: WorkRepo, commit: str, timeout: float = 60.0) -> str:  # noqa: ASYNC109
    """The same commit with the user's signature: openpgp, ssh or x509, as their git has it in `repo`.

    The stage commits of a merge, all that its first parent has not, are signed as well. The commits are on disk
    when this returns, and no ref holds them yet. `timeout` is in seconds, for all together. Raises `SigningFailed`.
    """
    config = [pair for pair in await settings(repo) if pair[0].startswith("gpg.") or pair[0] == "user.signingkey"]
    git = acting(work.path, repo, [*config, ("i18n.commitEncoding", "UTF-8")])
    listed = await work.git.line("rev-list", "--topo-order", "--reverse", commit, "--not", f"{commit}^1")
    done: dict[str, str] = {}
    end = asyncio.get_running_loop().time() + timeout
    try:
        for each in listed.split():
            done[each] = await _sign(git, work, each, done, end - asyncio.get_running_loop().time())
    except TimeoutError as error:
        raise SigningFailed(
            f"not signed within {timeout:g} s: is an agent waiting for a passphrase?",
            f"unlock the key (git -C {repo} commit-tree -S -m test HEAD^{{tree}} asks for it), then retry",
        ) from error
    return done[commit]


async def _sign(git: Git, work: WorkRepo, commit: str, done: Mapping[str, str], seconds: float) -> str:
    header, _, message = (await work.git.run("cat-file", "commit", commit)).partition(b"\n\n")
    for old, new in done.items():
        header = header.replace(b"parent " + old.encode(), b"parent " + new.encode())
    said = [line.partition(b" ")[::2] for line in header.split(b"\n")]
    parents = [word for key, value in said if key == b"parent" for word in ("-p", value)]
    people = {key: value for key, value in said if key in (b"tree", b"author", b"committer")}
    env = {**_identity("AUTHOR", people[b"author"]), **_identity("COMMITTER", people[b"committer"])}
    here = structs.replace(git, env={**git.env, **env})
    result = await told(here, "commit-tree", "-S", *parents, people[b"tree"], seconds=seconds, input=message)
    if result.code != 0:
        words = " ".join(text(result.err).replace("error: ", "").split())
        raise SigningFailed(
            f"git could not sign: {words[-500:] or f'it ended with {result.code}'}",
            "look at gpg.format, user.signingKey and gpg.program of your git, then retry",
        )
    made = result.out.decode().strip()
    if _unsigned(await work.git.run("cat-file", "commit", made)) != header + b"\n\n" + message:
        raise GitError(f"the signed commit {made[:12]} is not the one that was to be signed", "please report this")
    return made


def _identity(role: str, said: bytes) -> dict[str, str]:
    """The variables that make git write a person and a moment as a commit has them."""
    name, _, rest = os.fsdecode(said).partition(" <")
    email, _, moment = rest.partition("> ")
    return {f"GIT_{role}_NAME": name, f"GIT_{role}_EMAIL": email, f"GIT_{role}_DATE": f"@{moment}"}


def _unsigned(raw: bytes) -> bytes:
    """A commit without its signature; raises `SigningFailed` where it has none."""
    header, _, message = raw.partition(b"\n\n")
    kept: list[bytes] = []
    inside = found = False
    for line in header.split(b"\n"):
        inside = line.startswith(SIGNATURE) or (inside and line.startswith(b" "))
        found = found or inside
        if not inside:
            kept.append(line)
    if not found:
        raise SigningFailed("git made a commit without a signature", "look at gpg.program of your git, then retry")
    return b"\n".join(kept) + b"\n\n" + message
