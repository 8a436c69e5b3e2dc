"""Everything about one task in one archive: to be kept, sent or looked at elsewhere.

No value of the submitting client's environment is in it: facts name none, and of a run only what it was told and what
it wrote is taken.
"""

import asyncio
import io
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import BinaryIO

import msgspec

from foremand.core.fold import apply
from foremand.core.status import place
from foremand.core.task import Task
from foremand.git import WorkRepo, patch
from foremand.git.prune import missing
from foremand.journal import Journal
from foremand.paths import Places

from .archive import Archive, stored
from .repositories import Repositories

WRITTEN = ("stdin", "out", "err", "exit.json")
"""What is taken of a run: see `foremand.executors.spool`."""


async def export(task: Task, places: Places, journal: Journal, repositories: Repositories) -> AsyncIterator[bytes]:
    """A gzipped tar, in pieces: the same bytes each time, as long as nothing happens to the task.

    `task.json` (as its facts make it), `facts.jsonl`, `change.patch`, `changes/attempt-N.patch`,
    `attempts/N/` and `gates/RUN/` as their runs wrote them; `missing.txt` names what is not kept any more.
    """
    with tempfile.TemporaryFile(dir=places.state) as told:
        known = await asyncio.to_thread(_facts, task, journal, told)
        archive = Archive(known.updated_at)
        async with aclosing(_files(known, told, places, repositories.work(known))) as files:
            async for name, file in files:
                async for piece in _pieces(archive.file(name, file)):
                    yield piece
        async for piece in _pieces(archive.end()):
            yield piece


async def _files(
    task: Task, told: BinaryIO, places: Places, work: WorkRepo
) -> AsyncGenerator[tuple[str, BinaryIO], None]:
    """The archive's files in their order, each open until the next is asked for."""
    yield "task.json", io.BytesIO(msgspec.json.format(msgspec.json.encode(task)) + b"\n")
    yield "facts.jsonl", told
    lost: list[str] = []
    for name, base, revision in changes(task):
        if not work.path.exists() or await missing(work, (base, revision)):
            lost.append(f"{name}: its revision was pruned\n")
            continue
        with tempfile.TemporaryFile(dir=places.state) as text:
            async with aclosing(patch(work, base, revision)) as pieces:
                async for piece in pieces:
                    await asyncio.to_thread(text.write, piece)
            yield name, text
    for name, path in await asyncio.to_thread(lambda: list(runs(task, places))):
        with stored(path) as file:
            if file is not None:
                yield name, file
    if lost:
        yield "missing.txt", io.BytesIO("".join(lost).encode())


def _facts(task: Task, journal: Journal, file: BinaryIO) -> Task:
    """Write the task's facts, one a line, each with its number; the task that they make."""
    known: Task | None = None
    for entry in journal.facts(task=task.id):
        known = apply(known, entry.fact)
        file.write(b'{"seq":%d,' % entry.seq + msgspec.json.encode(entry.fact)[1:] + b"\n")
    return known or task


def changes(task: Task) -> Iterator[tuple[str, str, str]]:
    """The changes to be had of a task: their file's name, base and revision."""
    _, present = place(task)
    if present is not None:
        yield "change.patch", present.base, present.revision
    for attempt in task.attempts:
        if attempt.work is not None:
            yield f"changes/attempt-{attempt.number}.patch", attempt.work.base, attempt.work.revision


def runs(task: Task, places: Places) -> Iterator[tuple[str, Path]]:
    """What agents and gates were told and wrote, by attempt, then by the gate runs' names."""
    attempts = [(f"attempts/{attempt.number}", places.attempt(task.id, attempt.number)) for attempt in task.attempts]
    gates = sorted((places.state / "gates" / str(task.id)).glob("*/"))
    for name, run in (*attempts, *((f"gates/{run.name}", run) for run in gates)):
        for file in WRITTEN:
            yield f"{name}/{file}", run / file


async def _pieces(pieces: Iterator[bytes]) -> AsyncGenerator[bytes, None]:
    """What a blocking iterator gives, each piece taken in a thread."""
    while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
        yield piece
