"""Programs that foremand starts for itself: whenever the wait for one is given up, it and its helpers are gone."""

import asyncio
import os
import signal
import threading
from pathlib import Path

import pytest

from foremand.children import child

PATIENCE = 60.0
PIPE = asyncio.subprocess.PIPE


async def test_the_end_of_a_program_costs_no_thread() -> None:
    before = set(threading.enumerate())
    async with child("sh", "-c", "read line", stdin=PIPE) as process:
        assert not set(threading.enumerate()) - before
        await process.communicate(b"go on\n")
    assert process.returncode == 0


@pytest.mark.parametrize("times", [1, 2])
async def test_cancelled_at_any_moment_of_its_start_nothing_of_it_is_left(times: int) -> None:
    reading, writing = os.pipe()  # all of them hold its end, the helpers too: it closes when they are gone

    async def run() -> None:
        async with child("sh", "-c", "sleep 1000 & wait", stdin=PIPE, stdout=PIPE, stderr=PIPE, pass_fds=(writing,)):
            await asyncio.Event().wait()

    for turns in range(40):
        async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as group:
            running = group.create_task(run())
            for _ in range(turns):
                await asyncio.sleep(0)
            for _ in range(times):
                running.cancel()
                await asyncio.sleep(0)
            await asyncio.wait([running])
        assert running.cancelled()
    os.close(writing)
    assert await asyncio.wait_for(asyncio.to_thread(os.read, reading, 1), PATIENCE) == b""
    os.close(reading)


async def test_what_cannot_be_started_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        async with child(tmp_path / "nothing"):
            raise AssertionError("it runs")


async def test_a_helper_that_left_the_group_is_not_waited_for() -> None:
    async with asyncio.timeout(PATIENCE):
        async with child("sh", "-c", "setsid sleep 1000 & echo $!; wait", stdin=PIPE, stdout=PIPE) as process:
            assert process.stdout is not None
            helper = int(await process.stdout.readline())
    assert process.returncode == -signal.SIGKILL
    os.kill(helper, signal.SIGKILL)  # it is there, and holds the pipes
