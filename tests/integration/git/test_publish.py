"""What has landed is pushed by compare-and-swap, alone, once; a pull request is opened where `gh` is there.

gh itself needs GitHub and cannot run here: a script on PATH stands for it and keeps what it was told.
"""

import os
import shutil
from pathlib import Path

import pytest

from foremand.git import (
    Candidate,
    Identity,
    NotPublished,
    RemoteUnreachable,
    StageCommit,
    TipMoved,
    build,
    pull_request,
    push,
)

ADA = Identity("Ada Example", "ada@example.org")
BRANCH = "foremand/12-add-export"
TITLE, BODY = "Add /v2/export", "It exports.\n\nForemand-Task: 12\n"


@pytest.fixture
def remote(user, tmp_path, another):
    """A bare `origin` where the user has pushed everything; `remote.git` runs in it."""
    user.git("clone", "-q", "--bare", str(user.top), str(tmp_path / "origin.git"))
    user.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    return another(tmp_path / "origin.git")


class Task:
    """A seal, and candidates with its change."""

    def __init__(self, user, mirror, work) -> None:
        self.user, self.mirror, self.work = user, mirror, work
        self.old = user.head
        self.seal = ""

    async def candidate(self, content: str = "1", tip: str | None = None) -> str:
        self.user.git("checkout", "-q", "-B", "side", self.old)
        self.seal = self.user.commit({"new.txt": content}, "seal")
        await self.mirror.fetch()
        self.user.git("checkout", "-q", "main")
        self.user.git("branch", "-q", "-D", "side")
        stages = [StageCommit(self.seal, "Stage")]
        made = await build(
            self.work, tip=tip or self.old, base=self.old, revision=self.seal, message="land", author=ADA,
            committer=ADA, at=1_700_000_000, ref=self.work.candidate_ref(1), stages=stages,
        )  # fmt: skip
        assert isinstance(made, Candidate)
        return made.commit


@pytest.fixture
def task(user, mirror, work) -> Task:
    return Task(user, mirror, work)


@pytest.fixture
def theirs(remote, tmp_path, another):
    """Another person's clone."""
    remote.git("clone", "-q", str(remote.top), str(tmp_path / "other"))
    return another(tmp_path / "other")


def has(remote, commit: str) -> bool:
    return remote.git("cat-file", "-t", commit, check=False) == "commit"


async def test_only_what_landed_is_pushed_and_only_once(user, work, task, remote, tmp_path):
    new = await task.candidate()
    for folder, name in (("hooks", "pre-push"), ("hooks", "reference-transaction"), ("global", "pre-push")):
        hook = user.top / ".git" / folder / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\nexit 1\n")
        hook.chmod(0o755)
    user.git("config", "--global", "core.hooksPath", str(user.top / ".git" / "global"))
    user.git("config", "--global", "push.followTags", "true")
    before = user.traces()
    await push(user.top, work, new, "main", task.old)
    assert remote.git("for-each-ref", "--format=%(objectname) %(refname)") == f"{new} refs/heads/main"
    assert has(remote, f"{new}^2") and not has(remote, task.seal)
    await push(user.top, work, new, "main", task.old)
    assert remote.git("rev-parse", "main") == new
    assert user.traces() == before and not (tmp_path / "ran").exists()


async def test_it_goes_to_the_branch_that_ours_is_a_copy_of(user, work, task, remote):
    new = await task.candidate()
    user.git("remote", "rename", "origin", "work")
    user.git("config", "branch.main.remote", "work")
    user.git("config", "branch.main.merge", "refs/heads/trunk")
    await push(user.top, work, new, "main", None)
    assert remote.git("rev-parse", "trunk") == new and remote.git("rev-parse", "main") == task.old


async def test_a_remote_that_moved_on_keeps_what_it_has(user, work, task, remote, theirs):
    new = await task.candidate()
    moved = theirs.commit({"theirs.txt": "x"})
    theirs.git("push", "-q", "origin", "main")
    with pytest.raises(TipMoved, match="origin/main has moved") as caught:
        await push(user.top, work, new, "main", task.old)
    assert caught.value.tip == moved == remote.git("rev-parse", "main")


async def test_pushed_already_and_others_have_gone_on_from_it(user, work, task, remote, theirs):
    new = await task.candidate()
    await push(user.top, work, new, "main", task.old)
    theirs.git("pull", "-q")
    moved = theirs.commit({"theirs.txt": "x"})
    theirs.git("push", "-q", "origin", "main")
    await push(user.top, work, new, "main", task.old)
    assert remote.git("rev-parse", "main") == moved


async def test_a_branch_that_somebody_else_has_made(user, work, task, remote):
    new = await task.candidate()
    with pytest.raises(TipMoved):
        await push(user.top, work, new, "main", None)
    assert remote.git("rev-parse", "main") == task.old


@pytest.mark.parametrize("known", [False, True])
async def test_nothing_but_a_fast_forward_is_pushed(user, mirror, work, task, remote, theirs, known):
    new = await task.candidate()
    moved = theirs.commit({"theirs.txt": "x"})
    theirs.git("push", "-q", "origin", "main")
    if known:
        await mirror.fetch_remote("main")
    with pytest.raises(NotPublished, match="does not follow"):
        await push(user.top, work, new, "main", moved)  # a lease alone would allow it
    assert remote.git("rev-parse", "main") == moved


async def test_a_remote_that_refuses_says_why(user, work, task, remote):
    hook = remote.top / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'main is protected'; exit 1\n")
    hook.chmod(0o755)
    new = await task.candidate()
    with pytest.raises(NotPublished, match=r"origin refused main: main is protected .*declined") as caught:
        await push(user.top, work, new, "main", task.old)
    assert "pull-request" in caught.value.hint and remote.git("rev-parse", "main") == task.old


