"""After a crash: what still runs and is no longer wanted is ended; all else is taken up by asking for next steps."""

import asyncio
import contextlib
import logging
import shutil
from pathlib import Path

from foremand.core.steps import RunAttempt, RunGate, World, next_steps
from foremand.executors import LocalExecutor, RunLost
from foremand.paths import Places

from .gatekeeper import run_name
from .ledger import Ledger

log = logging.getLogger("foremand.recovery")


def wanted_runs(places: Places, ledger: Ledger) -> frozenset[Path]:
    """The run directories that the tasks' next steps would start or adopt."""
    wanted: set[Path] = set()
    for task in ledger.all():
        for step in next_steps(task, World(), ledger.now()):
            if isinstance(step, RunAttempt):
                wanted.add(places.attempt(task.id, step.number))
            elif isinstance(step, RunGate):
                wanted.add(places.gate_run(task.id, run_name(step)))
    return frozenset(wanted)


async def sweep(places: Places, ledger: Ledger, executor: LocalExecutor) -> None:
    """End runs that nobody wants any more, and clear checkouts that no run needs."""
    wanted = wanted_runs(places, ledger)
    for root in (places.state / "attempts", places.state / "gates"):
        for run in await executor.alive(root):
            if run not in wanted:
                log.info("ending a run that nobody wants any more: %s", run.name)
                with contextlib.suppress(RunLost):
                    await executor.stop(run, "left over from before the restart", grace=1.0)
    names = {f"{run.parent.name}-{run.name}" for run in wanted}
    checkouts = places.state / "checkouts"
    if checkouts.exists():
        for checkout in await asyncio.to_thread(lambda: list(checkouts.iterdir())):
            if checkout.name not in names:
                await asyncio.to_thread(shutil.rmtree, checkout, ignore_errors=True)
