"""Supervision: reading along while an agent runs, stopping it at its limits, and judging how it ended.

An end is recorded only for a run that has ended: whatever keeps us from watching one is trouble of our own, and
is tried again.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from foremand.agents.port import Outcome, Reader
from foremand.agents.port import Usage as Used
from foremand.agents.registry import AgentMissing, adapter
from foremand.core import questions
from foremand.core.facts import AttemptEnded, OutcomeKind, Usage
from foremand.core.limits import left_to, limits_of
from foremand.core.steps import RunAttempt, StopAttempt
from foremand.core.task import Task
from foremand.executors import ExecutorError, Exit, LocalExecutor, RunLost, Spool
from foremand.journal import Journal
from foremand.waiting import together

from .conductor import StepFailed
from .conversation import Conversation
from .growth import Growth
from .ingest import Ingestion, TranscriptAltered
from .ledger import Ledger
from .output import tail_of
from .plan import Plan
from .quiet import Quiet

log = logging.getLogger("foremand.supervision")

STDERR_TAIL = 4096
"""Bytes of standard error that are looked at when an agent crashed."""

GRACE = 5.0
"""Seconds that an agent has after SIGINT, and again after SIGTERM."""

LIMIT = "limit "
"""How the reason of a stop begins that a limit asked for."""


class Supervisor:
    """Watches runs of agents to their ends."""

    def __init__(self, ledger: Ledger, journal: Journal, executor: LocalExecutor, growth: Growth) -> None:
        self._ledger = ledger
        self._journal = journal
        self._executor = executor
        self._growth = growth

    async def watch(
        self, task: Task, step: RunAttempt, plan: Plan, run: Path, start: Callable[[], Awaitable[None]]
    ) -> AttemptEnded:
        """Start the attempt's run, or adopt it, and read along until its end.

        Raises StepFailed where it cannot be watched: it may then run on, and nothing is known of its end.
        """
        ingestion = Ingestion(self._journal, Spool(run).out, task.id, step.number)
        agent = task.pipeline.agents[step.agent]
        known = adapter(agent.adapter)
        reader = known.reader(plan.job, ingestion.restore())
        conversation = Conversation(self._ledger, self._executor, known, reader, plan.job, run)
        kind: OutcomeKind
        try:
            if self._executor.state(run) == "new":
                await start()
            outcome, exit_, kind = await self._to_the_end(ingestion, reader, conversation, plan, run)
            await conversation.note()
            if self._executor.state(run) == "running":
                raise StepFailed("the attempt's run goes on, though it seemed to have ended")
        except AgentMissing as missing:
            outcome, exit_, kind = Outcome(kind="missing", reason=str(missing), usage=reader.usage()), None, "missing"
        except (ExecutorError, OSError) as error:
            raise StepFailed(f"the attempt cannot be watched: {error}") from error
        return self._ended(task, step.number, outcome, exit_, kind)

    async def give_up(self, task: Task, step: StopAttempt, run: Path) -> AttemptEnded:
        """End the run of an attempt that could not be watched, and say what is known of it.

        Raises StepFailed as long as it is not certain that nothing of it runs any more.
        """
        try:
            exit_ = await self.end(run, step.reason)
            if self._executor.state(run) == "running":
                raise StepFailed("the attempt's run cannot be ended")
        except (ExecutorError, OSError) as error:
            raise StepFailed(f"the attempt's run cannot be ended: {error}") from error
        cursor = self._journal.cursor(task.id, step.number)
        used = msgspec.json.decode(cursor.usage, type=Used) if cursor is not None and cursor.usage else Used()
        outcome = Outcome(kind="crashed", reason=f"the run was lost: {step.unwatched}", usage=used)
        return self._ended(task, step.number, outcome, exit_, "lost")

    async def end(self, run: Path, reason: str, grace: float = GRACE) -> Exit | None:
        """End the run; how it ended, None where nobody knows. Raises ExecutorError, OSError: it may run on."""
        with contextlib.suppress(RunLost):
            return await self._executor.stop(run, reason, grace)
        return None

    async def _to_the_end(
        self, ingestion: Ingestion, reader: Reader, conversation: Conversation, plan: Plan, run: Path
    ) -> tuple[Outcome, Exit | None, OutcomeKind]:
        try:
            exit_ = await self._follow(ingestion, reader, conversation, plan, run)
        except TranscriptAltered as altered:
            ended = await self.end(run, "transcript altered", 0.5)
            return Outcome(kind="crashed", reason=f"error: {altered}", usage=reader.usage()), ended, "altered"
        except RunLost as lost:
            log.warning("task %d attempt %d: %s", plan.job.task, plan.job.attempt, lost)
            await self.end(run, "the run was lost", 0.5)  # nothing of it may run beside the next attempt
            await self._drain(ingestion, reader)
            reason = f"the run was lost: {lost}"
            return Outcome(kind="crashed", reason=reason, usage=reader.usage()), None, "lost"
        outcome = _judge(reader, exit_, await asyncio.to_thread(tail_of, Spool(run).err, STDERR_TAIL))
        return outcome, exit_, outcome.kind

    async def _follow(
        self, ingestion: Ingestion, reader: Reader, conversation: Conversation, plan: Plan, run: Path
    ) -> Exit:
        """Read along until the run has ended and every line of it is taken; stop it at its limits."""
        spool, quiet = Spool(run), Quiet(run)
        if not spool.out.exists():
            return await self._never_ran(run)
        began = await asyncio.to_thread(spool.began)
        async with (
            together() as group,
            self._growth.of(spool.out) as woken,
            self._ledger.waking(plan.job.task, woken),
        ):
            end = group.create_task(self._executor.wait(run))
            end.add_done_callback(lambda _: woken.set())
            stopping = False
            while True:
                over = end.done()
                woken.clear()
                taken = await ingestion.take(reader, self._ledger.now(), to_end=over)
                if over:
                    if not taken:
                        return end.result()
                    continue
                await conversation.go_on()
                exceeded, due = (None, None) if stopping else self._limits(reader, plan, time.monotonic() - began)
                if exceeded is None and not stopping:
                    exceeded, due = await self._stalled(plan, quiet, bool(taken), due)
                if exceeded is not None:
                    stopping, due = True, None
                    group.create_task(self.end(run, exceeded))
                if not taken:
                    await _wait(woken, due)

    def _limits(self, reader: Reader, plan: Plan, elapsed: float) -> tuple[str | None, float | None]:
        """Which limit, as people have them at this moment, the attempt has gone over, as a reason; else in how many
        seconds its time is up, where its shim does not see to that by itself.
        """
        task = self._ledger[plan.job.task]
        left, used = left_to(task, limits_of(task, plan.job.attempt)), reader.usage()
        spent = used.bound_usd or 0.0
        if left.cost_usd is not None and spent > left.cost_usd:
            return f"{LIMIT}cost_usd: ${spent:.2f} of ${max(left.cost_usd, 0):.2f} is spent", None
        if plan.day_usd is not None and spent > plan.day_usd:
            return f"{LIMIT}daily_cost_usd: ${spent:.2f} of the day's last ${plan.day_usd:.2f} is spent", None
        for name in ("tokens", "turns"):
            most, taken = getattr(left, name), getattr(used, name)
            if most is not None and taken > most:
                return f"{LIMIT}{name}: {taken} of {max(most, 0)} are used", None
        if left.wall_clock is None or (plan.wall_clock is not None and plan.wall_clock <= left.wall_clock):
            return None, None
        if elapsed >= left.wall_clock:
            return f"{LIMIT}wall_clock: stopped after {elapsed:.0f} seconds", None
        return None, left.wall_clock - elapsed

    async def _stalled(
        self,
        plan: Plan,
        quiet: Quiet,
        wrote: bool,
        due: float | None,
    ) -> tuple[str | None, float | None]:
        """Whether nothing has come of it for longer than `stall` allows; else when to look again at the latest."""
        task = self._ledger[plan.job.task]
        bound = left_to(task, limits_of(task, plan.job.attempt)).stall
        if bound is None:
            return None, due
        asks = bool(questions.open_questions(task, plan.job.attempt))  # then it is a person who is slow
        stalled, again = await quiet.stalled(wrote=wrote or asks, bound=bound)
        if stalled:
            return f"{LIMIT}stall: no output and no CPU use for {bound:.0f} seconds", None
        return None, again if due is None else min(again, due)

    async def _never_ran(self, run: Path) -> Exit:
        """The end of a run without a transcript. One that ran had one, whoever took it away."""
        gone = TranscriptAltered(f"the transcript is gone: {Spool(run).out.name}")
        if self._executor.state(run) == "running":
            raise gone
        end = await self._executor.wait(run)
        if end.reason != "not-started":
            raise gone
        return end

    async def _drain(self, ingestion: Ingestion, reader: Reader) -> None:
        with contextlib.suppress(OSError, TranscriptAltered):
            while await ingestion.take(reader, self._ledger.now(), to_end=True):
                pass

    def _ended(self, task: Task, number: int, outcome: Outcome, exit_: Exit | None, kind: OutcomeKind) -> AttemptEnded:
        return AttemptEnded(
            task=task.id,
            at=self._ledger.now(),
            number=number,
            outcome=kind,
            reason=_reason(outcome),
            exit_code=exit_code(exit_),
            session_id=outcome.session_id,
            output=outcome.output,
            usage=_usage(outcome.usage),
            running=exit_.running if exit_ is not None else 0.0,
            reset_at=outcome.reset_at,
            session_cost_usd=outcome.session_cost_usd,
        )


async def _wait(woken: asyncio.Event, seconds: float | None) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await woken.wait()


def _judge(reader: Reader, exit_: Exit, stderr: str) -> Outcome:
    stopped = None
    if exit_.reason == "deadline":
        stopped = f"{LIMIT}wall_clock: stopped after {exit_.running:.0f} seconds"
    elif exit_.reason in ("stopped", "not-started"):
        stopped = exit_.detail or "stopped"
    outcome = reader.finish(exit_.code, exit_.signal, stopped, stderr)
    if stopped is not None and stopped.startswith(LIMIT):
        return msgspec.structs.replace(outcome, kind="limit", reason=stopped)
    if exit_.reason == "not-started":
        return msgspec.structs.replace(outcome, kind="stopped", reason=stopped or "")
    return outcome


def _reason(outcome: Outcome) -> str:
    """Why it ended, and until when that holds, where it is known: the core has no calendar."""
    if outcome.kind != "quota" or outcome.reset_at is None:
        return outcome.reason
    until = datetime.fromtimestamp(outcome.reset_at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return f"quota until {until}: {outcome.reason}"


def _usage(used: Used) -> Usage:
    return Usage(cost_usd=used.cost_usd, bound_usd=used.bound_usd or 0.0, tokens=used.tokens, turns=used.turns)


def exit_code(exit_: Exit | None) -> int | None:
    """A process's exit code as a shell tells it: 128 and the signal's number for one that was killed."""
    if exit_ is None:
        return None
    return 128 + exit_.signal if exit_.signal is not None else exit_.code
