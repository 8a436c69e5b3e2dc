"""A starter killed at any moment: whoever comes next takes the run over, and it happened exactly once."""

import asyncio
import random
import subprocess
import sys
from pathlib import Path

import msgspec

from foremand.executors.local import Command
from foremand.executors.spool import Spool

ROOT = Path(__file__).parents[3]
LINES = 30
SCRIPT = f"echo begun >> $COUNT; for i in $(seq {LINES}); do echo $i; sleep 0.01; done; exit 7"
STARTER = """
import asyncio, sys
from pathlib import Path
import msgspec
from foremand.executors.local import Command, LocalExecutor
from foremand.executors.sandbox import Unsandboxed

async def main():
    executor, run = LocalExecutor(Unsandboxed("a test")), Path(sys.argv[1])
    print("up", flush=True)
    await executor.start(run, msgspec.json.decode(sys.argv[2], type=Command))
    await executor.wait(run)

asyncio.run(main())
"""


def kill_a_starter(run: Path, command: Command, moment: float) -> None:
    argv = [sys.executable, "-c", STARTER, str(run), msgspec.json.encode(command).decode()]
    with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE) as starter:
        assert starter.stdout
        assert starter.stdout.readline() == b"up\n"
        try:
            starter.wait(moment)
        except subprocess.TimeoutExpired:
            starter.kill()


async def survive(bench, moment: float) -> str:
    """Kills a starter `moment` seconds into its work; returns the state in which that left the run."""
    run = bench.run()
    count = bench.top / f"count-{run.name}"
    command = bench.sh(SCRIPT, env={"COUNT": str(count)})
    await asyncio.to_thread(kill_a_starter, run, command, moment)
    left = bench.executor.state(run)
    await bench.executor.start(run, command)
    ended = await bench.executor.wait(run)
    assert (ended.code, ended.reason) == (7, "exited")
    assert Spool(run).out.read_text().split() == [str(i + 1) for i in range(LINES)]
    assert count.read_text() == "begun\n"
    return left


async def test_every_line_once_however_often_the_starter_is_killed(bench) -> None:
    dice = random.Random(7)
    # Around the start itself, which takes some tens of milliseconds, and all along the run.
    moments = [dice.uniform(0, 0.08) for _ in range(7)] + [0.25 + dice.uniform(0, 0.1) for _ in range(3)]
    left = []
    for pair in zip(moments[::2], moments[1::2], strict=True):
        left += await asyncio.gather(*(survive(bench, moment) for moment in pair))
    assert "running" in left, "no kill came while a run was under way"
