"""The repositories that foremand keeps: one mirror for each of the user's, one for each task's work."""

from pathlib import Path

from foremand.core.task import Task
from foremand.git import Mirror, WorkRepo
from foremand.paths import Places


class Repositories:
    """Hands out the one instance of each mirror and work repository: their locks order what writes to them."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._mirrors: dict[Path, Mirror] = {}
        self._works: dict[int, WorkRepo] = {}

    def mirror(self, repo: Path) -> Mirror:
        """The mirror of the user's repository whose work tree is `repo`."""
        if repo not in self._mirrors:
            self._mirrors[repo] = Mirror(self._places.mirror(repo), repo)
        return self._mirrors[repo]

    def work(self, task: Task) -> WorkRepo:
        """The repository of a task's seals and candidates."""
        if task.id not in self._works:
            mirror = self.mirror(Path(task.submitted.repo))
            self._works[task.id] = WorkRepo(self._places.work(task.id), mirror, task.id)
        return self._works[task.id]
