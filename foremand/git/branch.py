"""A branch in the user's own repository that shows them a task's work, to look and try."""

from pathlib import Path

from msgspec import structs

from .errors import Blocked, RepositoryRefused
from .mirror import FETCH
from .run import Git
from .user import common_dir, identity, user_git
from .work import WorkRepo, commit_environment
from .worktrees import holding, refuse_busy


async def branch_for_person(repo: Path, work: WorkRepo, revision: str, name: str) -> None:
    """Make the branch `name` at `revision`, or move it there from an earlier revision of the task.

    Nothing else in the user's repository changes. Raises `RepositoryRefused` where that would take something from
    them: the branch is checked out in a work tree, or holds commits that are not the task's.
    """
    git = await user_git(repo)
    ref = f"refs/heads/{name}"
    found = await git.result("rev-parse", "--verify", "-q", ref)
    old = found.out.decode().strip() if found.code == 0 else None
    if old == revision:
        return
    await _refuse_in_use(git, name, ref)
    await git.run(*FETCH, work.path, revision)
    if old is not None and await _has_others(git, work, old, revision):
        raise RepositoryRefused(
            f"the branch {name} has commits that are not of task {work.task}",
            f"keep them under another name (git branch -m {name} NAME), then ask again",
        )
    who = (await identity(repo)).committer
    people = commit_environment((who.name, who.email), (who.name, who.email), 0)
    env = {key: value for key, value in people.items() if "DATE" not in key}
    reason = f"foremand: show task {work.task}"
    moved = await structs.replace(git, env=env).result(
        "update-ref", "-m", reason, ref, revision, old or "0" * len(revision)
    )
    if moved.code != 0:
        raise RepositoryRefused(
            f"the branch {name} cannot be moved: {' '.join(moved.err.decode(errors='replace').split())}",
            "see which branches are there: git branch --list, then ask again",
        )


async def _refuse_in_use(git: Git, name: str, ref: str) -> None:
    try:
        trees = await holding(git, ref)
        refuse_busy(await common_dir(git), trees, ref)
    except Blocked as blocked:
        raise RepositoryRefused(f"the branch {name} is in use: {blocked.reason}", blocked.hint) from blocked
    if trees:
        raise RepositoryRefused(
            f"the branch {name} is checked out in {trees[0].path}", "switch to another branch there, then ask again"
        )


async def _has_others(git: Git, work: WorkRepo, old: str, revision: str) -> bool:
    """Whether the branch holds anything that neither `revision` nor any revision of the task holds."""
    listed = await work.git.line("for-each-ref", "--format=^%(objectname)", f"refs/foremand/{work.task}/")
    both = structs.replace(git, env={"GIT_ALTERNATE_OBJECT_DIRECTORIES": ":".join(map(str, work.objects))})
    asked = "\n".join([old, f"^{revision}", *listed.split()]) + "\n"
    return bool(await both.run("rev-list", "--max-count=1", "--stdin", input=asked.encode()))
