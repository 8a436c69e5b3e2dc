"""Landing: candidates on the branch's tip, and the one moment at which the user's repository is written.

Order and turns are `core.queue`'s; this module only builds, moves the branch and proves that it moved.
"""

import asyncio
import logging
import re
from collections.abc import Collection
from pathlib import Path
from typing import Literal

from foremand.core.facts import (
    AnyFact,
    CandidateBuilt,
    CandidateConflicted,
    Landed,
    LandingLocked,
    LandingRefused,
    LockFile,
    Signed,
)
from foremand.core.feedback import headline
from foremand.core.landing import intend, intended
from foremand.core.spec import Gate
from foremand.core.steps import BuildCandidate, Land, Sign
from foremand.core.task import Task, approvers
from foremand.core.verdicts import tips_own
from foremand.git import (
    Blocked,
    Candidate,
    Conflict,
    GitError,
    IdentityUnknown,
    Lock,
    NotPublished,
    StageCommit,
    TipMoved,
    WorkRepo,
    build,
    commits_between,
    identity,
    land,
    prove,
    pull_request,
    push,
    signed,
    signs,
    upstream,
)
from foremand.pipeline import fill

from .conductor import StepFailed
from .intake import Intake
from .ledger import Ledger
from .others import Others
from .repositories import Repositories
from .sealing import describe, raises
from .taint import check_kept

log = logging.getLogger("foremand.lander")

MESSAGE = "{{ title }}\n\n{{ summary }}"


