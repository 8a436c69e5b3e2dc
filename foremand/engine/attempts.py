"""Attempts: an agent's run from its prompt to its outcome.

The transcript grows on disk whether or not a daemon lives; this module starts runs, takes up those that a former
daemon started, reads along, and stops what goes over its limits.
"""

import asyncio
import contextlib
import logging
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from foremand.agents.port import File, Job, Launch, Outcome, Reader
from foremand.agents.port import Usage as Used
from foremand.agents.registry import AgentMissing, adapter, find
from foremand.core.facts import AttemptEnded, AttemptStarted, Usage
from foremand.core.steps import RunAttempt, StopAttempt
from foremand.core.task import Task
from foremand.executors import ExecutorError, Exit, LocalExecutor, RunLost, Spool
from foremand.git import GitError, prepare, prompt_diff, snapshot, user_excludes
from foremand.journal import Journal
from foremand.paths import Places
from foremand.pipeline import Context, follow_up, render

from . import durable
from .conductor import StepFailed
from .growth import Growth
from .ingest import Ingestion, TranscriptAltered
from .inside import write_new
from .ledger import Ledger
from .output import tail_of
from .repositories import Repositories
from .setups import Setups
from .slots import Slots
from .workplace import Room, Workplace

log = logging.getLogger("foremand.attempts")

STDERR_TAIL = 4096
"""Bytes of standard error that are looked at when an agent crashed."""

GRACE = 5.0
"""Seconds that an agent has after SIGINT, and again after SIGTERM."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What an attempt was begun with, stored beside its transcript: enough to take it up again.

    `wall_clock` in seconds; `cost_usd` and `turns` are what it may use. `began` is the tree that its
    files made, where the stage only reads and nothing but our looking keeps it from writing.
    """

    job: Job
    wall_clock: float | None
    cost_usd: float | None
    turns: int | None
    began: str | None


