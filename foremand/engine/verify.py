"""Proving again what the journal says: that it is whole, that what it names is there, and that what landed might."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

from msgspec import Struct

from foremand.core import facts as f
from foremand.core.fold import fold
from foremand.core.spec import LAND
from foremand.core.status import status
from foremand.core.task import Task
from foremand.executors import MARKER
from foremand.git import GitError
from foremand.git.held import holds, landed_tree
from foremand.git.prune import missing
from foremand.journal import Journal, JournalError
from foremand.journal.integrity import damage
from foremand.paths import Places

from .desk import TaskUnknown
from .ledger import Ledger
from .repositories import Repositories
from .runs import running
from .taint import taint

SETTLING = 60.0
"""Seconds after its landing in which a task's workspace may still be on its way out."""

LOOKS = 5
"""How often a task that goes on meanwhile is looked at, to see it and its facts at one moment."""


class Finding(Struct, frozen=True, kw_only=True):
    """What one check found. `task` 0: about no single task. `detail` says what was seen, also where all is well."""

    task: int
    ok: bool
    check: str
    detail: str


class Verifier:
    """Looks, and changes nothing. `state_id` marks this daemon's processes."""

    def __init__(
        self, places: Places, ledger: Ledger, journal: Journal, repositories: Repositories, state_id: str
    ) -> None:
        self._places = places
        self._ledger = ledger
        self._journal = journal
        self._repositories = repositories
        self._state_id = state_id

    async def verify(self, task_id: int | None) -> AsyncIterator[Finding]:
        """The findings about one task; None: about the journal and every task, in order. Raises TaskUnknown."""
        if task_id is None:
            yield await self._journal_is_whole()
            wanted = sorted(task.id for task in self._ledger.all())
        elif self._ledger.get(task_id) is None:
            raise TaskUnknown(task_id)
        else:
            wanted = [task_id]
        marked = await asyncio.to_thread(processes, self._state_id)
        restarted: Ledger | None = None
        for number in wanted:
            try:
                restarted = restarted or await self._restart()
                findings = await self._of_task(number, restarted, suspect=number in marked)
            except JournalError as error:
                findings = [Finding(task=number, ok=False, check="facts", detail=str(error))]
            for finding in findings:
                yield finding

    async def _restart(self) -> Ledger:
        """The tasks as a restart would have them; nothing is written with it."""
        ledger = Ledger(self._journal, asyncio.TaskGroup())
        await asyncio.to_thread(ledger.load)
        return ledger

    async def _journal_is_whole(self) -> Finding:
        try:
            found = await asyncio.to_thread(damage, self._places.journal)
        except JournalError as error:
            found = (str(error),)
        return Finding(task=0, ok=not found, check="journal", detail="; ".join(found) or "whole")

    async def _of_task(self, number: int, restarted: Ledger, *, suspect: bool) -> list[Finding]:
        task, facts = await self._at_one_moment(number)
        findings = [await self._remembered(task, facts, restarted), await self._revisions(task, facts)]
        if task.over == "LANDED":
            findings += [await self._landed(task), self._verdicts(task), self._workspace(task)]
            if task.pipeline.land.publish != "pull-request":  # then the remote's people move the branch
                findings.append(await self._branch(task))
        if task.over is not None:
            findings.append(await asyncio.to_thread(self._processes, task.id, suspect=suspect))
        return findings

    async def _at_one_moment(self, number: int) -> tuple[Task, list[f.AnyFact]]:
        for _ in range(LOOKS):
            await self._ledger.settle()
            task = self._ledger[number]
            facts = await asyncio.to_thread(lambda: [entry.fact for entry in self._journal.facts(task=number)])
            if self._ledger[number] is task:
                break
        return task, facts

    async def _remembered(self, task: Task, facts: Iterable[f.AnyFact], restarted: Ledger) -> Finding:
        """The task as the daemon has it, and as a restart would, against the fold of its facts."""
        told, detail = fold(facts), ""
        if told != task and self._ledger[task.id] is task:
            detail = "the daemon has it otherwise than its facts tell: restart the daemon"
        elif restarted.get(task.id) != told and self._ledger[task.id] is task:  # it may have gone on since
            kept = (await self._restart()).get(task.id)
            if kept != told and self._ledger[task.id] is task:
                detail = "what is remembered of it is not what its facts tell"
        return Finding(task=task.id, ok=not detail, check="facts", detail=detail or "told by its facts")

    async def _revisions(self, task: Task, facts: Iterable[f.AnyFact]) -> Finding:
        named = named_by(facts)
        pruned = named.keys() & taint(facts).revisions
        wanted = {revision: what for revision, what in named.items() if revision not in pruned}
        gone = f", {len(pruned)} pruned: a secrets gate refused them" if pruned else ""
        work = self._repositories.work(task)
        if not work.path.exists():
            ok = task.over == "LANDED" or not named
            detail = "pruned" if ok and named else "none" if ok else f"{work.path} is not there: its work is lost"
            return Finding(task=task.id, ok=ok, check="revisions", detail=detail)
        try:
            lost = await missing(work, [each for sha in wanted for each in (sha, f"{sha}^{{tree}}")])
        except (GitError, OSError) as error:
            return Finding(task=task.id, ok=False, check="revisions", detail=str(error))
        names = [f"{what} ({sha[:12]})" for sha, what in wanted.items() if {sha, f"{sha}^{{tree}}"} & lost]
        if names:
            return Finding(task=task.id, ok=False, check="revisions", detail=f"lost: {', '.join(names)}")
        return Finding(task=task.id, ok=True, check="revisions", detail=f"{len(wanted)} kept{gone}")

    async def _landed(self, task: Task) -> Finding:
        """The commit is in the user's repository, or in ours if it was only sent away, and its tree the candidate's."""
        candidate = task.candidate.work if task.candidate is not None else None
        short, repo = task.landed_commit[:12], Path(task.submitted.repo)
        if task.pipeline.land.publish == "pull-request":
            repo = self._repositories.work(task).path
            if not repo.exists():
                return Finding(task=task.id, ok=True, check="landed", detail=f"{short}, pushed; pruned here")
        try:
            tree = await landed_tree(repo, task.landed_commit)
        except OSError as error:
            return Finding(task=task.id, ok=False, check="landed", detail=f"{repo} cannot be looked at: {error}")
        if tree is None:
            detail = f"{repo} has no commit {short} any more"
        elif candidate is None or candidate.tree != tree:
            detail = f"{short} has tree {tree[:12]}, which is not what its gates judged"
        else:
            return Finding(task=task.id, ok=True, check="landed", detail=f"{short}, tree {tree[:12]}")
        return Finding(task=task.id, ok=False, check="landed", detail=detail)

    async def _branch(self, task: Task) -> Finding:
        into, short, repo = task.submitted.into, task.landed_commit[:12], Path(task.submitted.repo)
        try:
            ok = await holds(repo, into, task.landed_commit)
        except OSError as error:
            return Finding(task=task.id, ok=False, check="branch", detail=f"{repo} cannot be looked at: {error}")
        detail = f"{into} holds {short}" if ok else f"{into} was rewritten, or is gone: it does not hold {short}"
        return Finding(task=task.id, ok=ok, check="branch", detail=detail)

    def _verdicts(self, task: Task) -> Finding:
        """Every gate that applied let exactly this pass, at its stage and at landing (I1)."""
        now = status(task)
        closed = [f"{each.gate.name}: {each.verdict or 'not asked'}" for each in now.standings if not each.open]
        ok = now.stage == LAND and not closed
        passed = ", ".join(f"{each.gate.name} {each.verdict}" for each in now.standings)
        detail = f"{now.stage}: {', '.join(closed) or 'not passed'}" if not ok else passed or "no gate applied"
        return Finding(task=task.id, ok=ok, check="verdicts", detail=detail)

    def _processes(self, task: int, *, suspect: bool) -> Finding:
        """`suspect`: a process of it was seen. It may have ended with the task since, so it is looked at again."""
        left = [f"run {run.name}" for run in running(self._places, task)]
        left += [f"process {pid}" for pid in (processes(self._state_id).get(task, ()) if suspect else ())]
        return Finding(task=task, ok=not left, check="processes", detail=", ".join(left) or "none left")

    def _workspace(self, task: Task) -> Finding:
        tree = self._places.workspace(task.id) / "tree"
        left = tree.exists() and self._ledger.now() - task.updated_at > SETTLING
        detail = f"{tree} is left: foremanctl prune removes it" if left else "released"
        return Finding(task=task.id, ok=not left, check="workspace", detail=detail)


def named_by(facts: Iterable[f.AnyFact]) -> dict[str, str]:
    """Every revision (of a conflict the tree) that facts name and that is kept, with what it is."""
    named: dict[str, str] = {}
    for fact in facts:
        match fact:
            case f.WorkSealed():
                named[fact.work.revision] = f"attempt {fact.number}"
            case f.CandidateBuilt():
                named[fact.work.revision] = f"candidate {fact.number}"
            case f.CandidateConflicted():
                named[fact.files] = f"conflict of candidate {fact.number}"
    return named


def processes(state_id: str) -> dict[int, list[int]]:
    """The processes of this daemon's runs, by task, as their environment says; looks through /proc."""
    mark = f"{MARKER}={state_id}/".encode()
    found: dict[int, list[int]] = {}
    for place in Path("/proc").iterdir():
        try:
            words = (place / "environ").read_bytes().split(b"\0") if place.name.isdecimal() else []
        except OSError:  # gone, or another user's
            continue
        for word in words:
            task = word.removeprefix(mark).partition(b"/")[0]
            if word.startswith(mark) and task.isdigit():
                found.setdefault(int(task), []).append(int(place.name))
    return found
