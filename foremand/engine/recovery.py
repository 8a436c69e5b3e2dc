"""After a crash: what still runs and is no longer wanted is ended; all else is taken up by asking for next steps."""

import asyncio
import contextlib
import logging
import shutil
from pathlib import Path

from foremand.core.course import next_steps
from foremand.core.status import as_known
from foremand.core.steps import RunAttempt, RunGate
from foremand.core.task import Task
from foremand.executors import ExecutorError, LocalExecutor, Spool
from foremand.paths import Places

from .attempts import review_name
from .gatekeeper import run_name
from .ledger import Ledger

log = logging.getLogger("foremand.recovery")

SETUPS = ("setups/*/run", "workspaces/*/setup-*/", "checkouts/*/setup-*/")
"""Where setups run: for a snapshot, or, without a sandbox, beside the tree that they set up."""

RUNS = ("attempts/*/*/", "gates/*/*/", *SETUPS)
"""Where everything runs, below the state folder."""


def wanted(places: Places, ledger: Ledger) -> frozenset[Path]:
    """What the tasks' next steps would start, adopt or work in: run directories, workspaces and checkouts."""
    found: set[Path] = set()
    for task in ledger.all():
        running = task.running_attempt if task.over is None else None
        if running is not None:
            found |= {
                places.attempt(task.id, running.number),
                places.checkout(task.id, review_name(running.number)),
            }
        for step in next_steps(task, as_known(task), ledger.now()):
            if isinstance(step, RunAttempt) and not step.begun:
                found |= {places.attempt(task.id, step.number), places.workspace(task.id), *_setups(places, task)}
            elif isinstance(step, RunGate):
                name = run_name(step)
                found |= {places.gate_run(task.id, name), places.checkout(task.id, name), *_setups(places, task)}
    return frozenset(found)


def _setups(places: Places, task: Task) -> tuple[Path, ...]:
    """Where the setup may be that a task still needs; which of them it is, only the tree's files tell."""
    return (places.state / "setups",) if task.pipeline.workspace.setup else ()


async def sweep(places: Places, ledger: Ledger, executor: LocalExecutor) -> None:
    """End runs that nobody wants any more, and clear checkouts that no run needs."""
    keep = wanted(places, ledger)
    async with asyncio.TaskGroup() as group:
        for run in await asyncio.to_thread(_running, places.state):
            if keep.isdisjoint((run, *run.parents)):
                group.create_task(_end(places, executor, run))
    for checkout in await asyncio.to_thread(lambda: list(places.state.glob("checkouts/*"))):
        if checkout not in keep:
            await asyncio.to_thread(shutil.rmtree, checkout, ignore_errors=True)


def _running(state: Path) -> list[Path]:
    return [run for pattern in RUNS for run in state.glob(pattern) if Spool(run).state() == "running"]


async def _end(places: Places, executor: LocalExecutor, run: Path) -> None:
    log.info("ending a run that nobody wants any more: %s", run.relative_to(places.state))
    with contextlib.suppress(ExecutorError):
        await executor.stop(run, "left over from before the restart", grace=1.0)
    if any(run.relative_to(places.state).match(pattern) for pattern in SETUPS):
        await asyncio.to_thread(
            shutil.rmtree, run, ignore_errors=True
        )  # it proved nothing: whoever needs it begins anew
