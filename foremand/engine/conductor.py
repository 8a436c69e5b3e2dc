"""The loop: for every task that changed, compare the steps wanted with those under way, start and stop.

Nothing here knows what comes next: `core.course` says it, again and again, from the facts alone.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from functools import partial

from foremand.core.course import next_steps
from foremand.core.facts import Troubled
from foremand.core.steps import Record, Step, Wait, WakeAt, World
from foremand.core.task import Task
from foremand.journal.errors import JournalError

from .ledger import Ledger

log = logging.getLogger("foremand.conductor")

Effect = Callable[[Task, Step], Awaitable[None]]


PAUSE = 0.2
"""Seconds before a step that failed, or changed nothing, may be looked at again, so that none can spin."""


class StepFailed(Exception):
    """A step of foremand's own failed in a way that a person understands. It is tried again, then asked about."""

    def __init__(self, reason: str, output: str = "", running: float = 0.0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.output = output
        self.running = running


class Conductor:
    """Drives every task by its next steps. `effect` carries one step out and records what happened."""

    def __init__(
        self, ledger: Ledger, world: Callable[[Task], World], effect: Effect, group: asyncio.TaskGroup
    ) -> None:
        self._ledger = ledger
        self._world = world
        self._effect = effect
        self._group = group
        self._under_way: dict[int, dict[str, asyncio.Task[None]]] = {}
        self._alarms: dict[tuple[int, str], asyncio.TimerHandle] = {}
        self._closing = False
        ledger.listen(self.look)

    def start(self) -> None:
        """Look at every task that is not over: after a crash this is all of recovery's thinking."""
        for task in list(self._ledger.all()):
            if task.over is None:
                self.look(task.id)

    async def close(self) -> None:
        """Begin nothing more and let go of what is under way. Agents run on: their shims hold them."""
        self._closing = True
        for alarm in self._alarms.values():
            alarm.cancel()
        doing = [effect for effects in self._under_way.values() for effect in effects.values()]
        for effect in doing:
            effect.cancel("closing")
        if doing:
            await asyncio.wait(doing)

    @property
    def closing(self) -> bool:
        """Whether effects are let go of, not stopped: a cancelled one then leaves its process alone."""
        return self._closing

    def look(self, task_id: int) -> None:
        """Bring what is under way for one task in line with what is wanted."""
        if self._closing:
            return
        task = self._ledger[task_id]
        steps = {step.key: step for step in next_steps(task, self._world(task), self._ledger.now())}
        under_way = self._under_way.setdefault(task_id, {})
        unwanted = [key for key in under_way if key not in steps]
        for key in unwanted:
            if not under_way[key].cancelling():  # once: what it has to clear up must not be cut short
                under_way[key].cancel("no longer wanted")
        if unwanted:
            return  # first nothing of it may run any more: then the next look comes
        for key, step in steps.items():
            if isinstance(step, WakeAt):
                self._wake(task_id, step)
            elif not isinstance(step, Wait) and key not in under_way:
                doing = self._group.create_task(self._carry_out(task, step), name=f"{task_id}:{key}")
                under_way[key] = doing
                doing.add_done_callback(partial(self._done, task_id, key))
        if not under_way and task.over is not None:
            self._under_way.pop(task_id, None)

    def _wake(self, task_id: int, step: WakeAt) -> None:
        place = (task_id, step.key)
        if place not in self._alarms:
            delay = max(0.0, step.at - self._ledger.now()) + 0.001
            loop = asyncio.get_running_loop()
            self._alarms[place] = loop.call_later(min(delay, 3600.0), self._ring, place)

    def _ring(self, place: tuple[int, str]) -> None:
        self._alarms.pop(place, None)
        self.look(place[0])

    def _done(self, task_id: int, key: str, _doing: asyncio.Task[None]) -> None:
        self._under_way.get(task_id, {}).pop(key, None)
        self.look(task_id)

    async def _carry_out(self, task: Task, step: Step) -> None:
        try:
            if isinstance(step, Record):
                await self._ledger.record(step.fact)
            else:
                await self._effect(task, step)
                if self._ledger[task.id] is task:  # it found nothing to do: nor will it the next moment
                    await asyncio.sleep(PAUSE)
        except asyncio.CancelledError:
            return
        except StepFailed as failure:
            await self._trouble(task, step, failure)
        except Exception as error:
            log.exception("task %d: %s failed", task.id, step.key)
            await self._trouble(task, step, StepFailed(f"unexpected: {type(error).__name__}: {error}"))

    async def _trouble(self, task: Task, step: Step, failure: StepFailed) -> None:
        """Write the failure down. Where not even that is possible (a full disk), the next look comes later."""
        log.warning("task %d: %s: %s", task.id, step.key, failure.reason)
        fact = Troubled(
            task=task.id,
            at=self._ledger.now(),
            step=step.key,
            reason=failure.reason,
            output=failure.output,
            running=failure.running,
        )
        with contextlib.suppress(asyncio.CancelledError):
            try:
                await self._ledger.record(fact)
            except JournalError as error:
                log.error("task %d: cannot write to the journal: %s", task.id, error)  # noqa: TRY400 (known, no trace)
            await asyncio.sleep(PAUSE)
