"""Seals: what an attempt left becomes a commit, and what gates may be asked about it is worked out."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec.structs import replace

from foremand.core import steps
from foremand.core.facts import Work, WorkSealed
from foremand.core.spec import Gate, Pipeline
from foremand.core.task import Attempt, Task
from foremand.git import (
    GitError,
    Seal,
    WorkRepo,
    change_id,
    commits_between,
    diffstat,
    filtered,
    identity,
    keep_submodule_work,
    seal,
    seal_as_entered,
    touched,
    unresolved,
    user_excludes,
)
from foremand.paths import Places
from foremand.waiting import together

from .conductor import StepFailed
from .ledger import Ledger
from .leftovers import keep_out
from .plan import read_plan
from .repositories import Repositories

NAMED = 20
"""Files that are named for a gate or profile; more of them say nothing new."""

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
            sealed, more = await self._seal(work, task, attempt)
            described = await describe(
                work, task.pipeline, base=task.base, base_tree=task.base_tree, revision=sealed.revision
            )
            if task.started is not None and task.base != task.started.base:  # only a conflict moves the base
                left = await unresolved(work, task.base, sealed.revision)
                described = replace(described, unresolved=left)
                if not left and not attempt.by and sealed.tree in await work.conflicts():  # a person may leave it so
                    sealed = replace(sealed, changed=False)
        except (GitError, OSError) as error:
            raise StepFailed(f"the work cannot be sealed: {error}") from error
        notes = [f"left out by a new ignore rule, kept beside: {name}" for name in sealed.ignored]
        notes += [f"git cannot hold it: {name}" for name in sealed.skipped]
        notes += more
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

    async def _seal(self, work: WorkRepo, task: Task, attempt: Attempt) -> tuple[Seal, tuple[str, ...]]:
        """The seal, and notes about work in submodules, which cannot land and is kept beside."""
        tree = self._places.workspace(task.id) / "tree"
        reads = task.pipeline.stage(attempt.stage).access == "read"
        plan = None
        if reads and not attempt.by:
            plan = await asyncio.to_thread(read_plan, self._places.attempt(task.id, attempt.number))
        said, at, ref = message(task, attempt), attempt.ended_at or attempt.started_at, work.attempt_ref(attempt.number)
        if plan is not None and plan.job.sandboxed:  # its tree was bound read-only
            return await seal_as_entered(work, attempt.entered, said, at, ref=ref), ()
        excludes = await user_excludes(Path(task.submitted.repo))
        sealed = await seal(
            work,
            tree,
            attempt.entered,
            said,
            at,
            ref=ref,
            keep_out=await asyncio.to_thread(keep_out, task.pipeline.workspace, tree),
            extra_excludes=excludes,
            read_only=reads,
            began=None if plan is None else plan.began,
            **(await _author(task, attempt)),
        )
        kept = self._places.workspace(task.id) / "kept"
        return sealed, await keep_submodule_work(work, tree, attempt.entered, kept, extra_excludes=excludes)


async def _author(task: Task, attempt: Attempt) -> dict[str, tuple[str, str]]:
    """Whose work it is, where it is a person's: as their git names them."""
    if not attempt.by:
        return {}
    who = (await identity(Path(task.submitted.repo))).author
    return {"author": (who.name, who.email)}


def message(task: Task, attempt: Attempt) -> str:
    """A seal's message: whose it is, and what the stage handed on."""
    subject = f"foremand {task.id}: {attempt.stage}, attempt {attempt.number}"
    return f"{subject}\n\n{attempt.output}" if attempt.output else subject


async def describe(
    work: WorkRepo,
    pipeline: Pipeline,
    *,
    base: str,
    base_tree: str,
    revision: str,
    more: Sequence[Gate] = (),
    seals: tuple[str, ...] = (),
) -> Work:
    """What gates may be asked about a revision: its tree and commits, and for every gate the change as it sees it.

    Every gate of the pipeline is looked at, also one that only a stricter profile asks, and `more`. `seals` are
    commits that count beside the revision's own: at landing those that it was made from.
    """
    gates = (*{gate.name: gate for gate in (*pipeline.gates.values(), *more)}.values(),)
    async with together() as group:
        found = group.create_task(work.tree_of(revision))
        since = group.create_task(commits_between(work, base, revision))
    tree = found.result()
    commits = (*seals, *(each for each in since.result() if each not in seals))
    if tree == base_tree:
        same = {gate.name: NOTHING for gate in gates if not gate.paths} | await passing_through(work, gates, commits)
        return Work(revision=revision, tree=tree, base=base, base_tree=base_tree, changes=same, commits=commits)
    guarded = {gate.name: gate.paths for gate in gates if gate.kind == "protected"}
    # Each is a git or two, and none needs what another finds.
    async with together() as group:
        passing = group.create_task(passing_through(work, gates, commits))
        ids = group.create_task(changes(work, gates, base, revision))
        size = group.create_task(diffstat(work, base, revision))
        under = group.create_task(_touched(work, base, revision, guarded))
        to = group.create_task(raises(work, pipeline, base, revision))
        opaque = group.create_task(filtered(work, base, revision))
    files, added, removed = size.result()
    return Work(
        revision=revision,
        tree=tree,
        base=base,
        base_tree=base_tree,
        changes=passing.result() | ids.result(),
        files=files,
        added=added,
        removed=removed,
        commits=commits,
        touched=under.result(),
        raises=to.result(),
        filtered=opaque.result(),
    )


async def redescribe(work: WorkRepo, pipeline: Pipeline, old: Work) -> Work:
    """The same revision as the gates of another pipeline see it."""
    new = await describe(work, pipeline, base=old.base, base_tree=old.base_tree, revision=old.revision)
    return replace(new, unresolved=old.unresolved)


async def raises(work: WorkRepo, pipeline: Pipeline, base: str, revision: str) -> dict[str, tuple[str, ...]]:
    """The profiles of the pipeline to which the change is raised, each with files that do so."""
    raising = {name: profile.paths for name, profile in pipeline.profiles.items() if profile.paths}
    return await _touched(work, base, revision, raising)


async def _touched(
    work: WorkRepo, base: str, revision: str, globs: Mapping[str, tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    """The files of the change that each list of globs matches, under its name; none that matches nothing."""
    found = {name: (await touched(work, base, revision, paths))[:NAMED] for name, paths in globs.items()}
    return {name: files for name, files in found.items() if files}


async def changes(work: WorkRepo, gates: tuple[Gate, ...], base: str, revision: str) -> dict[str, str]:
    """The change id for each gate that applies; gates that look at the same paths share one look."""
    seen: dict[tuple[str, ...], str | None] = {}
    for gate in gates:
        if gate.paths not in seen:
            seen[gate.paths] = await change_id(work, base, revision, gate.paths or None)
    found = {gate.name: seen[gate.paths] for gate in gates}
    return {gate.name: found[gate.name] or NOTHING for gate in gates if found[gate.name] is not None or not gate.paths}


async def passing_through(work: WorkRepo, gates: tuple[Gate, ...], commits: Sequence[str]) -> dict[str, str]:
    """Secrets gates that apply for what a commit touches, even where the change as a whole has undone it."""
    found: dict[str, str] = {}
    for gate in gates:
        if gate.kind == "secrets" and gate.paths:
            for commit in commits:
                if await touched(work, f"{commit}^1", commit, gate.paths):
                    found[gate.name] = NOTHING
                    break
    return found
