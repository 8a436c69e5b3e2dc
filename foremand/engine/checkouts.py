"""Gate checkouts: a clean tree of its own for every run of a gate, set up like the workspaces."""

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

from foremand.core.task import Task
from foremand.git import GitError, checkout, restore
from foremand.paths import Places

from .conductor import StepFailed
from .repositories import Repositories
from .setups import Setups
from .taint import check_kept
from .workplace import Room, Workplace


class Checkouts:
    """Makes checkouts and removes them."""

    def __init__(self, places: Places, repositories: Repositories, setups: Setups, workplace: Workplace) -> None:
        self._places = places
        self._repositories = repositories
        self._setups = setups
        self._workplace = workplace

    async def make(
        self, task: Task, name: str, revision: str, *, keep: bool, room: Callable[[Path], Room] | None = None
    ) -> tuple[Room, float]:
        """The checkout called `name` at `revision`, and the seconds that a setup ran for it.

        Whatever a setup did, the files of the revision are as the revision has them: they are what is asked about.
        `keep`: a run is under way in it, it must be left alone. `room` gives the tree's folders another place than
        beside it. Raises StepFailed when it cannot be made or set up.
        """
        root = self._places.checkout(task.id, name)
        made = (room or self._workplace.side_room)(root / "tree")
        if keep and made.tree.exists():
            return made, 0.0
        work = self._repositories.work(task)
        try:
            await asyncio.to_thread(shutil.rmtree, root, ignore_errors=True)
            await check_kept(task, work, revision)
            await checkout(made.tree, work, revision)
        except (GitError, OSError) as error:
            raise StepFailed(f"the checkout of {revision[:12]} failed: {error}") from error
        try:
            seconds = await self._setups.lay(task, work, made, revision)
            if task.pipeline.workspace.setup:
                await restore(made.tree, work, revision)
        except (GitError, OSError) as error:
            raise StepFailed(f"the checkout of {revision[:12]} cannot be set up: {error}") from error
        return made, seconds

    async def remove(self, task: Task, name: str) -> None:
        """Take a checkout away. Nothing of value is in it: it was made from a commit."""
        await asyncio.to_thread(shutil.rmtree, self._places.checkout(task.id, name), ignore_errors=True)