async def test_a_remote_that_is_gone_or_silent(user, work, task, remote, tmp_path):
    new = await task.candidate()
    remote.top.rename(tmp_path / "away")
    with pytest.raises(RemoteUnreachable):
        await push(user.top, work, new, "main", task.old)
    slow = tmp_path / "slow"
    slow.write_text("#!/bin/sh\nexec sleep 600\n")
    slow.chmod(0o755)
    user.git("config", "core.sshCommand", str(slow))
    user.git("remote", "set-url", "origin", "ssh://me:secret@example.org/x")
    for call in (
        push(user.top, work, new, "main", task.old, seconds=0.5),
        pull_request(user.top, work, new, BRANCH, "main", TITLE, BODY, seconds=0.5),
    ):
        with pytest.raises(RemoteUnreachable, match=r"ssh://example\.org/x"):
            await call


@pytest.fixture
def gh(tmp_path, monkeypatch) -> Path:
    """A folder in front of PATH with a `gh` that runs the script put there."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "gh").write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {folder}/said\n. {folder}/script\n')
    (folder / "gh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    (folder / "script").write_text(
        f"while [ $# -gt 1 ]; do [ $1 = --body-file ] && cp $2 {folder}/body; shift; done\n"
        f"pwd > {folder}/cwd\n"
        "echo 'Creating pull request' >&2\necho https://github.com/o/r/pull/7\n"
    )
    return folder


async def test_a_pull_request_is_opened_from_a_branch_of_its_own(user, work, task, remote, gh):
    user.git("config", "branch.main.remote", "origin")
    user.git("config", "branch.main.merge", "refs/heads/trunk")
    new = await task.candidate()
    before = user.traces()
    url = await pull_request(user.top, work, new, BRANCH, "main", TITLE, BODY)
    assert url == "https://github.com/o/r/pull/7"
    assert remote.git("rev-parse", BRANCH) == new and remote.git("rev-parse", "main") == task.old
    assert not has(remote, task.seal) and user.traces() == before
    said = (gh / "said").read_text().splitlines()
    assert said[:-1] == [*f"pr create --head {BRANCH} --base trunk --title".split(), TITLE, "--body-file"]
    assert (gh / "body").read_text() == BODY and (gh / "cwd").read_text() == f"{user.top}\n"
    assert said[-1].startswith(str(work.scratch)) and not list(work.scratch.iterdir())


async def test_a_request_that_is_open_already_is_given_back(user, work, task, remote, gh):
    first, second = await task.candidate("1"), await task.candidate("2")
    await pull_request(user.top, work, first, BRANCH, "main", TITLE, BODY)
    (gh / "script").write_text(
        f'echo \'a pull request for branch "{BRANCH}" into branch "main" already exists:\' >&2\n'
        "echo https://github.com/o/r/pull/7 >&2\nexit 1\n"
    )
    for commit in (first, second, second, first):  # built again, it replaces what we had there
        assert (
            await pull_request(user.top, work, commit, BRANCH, "main", TITLE, BODY) == "https://github.com/o/r/pull/7"
        )
        assert remote.git("rev-parse", BRANCH) == commit


async def test_what_others_put_on_the_branch_stays(user, work, task, remote, theirs, gh):
    first, second = await task.candidate("1"), await task.candidate("2")
    await pull_request(user.top, work, first, BRANCH, "main", TITLE, BODY)
    theirs.git("fetch", "-q")
    theirs.git("checkout", "-q", BRANCH)
    moved = theirs.commit({"theirs.txt": "x"})
    theirs.git("push", "-q", "origin", BRANCH)
    (gh / "said").unlink()
    with pytest.raises(TipMoved, match=f"origin/{BRANCH} has moved"):
        await pull_request(user.top, work, second, BRANCH, "main", TITLE, BODY)
    assert remote.git("rev-parse", BRANCH) == moved and not (gh / "said").exists()


async def test_without_gh_the_branch_is_pushed_and_nothing_asked(user, work, task, remote, tmp_path, monkeypatch):
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("git", "sh"):
        found = shutil.which(name)
        assert found
        (folder / name).symlink_to(found)
    new = await task.candidate()
    monkeypatch.setenv("PATH", str(folder))
    assert await pull_request(user.top, work, new, BRANCH, "main", TITLE, BODY) is None
    assert remote.git("rev-parse", BRANCH) == new


@pytest.mark.parametrize(
    ("script", "match"),
    [
        (
            "echo 'gh auth login, https://u:t0ken@github.com' >&2; exit 4",
            "gh opened no pull request .4.: gh auth login",
        ),
        ("echo done", "no pull request .0.: done"),
        ("exit 1", "it said nothing"),
    ],
)
async def test_a_gh_that_fails(user, work, task, remote, gh, script, match):
    (gh / "script").write_text(script)
    new = await task.candidate()
    with pytest.raises(NotPublished, match=match) as caught:
        await pull_request(user.top, work, new, BRANCH, "main", TITLE, BODY)
    assert "is pushed" in caught.value.hint and "t0ken" not in str(caught.value)


async def test_a_gh_that_hangs_is_ended_with_its_children(user, work, task, remote, gh, life):
    (gh / "script").write_text(f"(exec 3>{life.path}; sleep 600) & wait")
    new = await task.candidate()
    await push(user.top, work, new, BRANCH, None)  # so that gh has all the time
    with pytest.raises(NotPublished, match="gh did not end within 2 s"):
        await pull_request(user.top, work, new, BRANCH, "main", TITLE, BODY, seconds=2)
    assert life.over()
