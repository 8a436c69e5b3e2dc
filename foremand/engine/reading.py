"""What people read of a task: what agents said and did, what gates and setups printed, what changed."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from pathlib import Path

import msgspec

from foremand.agents.port import AgentEvent
from foremand.core.commands import no_such
from foremand.core.facts import AttemptEnded, GateRan, Troubled, Work
from foremand.core.status import place
from foremand.core.task import Attempt, Run, Task
from foremand.core.verdicts import run_on
from foremand.executors import LocalExecutor, RunLost, Spool
from foremand.git import WorkRepo, diffstat, numstat, patch
from foremand.git.prune import missing
from foremand.journal import AGENT_EVENT, Item, Journal
from foremand.paths import Places

from .growth import Growth
from .ingest import event_of
from .repositories import Repositories
from .since import last_approved, since

CHUNK = 256 * 1024
"""Bytes of one answer: well under gRPC's limit."""


class NothingToRead(Exception):
    """What was asked for is not there (yet)."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class ReadingRoom:
    """Reads logs and diffs. Nothing here changes anything."""

    def __init__(
        self, places: Places, journal: Journal, executor: LocalExecutor, repositories: Repositories, growth: Growth
    ) -> None:
        self._places = places
        self._journal = journal
        self._executor = executor
        self._repositories = repositories
        self._growth = growth

    async def attempt(self, task: Task, attempt: Attempt, *, follow: bool) -> AsyncIterator[bytes]:
        """What the agent said and did, as lines for a person; with `follow` until the attempt has ended."""
        if attempt.outcome is not None or not follow:
            reached, last = 0, self._journal.last_seq
            while reached < last:
                page = await self._journal.page(reached, task.id)
                lines = readable(page.items, attempt.number)
                if lines:
                    yield lines
                if page.reached <= reached:
                    break
                reached = page.reached
            return
        async with self._journal.subscribe(0, task.id) as items:
            async for batch in items:
                lines = readable(batch, attempt.number)
                if lines:
                    yield lines
                if any(_ends(item, attempt.number) for item in batch):
                    return

    async def transcript(self, task: Task, attempt: Attempt, *, errors: bool, follow: bool) -> AsyncIterator[bytes]:
        """The bytes that the agent's program wrote."""
        run = self._places.attempt(task.id, attempt.number)
        if task.over is not None and not run.exists():
            raise NothingToRead(
                f"the transcript of attempt {attempt.number} of task {task.id} was pruned", f"foremanctl logs {task.id}"
            )
        async for block in self._run(run, errors=errors, follow=follow):
            yield block

    async def gate(self, task: Task, gate: str, *, follow: bool) -> AsyncIterator[bytes]:
        """What a gate's last run printed."""
        name, output = await self._last_run(task, gate)
        run = self._places.gate_run(task.id, name)
        if not name or not run.exists():
            yield output.encode()
            return
        for errors in (False, True):
            async for block in self._run(run, errors=errors, follow=follow):
                yield block

    async def _last_run(self, task: Task, gate: str) -> tuple[str, str]:
        """The run of a gate that a person means, by its name, and the end of its output.

        What the task no longer counts, because the work was sent back, still is what people ask about: the last run
        on any work goes before one on the base.
        """
        known, on_base = find_run(task, gate)
        earlier = await self._ran(task, gate) if on_base else None
        return earlier or (known.run, known.output)

    async def _ran(self, task: Task, gate: str) -> tuple[str, str] | None:
        reached, last, found = 0, self._journal.last_seq, None
        while reached < last:
            page = await self._journal.page(reached, task.id)
            for item in page.items:
                if item.type == GateRan.__name__:
                    ran = msgspec.json.decode(item.body)
                    if ran["gate"] == gate and not ran.get("on_base"):
                        found = ran.get("run", ""), ran.get("output", "")
            if page.reached <= reached:
                break
            reached = page.reached
        return found

    async def setup(self, task: Task) -> AsyncIterator[bytes]:
        """What the workspace's setup printed; where none has succeeded, what the last one that failed did."""
        run = self._setup_run(task)
        if run is None:
            yield await self._failed_setup(task)
            return
        for errors in (False, True):
            async for block in self._run(run, errors=errors, follow=False):
                yield block

    def _setup_run(self, task: Task) -> Path | None:
        workspace = self._places.workspace(task.id)
        mark = workspace / "setup-key"
        key = mark.read_text() if mark.exists() else ""
        kept = (self._places.setup(key) / "run", workspace / f"setup-{key}")
        return next((run for run in kept if key and run.exists()), None)

    async def _failed_setup(self, task: Task) -> bytes:
        reached, last, output = 0, self._journal.last_seq, ""
        while reached < last:
            page = await self._journal.page(reached, task.id)
            for item in page.items:
                if item.type == Troubled.__name__:
                    output = msgspec.json.decode(item.body).get("output") or output
            if page.reached <= reached:
                break
            reached = page.reached
        if not output:
            raise NothingToRead(f"no setup of task {task.id} has said anything", f"foremanctl why {task.id}")
        return output.encode()

    async def _run(self, run: Path, *, errors: bool, follow: bool) -> AsyncIterator[bytes]:
        spool = Spool(run)
        file = spool.err if errors else spool.out
        if not file.exists():
            return
        offset = 0
        async with self._growth.of(file) as grown:
            while True:
                grown.clear()
                going = follow and spool.state() == "running"
                while block := await asyncio.to_thread(_read, file, offset):
                    offset += len(block)
                    yield block
                if not going:
                    return
                await self._more_or_end(run, grown)

    async def _more_or_end(self, run: Path, grown: asyncio.Event) -> None:
        async def end() -> None:
            try:
                await self._executor.wait(run)
            except RunLost:
                pass
            finally:
                grown.set()

        async with asyncio.TaskGroup() as group:
            ending = group.create_task(end())
            await grown.wait()
            ending.cancel()

    def diff(self, task: Task, number: int, *, stat: bool) -> tuple[str, str, AsyncGenerator[bytes, None]]:
        """Base, revision, and the change between them as a patch or a stat. `number` 0: the present revision."""
        work = self._repositories.work(task)
        sealed = _work_of(task, number)
        show = _stat if stat else patch
        return sealed.base, sealed.revision, _kept(task, work, sealed, show(work, sealed.base, sealed.revision))

    def since_approval(self, task: Task) -> tuple[str, str, AsyncGenerator[bytes, None]]:
        """The revision that a person approved last, the present one, and what has changed, as a patch."""
        approved = last_approved(task)
        if not approved:
            raise NothingToRead(f"nobody has approved anything of task {task.id}", f"foremanctl diff {task.id}")
        return self.since(task, approved)

    def since(self, task: Task, seen: str) -> tuple[str, str, AsyncGenerator[bytes, None]]:
        """The revision `seen` (a whole id), the present one, and what has changed, as a patch."""
        work, sealed = self._repositories.work(task), _work_of(task, 0)
        return (
            seen,
            sealed.revision,
            _kept(task, work, sealed, since(task, work, seen, (sealed.base, sealed.revision)), seen),
        )


