"""git runs with a fixed environment, says how it failed, and ends with its caller."""

import asyncio
import contextlib
import os
import select

import pytest

from foremand.git import Git, GitFailed


async def test_nothing_of_the_callers_git_environment_gets_in(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_CONFIG_PARAMETERS", "'user.name=Mallory'")
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".gitconfig").write_text("[user]\n\tname = Mallory\n")
    listed = (await Git(cwd=tmp_path).run("config", "--list")).decode()
    assert "Mallory" not in listed and "core.fsync=all" in listed and "core.hookspath=/dev/null" in listed


async def test_a_failure_carries_what_git_said(tmp_path):
    with pytest.raises(GitFailed) as caught:
        await Git(cwd=tmp_path).run("rev-parse", "--git-dir")
    assert caught.value.code == 128 and b"not a git repository" in caught.value.stderr
    assert caught.value.argv[0] == "rev-parse"


async def test_cancelling_ends_the_process_and_its_helpers(tmp_path):
    """`git -c alias` is the shortest way to a git that starts a helper and then does nothing."""
    fifo = tmp_path / "started"
    os.mkfifo(fifo)
    git = Git(cwd=tmp_path, config=(("alias.hang", f"!echo $$ > {fifo}; sleep 1000 & wait"),))
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        running = group.create_task(git.run("hang"))
        helper = int(await asyncio.to_thread(fifo.read_text))
        running.cancel()
        await asyncio.wait([running])
    assert running.cancelled()
    await asyncio.to_thread(wait_until_gone, helper)


def wait_until_gone(pid: int) -> None:
    """Wait, a bounded time, for a process that was killed."""
    with contextlib.suppress(ProcessLookupError):
        descriptor = os.pidfd_open(pid)
        try:
            assert select.select([descriptor], [], [], 60)[0]
        finally:
            os.close(descriptor)
