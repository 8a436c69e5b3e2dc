"""The workspace's setup: run once for a key, kept as a snapshot, given to every workspace and checkout as a copy."""

import asyncio
import contextlib
import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from foremand.core.spec import Workspace
from foremand.core.task import Task
from foremand.executors import ExecutorError, LocalExecutor, RunLost, Spool
from foremand.gates.command import script
from foremand.git import WorkRepo, checkout, free_paths, ignored_paths, user_excludes, work_in
from foremand.paths import Places

from . import environments, leftovers
from .conductor import StepFailed
from .inside import inside
from .laying import lay_copy, to_the_end
from .output import output_of
from .workplace import Room, Workplace


class Setups:
    """Lays what a workspace needs besides its files: what `setup` makes and what `copy` names."""

    def __init__(
        self, places: Places, executor: LocalExecutor, workplace: Workplace, closing: Callable[[], bool]
    ) -> None:
        self._places = places
        self._executor = executor
        self._workplace = workplace
        self._closing = closing
        self._locks: dict[str, asyncio.Lock] = {}

    async def lay(self, task: Task, work: WorkRepo, room: Room, revision: str) -> float:
        """Bring a tree that holds `revision` into working order. Does nothing where it is in order already.

        Files that are work stay as they are. Returns the seconds that a setup ran for it. Raises StepFailed with
        the end of the setup's output.
        """
        spec = task.pipeline.workspace
        await _bring_along(Path(task.submitted.repo), room.tree, spec.copy)
        if not spec.setup:
            return 0.0
        key, origin = await self._key(task, spec, work, revision)
        mark = room.tree.parent / "setup-key"
        if mark.exists() and mark.read_text() == key:
            return 0.0
        mark.unlink(missing_ok=True)
        if self._workplace.sandboxed:
            seconds = await self._copy_snapshot(task, spec, work, room, revision, key, origin)
        else:
            seconds = await self._run_in_place(task, spec, work, room, revision, key)
        mark.write_text(key)
        return seconds

    async def _run_in_place(
        self, task: Task, spec: Workspace, work: WorkRepo, room: Room, revision: str, key: str
    ) -> float:
        """Without the sandbox: in the tree itself. What it leaves there that nothing ignores is still no work."""
        excludes = await user_excludes(Path(task.submitted.repo))
        before = await work_in(work, room.tree, revision, extra_excludes=excludes)
        try:
            return await self._run(task, spec, room, room.tree.parent / f"setup-{key}")
        finally:  # a setup that failed half-way leaves things, too
            after = await work_in(work, room.tree, revision, extra_excludes=excludes)
            await asyncio.to_thread(leftovers.remember, room.tree, after - before)

    async def _key(self, task: Task, spec: Workspace, work: WorkRepo, revision: str) -> tuple[str, str]:
        """What the setup's result depends on (its command, the files it reads, the environment), and the revision
        that it is made from.

        Who has the key files of the branch shares the setup that is made from the branch. Other key files are the
        agent's, and the setup may run what else the agent wrote: it is that tree's own, and judges no other.
        """
        digest = hashlib.sha256(msgspec.json.encode([spec.setup, spec.setup_paths, spec.env]))
        digest.update(os.fsencode(task.submitted.repo))
        held = await _held(work, spec, revision)
        digest.update(repr(held).encode())
        trusted = (task.base, *((task.candidate.tip,) if task.candidate is not None else ()))
        for origin in trusted if spec.setup_key else ():
            if await _held(work, spec, origin) == held:
                break
        else:
            origin = revision
            digest.update((await work.tree_of(revision)).encode())
        client = environments.read(self._places.environment(task.id))
        seen = {name: client.get(name, "") for name in ("PATH", *spec.env)}
        digest.update(msgspec.json.encode(seen, order="sorted"))
        return digest.hexdigest()[:24], origin

    async def _copy_snapshot(
        self, task: Task, spec: Workspace, work: WorkRepo, room: Room, revision: str, key: str, origin: str
    ) -> float:
        async with self._locks.setdefault(key, asyncio.Lock()):
            source, paths, seconds = await self._snapshot(task, spec, work, key, origin)
        keep = (*spec.copy, *(spec.setup_paths or ()))
        excludes = await user_excludes(Path(task.submitted.repo))
        taken = await work_in(work, room.tree, revision, keep=keep, extra_excludes=excludes)
        for path in await asyncio.to_thread(free_paths, source, paths, taken):
            await lay_copy(source / path, room.tree, path)
        return seconds

    async def _snapshot(
        self, task: Task, spec: Workspace, work: WorkRepo, key: str, origin: str
    ) -> tuple[Path, list[str], float]:
        """Where the setup of this key was made, which paths in it are its result, and the seconds it ran just now."""
        root = self._places.setup(key)
        room = self._workplace.side_room(root / "tree")
        manifest = root / "paths.json"
        if manifest.exists():
            os.utime(root)  # when it was last of use: what is long unused is pruned
            return room.tree, msgspec.json.decode(manifest.read_bytes(), type=list[str]), 0.0
        if Spool(root / "run").state() == "new":
            await to_the_end(shutil.rmtree, root, ignore_errors=True)
            await checkout(room.tree, work, origin)
            await _bring_along(Path(task.submitted.repo), room.tree, spec.copy)
        seconds = await self._run(task, spec, room, root / "run")
        if spec.setup_paths is not None:
            tracked = await work.entries(origin)
            paths = await asyncio.to_thread(free_paths, room.tree, spec.setup_paths, tracked)
        else:
            paths = await ignored_paths(work, room.tree, origin, keep=spec.copy)
        beside = manifest.with_suffix(".new")
        beside.write_bytes(msgspec.json.encode(paths))
        beside.replace(manifest)
        return room.tree, paths, seconds

    async def _run(self, task: Task, spec: Workspace, room: Room, run: Path) -> float:
        env = self._workplace.environment(task, room)
        command = self._workplace.command(
            task,
            room,
            script(spec.setup, env["PATH"]),
            env,
            marker=f"setup/{run.parent.name}",
            deadline=spec.setup_timeout,
        )
        try:
            await self._executor.start(run, command)
            end = await self._executor.wait(run)
        except asyncio.CancelledError:
            if not self._closing():
                with contextlib.suppress(ExecutorError):
                    await self._executor.stop(run, "no longer wanted", grace=1.0)
                await asyncio.to_thread(shutil.rmtree, run, ignore_errors=True)
            raise
        except RunLost as lost:
            await asyncio.to_thread(shutil.rmtree, run, ignore_errors=True)
            raise StepFailed(f"setup was killed: {lost}") from lost
        if end.reason == "exited" and end.code == 0:
            return end.running
        output = await asyncio.to_thread(output_of, run)
        await asyncio.to_thread(shutil.rmtree, run, ignore_errors=True)
        how = f"timed out after {spec.setup_timeout:g} seconds" if end.reason == "deadline" else f"exit code {end.code}"
        last = output.strip().rpartition("\n")[2]
        raise StepFailed(f"setup failed ({how}): {last}", output, end.running)


async def _held(work: WorkRepo, spec: Workspace, revision: str) -> list[tuple[str, list[tuple[bytes, Any]]]]:
    """The key files as a revision has them: for each name of `setup_key` the paths with their modes and ids."""
    entries = await work.entries(revision) if spec.setup_key else {}

    def of(name: bytes) -> list[tuple[bytes, Any]]:
        return sorted(item for item in entries.items() if item[0] == name or item[0].startswith(name + b"/"))

    return [(name, of(os.fsencode(name))) for name in spec.setup_key]


async def _bring_along(repo: Path, tree: Path, names: tuple[str, ...]) -> None:
    """Copy the user's ignored files that the pipeline names; what is there already is the task's own."""
    for name in names:
        target = inside(tree, name)
        if (repo / name).exists() and not (target.exists() or target.is_symlink()):
            await lay_copy(repo / name, tree, name, follow=True)