async def _kept(
    task: Task, work: WorkRepo, sealed: Work, text: AsyncGenerator[bytes, None], *more: str
) -> AsyncGenerator[bytes, None]:
    """The text of a change, if its revision is still kept, and `more` that it needs."""
    async with aclosing(text):
        if not work.path.exists() or await missing(work, (sealed.base, sealed.revision)):
            landed = f"git -C {task.submitted.repo} show {task.landed_commit[:12]}" if task.landed_commit else ""
            said = f"revision {sealed.revision[:12]} of task {task.id} was pruned"
            raise NothingToRead(said, landed or f"foremanctl logs {task.id}")
        for gone in await missing(work, more):
            raise NothingToRead(f"task {task.id} has no revision {gone[:12]}", f"foremanctl show {task.id} names them")
        async for piece in text:
            yield piece


async def _stat(work: WorkRepo, base: str, revision: str) -> AsyncGenerator[bytes, None]:
    counts = await numstat(work, base, revision)
    files, added, removed = await diffstat(work, base, revision)
    for path, plus, minus in counts:
        yield f" {path.decode(errors='replace')} | +{plus} -{minus}\n".encode()
    yield f" {files} {'file' if files == 1 else 'files'} changed, +{added} -{removed}\n".encode()


def _work_of(task: Task, number: int) -> Work:
    if number:
        attempt = task.attempt(number)
        if attempt is None or attempt.work is None:
            raise NothingToRead(f"task {task.id} has no sealed attempt {number}", f"foremanctl show {task.id}")
        return attempt.work
    _, work = place(task)
    if work is None:
        work = next((a.work for a in reversed(task.attempts) if a.work is not None), None)
    if work is None:
        raise NothingToRead(f"task {task.id} has no sealed work yet", f"foremanctl logs {task.id} -f")
    return work


