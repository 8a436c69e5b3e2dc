"""The work tree of a task, made ready for who works in it next: an agent, or the person who took it."""

import asyncio
from pathlib import Path

from foremand.core.facts import HandedOver
from foremand.core.steps import HandOver
from foremand.core.task import Task
from foremand.git import GitError, prepare, user_excludes
from foremand.waiting import together

from .conductor import StepFailed
from .ledger import Ledger
from .leftovers import keep_out
from .repositories import Repositories
from .setups import Setups
from .taint import check_kept
from .workplace import Room, Workplace


class Workspaces:
    """Lays files, history and setup in workspaces."""

    def __init__(self, ledger: Ledger, repositories: Repositories, workplace: Workplace, setups: Setups) -> None:
        self._ledger = ledger
        self._repositories = repositories
        self._workplace = workplace
        self._setups = setups

    async def make_ready(
        self, task: Task, room: Room, entered: str, files: str | None
    ) -> tuple[float, tuple[str, ...]]:
        """Have the room's tree stand at `entered`, with `files` laid in it, or its own left where that is None.

        Returns the seconds that a setup ran for it, and notes for the person. Raises StepFailed.
        """
        work = self._repositories.work(task)
        try:
            async with together() as group:
                group.create_task(check_kept(task, work, *filter(None, (entered, files))))
                excludes = group.create_task(user_excludes(Path(task.submitted.repo)))
            keep = await asyncio.to_thread(keep_out, task.pipeline.workspace, room.tree)
            room.tree.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            notes = await prepare(
                room.tree,
                work,
                entered,
                task.base,
                files,
                kept=room.tree.parent / "kept",
                keep=keep,
                extra_excludes=excludes.result(),
            )
            return await self._setups.lay(task, work, room, entered), notes
        except (GitError, OSError) as error:
            raise StepFailed(f"the workspace cannot be prepared: {error}") from error

    async def hand_over(self, task: Task, step: HandOver) -> None:
        """Make the workspace ready for the person who took the task: nothing of it runs any more."""
        room = self._workplace.room(task, task.pipeline.stages[0].agent, read_only=False)
        await self.make_ready(task, room, step.entered, step.files)
        await self._ledger.record(HandedOver(task=task.id, at=self._ledger.now(), path=str(room.tree)))
