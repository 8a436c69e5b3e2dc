"""Publishing what has landed: a push to the user's remote by compare-and-swap, or a pull request.

Every push names one commit and one branch, so nothing travels but what that commit reaches: no seal does.
"""

import asyncio
import re
import shutil
import tempfile
from pathlib import Path

from foremand.children import child

from .errors import NotPublished, TipMoved, text
from .outside import means
from .remote import PATIENCE, Upstream, ask, reaching, remote_tip, unreachable, unsecret, upstream
from .run import PIECE, Git, Result
from .work import WorkRepo

PUSH = ("push", "--porcelain", "--no-verify", "--no-follow-tags", "--no-signed", "--recurse-submodules=no")
URL = re.compile(r"https?://\S+")
BODY_LIMIT = 60_000
"""Characters of a pull request's text; GitHub takes 65,536."""


async def push(
    repo: Path,
    work: WorkRepo,
    commit: str,
    branch: str,
    expected_old: str | None,
    seconds: float = PATIENCE,
) -> None:
    """Move the remote's branch, of which the user's `branch` is a copy, from `expected_old` (None: none) to `commit`.

    Safe to repeat: a remote that has the commit already is left alone. Raises `TipMoved` when it is elsewhere,
    `NotPublished` when it refuses or when the push would not be a fast-forward, `RemoteUnreachable`.
    """
    if expected_old is not None and not await work.follows(commit, expected_old):
        raise NotPublished(
            f"{commit[:12]} does not follow {expected_old[:12]}: pushing it would take commits away from {branch}",
            "nothing was pushed; retry builds it again",
        )
    to = await upstream(repo, branch)
    git = await reaching(work.path, repo, to.remote)
    result = await _push(git, repo, to, commit, expected_old, seconds)
    if result is None:
        return
    tip = await work.mirror.fetch_remote(branch, seconds)
    if not await work.follows(tip, commit):
        raise TipMoved(str(to), tip) if tip != expected_old else _refused(to, result)


async def pull_request(
    repo: Path,
    work: WorkRepo,
    commit: str,
    task_branch: str,
    into: str,
    title: str,
    body: str,
    seconds: float = PATIENCE,
) -> str | None:
    """Push `commit` to a branch of its own beside `into` and ask for it to be merged there; the request's address.

    None where there is no program to ask with (`gh` on PATH): then only the branch is pushed. Safe to repeat: the
    branch moves if it is where we put it, a request that is open already is given back. Raises `TipMoved` when
    somebody else moved the branch, `NotPublished`, `RemoteUnreachable`.
    """
    target = await upstream(repo, into)
    to = Upstream(target.remote, task_branch, target.url)
    git = await reaching(work.path, repo, to.remote)
    now = await remote_tip(git, repo, to, seconds)
    ours = f"refs/foremand/{work.task}/pushed/"
    if now not in (None, commit) and await work.resolve(f"{ours}{now}") is None:
        raise TipMoved(str(to), now)
    await work.keep(f"{ours}{commit}", commit)  # before it is there: after a crash we know it for ours
    result = None if now == commit else await _push(git, repo, to, commit, now, seconds)
    if result is not None:
        found = await remote_tip(git, repo, to, seconds)
        if found != commit:
            raise TipMoved(str(to), found) if found != now else _refused(to, result)
    gh = shutil.which("gh")
    if gh is None:
        return None
    with tempfile.NamedTemporaryFile("w", dir=work.scratch, suffix=".md") as file:
        file.write(body[:BODY_LIMIT])
        file.flush()
        words = ("--head", task_branch, "--base", target.branch, "--title", title, "--body-file", file.name)
        code, out, err = await _run(repo, seconds, gh, "pr", "create", *words)
    urls = URL.findall(out if code == 0 else err if "already exists" in err else "")
    if not urls:
        said = " ".join(unsecret(err or out).split())
        raise NotPublished(
            f"gh opened no pull request ({code}): {said[-500:] or 'it said nothing'}",
            f"{task_branch} is pushed; look at gh auth status in {repo}, then retry",
        )
    return str(urls[-1])


async def _push(git: Git, repo: Path, to: Upstream, commit: str, old: str | None, seconds: float) -> Result | None:
    """Push one commit if the branch is at `old` (None: not there). Gives None, or how the remote refused it."""
    lease = f"--force-with-lease={to.ref}:{old or ''}"
    result = await ask(git, to, *PUSH, lease, to.remote, f"{commit}:{to.ref}", seconds=seconds)
    if result.code == 0:
        return None
    if b"!\t" not in result.out:  # it says so of every ref that it was refused
        raise unreachable(repo, to, result)
    return result


def _refused(to: Upstream, result: Result) -> NotPublished:
    lines = [line[7:].strip() for line in text(result.err).splitlines() if line.startswith("remote:")]
    lines += [line.rpartition("\t")[2] for line in text(result.out).splitlines() if line.startswith("!")]
    return NotPublished(
        f"{unsecret(to.remote)} refused {to.branch}: {unsecret(' '.join(lines))[-500:]}",
        'does it protect the branch? publish = "pull-request" goes by a branch of its own',
    )


async def _run(cwd: Path, seconds: float, *argv: str) -> tuple[int, str, str]:
    """Run a program of the user that asks nobody; it is ended, its children too, after so many seconds."""
    env = means() | {"GH_PROMPT_DISABLED": "1", "GIT_TERMINAL_PROMPT": "0", "NO_COLOR": "1"}
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        try:
            async with (
                child(*argv, stdin=asyncio.subprocess.DEVNULL, stdout=out, stderr=err, cwd=cwd, env=env) as process,
                asyncio.timeout(seconds),
            ):
                code = await process.wait()
        except TimeoutError as error:
            raise NotPublished(f"{Path(argv[0]).name} did not end within {seconds:g} s", "retry") from error
        said = []
        for file in (out, err):
            file.seek(0)
            said.append(text(file.read(PIECE)))
    return code, said[0], said[1]
