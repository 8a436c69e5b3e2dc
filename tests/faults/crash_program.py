"""A daemon's engine that dies on command, life after life, until its one task is over. Run by test_crash_points.

crash_program.py STATE REPO calm          one life, no crash
crash_program.py STATE REPO after         each life dies right after its first write to the journal
crash_program.py STATE REPO before        each life dies just before its second: done, but not written down
crash_program.py STATE REPO SEED          each life is killed at a random moment, forty times; the first once it has
                                          submitted, since a number may be lost with a life that has not

A life is a fork: it submits the task, approves it when it is asked to, and waits until it is over, all with the same
request ids as the lives before. Prints the number of crashes. The sandbox is as FOREMAND_SANDBOX says.
"""

import asyncio
import logging
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from foremand.core.facts import LandingLocked
from foremand.core.status import status
from foremand.engine.desk import Submission
from foremand.engine.engine import Engine
from foremand.executors import Sandbox
from foremand.journal import Journal
from foremand.paths import Places
from foremand.settings import Settings

STATE, REPO, MODE = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
CRASHED = 42
KILLS = 40
LIVES = 200
"""More than any way to the end needs."""


def die_at_writes(journal: Any) -> None:
    """Have this life end in its first or second write. That a landing locks the branch anew is no progress."""
    writes = 0
    locked = any(isinstance(entry.fact, LandingLocked) for entry in journal.facts())

    def mortal(write: Callable[..., Any]) -> Callable[..., Any]:
        async def writing(*args: Any, **more: Any) -> Any:
            nonlocal writes
            if locked and isinstance(args[0], Sequence) and isinstance(args[0][0], LandingLocked):
                return await write(*args, **more)
            writes += 1
            if MODE == "before" and writes == 2:
                os._exit(CRASHED)
            done = await write(*args, **more)
            if MODE == "after":
                os._exit(CRASHED)
            return done

        return writing

    for name in ("append", "ingest", "remember"):
        setattr(journal, name, mortal(getattr(journal, name)))


async def live(submitted: int) -> None:
    """One life, which ends when the task has. It closes `submitted` once there is one."""
    settings = Settings(max_gates=2)
    sandbox = await Sandbox.probe(os.environ["FOREMAND_SANDBOX"])  # type: ignore[arg-type]
    async with Journal.open(STATE / "journal.db") as journal, asyncio.TaskGroup() as group:
        if MODE in ("after", "before"):
            die_at_writes(journal)
        places = Places(STATE, STATE.parent / "run", STATE.parent / "config", STATE.parent / "run" / "sock")
        engine = Engine(places, settings, journal, sandbox, "crash", group)
        changed = asyncio.Event()
        engine.ledger.listen(lambda _task: changed.set())
        await engine.start()
        submission = Submission(prompt="change it", repo=REPO, environment=dict(os.environ))
        task = await engine.desk.submit(submission, "submit", "mona")
        os.close(submitted)
        while (task := engine.desk.task(task.id)).over is None:
            changed.clear()
            now = status(task)
            if now.waiting_for == "person":
                await engine.desk.approve(task.id, "", now.revision, "fine", f"approve-{now.revision}", "mona")
            elif now.state == "WAITING":
                ended = [(attempt.stage, attempt.outcome, attempt.reason) for attempt in task.attempts]
                raise SystemExit(f"waits for {now.waiting_for}: {now.why}\n{ended}")
            else:
                async with asyncio.timeout(60):
                    await changed.wait()
        await engine.close()


def main() -> int:
    """Live and die until a life ends well."""
    STATE.mkdir(mode=0o700, parents=True, exist_ok=True)
    logging.basicConfig(level="WARNING", filename=STATE.parent / "lives.log")
    chance = random.Random(MODE)
    for crashes in range(LIVES):
        waiting, submitted = os.pipe()
        life = os.fork()
        if life == 0:
            asyncio.run(live(submitted))
            os._exit(0)
        os.close(submitted)
        if crashes == 0:
            os.read(waiting, 1)
        os.close(waiting)
        if MODE.isdigit() and crashes < KILLS:
            time.sleep(chance.choice([0.03, 0.1, 0.2, 0.4]) * (0.5 + chance.random()))
            os.kill(life, signal.SIGKILL)
        _, ended = os.waitpid(life, 0)
        if ended == 0:
            print(crashes)
            return 0
        if not (os.WIFSIGNALED(ended) or os.WEXITSTATUS(ended) == CRASHED):
            return 1
    return 2


if __name__ == "__main__":
    sys.exit(main())
