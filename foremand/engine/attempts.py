"""Attempts: an agent's run from its prompt to its outcome.

The transcript grows on disk whether or not a daemon lives: runs are started here once, and taken up where a former
daemon started them.
"""

import asyncio
import uuid
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from pathlib import Path

from msgspec.structs import replace

from foremand.agents.port import File, Job, Launch
from foremand.agents.registry import adapter, find
from foremand.core import feedback
from foremand.core.facts import AttemptStarted, Preparing
from foremand.core.limits import NO_LIMITS, Exhausted, allowance
from foremand.core.spec import LAND, Access, Gate
from foremand.core.steps import RunAttempt, StopAttempt, World
from foremand.core.task import Attempt, Task
from foremand.executors import LocalExecutor
from foremand.git import GitError, prompt_diff, snapshot, user_excludes
from foremand.paths import Places
from foremand.pipeline import Context, follow_up, render

from . import heritage
from .checkouts import Checkouts
from .conductor import StepFailed
from .inside import write_new
from .ledger import Ledger
from .leftovers import keep_out
from .plan import Plan, read_plan, write_plan
from .repositories import Repositories
from .since import last_look
from .slots import Rank, Slots
from .supervision import Supervisor
from .workplace import Room, Workplace
from .workspaces import Workspaces


class Attempts:
    """Runs attempts, a bounded number at once."""

    def __init__(
        self,
        places: Places,
        ledger: Ledger,
        executor: LocalExecutor,
        repositories: Repositories,
        workplace: Workplace,
        workspaces: Workspaces,
        checkouts: Checkouts,
        slots: Slots,
        supervisor: Supervisor,
        world: Callable[[Task], World],
    ) -> None:
        self._places = places
        self._ledger = ledger
        self._executor = executor
        self._repositories = repositories
        self._workplace = workplace
        self._workspaces = workspaces
        self._checkouts = checkouts
        self._slots = slots
        self._world = world
        self._promising = asyncio.Lock()
        self._supervisor = supervisor

    async def run(self, task: Task, step: RunAttempt) -> None:
        """Have the attempt run to its end, from wherever it is, and record its outcome."""
        run = self._places.attempt(task.id, step.number)
        slot = self._slots.slot(partial(self._rank, task.id), step.agent, at_once=step.begun)
        async with slot, nullcontext() if step.begun else self._executor.ready(run):
            if not step.begun:
                begun = await self._begin(task, step, run)
                if begun is None:
                    return
                task = begun
            plan = await asyncio.to_thread(read_plan, run)
            start = partial(self._start, task, step, plan, run)
            ended = await self._supervisor.watch(task, step, plan, run, start)
        if step.gate:  # before its end is known: then this step is no longer wanted
            await self._checkouts.remove(task, review_name(step.number))
        await self._ledger.record(ended)

    def _rank(self, task_id: int) -> Rank:
        """What has begun goes on before anything new; then as people have it now."""
        task = self._ledger[task_id]
        return (0 if task.attempts else 1, -task.priority, task.id)

    async def stop(self, task: Task, step: StopAttempt) -> None:
        """End the attempt's processes. Its supervision sees the end and records it; where there is none, we do."""
        run = self._places.attempt(task.id, step.number)
        if step.unwatched:
            await self._ledger.record(await self._supervisor.give_up(task, step, run))
        else:
            await self._supervisor.end(run, step.reason)

    async def _begin(self, task: Task, step: RunAttempt, run: Path) -> Task | None:
        """Make everything ready and record that the attempt begins, with what the task has left by now: it may have
        waited long for its slot. None if it is not to begin any more.
        """
        of_stage = NO_LIMITS if step.gate else task.pipeline.stage(step.stage).limits
        day_usd = self._world(task).left_for(step.agent)
        left = allowance(self._ledger[task.id], of_stage, day_usd)
        if isinstance(left, Exhausted):
            return None
        step = replace(step, cost_usd=left.cost_usd, turns=left.turns, wall_clock=left.wall_clock, day_usd=day_usd)
        if step.gate:
            plan = await self._prepare_review(task, step, run)
            return await self._begun(task, step, plan)
        if task.pipeline.workspace.setup and self._ledger[task.id].preparing != step.number:
            await self._ledger.record(Preparing(task=task.id, at=self._ledger.now(), number=step.number))
        return await self._begun(task, step, await self._prepare(task, step, run))

    async def _begun(self, task: Task, step: RunAttempt, plan: Plan) -> Task | None:
        """Record that the attempt begins, one after the other: the same money is promised to no two of them."""
        started = self._started(task, step, plan)

        def begins(known: Task) -> tuple[AttemptStarted, ...]:
            return (started,) if _still_wanted(known, step) and self._affordable(known, started) else ()

        async with self._promising:
            task = await self._ledger.decide(task.id, begins)
        return task if task.attempt(step.number) is not None else None

    def _affordable(self, task: Task, started: AttemptStarted) -> bool:
        """Whether the day's budget still has what the attempt was planned with."""
        left = self._world(task).left_for(started.agent)
        return left is None or started.reserved_usd <= left

    async def _prepare(self, task: Task, step: RunAttempt, run: Path) -> Plan:
        """Make the workspace ready and write down what the attempt is; nothing of it runs yet."""
        stage = task.pipeline.stage(step.stage)
        room = self._workplace.room(task, step.agent, read_only=stage.access == "read")
        setup_running, notes = await self._workspaces.make_ready(task, room, step.entered, step.files)
        work = self._repositories.work(task)
        try:
            began = None
            if room.read_only and not self._workplace.sandboxed:
                keep = await asyncio.to_thread(keep_out, task.pipeline.workspace, room.tree)
                excludes = await user_excludes(Path(task.submitted.repo))
                began = await snapshot(work, room.tree, step.entered, keep_out=keep, extra_excludes=excludes)
            diff = await prompt_diff(work, task.base, step.entered) if "diff" in stage.prompt else ""
        except (GitError, OSError) as error:
            raise StepFailed(f"the workspace cannot be prepared: {error}") from error
        plan = replace(self._plan(task, step, room, began, diff), setup_running=setup_running, notes=notes)
        await asyncio.to_thread(write_plan, run, plan)
        return plan

    async def _prepare_review(self, task: Task, step: RunAttempt, run: Path) -> Plan:
        """A checkout of what is to be reviewed, and the words for who reviews it, in a session of its own."""
        room, setup_running = await self._checkouts.make(
            task,
            review_name(step.number),
            step.entered,
            keep=False,
            room=lambda tree: self._workplace.review_room(task, step.agent, tree),
        )
        gate = next(g for g in (*task.pipeline.gates.values(), *_tips(task)) if g.name == step.gate)
        candidate = task.candidate.work if task.candidate is not None and step.stage == LAND else None
        base = candidate.base if candidate is not None else task.base
        work = self._repositories.work(task)
        try:
            diff = await prompt_diff(work, base, step.entered)
            looked = await last_look(task, work, step, base)
        except (GitError, OSError) as error:
            raise StepFailed(f"the review cannot be prepared: {error}") from error
        handed = {a.stage: a.output for a in task.attempts if not a.void and not a.gate}
        heard = "\n\n".join(filter(None, (task.feedback.get(step.stage, ""), looked)))
        context = Context(task=task.submitted.prompt, stages=handed, feedback=heard, diff=diff)
        job = self._job(task, step, room, render(gate.prompt, context), access="read")
        plan = Plan(job=job, wall_clock=step.wall_clock, day_usd=step.day_usd, began=None, setup_running=setup_running)
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
            handed = {a.stage: a.output for a in task.attempts if not a.void and not a.gate}
            context = Context(task=task.submitted.prompt, stages=handed, feedback=step.feedback, diff=diff)
            prompt = render(stage.prompt, context)
        earlier = next((a for a in reversed(task.attempts) if resumes and a.session_id == resumes), None)
        job = self._job(task, step, room, prompt, access=stage.access, resumes=resumes, earlier=earlier)
        return Plan(job=job, wall_clock=step.wall_clock, day_usd=step.day_usd, began=began)

    def _job(
        self,
        task: Task,
        step: RunAttempt,
        room: Room,
        prompt: str,
        *,
        access: Access,
        resumes: str | None = None,
        earlier: Attempt | None = None,
    ) -> Job:
        return Job(
            prompt=prompt,
            stage=step.stage,
            access=access,
            task=task.id,
            attempt=step.number,
            session_id=resumes or str(uuid.uuid4()),
            home=room.home,
            output=room.home / "tmp" / f"output-{step.number}",
            sandboxed=self._workplace.sandboxed,
            resume=resumes,
            budget_usd=step.cost_usd,
            max_turns=step.turns,
            price=task.pipeline.agents[step.agent].price,
            prior_cost_usd=(earlier.session_cost_usd or 0.0) if earlier else 0.0,
        )

    def _started(self, task: Task, step: RunAttempt, plan: Plan) -> AttemptStarted:
        agent = task.pipeline.agents[step.agent]
        launch = adapter(agent.adapter).launch(agent, plan.job)
        return AttemptStarted(
            task=task.id,
            at=self._ledger.now(),
            number=step.number,
            stage=step.stage,
            agent=step.agent,
            entered=step.entered,
            session_id=plan.job.session_id,
            resumes=plan.job.resume,
            notes=(*launch.warnings, *plan.notes),
            setup_running=plan.setup_running,
            gate=step.gate,
            definition=step.definition,
            about=step.about,
            reserved_usd=plan.job.budget_usd or 0.0,
            hears=launch.plea is not None,
        )

    async def _start(self, task: Task, step: RunAttempt, plan: Plan, run: Path) -> None:
        agent = task.pipeline.agents[step.agent]
        if step.gate:
            tree = self._places.checkout(task.id, review_name(step.number)) / "tree"
            room = self._workplace.review_room(task, step.agent, tree)
        else:
            room = self._workplace.room(task, step.agent, read_only=plan.job.access == "read")
        known = adapter(agent.adapter)
        launch: Launch = known.launch(agent, plan.job)
        inherited = await asyncio.to_thread(known.inherited, Path.home(), room.home) if agent.inherit else ()
        await asyncio.to_thread(_furnish, room.home, inherited, launch.prepare)
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
            plea=launch.plea,
            deadline=plan.wall_clock,
        )
        await self._executor.start(run, command)


def _still_wanted(task: Task, step: RunAttempt) -> bool:
    """Whether nobody has stopped the task while its workspace was made ready."""
    halted = task.ending is not None or task.over is not None or task.paused or task.taken
    heard = step.gate or feedback.opening(task, step.stage) == step.feedback  # else somebody has said more meanwhile
    return bool(heard) and not halted and len(task.attempts) == step.number - 1


def _tips(task: Task) -> tuple[Gate, ...]:
    return task.candidate.gates if task.candidate is not None else ()


def review_name(number: int) -> str:
    """The name of the checkout in which a reviewer looks."""
    return f"review-{number}"


def _furnish(home: Path, inherited: tuple[File, ...], files: tuple[File, ...]) -> None:
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    heritage.give(home, inherited)
    for file in files:
        write_new(home, file.path, file.data, read_only=file.read_only)
