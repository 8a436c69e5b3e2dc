"""Seals: what an attempt left becomes a commit, and what gates may be asked about it is worked out."""

import asyncio
from pathlib import Path

from msgspec.structs import replace

from foremand.core import steps
from foremand.core.facts import Work, WorkSealed
from foremand.core.spec import LAND, Gate
from foremand.core.task import Attempt, Task
from foremand.core.verdicts import gates_at
from foremand.git import (
    GitError,
    Seal,
    WorkRepo,
    change_id,
    diffstat,
    filtered,
    seal,
    seal_as_entered,
    unresolved,
    user_excludes,
)
from foremand.paths import Places

from .conductor import StepFailed
from .ledger import Ledger
from .leftovers import keep_out
from .plan import read_plan
from .repositories import Repositories

NOTHING = "nothing"
"""The change id of a revision that changes nothing."""


class Sealer:
    """Seals attempts."""

    def __init__(self, places: Places, ledger: Ledger, repositories: Repositories) -> None:
        self._places = places
        self._ledger = ledger
        self._repositories = repositories

    async def run(self, task: Task, step: steps.Seal) -> None:
        """Seal the attempt's files. Sealing again gives the same commit."""
        attempt = task.attempt(step.number)
        if attempt is None:
            raise StepFailed(f"there is no attempt {step.number}")
        work = self._repositories.work(task)
        try:
            sealed = await self._seal(work, task, attempt)
            described = await describe(work, task, base=task.base, base_tree=task.base_tree, revision=sealed.revision)
            if task.started is not None and task.base != task.started.base:  # only a conflict moves the base
                left = await unresolved(work, task.base, sealed.revision)
                described = replace(described, unresolved=left)
        except (GitError, OSError) as error:
            raise StepFailed(f"the work cannot be sealed: {error}") from error
        notes = [f"left out by a new ignore rule, kept beside: {name}" for name in sealed.ignored]
        notes += [f"git cannot hold it: {name}" for name in sealed.skipped]
        await self._ledger.record(
            WorkSealed(
                task=task.id,
                at=self._ledger.now(),
                number=attempt.number,
                work=described,
                changed=sealed.changed,
                notes=tuple(notes),
            )
        )

    async def _seal(self, work: WorkRepo, task: Task, attempt: Attempt) -> Seal:
        tree = self._places.workspace(task.id) / "tree"
        reads = task.pipeline.stage(attempt.stage).access == "read"
        plan = None
        if reads:
            plan = await asyncio.to_thread(read_plan, self._places.attempt(task.id, attempt.number))
        said, at, ref = message(task, attempt), attempt.ended_at or attempt.started_at, work.attempt_ref(attempt.number)
        if plan is not None and plan.job.sandboxed:  # its tree was bound read-only
            return await seal_as_entered(work, attempt.entered, said, at, ref=ref)
        return await seal(
            work,
            tree,
            attempt.entered,
            said,
            at,
            ref=ref,
            keep_out=await asyncio.to_thread(keep_out, task.pipeline.workspace, tree),
            extra_excludes=await user_excludes(Path(task.submitted.repo)),
            read_only=reads,
            began=None if plan is None else plan.began,
        )


def message(task: Task, attempt: Attempt) -> str:
    """A seal's message: whose it is, and what the stage handed on."""
    subject = f"foremand {task.id}: {attempt.stage}, attempt {attempt.number}"
    return f"{subject}\n\n{attempt.output}" if attempt.output else subject


async def describe(work: WorkRepo, task: Task, *, base: str, base_tree: str, revision: str) -> Work:
    """What gates may be asked about a revision: its tree, and for every gate the change as the gate sees it."""
    stages = [stage.name for stage in task.pipeline.stages]
    gates = {gate.name: gate for name in (*stages, LAND) for gate in gates_at(task.pipeline, name)}
    tree = await work.tree_of(revision)
    if tree == base_tree:
        same = {gate.name: NOTHING for gate in gates.values() if not gate.paths}
        return Work(revision=revision, tree=tree, base=base, base_tree=base_tree, changes=same)
    files, added, removed = await diffstat(work, base, revision)
    return Work(
        revision=revision,
        tree=tree,
        base=base,
        base_tree=base_tree,
        changes=await changes(work, tuple(gates.values()), base, revision),
        files=files,
        added=added,
        removed=removed,
        filtered=await filtered(work, base, revision),
    )


async def changes(work: WorkRepo, gates: tuple[Gate, ...], base: str, revision: str) -> dict[str, str]:
    """The change id for each gate that applies; gates that look at the same paths share one look."""
    seen: dict[tuple[str, ...], str | None] = {}
    for gate in gates:
        if gate.paths not in seen:
            seen[gate.paths] = await change_id(work, base, revision, gate.paths or None)
    found = {gate.name: seen[gate.paths] for gate in gates}
    return {gate.name: found[gate.name] or NOTHING for gate in gates if found[gate.name] is not None or not gate.paths}
