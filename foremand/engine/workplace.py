"""Where a task's processes run: their folders, what they see of the machine, and how they are started.

Inside the sandbox every workspace and every gate checkout stands at the path of the user's own repository, so
absolute paths in a set-up environment mean the task's files and never the user's.
"""

import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from foremand.core.task import Task
from foremand.executors import Command, Mounts
from foremand.paths import Places
from foremand.settings import Settings

from . import caches, environments

HIDDEN_ROOTS = (Path("/tmp"), Path("/run"))  # noqa: S108 (named to say that they are hidden)


class Room(Struct, frozen=True, kw_only=True):
    """One tree with the folders that belong to it. `tree` is where the files lie on this machine."""

    tree: Path
    home: Path
    tmp: Path
    read_only: bool = False


class Workplace:
    """Makes commands out of what a task wants to run and where."""

    def __init__(self, places: Places, settings: Settings, state_id: str, *, sandboxed: bool) -> None:
        self._places = places
        self._settings = settings
        self._state_id = state_id
        self.sandboxed = sandboxed

    def room(self, task: Task, agent: str, *, read_only: bool) -> Room:
        """The workspace of a task as one agent has it."""
        root = self._places.workspace(task.id)
        return Room(tree=root / "tree", home=root / "home" / agent, tmp=root / "tmp", read_only=read_only)

    def review_room(self, task: Task, agent: str, tree: Path) -> Room:
        """A checkout as a reviewer has it: to be read, with the reviewer's own HOME."""
        home = self._places.workspace(task.id) / "home" / agent
        return Room(tree=tree, home=home, tmp=tree.parent / "tmp", read_only=True)

    def side_room(self, tree: Path) -> Room:
        """A checkout that is nobody's workspace, with folders of its own beside it."""
        root = tree.parent
        return Room(tree=tree, home=root / "home", tmp=root / "tmp")

    def seen(self, task: Task, room: Room) -> Path:
        """The path at which the room's tree stands for what runs in it."""
        return Path(task.submitted.repo) if self.sandboxed else room.tree

    def path(self, task: Task) -> str:
        """The submitting client's PATH, without the user's checkout: for tools of theirs that look at a task."""
        client = environments.read(self._places.environment(task.id))
        return environments.without_checkout(client.get("PATH", os.defpath), Path(task.submitted.repo))

    def environment(
        self, task: Task, room: Room, *, names: Iterable[str] = (), extra: Mapping[str, str] | None = None
    ) -> dict[str, str]:
        """What a process of the task gets to see: see `environments`."""
        client = environments.read(self._places.environment(task.id))
        wanted = (*task.pipeline.workspace.env, *names)
        chosen = environments.select(client, wanted, home=room.home, tmp=room.tmp)
        if not self.sandboxed:
            chosen["PATH"] = environments.without_checkout(chosen["PATH"], Path(task.submitted.repo))
        return {**chosen, **(extra or {})}

    def command(
        self,
        task: Task,
        room: Room,
        argv: tuple[str, ...],
        env: Mapping[str, str],
        *,
        marker: str,
        stdin: bytes | None = None,
        plea: bytes | None = None,
        deadline: float | None = None,
        network: bool = True,
        folder: str = "",
    ) -> Command:
        """The run of `argv` in the room. `marker` tells this run's processes from all others'.

        It starts in `folder` of the room's tree. Without `network` it has its own machine's alone; only the sandbox
        can see to that. Raises OSError.
        """
        for place in (room.home, room.tmp):
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
        wanted, allowed = task.pipeline.workspace.cache, self._settings.allow_cache
        shared = caches.share(wanted, allowed, room.home, linked=not self.sandboxed)
        return Command(
            argv=argv,
            cwd=str(self.seen(task, room) / folder),
            env=dict(env),
            stdin=stdin,
            plea=plea,
            deadline=deadline,
            mounts=replace(self._mounts(task, room, env, argv), writable=shared, network=network),
            marker=f"{self._state_id}/{task.id}/{marker}",
        )

    def _mounts(self, task: Task, room: Room, env: Mapping[str, str], argv: tuple[str, ...]) -> Mounts:
        repo = Path(task.submitted.repo)
        objects = (self._places.mirror(repo) / "objects", self._places.work(task.id) / "objects")
        return Mounts(
            tree=room.tree,
            at=repo,
            read_only=room.read_only,
            home=room.home,
            tmp=room.tmp,
            readable=(*objects, *_programs(env.get("PATH", ""), argv[0], repo)),
            hide=(self._places.state, self._places.runtime, self._places.config, *self._hidden_by_user()),
        )

    def _hidden_by_user(self) -> tuple[Path, ...]:
        return tuple(Path(name).expanduser() for name in self._settings.sandbox_hide)


def unseen(argv: Sequence[str], path: str, repo: Path) -> Path | None:
    """The first file that `argv` names and the sandbox hides from it: a script under /tmp, given to its interpreter.

    What lies in the repository, or where `path` finds programs, is seen; so is the program itself.
    """
    shown = (repo, *_programs(path, argv[0], repo))
    for word in argv[1:]:
        file = Path(word)
        hidden = file.is_absolute() and _is_hidden(file) and not any(file.is_relative_to(place) for place in shown)
        if hidden and os.path.isfile(file):  # noqa: PTH113 (as in _programs)
            return file
    return None


def _is_hidden(place: Path) -> bool:
    return place not in HIDDEN_ROOTS and any(place.is_relative_to(root) for root in HIDDEN_ROOTS)


def _programs(path: str, program: str, repo: Path) -> tuple[Path, ...]:
    """What the sandbox would hide although programs live there: folders of PATH, such as a venv under /tmp, and the
    folder of `program`; that file alone where its folder holds the repository, or all that is hidden.
    """
    found = shutil.which(program, path=path)
    entries = [Path(entry) for entry in path.split(os.pathsep) if entry]
    if found is not None:
        entries += [Path(found).parent, Path(found).resolve().parent]
    homes = {entry.parent if entry.name in ("bin", "sbin") else entry for entry in entries}
    shown = {
        home
        for home in homes
        if os.path.isdir(home)  # noqa: PTH112 (also False for what may not be looked at: PATH may name anything)
        and _is_hidden(home)
        and not repo.is_relative_to(home)
        and not home.is_relative_to(repo)
    }
    alone = {Path(found), Path(found).resolve()} if found is not None else set()
    seen = (repo, *shown)
    shown |= {file for file in alone if _is_hidden(file) and not any(file.is_relative_to(place) for place in seen)}
    return tuple(sorted(shown))
