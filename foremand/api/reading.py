"""The calls that change nothing: tasks, what they said and changed, the queue, the costs."""

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from datetime import datetime

from foremand import __version__
from foremand.core import queue
from foremand.core.commands import Refused
from foremand.core.costs import KEYS, Key, costs
from foremand.core.status import status
from foremand.core.why import commands, explain
from foremand.engine.reading import CHUNK, find_attempt, find_review
from foremand.journal import Excerpt
from foremand.v1 import foremand_pb2 as pb

from . import convert
from .base import Base, Context
from .errors import stream, unary
from .watching import event, watch

API_REVISION = 4
"""Grows with every addition to v1."""

PAGE = 1000
EVENTS = 200
"""Events of one answer, unless told otherwise."""

_REVISION = re.compile("[0-9a-f]{40}|[0-9a-f]{64}")


class Reading(Base):
    """What people look at."""

    @unary
    async def GetServerInfo(self, _request: pb.GetServerInfoRequest, _context: Context) -> pb.ServerInfo:  # noqa: N802
        """Who answers here."""
        about = self._about
        spent, limit = self._engine.money_today()
        return pb.ServerInfo(
            version=__version__,
            api_revision=API_REVISION,
            pid=about.pid,
            state_dir=str(about.state_dir),
            started_at=convert.when(about.started_at),
            sandboxed=about.sandboxed,
            sandbox_reason=about.sandbox_reason,
            max_agents=self._engine.agent_slots.limit,
            running_agents=self._engine.agent_slots.taken,
            max_gates=self._engine.gate_slots.limit,
            spent_usd=spent,
            daily_cost_usd=limit,
        )

    @unary
    async def GetTask(self, request: pb.GetTaskRequest, _context: Context) -> pb.TaskDetail:  # noqa: N802
        """One task with its attempts and approvals."""
        return self._wire.detail(self._desk.task(request.id))

    @unary
    async def ListTasks(self, request: pb.ListTasksRequest, _context: Context) -> pb.ListTasksResponse:  # noqa: N802
        """Tasks by state and repository, the oldest first, a page at a time."""
        after = int(request.page_token) if request.page_token.isdecimal() else 0
        if request.page_token and not request.page_token.isdecimal():
            raise Refused("REQUEST_INVALID", "this page_token is not one that was given out")
        size = min(request.page_size or PAGE, PAGE)
        repo, states = request.repo, frozenset(request.states)
        found: list[pb.Task] = []
        for task in sorted(self._desk.tasks(), key=lambda t: t.id):
            if task.id <= after or (repo and task.submitted.repo != repo):
                continue
            message = self._wire.task(task)
            if not (message.state in states if states else request.all or task.over is None):
                continue
            if len(found) == size:
                return pb.ListTasksResponse(tasks=found, next_page_token=str(found[-1].id))
            found.append(message)
        return pb.ListTasksResponse(tasks=found)

    @unary
    async def ExplainTask(self, request: pb.ExplainTaskRequest, _context: Context) -> pb.Explanation:  # noqa: N802
        """Why a task stands where it does."""
        task = self._desk.task(request.id)
        lines = explain(task, self._desk.tasks())
        return pb.Explanation(task=self._wire.task(task), lines=lines, commands=commands(task, status(task)))

    @stream
    async def Watch(  # noqa: N802
        self, request: pb.WatchRequest, _context: Context
    ) -> AsyncIterator[pb.WatchResponse]:
        """A snapshot, then events."""
        async for response in watch(self._desk, self._journal, self._wire, self._engine.neighbours, request):
            yield response

    @unary
    async def ListEvents(self, request: pb.ListEventsRequest, _context: Context) -> pb.ListEventsResponse:  # noqa: N802
        """A page of what happened to a task, or of what one attempt's agent said and did."""
        cursor = self._journal.last_seq
        asked = Excerpt(
            task=self._desk.task(request.id).id,
            attempt=request.attempt or None,
            before=min(request.before or cursor + 1, cursor + 1),
            after=request.after if request.HasField("after") else None,
            most=min(request.page_size or EVENTS, PAGE),
        )
        items, more = await self._journal.excerpt(asked)
        return pb.ListEventsResponse(events=map(event, items), more=more, cursor=cursor)

    @stream
    async def ReadLog(self, request: pb.ReadLogRequest, _context: Context) -> AsyncIterator[pb.LogChunk]:  # noqa: N802
        """A log of an attempt, a gate or a setup."""
        task = self._desk.task(request.id)
        number = 0
        review = find_review(task, request.gate) if request.gate else None
        if request.gate and review is None:
            blocks = self._reading.gate(task, request.gate, follow=request.follow)
        elif request.setup:
            blocks = self._reading.setup(task)
        else:
            attempt = review or find_attempt(task, request.attempt, request.stage)
            number = attempt.number
            if request.raw or request.errors:
                blocks = self._reading.transcript(task, attempt, errors=request.errors, follow=request.follow)
            else:
                blocks = self._reading.attempt(task, attempt, follow=request.follow)
        offset = 0
        async for block in blocks:
            for start in range(0, len(block), CHUNK):
                part = block[start : start + CHUNK]
                offset += len(part)
                yield pb.LogChunk(data=part, offset=offset, attempt=number)

    @stream
    async def GetDiff(self, request: pb.GetDiffRequest, _context: Context) -> AsyncIterator[pb.DiffChunk]:  # noqa: N802
        """The change of a task."""
        task = self._desk.task(request.id)
        asked = (request.since_approval, request.since, request.stat or request.attempt)
        if sum(map(bool, asked)) > 1:
            raise Refused("REQUEST_INVALID", "what has changed since an answer or a look is told alone, as a patch")
        if request.since and not _REVISION.fullmatch(request.since):
            raise Refused("REQUEST_INVALID", "a revision since which something changed is named by its whole id")
        if request.since_approval:
            base, revision, text = self._reading.since_approval(task)
        elif request.since:
            base, revision, text = self._reading.since(task, request.since)
        else:
            base, revision, text = self._reading.diff(task, request.attempt, stat=request.stat)
        yield pb.DiffChunk(base=base, revision=revision)
        async with aclosing(text) as pieces:
            async for piece in pieces:
                yield pb.DiffChunk(data=piece, base=base, revision=revision)

    @unary
    async def GetQueue(self, request: pb.GetQueueRequest, _context: Context) -> pb.GetQueueResponse:  # noqa: N802
        """What is about to land, branch by branch."""
        everyone = tuple(self._desk.tasks())
        queued = {queue.target(task) for task in everyone if task.queued_at is not None and task.over is None}
        lines = sorted(line for line in queued if request.repo in ("", line[0]))
        return pb.GetQueueResponse(
            tasks=[self._wire.task(task) for line in lines for task in queue.order(everyone, line)]
        )

    @unary
    async def GetCosts(self, request: pb.GetCostsRequest, _context: Context) -> pb.GetCostsResponse:  # noqa: N802
        """What ended attempts cost."""
        found = costs(self._desk.tasks(), request.since, _keys(request.by), _day)
        return pb.GetCostsResponse(costs=map(convert.cost, found))


def _keys(names: Sequence[str]) -> tuple[Key, ...]:
    unknown = [name for name in names if name not in KEYS]
    if unknown:
        raise Refused("REQUEST_INVALID", f"costs by {unknown[0]!r}: they are by {', '.join(KEYS)}")
    return tuple(key for name in dict.fromkeys(names) for key in KEYS if key == name) or ("day",)


def _day(at: float) -> str:
    """The day here, which is the day's that the budget is for."""
    return datetime.fromtimestamp(at).astimezone().date().isoformat()
