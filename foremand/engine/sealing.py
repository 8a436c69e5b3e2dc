"""Seals: what an attempt left becomes a commit, and what gates may be asked about it is worked out."""

from pathlib import Path

from foremand.core.facts import Work, WorkSealed
from foremand.core.spec import LAND, Gate
from foremand.core.steps import Seal
from foremand.core.task import Attempt, Task
from foremand.core.verdicts import gates_at
from foremand.git import GitError, WorkRepo, change_id, diffstat, filtered, seal, user_excludes
from foremand.paths import Places

from .attempts import read_plan
from .conductor import StepFailed
from .ledger import Ledger
from .repositories import Repositories

NOTHING = "nothing"
"""The change id of a revision that changes nothing."""


class Sealer:
    """Seals attempts."""

    def __init__(self, places: Places, ledger: Ledger, repositories: Repositories) -> None:
        self._places = places
        self._ledger = ledger
        self._repositories = repositories

    async def run(self, task: Task, step: Seal) -> None:
        """Seal the attempt's files. Sealing again gives the same commit."""
        attempt = task.attempt(step.number)
        if attempt is None:
            raise StepFailed(f"there is no attempt {step.number}")
        work = self._repositories.work(task)
        stage = task.pipeline.stage(attempt.stage)
        spec = task.pipeline.workspace
        try:
            sealed = await seal(
                work,
                self._places.workspace(task.id) / "tree",
                attempt.entered,
                message(task, attempt),
                attempt.ended_at or attempt.started_at,
                ref=work.attempt_ref(attempt.number),
                keep_out=(*spec.copy, *(spec.setup_paths or ())),
                extra_excludes=await user_excludes(Path(task.submitted.repo)),
                read_only=stage.access == "read",
                began=read_plan(self._places.attempt(task.id, attempt.number)).began
                if stage.access == "read"
                else None,
            )
            described = await describe(work, task, base=task.base, base_tree=task.base_tree, revision=sealed.revision)
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


def message(task: Task, attempt: Attempt) -> str:
    """A seal's message: whose it is, and what the stage handed on."""
    subject = f"foremand {task.id}: {attempt.stage}, attempt {attempt.number}"
    return f"{subject}\n\n{attempt.output}" if attempt.output else subject


async def describe(work: WorkRepo, task: Task, *, base: str, base_tree: str, revision: str) -> Work:
    """What gates may be asked about a revision: its tree, and for every gate the change as the gate sees it."""
    stages = [stage.name for stage in task.pipeline.stages]
    gates = {gate.name: gate for name in (*stages, LAND) for gate in gates_at(task.pipeline, name)}
    files, added, removed = await diffstat(work, base, revision)
    return Work(
        revision=revision,
        tree=await work.tree_of(revision),
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