class Lander:
    """Builds candidates, has them signed, and lands them."""

    def __init__(self, ledger: Ledger, repositories: Repositories, intake: Intake, others: Others) -> None:
        self._ledger = ledger
        self._repositories = repositories
        self._intake = intake
        self._others = others

    async def build(self, task: Task, step: BuildCandidate) -> None:
        """Put the work on the tip as it is now: the branch's, or with `fetch` the remote's."""
        repo, into = Path(task.submitted.repo), task.submitted.into
        mirror, work = self._repositories.mirror(repo), self._repositories.work(task)
        try:
            await check_kept(task, work, step.source)
            await mirror.fetch(into)
            local = await mirror.tip(into)
            tip = await mirror.fetch_remote(into) if task.pipeline.land.fetch else local
            apart = await self._apart(task, local, tip)
            if apart:
                await self._ledger.record(self._refused(task, step.number, "blocked", apart))
                return
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
                stages=stage_commits(task) if task.pipeline.land.strategy == "merge" else None,
            )
            tip_tree = await work.tree_of(tip)
            fact: AnyFact
            if isinstance(built, Conflict):
                fact = CandidateConflicted(
                    task=task.id,
                    at=self._ledger.now(),
                    number=step.number,
                    source=step.source,
                    tip=tip,
                    tip_tree=tip_tree,
                    files=built.tree,
                    paths=built.paths,
                    others=await self._others.between(task, step.base, tip, built.paths),
                )
            else:
                fact = await self._candidate(task, step, built, tip, tip_tree, old="" if local == tip else local)
        except (GitError, IdentityUnknown, OSError) as error:
            raise StepFailed(f"the candidate cannot be built: {error}") from error
        await self._ledger.record(fact)

    async def _apart(self, task: Task, local: str, tip: str) -> str:
        """Why nothing that is built on this tip can land, and what to do; empty where it can.

        The user's branch and the remote's have to agree, or one of them has to be behind, where both are to move.
        """
        repo, into, land_by = Path(task.submitted.repo), task.submitted.into, task.pipeline.land
        work = self._repositories.work(task)
        if land_by.publish == "pull-request" or (land_by.publish == "local" and not land_by.fetch):
            return ""
        there = await upstream(repo, into)
        if not await work.follows(tip, local):
            return f"{into} has commits that {there} has not: push or rebase them, then retry"
        if not land_by.fetch and not await work.follows(tip, await work.mirror.fetch_remote(into)):
            return f"{there} has commits that {into} has not: pull them, then retry"
        return ""

    async def _candidate(
        self, task: Task, step: BuildCandidate, built: Candidate, tip: str, tip_tree: str, *, old: str
    ) -> CandidateBuilt:
        work = self._repositories.work(task)
        theirs = await self._intake.at_tip(task, tip)
        gates: tuple[Gate, ...] = ()
        if theirs is not None:
            risen = await raises(work, theirs, tip, built.commit)
            gates = tips_own(task.pipeline, theirs, (*task.profiles, *risen), task.submitted.into)
        gates = (*gates, *rewound(task.submitted.into, tip, await work.dropped(tip, task.base)))
        described = await describe(
            work,
            task.pipeline,
            base=tip,
            base_tree=tip_tree,
            revision=built.commit,
            more=gates,
            seals=await commits_between(work, task.base, step.source),
        )
        return CandidateBuilt(
            task=task.id,
            at=self._ledger.now(),
            number=step.number,
            source=step.source,
            tip=tip,
            work=described,
            empty=built.empty,
            approved_by=approvers(task),
            gates=gates,
            old=old,
            signs=await signs(Path(task.submitted.repo)),
        )

    async def sign(self, task: Task, step: Sign) -> None:
        """Have the user's git sign what is about to land, unless they have given up signing since it was built."""
        repo, work = Path(task.submitted.repo), self._repositories.work(task)
        try:
            commit = await signed(repo, work, step.commit) if await signs(repo) else step.commit
            await work.keep(f"{work.candidate_ref(step.candidate)}-signed", commit)
        except (GitError, OSError) as error:
            raise StepFailed(f"signing: {error}") from error
        await self._ledger.record(Signed(task=task.id, at=self._ledger.now(), candidate=step.candidate, commit=commit))

    async def land(self, task: Task, step: Land) -> None:
        """Move the branch, once the intent is on disk. Repeating it after a crash finishes what was begun."""
        into, work = task.submitted.into, self._repositories.work(task)
        if not _is_intended(task, step):
            task = await self._ledger.decide(task.id, lambda known: intend(known, step, self._ledger.now()))
            if not _is_intended(task, step):
                return
        fact: AnyFact
        try:
            reason = await self._move(task, work, step)
            fact = Landed(task=task.id, at=self._ledger.now(), commit=step.new, reason=reason)
            log.info("task %d landed on %s as %s", task.id, into, step.new[:12])
        except TipMoved as moved:
            fact = self._refused(task, step.candidate, "moved", str(moved))
        except (Blocked, NotPublished) as blocked:
            fact = self._refused(task, step.candidate, "blocked", str(blocked))
        except (GitError, OSError) as error:
            repo = Path(task.submitted.repo)
            if await asyncio.to_thread(repo.exists):
                raise StepFailed(f"landing failed: {error}") from error
            fact = self._refused(task, step.candidate, "blocked", f"{repo} is not there any more: was it moved?")
        await self._ledger.record(fact)

    async def _move(self, task: Task, work: WorkRepo, step: Land) -> str:
        """Publish what lands, move the branch and prove it; what else there is to say of it.

        The remote goes first: where others have moved it meanwhile nothing has happened yet. A pull request leaves
        the branch to those who merge it. A branch that went on from where an interrupted landing had put it has it.
        """
        repo, into, land_by = Path(task.submitted.repo), task.submitted.into, task.pipeline.land
        if land_by.publish == "pull-request":
            name = branch_name(task)
            title, _, body = message(task).partition("\n")
            url = await pull_request(repo, work, step.new, name, into, title, body.strip())
            return f"pull request {url}" if url else f"pushed as {name}: open a pull request for it"
        if land_by.publish == "push":
            await self._push(task, work, step)
        try:
            await self._move_here(task, work, step)
        except (TipMoved, Blocked) as error:
            if land_by.publish == "local":
                raise
            # Not refused: it has landed, for everybody but the user. Nothing else may become of the task.
            there = await upstream(repo, into)
            raise StepFailed(f"{there} has it, but {into} here cannot follow: {error}") from error
        return ""

    async def _push(self, task: Task, work: WorkRepo, step: Land) -> None:
        """Have the remote's branch move from the tip, if that is the remote's, else from where it is behind it.

        Not if the user's own branch has moved meanwhile, unless the remote has it already: an interrupted landing of
        this has pushed it then, and nothing may refuse it any more.
        """
        repo, into, mirror = Path(task.submitted.repo), task.submitted.into, work.mirror
        theirs = await mirror.fetch_remote(into)
        if await work.follows(theirs, step.new):
            return
        await mirror.fetch(into)
        here = await mirror.tip(into)
        if here != step.old and not await work.follows(here, step.new):
            raise TipMoved(into, here)
        if task.pipeline.land.fetch and task.candidate is not None:
            theirs = task.candidate.tip
        elif not await work.follows(step.new, theirs):
            raise TipMoved(str(await upstream(repo, into)), theirs)
        await push(repo, work, step.new, into, theirs)

    async def _move_here(self, task: Task, work: WorkRepo, step: Land) -> None:
        """Move the user's own branch, with its files, and prove it."""
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

    def _refused(self, task: Task, candidate: int, kind: Literal["moved", "blocked"], reason: str) -> LandingRefused:
        return LandingRefused(task=task.id, at=self._ledger.now(), candidate=candidate, kind=kind, reason=reason)


