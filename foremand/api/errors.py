"""Every error that a client sees: a gRPC code, a stable reason, what happened, and what to do."""

from collections.abc import AsyncIterator, Awaitable, Callable
from functools import wraps
from typing import Any, NoReturn, TypeVar

import grpc
from google.protobuf import any_pb2
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from foremand.agents.registry import AgentMissing
from foremand.core.commands import Refused
from foremand.engine.desk import TaskUnknown
from foremand.engine.intake import PipelineMissing
from foremand.engine.reading import NothingToRead
from foremand.git import GitError, IdentityUnknown, RepositoryRefused
from foremand.journal import CursorAhead, JournalError, SlowConsumer
from foremand.pipeline import PipelineInvalid

DOMAIN = "foremand"

Code = grpc.StatusCode


class Denied(Exception):
    """Who asks is not an operator."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


_REFUSALS: dict[str, Code] = {
    "PROMPT_EMPTY": Code.INVALID_ARGUMENT,
    "PROMPT_INVALID": Code.INVALID_ARGUMENT,
    "MESSAGE_MISSING": Code.INVALID_ARGUMENT,
    "REVISION_MISSING": Code.INVALID_ARGUMENT,
    "QUESTION_MISSING": Code.INVALID_ARGUMENT,
    "REQUEST_INVALID": Code.INVALID_ARGUMENT,
    "LIMIT_INVALID": Code.INVALID_ARGUMENT,
    "NO_SUCH_PROFILE": Code.INVALID_ARGUMENT,
    "NO_SUCH_AGENT": Code.NOT_FOUND,
    "NO_SUCH_STAGE": Code.NOT_FOUND,
    "NO_SUCH_GATE": Code.NOT_FOUND,
    "STALE_REVISION": Code.ABORTED,
}
"""Refusals that are not about the task's state."""

_KNOWN: tuple[tuple[type[Exception], Code, str, str], ...] = (
    (TaskUnknown, Code.NOT_FOUND, "TASK_UNKNOWN", "foremanctl list --all"),
    (NothingToRead, Code.NOT_FOUND, "NOTHING_TO_READ", ""),
    (PipelineInvalid, Code.INVALID_ARGUMENT, "PIPELINE_INVALID", "foremanctl check"),
    (PipelineMissing, Code.INVALID_ARGUMENT, "PIPELINE_MISSING", ""),
    (AgentMissing, Code.INVALID_ARGUMENT, "AGENT_MISSING", ""),
    (RepositoryRefused, Code.INVALID_ARGUMENT, "REPOSITORY_REFUSED", ""),
    (IdentityUnknown, Code.INVALID_ARGUMENT, "IDENTITY_UNKNOWN", ""),
    (Denied, Code.PERMISSION_DENIED, "NOT_AN_OPERATOR", ""),
    (CursorAhead, Code.OUT_OF_RANGE, "CURSOR_AHEAD", "watch again without a cursor"),
    (SlowConsumer, Code.RESOURCE_EXHAUSTED, "SLOW_CONSUMER", "watch again from the last cursor"),
    (JournalError, Code.INTERNAL, "JOURNAL_FAILED", ""),
    (GitError, Code.INTERNAL, "GIT_FAILED", ""),
)
"""Error, code, reason, and the hint where the error brings none of its own."""


def translate(error: Exception) -> tuple[Code, str, str, str]:
    """Code, reason, message and hint of an error. What is not foremand's own is INTERNAL."""
    if isinstance(error, Refused):
        return _REFUSALS.get(error.reason, Code.FAILED_PRECONDITION), error.reason, error.message, error.hint
    for kind, code, reason, hint in _KNOWN:
        if isinstance(error, kind):
            what = getattr(error, "reason", "") or str(error)  # some put their hint into their text
            return code, reason, what, getattr(error, "hint", "") or hint
    return Code.INTERNAL, "UNEXPECTED", f"{type(error).__name__}: {error}", "foremanctl doctor"


async def abort(context: Any, error: Exception) -> NoReturn:
    """End the call with the error as google.rpc.Status."""
    code, reason, message, hint = translate(error)
    detail = any_pb2.Any()
    detail.Pack(error_details_pb2.ErrorInfo(reason=reason, domain=DOMAIN, metadata={"hint": hint} if hint else {}))
    status = status_pb2.Status(code=code.value[0], message=message, details=[detail])
    given = rpc_status.to_status(status)
    await context.abort(given.code, given.details, given.trailing_metadata)
    raise AssertionError("abort raises")


T = TypeVar("T")


def unary(method: Callable[[Any, Any, Any], Awaitable[T]]) -> Callable[[Any, Any, Any], Awaitable[T]]:
    """A call with one answer, whose errors are translated."""

    @wraps(method)
    async def call(self: Any, request: Any, context: Any) -> T:
        try:
            return await method(self, request, context)
        except grpc.aio.AbortError:
            raise
        except Exception as error:  # noqa: BLE001 (translated, not swallowed)
            return await abort(context, error)

    return call


def stream(method: Callable[[Any, Any, Any], AsyncIterator[T]]) -> Callable[[Any, Any, Any], AsyncIterator[T]]:
    """A call with many answers, whose errors are translated."""

    @wraps(method)
    async def call(self: Any, request: Any, context: Any) -> AsyncIterator[T]:
        try:
            async for answer in method(self, request, context):
                yield answer
        except grpc.aio.AbortError:
            raise
        except Exception as error:  # noqa: BLE001 (translated, not swallowed)
            await abort(context, error)

    return call