class Attempts:
    """Runs attempts, a bounded number at once."""

    def __init__(
        self,
        places: Places,
        ledger: Ledger,
        journal: Journal,
        executor: LocalExecutor,
        repositories: Repositories,
        workplace: Workplace,
        setups: Setups,
        slots: Slots,
        growth: Growth,
        closing: Callable[[], bool],
    ) -> None:
        self._places = places
        self._ledger = ledger
        self._journal = journal
        self._executor = executor
        self._repositories = repositories
        self._workplace = workplace
        self._setups = setups
        self._slots = slots
        self._growth = growth
        self._closing = closing

    async def run(self, task: Task, step: RunAttempt) -> None:
        """Have the attempt run to its end, from wherever it is, and record its outcome."""
        rank = (0 if task.attempts else 1, task.id)
        run = self._places.attempt(task.id, step.number)
        async with self._slots.slot(rank, at_once=step.begun):
            if not step.begun:
                plan = await self._prepare(task, step, run)
                started = self._started(task, step, plan)
                task = await self._ledger.decide(
                    task.id, lambda known: (started,) if _still_wanted(known, step) else ()
                )
                if task.attempt(step.number) is None:
                    return
            plan = await asyncio.to_thread(read_plan, run)
            ended = await self._supervise(task, step, plan, run)
        await self._ledger.record(ended)

    async def stop(self, task: Task, step: StopAttempt) -> None:
        """End the attempt's processes. Its supervision sees the end and records it."""
        with contextlib.suppress(RunLost):
            await self._executor.stop(self._places.attempt(task.id, step.number), step.reason, GRACE)

    async def _prepare(self, task: Task, step: RunAttempt, run: Path) -> Plan:
        """Make the workspace ready and write down what the attempt is; nothing of it runs yet."""
        stage = task.pipeline.stage(step.stage)
        room = self._workplace.room(task, step.agent, read_only=stage.access == "read")
        work = self._repositories.work(task)
        spec = task.pipeline.workspace
        keep = (*spec.copy, *(spec.setup_paths or ()))
        try:
            excludes = await user_excludes(Path(task.submitted.repo))
            room.tree.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            await prepare(
                room.tree,
                work,
                step.entered,
                task.base,
                step.files,
                kept=room.tree.parent / "kept",
                keep=keep,
                extra_excludes=excludes,
            )
            await self._setups.lay(task, work, room, step.entered)
            began = None
            if room.read_only and not self._workplace.sandboxed:
                began = await snapshot(work, room.tree, step.entered, keep_out=keep, extra_excludes=excludes)
            diff = await prompt_diff(work, task.base, step.entered) if "diff" in stage.prompt else ""
        except (GitError, OSError) as error:
            raise StepFailed(f"the workspace cannot be prepared: {error}") from error
        plan = self._plan(task, step, room, began, diff)
        await asyncio.to_thread(write_plan, run, plan)
        return plan

    def _plan(self, task: Task, step: RunAttempt, room: Room, began: str | None, diff: str) -> Plan:
        stage = task.pipeline.stage(step.stage)
        agent = task.pipeline.agents[step.agent]
        resumes = step.resumes
        if resumes is not None and not adapter(agent.adapter).resumable(room.home, resumes):
            resumes = None
        if resumes is not None and step.feedback:
            prompt = follow_up(step.feedback)
        else:
            handed = {a.stage: a.output for a in task.attempts if not a.void}
            context = Context(task=task.submitted.prompt, stages=handed, feedback=step.feedback, diff=diff)
            prompt = render(stage.prompt, context)
        earlier = next((a for a in reversed(task.attempts) if resumes and a.session_id == resumes), None)
        job = Job(
            prompt=prompt,
            stage=step.stage,
            access=stage.access,
            task=task.id,
            attempt=step.number,
            session_id=resumes or str(uuid.uuid4()),
            home=room.home,
            output=room.home / "tmp" / f"output-{step.number}",
            sandboxed=self._workplace.sandboxed,
            resume=resumes,
            budget_usd=step.cost_usd,
            max_turns=step.turns,
            prior_cost_usd=(earlier.session_cost_usd or 0.0) if earlier else 0.0,
        )
        return Plan(job=job, wall_clock=step.wall_clock, cost_usd=step.cost_usd, turns=step.turns, began=began)

    def _started(self, task: Task, step: RunAttempt, plan: Plan) -> AttemptStarted:
        agent = task.pipeline.agents[step.agent]
        return AttemptStarted(
            task=task.id,
            at=self._ledger.now(),
            number=step.number,
            stage=step.stage,
            agent=step.agent,
            entered=step.entered,
            session_id=plan.job.session_id,
            resumes=plan.job.resume,
            notes=adapter(agent.adapter).launch(agent, plan.job).warnings,
        )

    async def _supervise(self, task: Task, step: RunAttempt, plan: Plan, run: Path) -> AttemptEnded:
        """Start or adopt the run, read along until its end, judge it."""
        agent = task.pipeline.agents[step.agent]
        ingestion = Ingestion(self._journal, Spool(run).out, task.id, step.number)
        reader = adapter(agent.adapter).reader(plan.job, ingestion.restore())
        exit_: Exit | None = None
        try:
            if self._executor.state(run) == "new":
                await self._start(task, step, plan, run)
            exit_ = await self._follow(ingestion, reader, plan, run)
            outcome = _judge(reader, exit_, await asyncio.to_thread(tail_of, Spool(run).err, STDERR_TAIL))
        except AgentMissing as missing:
            outcome = Outcome(kind="missing", reason=str(missing))
        except TranscriptAltered as altered:
            exit_ = await self._end(run, "transcript altered")
            return self._ended(task, step, Outcome(kind="crashed", reason=f"error: {altered}"), exit_, "altered")
        except (ExecutorError, OSError) as lost:
            log.warning("task %d attempt %d: %s", task.id, step.number, lost)
            await self._end(run, "the run was lost")  # whatever it was: nothing of it may run beside the next attempt
            await self._drain(ingestion, reader)
            lost_outcome = Outcome(kind="crashed", reason=f"the run was lost: {lost}", usage=reader.usage())
            return self._ended(task, step, lost_outcome, None, "lost")
        return self._ended(task, step, outcome, exit_)

    async def _start(self, task: Task, step: RunAttempt, plan: Plan, run: Path) -> None:
        stage = task.pipeline.stage(step.stage)
        agent = task.pipeline.agents[step.agent]
        room = self._workplace.room(task, step.agent, read_only=stage.access == "read")
        launch: Launch = adapter(agent.adapter).launch(agent, plan.job)
        await asyncio.to_thread(_write_files, room.home, launch.prepare)
        names = (*launch.credentials, *agent.env)
        env = self._workplace.environment(task, room, names=names, extra=launch.env)
        program = find(agent, env["PATH"])
        command = self._workplace.command(
            task,
            room,
            (str(program), *launch.argv[1:]),
            env,
            marker=f"attempt/{step.number}",
            stdin=launch.stdin,
            deadline=plan.wall_clock,
        )
        await self._executor.start(run, command)

    async def _follow(self, ingestion: Ingestion, reader: Reader, plan: Plan, run: Path) -> Exit:
        """Read along until the run has ended and every line of it is taken."""
        if not Spool(run).out.exists():
            return await self._never_ran(run)
        try:
            async with asyncio.TaskGroup() as group, self._growth.of(Spool(run).out) as grown:
                end = group.create_task(self._executor.wait(run))
                end.add_done_callback(lambda _: grown.set())
                stopping = False
                while True:
                    over = end.done()
                    grown.clear()
                    if await ingestion.take(reader, self._ledger.now(), to_end=over):
                        exceeded = _exceeded(reader, plan)
                        if exceeded and not stopping and not over:
                            stopping = True
                            group.create_task(self._stop_at_limit(run, exceeded))
                    elif over:
                        return end.result()
                    else:
                        await grown.wait()
        except BaseExceptionGroup as together:  # the group only wraps what went wrong first
            raise together.exceptions[0] from None

    async def _never_ran(self, run: Path) -> Exit:
        """The end of a run without a transcript. One that ran had one, whoever took it away."""
        gone = TranscriptAltered(f"the transcript is gone: {Spool(run).out.name}")
        if self._executor.state(run) == "running":
            raise gone
        end = await self._executor.wait(run)
        if end.reason != "not-started":
            raise gone
        return end

    async def _stop_at_limit(self, run: Path, reason: str) -> None:
        with contextlib.suppress(RunLost):
            await self._executor.stop(run, reason, GRACE)

    async def _end(self, run: Path, reason: str) -> Exit | None:
        with contextlib.suppress(ExecutorError):
            return await self._executor.stop(run, reason, 0.5)
        return None

    async def _drain(self, ingestion: Ingestion, reader: Reader) -> None:
        with contextlib.suppress(OSError, TranscriptAltered):
            while await ingestion.take(reader, self._ledger.now(), to_end=True):
                pass

    def _ended(
        self, task: Task, step: RunAttempt, outcome: Outcome, exit_: Exit | None, kind: str | None = None
    ) -> AttemptEnded:
        used = outcome.usage
        return AttemptEnded(
            task=task.id,
            at=self._ledger.now(),
            number=step.number,
            outcome=kind or outcome.kind,  # type: ignore[arg-type]  # the two added here are in core's list
            reason=_reason(outcome),
            exit_code=exit_code(exit_),
            session_id=outcome.session_id,
            output=outcome.output,
            usage=_usage(used),
            running=exit_.running if exit_ is not None else 0.0,
            reset_at=outcome.reset_at,
            session_cost_usd=outcome.session_cost_usd,
        )


