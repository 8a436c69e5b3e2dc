"""Telling a run that works from one that hangs, by the CPU that its processes use."""

import asyncio
from pathlib import Path

from foremand.executors.cpu import cpu_seconds
from foremand.executors.spool import Spool

BURN = "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done"
"""Some tenths of a second of a shell's work."""


async def used(run: Path, least: float) -> float:
    """What the run has used, once it is at least `least`."""
    async with asyncio.timeout(60):
        while (found := cpu_seconds(run)) is None or found < least:  # noqa: ASYNC110 - no event tells
            await asyncio.sleep(0.02)
    return found


async def at_rest(run: Path) -> float:
    """What the run has used, once it uses no more."""
    async with asyncio.timeout(60):
        before = None
        while (found := cpu_seconds(run)) is None or found != before:
            before = found
            await asyncio.sleep(0.1)
    return found


async def test_work_anywhere_in_the_tree_counts_also_once_it_is_done(either) -> None:
    run = either.run()
    assert cpu_seconds(run) is None, "new"
    # Burnt by a child that ends, by an orphan that leaves its session, and then nothing more by anybody.
    script = f"sh -c '{BURN}'; (setsid sh -c '{BURN}; echo burnt' &); exec sleep 60"
    await either.executor.start(run, either.sh(script))
    await either.said(run, b"burnt")
    assert await at_rest(run) >= 0.1
    await either.executor.stop(run, "enough", grace=0.1)
    assert cpu_seconds(run) is None, "over"


async def test_one_that_works_on_uses_ever_more(either) -> None:
    run = either.run()
    await either.executor.start(run, either.sh("while :; do :; done"))
    first = await used(run, 0.05)
    await used(run, first + 0.1)
    await either.executor.stop(run, "enough", grace=0.1)


async def test_a_run_whose_shim_is_gone_is_not_running(bench) -> None:
    run = bench.run()
    run.mkdir(parents=True)
    (run / "run.json").write_text("{}")
    (run / "lock").write_text("1\n")  # a pid that is there, and no longer the shim's
    assert Spool(run).state() == "lost"
    assert cpu_seconds(run) is None
