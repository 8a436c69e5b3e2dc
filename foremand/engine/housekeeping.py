"""Giving disk back: a landed task needs its workspace and its client's environment no more.

What it made is kept: its seals in its own repository, its transcripts, and the objects of the agents' own commits.
"""

import asyncio
import logging
import shutil
from pathlib import Path

from foremand.core.task import Task
from foremand.git import keep_commits
from foremand.paths import Places

from .ledger import Ledger

log = logging.getLogger("foremand.housekeeping")


class Housekeeper:
    """Releases workspaces once their tasks have landed, also those that a crash left."""

    def __init__(self, places: Places, ledger: Ledger, group: asyncio.TaskGroup) -> None:
        self._places = places
        self._ledger = ledger
        self._group = group
        self._busy: set[int] = set()
        ledger.listen(self.look)

    def start(self) -> None:
        """Look at every task once."""
        for task in list(self._ledger.all()):
            self.look(task.id)

    def look(self, task_id: int) -> None:
        """Release the task's workspace if it has landed and still has one."""
        task = self._ledger[task_id]
        if task.over != "LANDED" or task_id in self._busy or not self._left(task):
            return
        self._busy.add(task_id)
        self._group.create_task(self._release(task), name=f"release:{task_id}")

    def _left(self, task: Task) -> bool:
        root = self._places.workspace(task.id)
        return (root / "tree").exists() or self._places.environment(task.id).exists()

    async def _release(self, task: Task) -> None:
        try:
            await asyncio.to_thread(release, self._places.workspace(task.id))
            self._places.environment(task.id).unlink(missing_ok=True)
        except OSError as error:
            log.warning("task %d: its workspace cannot be released: %s", task.id, error)
        finally:
            self._busy.discard(task.id)


def release(workspace: Path) -> None:
    """Remove a workspace but for what agents committed themselves, which goes to `kept`."""
    keep_commits(workspace / "tree", workspace / "kept")
    for name in ("tree", "home", "tmp"):
        path = workspace / name
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