def _still_wanted(task: Task, step: RunAttempt) -> bool:
    """Whether nobody has stopped the task while its workspace was made ready."""
    return task.ending is None and task.over is None and len(task.attempts) == step.number - 1


LIMIT = "limit "
"""How the reason of a stop begins that a limit asked for."""


def _exceeded(reader: Reader, plan: Plan) -> str | None:
    """Which limit the attempt has gone over while it runs, as a reason; None while it has not."""
    used = reader.usage()
    if plan.cost_usd is not None and (used.bound_usd or 0.0) > plan.cost_usd:
        return f"{LIMIT}cost_usd: ${used.bound_usd:.2f} of ${plan.cost_usd:.2f} is spent"
    if plan.turns is not None and used.turns > plan.turns:
        return f"{LIMIT}turns: {used.turns} of {plan.turns} are used"
    return None


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


def _write_files(home: Path, files: tuple[File, ...]) -> None:
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    for file in files:
        write_new(home, file.path, file.data)


def plan_file(run: Path) -> Path:
    """Beside the run's own folder: the shim makes that one."""
    return run.with_name(f"{run.name}.plan.json")


def write_plan(run: Path, plan: Plan) -> None:
    """Store what the attempt is begun with, whole or not at all, before the fact that says so."""
    durable.write(plan_file(run), msgspec.json.encode(plan, enc_hook=str))


def read_plan(run: Path) -> Plan:
    """What the attempt was begun with."""
    return msgspec.json.decode(plan_file(run).read_bytes(), type=Plan, dec_hook=lambda kind, text: kind(text))
