"""The daemon: one for each state folder, from its lock to its last word to systemd."""

import asyncio
import contextlib
import fcntl
import logging
import os
import signal
import socket
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from foremand.api.base import About
from foremand.api.operators import OperatorCheck, Operators
from foremand.api.service import Service
from foremand.engine.engine import Engine
from foremand.executors import Sandbox, Unsandboxed
from foremand.journal import Journal
from foremand.paths import Places
from foremand.settings import Settings
from foremand.v1 import foremand_pb2 as pb
from foremand.v1.foremand_pb2_grpc import add_ForemandServicer_to_server

log = logging.getLogger("foremand")

MESSAGE_LIMIT = 64 * 1024 * 1024
"""Bytes of a request: prompts of megabytes work."""

CLOSING = 2.0
"""Seconds that calls under way have at the end."""


class AlreadyRunning(Exception):
    """Another daemon has this state folder."""

    def __init__(self, places: Places, pid: str) -> None:
        who = f" (pid {pid})" if pid else ""
        super().__init__(
            f"another foremand{who} already works on {places.state}\n"
            "use that one, stop it, or set XDG_STATE_HOME and XDG_RUNTIME_DIR to others for a second"
        )


class SocketUnusable(Exception):
    """Something that is no socket of ours is in the way."""


@contextlib.contextmanager
def sole(places: Places) -> Iterator[None]:
    """Be the only daemon of this state folder. Raises AlreadyRunning."""
    places.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(places.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(places, os.pread(descriptor, 32, 0).decode().strip()) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
        os.ftruncate(descriptor, 0)  # nobody is to take the pid of a daemon that is gone for that of one that lives
    finally:
        os.close(descriptor)


def state_id(places: Places) -> str:
    """What tells this daemon's runs from those of every other: made once, kept in the state folder."""
    file = places.state / "id"
    if not file.exists():
        beside = file.with_suffix(".new")
        beside.write_text(uuid.uuid4().hex)
        beside.replace(file)
    return file.read_text().strip()


async def serve(places: Places, settings: Settings) -> None:
    """Run until asked to stop. Raises AlreadyRunning, SocketUnusable, and what journal and sandbox raise."""
    with sole(places):
        _make_way(places)
        sandbox = await Sandbox.probe(settings.sandbox)
        if isinstance(sandbox, Unsandboxed):
            log.warning("unsandboxed: %s", sandbox.why)
        async with Journal.open(places.journal) as journal:
            stop = asyncio.Event()
            _on_signals(stop)
            async with asyncio.TaskGroup() as group:
                identity = state_id(places)
                engine = Engine(places, settings, journal, sandbox, identity, group)
                await engine.start()
                operators = Operators(identity, places.state)
                server = await _server(engine, journal, operators, _about(places, sandbox))
                tokens = await _listen(server, operators, places)
                log.info("foremand %d answers on %s", os.getpid(), places.socket)
                _notify("READY=1")
                await stop.wait()
                _notify("STOPPING=1")
                log.info("stopping; agents run on and are taken up by the next daemon")
                tokens.close()
                await server.stop(CLOSING)
                await engine.close()


def _about(places: Places, sandbox: Sandbox | Unsandboxed) -> About:
    why = sandbox.why if isinstance(sandbox, Unsandboxed) else ""
    return About(
        pid=os.getpid(),
        state_dir=places.state,
        started_at=time.time(),
        sandboxed=not why,
        sandbox_reason=why,
    )


async def _server(engine: Engine, journal: Journal, operators: Operators, about: About) -> grpc.aio.Server:
    options = [("grpc.max_receive_message_length", MESSAGE_LIMIT), ("grpc.max_send_message_length", MESSAGE_LIMIT)]
    server = grpc.aio.server(interceptors=[OperatorCheck(operators)], options=options)
    service = Service(engine, journal, operators, about)
    add_ForemandServicer_to_server(service, server)
    name = pb.DESCRIPTOR.services_by_name["Foremand"].full_name
    healthy = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(healthy, server)
    for each in ("", name):
        await healthy.set(each, health_pb2.HealthCheckResponse.SERVING)
    reflection.enable_server_reflection((name, health.SERVICE_NAME, reflection.SERVICE_NAME), server)
    return server


async def _listen(server: grpc.aio.Server, operators: Operators, places: Places) -> asyncio.Server:
    """Bind both sockets, for the user alone."""
    tokens = await operators.serve(places.operator_socket)
    before = os.umask(0o177)
    try:
        server.add_insecure_port(f"unix:{places.socket}")
        await server.start()
    finally:
        os.umask(before)
    return tokens


def _make_way(places: Places) -> None:
    """Replace stale sockets: the lock says that nobody has them. Raises SocketUnusable, before anything is begun."""
    places.socket.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path in (places.socket, places.operator_socket):
        _clear(path)


def _clear(path: Path) -> None:
    if not path.exists() and not path.is_symlink():
        return
    if not path.is_socket():
        raise SocketUnusable(f"{path} is there and is no socket: move it away, or name another with --socket")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
        except OSError:
            path.unlink()
            return
    raise SocketUnusable(
        f"another program answers on {path}: stop it, or name another socket with --socket or FOREMAND_SOCKET"
    )


def _on_signals(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)


def _notify(message: str) -> None:
    """Tell systemd, where it asked to be told."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    name = "\0" + address[1:] if address.startswith("@") else address
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as notify, contextlib.suppress(OSError):
        notify.sendto(message.encode(), name)