def find_attempt(task: Task, number: int, stage: str) -> Attempt:
    """The attempt asked for: by number, the last of a stage, or the last of all. Raises NothingToRead."""
    if number:
        found = task.attempt(number)
    else:
        found = next((a for a in reversed(task.attempts) if stage == "" or (stage == a.stage and not a.gate)), None)
    if found is None and stage and not number and task.started is not None and not task.has_stage(stage):
        raise no_such(task, "stage", stage, [each.name for each in task.pipeline.stages])
    if found is None:
        what = f"attempt {number}" if number else f"attempt of stage {stage}" if stage else "attempt yet"
        raise NothingToRead(f"task {task.id} has no {what}", f"foremanctl show {task.id}")
    return found


def find_review(task: Task, gate: str) -> Attempt | None:
    """A review gate's last run; None for a gate of another kind. Raises NothingToRead."""
    known = task.gate(gate)
    if known is None or known.kind != "review":
        return None
    found = next((a for a in reversed(task.attempts) if a.gate == gate), None)
    if found is None:
        raise NothingToRead(f"task {task.id}: nobody has reviewed for {gate}", f"foremanctl why {task.id}")
    return found


def find_run(task: Task, gate: str) -> tuple[Run, bool]:
    """The run of a gate that a person means: on the work as it stands now, else the last on any work, else on the
    base; and whether it is no more than that. Raises NothingToRead.
    """
    known = task.gate(gate)
    if known is None and task.started is not None:
        raise no_such(task, "gate", gate, task.gates)
    runs = {key: run for key, run in task.runs.items() if known is not None and key.startswith(f"{known.definition}:")}
    if not runs:
        asks = known is not None and known.kind in ("human", "protected")
        what = "asks people, and prints nothing" if asks else "has not run"
        raise NothingToRead(f"task {task.id}: gate {gate} {what}", f"foremanctl why {task.id}")
    _, work = place(task)

    def nearness(key: str) -> tuple[bool, bool, float]:
        ran_on = key.rpartition(":")[2]
        here = known is not None and work is not None and ran_on == run_on(known, work)
        return here, ran_on != task.base_tree, runs[key].at

    nearest = max(runs, key=nearness)
    return runs[nearest], not any(nearness(nearest)[:2])


def _read(file: Path, offset: int) -> bytes:
    with file.open("rb") as stream:
        stream.seek(offset)
        return stream.read(CHUNK)


def _ends(item: Item, number: int) -> bool:
    if item.type != AttemptEnded.__name__:
        return False
    return bool(msgspec.json.decode(item.body)["number"] == number)


def readable(items: list[Item], number: int) -> bytes:
    """The events of one attempt as lines."""
    events = (event_of(item.body) for item in items if item.type == AGENT_EVENT and item.attempt == number)
    return b"".join(line.encode(errors="replace") + b"\n" for event in events if (line := line_of(event)))


def line_of(event: AgentEvent) -> str:
    """An event in a line or a few; empty for what is only for accounting."""
    match event.kind:
        case "text" | "notice":
            return event.text
        case "thinking":
            return f"(thinking) {event.text}" if event.text else ""
        case "tool_call":
            return f"> {event.tool}: {event.text}"
        case "tool_result":
            return "\n".join(f"  | {line}" for line in event.text.splitlines()[:20])
        case "retry":
            return f"(retry) {event.text}"
        case "result":
            return f"= {event.text}"
        case _:
            return ""
