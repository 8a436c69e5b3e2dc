"""Who may answer: agents run as the same user, so an open socket is not proof enough.

A client shows itself on a second, plain Unix socket, where the kernel tells its pid. A process that descends from a
shim, that carries the marker of one of this daemon's runs, or that lives in other namespaces is refused. The token
it gets is tied to that process and its start, and is good while its connection stays open.
"""

import asyncio
import json
import logging
import os
import secrets
import socket
import struct
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import grpc
from msgspec import Struct

from foremand.executors import MARKER, run_of_shim

from .errors import Denied, abort

log = logging.getLogger("foremand.operators")

TOKEN_HEADER = "foremand-token"  # noqa: S105 (a name, not a secret)
NAMESPACES = ("pid", "mnt", "user", "ipc")
OPEN_METHODS = ("/grpc.health.v1.", "/grpc.reflection.")
"""What anybody may ask: whether the daemon lives, and what its API looks like."""


class Peer(Struct, frozen=True):
    """A process, named so that a later one with the same pid is another."""

    pid: int
    uid: int
    started: str


class Operators:
    """Gives tokens to people's clients, and to nothing that an agent started."""

    def __init__(self, state_id: str, state: Path) -> None:
        self._state_id = state_id
        self._state = state
        self._tokens: dict[str, Peer] = {}

    async def serve(self, path: Path) -> asyncio.Server:
        """Listen at `path`, readable by the user alone."""
        before = os.umask(0o177)
        try:
            return await asyncio.start_unix_server(self._greet, path=str(path))
        finally:
            os.umask(before)

    async def _greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        token = ""
        try:
            peer = _peer(writer.get_extra_info("socket"))
            refused = self._refusal(peer)
            if refused:
                log.warning("refused a token to pid %d: %s", peer.pid, refused)
                answer = {"refused": refused, "hint": "answer from your own terminal"}
            else:
                token = secrets.token_urlsafe(32)
                self._tokens[token] = peer
                answer = {"token": token}
            writer.write(json.dumps(answer).encode() + b"\n")
            await writer.drain()
            if token:
                await reader.read()
        except OSError:
            log.debug("a client went away before it had its token")
        except asyncio.CancelledError:
            log.debug("a client is still there as the daemon stops")  # nobody asks how this ends but asyncio, aloud
        finally:
            self._tokens.pop(token, None)
            writer.close()

    def check(self, token: str | None) -> Peer:
        """Whose token this is. Raises Denied."""
        peer = self._tokens.get(token or "")
        if peer is None:
            raise Denied(
                "this call carries no operator's token",
                "use foremanctl, or connect to the socket beside this one that ends in .operator",
            )
        if _start_of(peer.pid) != peer.started:
            raise Denied("the process that got this token is gone", "connect again")
        return peer

    def _refusal(self, peer: Peer) -> str:
        """Why a process is no operator; empty for one that may be. What cannot be looked at is refused."""
        if peer.uid != os.getuid():
            return f"it runs as user {peer.uid}"
        if peer.pid <= 0:
            return "it lives in another PID namespace"
        try:
            for name in NAMESPACES:
                if os.readlink(f"/proc/{peer.pid}/ns/{name}") != os.readlink(f"/proc/self/ns/{name}"):  # noqa: PTH115
                    return f"it lives in another {name} namespace"
            if self._marked(peer.pid):
                return "it was started by an agent or a gate"
            if any(self._is_our_shim(pid) for pid in _ancestors(peer.pid)):
                return "it descends from an agent or a gate"
        except OSError as error:
            return f"it cannot be looked at: {error}"
        return ""

    def _is_our_shim(self, pid: int) -> bool:
        run = run_of_shim(pid)
        return run is not None and run.is_relative_to(self._state)

    def _marked(self, pid: int) -> bool:
        prefix = f"{MARKER}={self._state_id}/".encode()
        environment = Path(f"/proc/{pid}/environ").read_bytes()
        return any(variable.startswith(prefix) for variable in environment.split(b"\0"))


def _peer(connection: socket.socket) -> Peer:
    pid, uid, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return Peer(pid, uid, _start_of(pid))


def _stat(pid: int) -> list[str]:
    text = Path(f"/proc/{pid}/stat").read_text()
    return text[text.rindex(")") + 2 :].split()


def _start_of(pid: int) -> str:
    """The process's start in clock ticks since boot; empty when it is gone."""
    try:
        return _stat(pid)[19]
    except OSError:
        return ""


def _ancestors(pid: int) -> list[int]:
    found = []
    while pid > 1:
        found.append(pid)
        pid = int(_stat(pid)[1])
    return found


Handler = Any
"""grpc.RpcMethodHandler: generic for the type checker, but not when it runs."""


class OperatorCheck(grpc.aio.ServerInterceptor):
    """Lets only operators' calls through to the service."""

    def __init__(self, operators: Operators) -> None:
        self._operators = operators

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler:
        """Hand the call on, or answer it with the refusal."""
        handler = await continuation(handler_call_details)
        if handler is None or handler_call_details.method.startswith(OPEN_METHODS):
            return handler
        metadata = {str(key): value for key, value in handler_call_details.invocation_metadata or ()}
        token = metadata.get(TOKEN_HEADER)
        try:
            self._operators.check(token if isinstance(token, str) else None)
        except Denied as denied:
            return _refusing(handler, denied)
        return handler


def _refusing(handler: Handler, denied: Denied) -> Handler:
    async def refuse(_request: object, context: Any) -> None:
        await abort(context, denied)

    make = grpc.unary_stream_rpc_method_handler if handler.response_streaming else grpc.unary_unary_rpc_method_handler
    return make(refuse, handler.request_deserializer, handler.response_serializer)
