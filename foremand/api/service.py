"""The service: each call in a few lines, from the wire to the desk and back."""

import pwd
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

from msgspec import Struct

from foremand import __version__
from foremand.core.commands import Refused
from foremand.core.status import status
from foremand.core.why import commands, explain
from foremand.engine.desk import Desk, Submission
from foremand.engine.reading import CHUNK, ReadingRoom, find_attempt
from foremand.engine.slots import Slots
from foremand.journal import Journal
from foremand.v1 import foremand_pb2 as pb
from foremand.v1.foremand_pb2_grpc import ForemandServicer

from . import convert
from .errors import stream, unary
from .operators import TOKEN_HEADER, Operators
from .watching import watch

API_REVISION = 2
"""Grows with every addition to v1."""

PAGE = 1000

Context = Any
"""grpc.aio.ServicerContext: generic for the type checker, but not when it runs."""


class About(Struct, frozen=True, kw_only=True):
    """What the daemon says of itself."""

    pid: int
    state_dir: Path
    started_at: float
    sandboxed: bool
    sandbox_reason: str


class Service(ForemandServicer):
    """`foremand.v1.Foremand`."""

    def __init__(
        self,
        desk: Desk,
        reading: ReadingRoom,
        journal: Journal,
        operators: Operators,
        agents: Slots,
        gates: Slots,
        about: About,
    ) -> None:
        self._desk = desk
        self._reading = reading
        self._journal = journal
        self._operators = operators
        self._agents = agents
        self._gates = gates
        self._about = about
        self._wire = convert.Wire()

    @unary
    async def GetServerInfo(self, _request: pb.GetServerInfoRequest, _context: Context) -> pb.ServerInfo:  # noqa: N802
        """Who answers here."""
        about = self._about
        return pb.ServerInfo(
            version=__version__,
            api_revision=API_REVISION,
            pid=about.pid,
            state_dir=str(about.state_dir),
            started_at=convert.when(about.started_at),
            sandboxed=about.sandboxed,
            sandbox_reason=about.sandbox_reason,
            max_agents=self._agents.limit,
            running_agents=self._agents.taken,
            max_gates=self._gates.limit,
        )

    @unary
    async def SubmitTask(self, request: pb.SubmitTaskRequest, context: Context) -> pb.Task:  # noqa: N802
        """Dispatch a task."""
        submission = Submission(
            prompt=request.prompt,
            repo=Path(request.repo),
            title=request.title,
            into=request.into,
            pipeline_file=request.pipeline_file or None,
            environment=dict(request.environment),
            limits=convert.limits(request.limits),
        )
        return self._wire.task(await self._desk.submit(submission, request.request_id, self._name(context)))

    @unary
    async def GetTask(self, request: pb.GetTaskRequest, _context: Context) -> pb.TaskDetail:  # noqa: N802
        """One task with its attempts and approvals."""
        return convert.detail(self._desk.task(request.id))

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
        return pb.Explanation(task=self._wire.task(task), lines=explain(task), commands=commands(task, status(task)))

    @unary
    async def ApproveTask(self, request: pb.ApproveTaskRequest, context: Context) -> pb.Task:  # noqa: N802
        """A person approves."""
        task = await self._desk.approve(
            request.id, request.gate, request.revision, request.message, request.request_id, self._name(context)
        )
        return self._wire.task(task)

    @unary
    async def RejectTask(self, request: pb.AnswerTaskRequest, context: Context) -> pb.Task:  # noqa: N802
        """A person ends the task."""
        task = await self._desk.reject(
            request.id, request.revision, request.message, request.request_id, self._name(context)
        )
        return self._wire.task(task)

    @unary
    async def ReworkTask(self, request: pb.AnswerTaskRequest, context: Context) -> pb.Task:  # noqa: N802
        """A person sends the work back."""
        task = await self._desk.rework(
            request.id, request.revision, request.message, request.request_id, self._name(context)
        )
        return self._wire.task(task)

    @unary
    async def RetryTask(self, request: pb.RetryTaskRequest, context: Context) -> pb.Task:  # noqa: N802
        """A person lets the task go on."""
        task = await self._desk.retry(
            request.id,
            stage=request.stage,
            gate=request.gate,
            fresh=request.fresh,
            message=request.message,
            request_id=request.request_id,
            by=self._name(context),
        )
        return self._wire.task(task)

    @unary
    async def CancelTask(self, request: pb.CancelTaskRequest, context: Context) -> pb.Task:  # noqa: N802
        """A person stops the task."""
        task = await self._desk.cancel(request.id, request.message, request.request_id, self._name(context))
        return self._wire.task(task)

    @unary
    async def LimitTask(self, request: pb.LimitTaskRequest, context: Context) -> pb.Task:  # noqa: N802
        """A person sets limits anew."""
        limits = convert.limits(request.limits)
        return self._wire.task(await self._desk.limit(request.id, limits, request.request_id, self._name(context)))

    @stream
    async def Watch(  # noqa: N802
        self, request: pb.WatchRequest, _context: Context
    ) -> AsyncIterator[pb.WatchResponse]:
        """A snapshot, then events."""
        async for response in watch(self._desk, self._journal, self._wire, request):
            yield response

    @stream
    async def ReadLog(self, request: pb.ReadLogRequest, _context: Context) -> AsyncIterator[pb.LogChunk]:  # noqa: N802
        """A log of an attempt, a gate or a setup."""
        task = self._desk.task(request.id)
        number = 0
        if request.gate:
            blocks = self._reading.gate(task, request.gate, follow=request.follow)
        elif request.setup:
            blocks = self._reading.setup(task)
        else:
            attempt = find_attempt(task, request.attempt, request.stage)
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
        base, revision, text = self._reading.diff(task, request.attempt, stat=request.stat)
        yield pb.DiffChunk(base=base, revision=revision)
        async with aclosing(text) as pieces:
            async for piece in pieces:
                yield pb.DiffChunk(data=piece, base=base, revision=revision)

    def _name(self, context: Context) -> str:
        """The person who asks, by the user that the operating system knows."""
        metadata = {str(key): value for key, value in context.invocation_metadata() or ()}
        token = metadata.get(TOKEN_HEADER)
        peer = self._operators.check(token if isinstance(token, str) else None)
        try:
            return pwd.getpwuid(peer.uid).pw_name
        except KeyError:
            return f"uid {peer.uid}"