def _is_intended(task: Task, step: Land) -> bool:
    """Whether the intent is on disk of this very candidate, not of one before it."""
    candidate = intended(task)
    return candidate is not None and candidate.number == step.candidate


def rewound(into: str, tip: str, dropped: Collection[str]) -> tuple[Gate, ...]:
    """A question to a person, once for all that the branch has lost: whoever took it away may not want more on it."""
    if not dropped:
        return ()
    lost = ", ".join(each[:12] for each in dropped)
    return (
        Gate(
            name="foremand-rewound",
            kind="human",
            definition=f"rewound:{','.join(sorted(dropped))}",
            message=f"{into} no longer has {lost}, on which this was built: approve to land on {tip[:12]}",
        ),
    )


def branch_name(task: Task) -> str:
    """The branch under which people see the task: for `checkout`, and for a pull request."""
    slug = re.sub(r"[^a-z0-9]+", "-", headline(task.submitted.title).lower()).strip("-")[:40].strip("-")
    return f"foremand/{task.id}-{slug or 'task'}"


def stage_commits(task: Task) -> tuple[StageCommit, ...]:
    """What a merge lands beside itself: one commit for each writing stage whose seal may be seen."""
    made = []
    for stage in task.pipeline.stages:
        attempt = task.current(stage.name)
        if stage.writes and attempt is not None and attempt.work is not None and not attempt.flattened:
            title = headline(task.submitted.title)
            text = f"{title} ({stage.name})\n\n{attempt.output.strip()}".strip()
            words = f"{text}\n\nForemand-Task: {task.id}\n"
            made.append(StageCommit(revision=attempt.work.revision, message=words, base=attempt.work.base))
    return tuple(made)


def message(task: Task) -> str:
    """The landed commit's message: the template's text, then the trailers that say where it came from."""
    last = next(filter(None, (task.current(stage.name) for stage in reversed(task.pipeline.stages))), None)
    values = {
        "id": str(task.id),
        "title": headline(task.submitted.title),
        "task": task.submitted.prompt,
        "summary": last.output.strip() if last is not None else "",
    }
    body = fill(task.pipeline.land.message or MESSAGE, values).strip()
    trailers = [f"Foremand-Task: {task.id}", *(f"Approved-by: {name}" for name in approvers(task))]
    return f"{body}\n\n" + "\n".join(trailers) + "\n"
