"""Several things at once: the first failure is the one that is told, and nothing runs on behind it."""

import asyncio

import pytest

from foremand.waiting import settled, together


async def test_a_failure_is_raised_as_it_is_once_nothing_runs_any_more() -> None:
    ended = []

    async def clears_up() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.append("cleared up")

    async def fails() -> None:
        await asyncio.sleep(0)
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space left"):
        async with together() as group:
            group.create_task(clears_up())
            group.create_task(fails())
    assert ended == ["cleared up"]


async def test_cancelled_twice_it_still_waits_for_what_clears_up() -> None:
    ended = []
    go = asyncio.Event()

    async def clears_up() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await go.wait()
            ended.append("cleared up")

    async def both() -> None:
        async with together() as group:
            group.create_task(clears_up())

    async with asyncio.TaskGroup() as group:
        doing = group.create_task(both())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        for _ in range(2):
            doing.cancel()
            await asyncio.sleep(0)
        assert not doing.done()
        go.set()
        await asyncio.wait([doing])
    assert doing.cancelled()
    assert ended == ["cleared up"]


async def test_what_must_end_is_waited_for_however_often_that_is_cancelled() -> None:
    future = asyncio.get_running_loop().create_future()

    async def way_out() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await settled(future)

    async with asyncio.TaskGroup() as group:
        doing = group.create_task(way_out())
        for _ in range(3):
            await asyncio.sleep(0)
            doing.cancel()
        await asyncio.sleep(0)
        assert not doing.done()
        future.set_result(None)
        await asyncio.wait([doing])
    assert doing.cancelled()
