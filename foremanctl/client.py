"""Talking with the daemon: one channel, the operator's token, and its errors as ours."""

import contextlib
import time
import uuid
from collections.abc import Iterator
from typing import Any, NoReturn

import grpc
from google.protobuf.message import Message

from foremand.v1 import foremand_pb2 as pb
from foremand.v1.foremand_pb2_grpc import ForemandStub

from . import exits
from .output import talk
from .place import Operator, Place

API_REVISION = 4
"""The revision of the API that these commands were written for."""

PATIENCE_SECONDS = 30.0
"""How long a daemon that went away is waited for."""

OPTIONS = [
    ("grpc.max_receive_message_length", 64 * 2**20),
    # A new channel after a failed one must try at once, not wait for the old one's backoff.
    ("grpc.use_local_subchannel_pool", 1),
]

_FAILURES: dict[grpc.StatusCode, type[exits.Failure]] = {
    grpc.StatusCode.INVALID_ARGUMENT: exits.Usage,
    grpc.StatusCode.OUT_OF_RANGE: exits.Usage,
    grpc.StatusCode.UNAVAILABLE: exits.Unreachable,
    grpc.StatusCode.NOT_FOUND: exits.NotFound,
    grpc.StatusCode.FAILED_PRECONDITION: exits.Conflict,
    grpc.StatusCode.ABORTED: exits.Conflict,
    grpc.StatusCode.ALREADY_EXISTS: exits.Conflict,
    grpc.StatusCode.PERMISSION_DENIED: exits.Denied,
    grpc.StatusCode.UNAUTHENTICATED: exits.Denied,
    grpc.StatusCode.UNIMPLEMENTED: exits.VersionMismatch,
    grpc.StatusCode.DEADLINE_EXCEEDED: exits.TimedOut,
}
# The daemon went away, or let go of a reader that was too slow.
_LOST = {
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.CANCELLED,
}


# What a token of a daemon that was restarted is answered with. Whether we really are none, the next greeting tells.
_TOKEN_ENDED = "NOT_AN_OPERATOR"  # noqa: S105 (a reason, not a secret)


class Client:
    """A connection to the daemon. A call that lost it is made once more over a new one: mutations carry a request id,
    so that a repeated one does nothing twice."""

    info: pb.ServerInfo
    _operator: Operator
    _channel: grpc.Channel

    def __init__(self, place: Place, needs: int = API_REVISION) -> None:
        """Unreachable, Denied, or VersionMismatch if the daemon's API is older than `needs`."""
        self.place = place
        self._needs = needs
        self._open()

    def _open(self) -> None:
        self._operator = self.place.greet()
        self._channel = grpc.insecure_channel(f"unix:{self.place.path}", options=OPTIONS)
        self._stub: Any = ForemandStub(self._channel)
        try:
            self.info = self._call("GetServerInfo", pb.GetServerInfoRequest())
            check_revision(self.info, self._needs)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Ends the operator's token with the connection."""
        self._channel.close()
        self._operator.close()

    def reopen(self, patience: float = PATIENCE_SECONDS) -> None:
        """Connects anew, waiting at most `patience` seconds for a daemon that went away, then Unreachable."""
        talk("the connection to the daemon broke; connecting again")
        self.close()
        deadline = time.monotonic() + patience
        pause = 0.05
        while True:
            time.sleep(pause)
            pause = min(1.0, pause * 2)
            try:
                return self._open()
            except exits.Failure as failure:
                if not failure.lost or time.monotonic() + pause > deadline:
                    raise

    def ask(self, verb: str, request: Message) -> Any:
        """One call, one answer. Every error is an `exits.Failure`."""
        try:
            return self._call(verb, request)
        except exits.Failure as failure:
            if not failure.lost:
                raise
        self.close()
        self._open()
        return self._call(verb, request)

    def stream(self, verb: str, request: Message, timeout: float | None = None) -> Iterator[Any]:
        """One call, many answers. Lost connections are the caller's: only it knows where to go on."""
        call = getattr(self._stub, verb)(request, metadata=self._metadata(), timeout=timeout)
        try:
            yield from call
        except grpc.RpcError as error:
            fail(error)
        finally:
            call.cancel()

    def _call(self, verb: str, request: Message) -> Any:
        try:
            return getattr(self._stub, verb)(request, metadata=self._metadata())
        except grpc.RpcError as error:
            fail(error)

    def _metadata(self) -> tuple[tuple[str, str], ...]:
        return (("foremand-token", self._operator.token),)


def connect_or_start(place: Place) -> Client:
    """A connection to the daemon, which is started where none answers."""
    try:
        return Client(place)
    except exits.Unreachable:
        from .start import start

        return start(place, lambda: Client(place))


def check_revision(info: pb.ServerInfo, needs: int = API_REVISION) -> None:
    """VersionMismatch if the daemon's API is older than `needs`."""
    if info.api_revision < needs:
        raise exits.VersionMismatch(
            f"the daemon (foremand {info.version}) is older than this foremanctl",
            why=f"its API has revision {info.api_revision}, this needs {needs}",
            hint="restart the daemon with the version you have installed; its agents run on",
        )


def request_id() -> str:
    """A new name for one mutation."""
    return str(uuid.uuid4())


def fail(error: Any) -> NoReturn:
    """Raises what a call's error, of grpc or grpc.aio, means to a person."""
    code = error.code()
    reason, hint = _reason_and_hint(error)
    raise _FAILURES.get(code, exits.Failure)(
        error.details() or f"the daemon answered {code.name}",
        hint=hint,
        lost=code in _LOST or reason == _TOKEN_ENDED,
    ) from error


def _reason_and_hint(error: Any) -> tuple[str, str]:
    with contextlib.suppress(ValueError, ImportError):
        from google.rpc.error_details_pb2 import ErrorInfo
        from grpc_status import rpc_status  # 60 ms: only where something failed

        status = rpc_status.from_call(error)
        for detail in status.details if status else ():
            info = ErrorInfo()
            if detail.Unpack(info):
                return info.reason, info.metadata.get("hint", "")
    return "", ""
