"""Runs command gates: each in a clean checkout of exactly the tree that is asked about, through the shim."""

import asyncio
import contextlib
import hashlib
import logging
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from foremand.core.facts import GateRan, GateStarted
from foremand.core.steps import RunGate
from foremand.core.task import Task, run_key
from foremand.executors import ExecutorError, LocalExecutor, RunLost, Spool
from foremand.gates.command import Finished, Judged, argv, clear, judge
from foremand.journal import Journal
from foremand.paths import Places

from .checkouts import Checkouts
from .conductor import StepFailed
from .ledger import Ledger
from .output import output_of
from .repositories import Repositories
from .scanning import scan
from .slots import Rank, Slots
from .taint import check_kept
from .workplace import Room, Workplace

log = logging.getLogger("foremand.gatekeeper")


class Gatekeeper:
    """Asks command gates. What it records is what it saw; what that means is `core.verdicts`'."""

    def __init__(
        self,
        places: Places,
        ledger: Ledger,
        journal: Journal,
        executor: LocalExecutor,
        repositories: Repositories,
        workplace: Workplace,
        checkouts: Checkouts,
        slots: Slots,
        closing: Callable[[], bool],
    ) -> None:
        self._places = places
        self._ledger = ledger
        self._journal = journal
        self._executor = executor
        self._repositories = repositories
        self._workplace = workplace
        self._checkouts = checkouts
        self._slots = slots
        self._closing = closing

    async def run(self, task: Task, step: RunGate) -> None:
        """Have the gate run on the tree, or take up the run that is under way, and record how it went."""
        if step.on_base and await self._known(task, step):
            return
        if step.gate.kind == "secrets":
            await self._scan(task, step)
            return
        run = self._places.gate_run(task.id, run_name(step))
        under_way = Spool(run).state() != "new"
        async with self._slots.slot(partial(self._rank, task.id), at_once=under_way):
            await self._started(task, step, run)
            judged, running, setup_running = await self._ask(task, step, run)
        output = await asyncio.to_thread(output_of, run)
        try:
            await self._ran(task, step, judged, output, run, running, setup_running)
        except asyncio.CancelledError:  # the fact is written all the same, and makes this step no longer wanted
            await self._checkouts.remove(task, run.name)
            raise
        await self._checkouts.remove(task, run.name)

    def _rank(self, task_id: int) -> Rank:
        return (-self._ledger[task_id].priority, task_id)

    async def _scan(self, task: Task, step: RunGate) -> None:
        """A secrets gate runs nothing of the work: it reads what the commits add, always from the beginning."""
        run = self._places.gate_run(task.id, run_name(step))
        await check_kept(task, self._repositories.work(task), *step.commits)
        began = time.monotonic()
        async with self._slots.slot(partial(self._rank, task.id)):
            await self._started(task, step, run)
            path = self._workplace.path(task)
            judged, output = await scan(self._repositories.work(task), step.gate, step.commits, path)
        await self._ran(task, step, judged, output, run, time.monotonic() - began)

    async def _known(self, task: Task, step: RunGate) -> bool:
        """A base's answer is kept per base and definition, over all tasks. No answer is not kept: it may be one now."""
        known = await asyncio.to_thread(self._journal.base_run, step.gate.definition, step.tree)
        if known is None or known.result == "error":
            return False
        await self._ran(task, step, Judged(known.result, known.reason), known.output)
        return True

    async def _started(self, task: Task, step: RunGate, run: Path) -> None:
        known = self._ledger[task.id].runs.get(run_key(step.gate.definition, step.tree))
        if known is not None and known.run == run.name:
            return
        await self._ledger.record(
            GateStarted(
                task=task.id,
                at=self._ledger.now(),
                gate=step.gate.name,
                definition=step.gate.definition,
                tree=step.tree,
                run=run.name,
                on_base=step.on_base,
            )
        )

    async def _ran(
        self,
        task: Task,
        step: RunGate,
        judged: Judged,
        output: str,
        run: Path | None = None,
        running: float = 0.0,
        setup_running: float = 0.0,
    ) -> None:
        await self._ledger.record(
            GateRan(
                task=task.id,
                at=self._ledger.now(),
                gate=step.gate.name,
                definition=step.gate.definition,
                tree=step.tree,
                result=judged.result,
                reason=judged.reason,
                output=output,
                run=run.name if run else "",
                on_base=step.on_base,
                running=running,
                setup_running=setup_running,
            )
        )

    async def _ask(self, task: Task, step: RunGate, run: Path) -> tuple[Judged, float, float]:
        """The judgement, and the seconds that the gate and a setup for it ran."""
        setting_up = 0.0
        try:
            begun = Spool(run).state() != "new"
            room, setting_up = await self._checkouts.make(task, run.name, step.revision, keep=begun)
            if not begun:
                await asyncio.to_thread(clear, step.gate, room.tree / step.gate.dir)
            judged, running = await self._run(task, step, run, room)
        except asyncio.CancelledError:
            if not self._closing():
                with contextlib.suppress(ExecutorError):
                    await self._executor.stop(run, "no longer wanted", grace=1.0)
                await self._checkouts.remove(task, run.name)
            raise
        except RunLost as lost:
            judged, running = Judged("error", f"killed: {lost}"), 0.0
        except StepFailed as failure:
            judged, running, setting_up = Judged("error", failure.reason), 0.0, failure.running
        except (OSError, ExecutorError) as error:
            judged, running = Judged("error", str(error)), 0.0
        return judged, running, setting_up

    async def _run(self, task: Task, step: RunGate, run: Path, room: Room) -> tuple[Judged, float]:
        gate, place = step.gate, room.tree / step.gate.dir
        if not gate.network and not self._workplace.sandboxed:
            return Judged("error", "network = false needs the sandbox, which cannot run here"), 0.0
        if not await asyncio.to_thread(_is_within, place, room.tree):
            return Judged("error", f"the revision has no folder {gate.dir}"), 0.0
        env = self._workplace.environment(task, room)
        command = self._workplace.command(
            task,
            room,
            argv(gate, env["PATH"]),
            env,
            marker=f"gate/{run.name}",
            deadline=gate.timeout,
            network=gate.network,
            folder=gate.dir,
        )
        await self._executor.start(run, command)
        end = await self._executor.wait(run)
        finished = Finished(why=end.reason, code=end.code, signal=end.signal, detail=end.detail)
        judged = await asyncio.to_thread(judge, gate, finished, place)
        log.info("task %d: gate %s on %s: %s (%s)", task.id, gate.name, step.tree[:12], judged.result, judged.reason)
        return judged, end.running


def _is_within(folder: Path, tree: Path) -> bool:
    """Whether the folder is there, and no link leads out of the tree."""
    return folder.is_dir() and folder.resolve().is_relative_to(tree.resolve())


def run_name(step: RunGate) -> str:
    """The name of a gate's run: the same for the same definition, tree and try."""
    digest = hashlib.sha256(step.key.encode()).hexdigest()[:10]
    return f"{step.gate.name}-{step.tree[:10]}-{digest}"
