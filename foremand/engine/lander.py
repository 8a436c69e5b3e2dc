"""Landing: candidates on the branch's tip, and the one moment at which the user's repository is written.

Order and turns are `core.queue`'s; this module only builds, moves the branch and proves that it moved.
"""

import asyncio
import logging
from pathlib import Path

from foremand.core.facts import (
    AnyFact,
    CandidateBuilt,
    CandidateConflicted,
    Landed,
    LandingLocked,
    LandingRefused,
    LockFile,
)
from foremand.core.feedback import headline
from foremand.core.landing import intend, intended
from foremand.core.steps import BuildCandidate, Land
from foremand.core.task import Task, approvers
from foremand.git import (
    Blocked,
    Conflict,
    GitError,
    IdentityUnknown,
    Lock,
    TipMoved,
    WorkRepo,
    build,
    identity,
    land,
    prove,
)
from foremand.pipeline import fill

from .conductor import StepFailed
from .ledger import Ledger
from .repositories import Repositories
from .sealing import describe

log = logging.getLogger("foremand.lander")

MESSAGE = "{{ title }}\n\n{{ summary }}"


class Lander:
    """Builds candidates and lands them."""

    def __init__(self, ledger: Ledger, repositories: Repositories) -> None:
        self._ledger = ledger
        self._repositories = repositories

    async def build(self, task: Task, step: BuildCandidate) -> None:
        """Put the work as one commit on the tip as it is now."""
        repo = Path(task.submitted.repo)
        mirror, work = self._repositories.mirror(repo), self._repositories.work(task)
        try:
            await mirror.fetch(task.submitted.into)
            tip = await mirror.tip(task.submitted.into)
            who = await identity(repo)
            built = await build(
                work,
                tip=tip,
                base=step.base,
                revision=step.source,
                message=message(task),
                author=who.author,
                committer=who.committer,
                at=task.updated_at,
                ref=work.candidate_ref(step.number),
            )
            tip_tree = await work.tree_of(tip)
            fact = await self._fact(task, step, built, tip, tip_tree)
        except (GitError, IdentityUnknown, OSError) as error:
            raise StepFailed(f"the candidate cannot be built: {error}") from error
        await self._ledger.record(fact)

    async def _fact(
        self, task: Task, step: BuildCandidate, built: object, tip: str, tip_tree: str
    ) -> CandidateBuilt | CandidateConflicted:
        now = self._ledger.now()
        if isinstance(built, Conflict):
            return CandidateConflicted(
                task=task.id,
                at=now,
                number=step.number,
                source=step.source,
                tip=tip,
                tip_tree=tip_tree,
                files=built.tree,
                paths=built.paths,
            )
        commit, empty = built.commit, built.empty  # type: ignore[attr-defined]  # build gives one of two
        work = await describe(self._repositories.work(task), task, base=tip, base_tree=tip_tree, revision=commit)
        return CandidateBuilt(
            task=task.id,
            at=now,
            number=step.number,
            source=step.source,
            tip=tip,
            work=work,
            empty=empty,
            approved_by=approvers(task),
        )

    async def land(self, task: Task, step: Land) -> None:
        """Move the branch, once the intent is on disk. Repeating it after a crash finishes what was begun."""
        into, work = task.submitted.into, self._repositories.work(task)
        if not _is_intended(task, step):
            task = await self._ledger.decide(task.id, lambda known: intend(known, step, self._ledger.now()))
            if not _is_intended(task, step):
                return
        fact: AnyFact
        try:
            await self._move(task, work, step)
            fact = Landed(task=task.id, at=self._ledger.now(), commit=step.new)
            log.info("task %d landed on %s as %s", task.id, into, step.new[:12])
        except TipMoved as moved:
            fact = self._refused(task, step, "moved", str(moved))
        except Blocked as blocked:
            fact = self._refused(task, step, "blocked", str(blocked))
        except (GitError, OSError) as error:
            repo = Path(task.submitted.repo)
            if await asyncio.to_thread(repo.exists):
                raise StepFailed(f"landing failed: {error}") from error
            fact = self._refused(task, step, "blocked", f"{repo} is not there any more: was it moved?")
        await self._ledger.record(fact)

    async def _move(self, task: Task, work: WorkRepo, step: Land) -> None:
        """Move the branch and prove it. A branch that went on from where an interrupted landing had put it has it."""
        repo, into = Path(task.submitted.repo), task.submitted.into

        async def held(locks: tuple[Lock, ...]) -> None:
            files = tuple(
                LockFile(path=str(lock.path), device=lock.device, inode=lock.inode, mtime_ns=lock.mtime_ns)
                for lock in locks
            )
            await self._ledger.record(
                LandingLocked(task=task.id, at=self._ledger.now(), candidate=step.candidate, locks=files)
            )

        stale = [Lock(Path(file.path), file.device, file.inode, file.mtime_ns) for file in task.locks]
        try:
            await land(repo, work, into, step.old, step.new, stale=stale, on_locks=held)
        except TipMoved as moved:
            try:
                await prove(repo, into, step.new, step.tree)
            except GitError:
                raise moved from None
        else:
            await prove(repo, into, step.new, step.tree)

    def _refused(self, task: Task, step: Land, kind: str, reason: str) -> LandingRefused:
        return LandingRefused(
            task=task.id,
            at=self._ledger.now(),
            candidate=step.candidate,
            kind="moved" if kind == "moved" else "blocked",
            reason=reason,
        )


def _is_intended(task: Task, step: Land) -> bool:
    """Whether the intent is on disk of this very candidate, not of one before it."""
    candidate = intended(task)
    return candidate is not None and candidate.number == step.candidate


def message(task: Task) -> str:
    """The landed commit's message: the template's text, then the trailers that say where it came from."""
    last = task.current(task.pipeline.stages[-1].name)
    values = {
        "id": str(task.id),
        "title": headline(task.submitted.title),
        "task": task.submitted.prompt,
        "summary": last.output.strip() if last is not None else "",
    }
    body = fill(task.pipeline.land.message or MESSAGE, values).strip()
    trailers = [f"Foremand-Task: {task.id}", *(f"Approved-by: {name}" for name in approvers(task))]
    return f"{body}\n\n" + "\n".join(trailers) + "\n"
