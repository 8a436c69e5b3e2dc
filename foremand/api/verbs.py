"""The calls by which people change things. Each is written down with the name of who asked."""

from pathlib import Path

from foremand.engine.desk import Submission
from foremand.v1 import foremand_pb2 as pb

from . import convert
from .base import Base, Context
from .errors import unary


class Verbs(Base):
    """What people ask for."""

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
            profile=request.profile,
            after=tuple(dict.fromkeys(request.after)),
            priority=request.priority,
        )
        return self._wire.task(await self._desk.submit(submission, request.request_id, self._name(context)))

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
    async def WaiveTask(self, request: pb.WaiveTaskRequest, context: Context) -> pb.Task:  # noqa: N802
        """A person lets a gate pass."""
        task = await self._desk.waive(
            request.id, request.gate, request.revision, request.message, request.request_id, self._name(context)
        )
        return self._wire.task(task)

    @unary
    async def RetryTask(self, request: pb.RetryTaskRequest, context: Context) -> pb.Task:  # noqa: N802
        """A person lets the task go on."""
        task = await self._desk.retry(
            request.id,
            stage=request.stage,
            gate=request.gate,
            agent=request.agent,
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

    @unary
    async def PrioritizeTask(self, request: pb.PrioritizeTaskRequest, context: Context) -> pb.Task:  # noqa: N802
        """A person gives it another place among those that wait."""
        task = await self._desk.prioritize(request.id, request.priority, request.request_id, self._name(context))
        return self._wire.task(task)

    @unary
    async def PauseTask(self, request: pb.TaskRequest, context: Context) -> pb.Task:  # noqa: N802
        """A person has the task stand still."""
        return self._wire.task(await self._desk.pause(request.id, request.request_id, self._name(context)))

    @unary
    async def ResumeTask(self, request: pb.TaskRequest, context: Context) -> pb.Task:  # noqa: N802
        """A person lets it go on."""
        return self._wire.task(await self._desk.resume(request.id, request.request_id, self._name(context)))

    @unary
    async def SendTask(self, request: pb.SendTaskRequest, context: Context) -> pb.SendTaskResponse:  # noqa: N802
        """A person tells the agent something."""
        task, when = await self._desk.send(
            request.id, request.text, request.request_id, self._name(context), interrupt=request.interrupt
        )
        return pb.SendTaskResponse(task=self._wire.task(task), when=when)

    @unary
    async def AnswerQuestion(self, request: pb.AnswerQuestionRequest, context: Context) -> pb.Task:  # noqa: N802
        """A person allows an agent one use of a tool, or does not."""
        task = await self._desk.answer(
            request.id,
            request.question,
            request.allow,
            request.message,
            request.request_id,
            self._name(context),
        )
        return self._wire.task(task)

    @unary
    async def TakeTask(self, request: pb.TaskRequest, context: Context) -> pb.Task:  # noqa: N802
        """A person wants the workspace."""
        return self._wire.task(await self._desk.take(request.id, request.request_id, self._name(context)))

    @unary
    async def GiveTask(self, request: pb.GiveTaskRequest, context: Context) -> pb.Task:  # noqa: N802
        """A person gives the workspace back."""
        task = await self._desk.give(
            request.id, request.message, request.rework, request.request_id, self._name(context)
        )
        return self._wire.task(task)

    @unary
    async def RepinTask(self, request: pb.TaskRequest, context: Context) -> pb.Task:  # noqa: N802
        """A person has the task take today's pipeline file."""
        return self._wire.task(await self._desk.repin(request.id, request.request_id, self._name(context)))

    @unary
    async def CheckoutTask(self, request: pb.TaskRequest, _context: Context) -> pb.CheckoutTaskResponse:  # noqa: N802
        """The work on a branch of the user's own repository."""
        task, branch, revision = await self._desk.checkout(request.id)
        return pb.CheckoutTaskResponse(task=self._wire.task(task), branch=branch, revision=revision)
