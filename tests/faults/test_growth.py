"""Many may wait for one transcript to grow: the daemon that reads it, and everybody who follows it."""

import asyncio
from pathlib import Path

from foremand.engine.growth import Growth


async def test_who_stops_waiting_takes_nothing_from_those_who_go_on(tmp_path: Path) -> None:
    file = tmp_path / "out"
    file.touch()
    growth = Growth()

    def grow() -> None:
        with file.open("ab") as stream:
            stream.write(b"more\n")

    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        running = group.create_task(growth.run())
        async with growth.of(file) as stays:
            async with growth.of(file) as leaves:
                grow()
                await leaves.wait()
                leaves.clear()
                await stays.wait()
                stays.clear()
            grow()
            await stays.wait()
            assert not leaves.is_set()
            file.unlink()
        running.cancel()
