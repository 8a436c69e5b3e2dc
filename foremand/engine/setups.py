"""The workspace's setup: run once for a key, kept as a snapshot, given to every workspace and checkout as a copy."""

import asyncio
import contextlib
import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec

from foremand.core.spec import Workspace
from foremand.core.task import Task
from foremand.executors import ExecutorError, LocalExecutor, RunLost, Spool
from foremand.gates.command import script
from foremand.git import WorkRepo, checkout, ignored_paths
from foremand.paths import Places

from . import environments
from .conductor import StepFailed
from .inside import inside
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

    async def lay(self, task: Task, work: WorkRepo, room: Room, revision: str) -> None:
        """Bring a tree that holds `revision` into working order. Does nothing where it is in order already.

        Raises StepFailed with the end of the setup's output.
        """
        spec = task.pipeline.workspace
        await asyncio.to_thread(_bring_along, Path(task.submitted.repo), room.tree, spec.copy)
        if not spec.setup:
            return
        key = await self._key(task, spec, work, revision)
        mark = room.tree.parent / "setup-key"
        if mark.exists() and mark.read_text() == key:
            return
        if self._workplace.sandboxed:
            await self._copy_snapshot(task, spec, work, room, revision, key)
        else:
            await self._run(task, spec, room, room.tree.parent / f"setup-{key}")
        mark.write_text(key)

    async def _key(self, task: Task, spec: Workspace, work: WorkRepo, revision: str) -> str:
        """What the setup's result depends on: its command, the files it reads, and the environment."""
        digest = hashlib.sha256(msgspec.json.encode([spec.setup, spec.setup_paths, spec.env]))
        digest.update(os.fsencode(task.submitted.repo))
        tree = await work.tree_of(revision)
        if spec.setup_key:
            entries = await work.entries(tree)
            for name in spec.setup_key:
                held = sorted((path, meta) for path, meta in entries.items() if _within(path, os.fsencode(name)))
                digest.update(repr((name, held)).encode())
        else:
            digest.update(tree.encode())
        client = environments.read(self._places.environment(task.id))
        seen = {name: client.get(name, "") for name in ("PATH", *spec.env)}
        digest.update(msgspec.json.encode(seen, order="sorted"))
        return digest.hexdigest()[:24]

    async def _copy_snapshot(
        self, task: Task, spec: Workspace, work: WorkRepo, room: Room, revision: str, key: str
    ) -> None:
        async with self._locks.setdefault(key, asyncio.Lock()):
            source, paths = await self._snapshot(task, spec, work, revision, key)
        for path in paths:
            await _copy(source / path, room.tree, path)

    async def _snapshot(
        self, task: Task, spec: Workspace, work: WorkRepo, revision: str, key: str
    ) -> tuple[Path, list[str]]:
        """Where the setup of this key was made, and which paths in it are its result."""
        root = self._places.setup(key)
        room = self._workplace.side_room(root / "tree")
        manifest = root / "paths.json"
        if manifest.exists():
            return room.tree, msgspec.json.decode(manifest.read_bytes(), type=list[str])
        if Spool(root / "run").state() == "new":
            await asyncio.to_thread(shutil.rmtree, root, ignore_errors=True)
            await checkout(room.tree, work, revision)
            await asyncio.to_thread(_bring_along, Path(task.submitted.repo), room.tree, spec.copy)
        await self._run(task, spec, room, root / "run")
        if spec.setup_paths is not None:
            paths = [path for path in spec.setup_paths if (room.tree / path).exists()]
        else:
            paths = await ignored_paths(work, room.tree, revision, keep=spec.copy)
        beside = manifest.with_suffix(".new")
        beside.write_bytes(msgspec.json.encode(paths))
        beside.replace(manifest)
        return room.tree, paths

    async def _run(self, task: Task, spec: Workspace, room: Room, run: Path) -> None:
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
            return
        output = await asyncio.to_thread(output_of, run)
        await asyncio.to_thread(shutil.rmtree, run, ignore_errors=True)
        how = f"timed out after {spec.setup_timeout:g} seconds" if end.reason == "deadline" else f"exit code {end.code}"
        last = output.strip().rpartition("\n")[2]
        raise StepFailed(f"setup failed ({how}): {last}", output, end.running)


def _within(path: bytes, name: bytes) -> bool:
    return path == name or path.startswith(name.rstrip(b"/") + b"/")


def _bring_along(repo: Path, tree: Path, names: tuple[str, ...]) -> None:
    """Copy the user's ignored files that the pipeline names; what is there already is the task's own."""
    for name in names:
        source, target = repo / name, inside(tree, name)
        if not source.exists() or target.exists() or target.is_symlink():
            continue
        if source.is_dir():
            shutil.copytree(source, target, symlinks=True)
        else:
            shutil.copy2(source, target)


async def _copy(source: Path, tree: Path, path: str) -> None:
    """An own copy, sharing blocks where the file system can."""
    target = await asyncio.to_thread(_make_room, tree, path)
    process = await asyncio.create_subprocess_exec(
        "cp", "-a", "--reflink=auto", "-T", "--", str(source), str(target), stderr=asyncio.subprocess.PIPE
    )
    _, said = await process.communicate()
    if process.returncode != 0:
        raise StepFailed(f"the setup's snapshot cannot be copied: {said.decode(errors='replace').strip()}")


def _make_room(tree: Path, path: str) -> Path:
    target = inside(tree, path)
    if target.is_symlink() or target.is_file():
        target.unlink()
    elif target.is_dir():
        shutil.rmtree(target)
    return target
