"""A daemon with scripted answers on a real Unix socket, also to be run as a program (the autostart tests do)."""

import json
import socket
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from foremanctl.client import API_REVISION
from foremand.v1 import foremand_pb2 as pb
from foremand.v1.foremand_pb2_grpc import ForemandServicer, add_ForemandServicer_to_server

_METHODS = pb.DESCRIPTOR.services_by_name["Foremand"].methods
STREAMS = [method.name for method in _METHODS if method.server_streaming]
VERBS = [method.name for method in _METHODS if not method.server_streaming]
HOLD = object()
"""In a stream: nothing more until the caller, or the daemon, has gone."""


@dataclass(frozen=True)
class Refusal:
    """An answer that is an error, as the real daemon sends them."""

    code: grpc.StatusCode
    message: str
    reason: str = "TEST"
    hint: str = ""

    def send(self, context: grpc.ServicerContext) -> None:
        info = error_details_pb2.ErrorInfo(reason=self.reason, domain="foremand", metadata={"hint": self.hint})
        detail = AnyMessage()
        detail.Pack(info)
        status = status_pb2.Status(code=self.code.value[0], message=self.message, details=[detail])
        context.abort_with_status(rpc_status.to_status(status))


class FakeDaemon(ForemandServicer):
    """`answers[VERB]` is a message, a Refusal, a list of them (a stream), or a function of the request giving one.

    `scripts[VERB]`, if any, are answers that are used up first, one for each call.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.answers: dict[str, Any] = {
            "ListEvents": pb.ListEventsResponse(),
            "GetServerInfo": pb.ServerInfo(version="test", api_revision=API_REVISION, pid=1, sandboxed=True),
        }
        self.scripts: dict[str, list[Any]] = {}
        self.requests: list[tuple[str, Any]] = []
        self.tokens: set[str] = set()
        self.greeting: dict[str, str] | None = None
        self._given = 0
        self._gone = threading.Event()

    def start(self) -> "FakeDaemon":
        self._gone.clear()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._server = grpc.server(ThreadPoolExecutor(8), options=[("grpc.so_reuseport", 0)])
        add_ForemandServicer_to_server(self, self._server)
        self._server.add_insecure_port(f"unix:{self.path}")
        self._server.start()
        self._operators = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        operator_path = Path(f"{self.path}.operator")
        operator_path.unlink(missing_ok=True)
        self._operators.bind(str(operator_path))
        self._operators.listen()
        threading.Thread(target=self._greet, args=(self._operators,), daemon=True).start()
        return self

    def stop(self) -> None:
        self._gone.set()
        self._operators.shutdown(socket.SHUT_RDWR)
        self._operators.close()
        Path(f"{self.path}.operator").unlink(missing_ok=True)
        self._server.stop(0).wait(5)
        self.tokens.clear()

    def restart(self) -> None:
        self.stop()
        self.start()

    def asked(self, verb: str) -> list[Any]:
        return [request for name, request in self.requests if name == verb]

    def _greet(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self._given += 1
            token = f"token-{self._given}"
            self.tokens.add(token)
            connection.sendall(json.dumps(self.greeting or {"token": token}).encode() + b"\n")
            threading.Thread(target=self._until_closed, args=(connection, token), daemon=True).start()

    def _until_closed(self, connection: socket.socket, token: str) -> None:
        with connection:
            connection.recv(1)
        self.tokens.discard(token)

    def answer(self, verb: str, request: Any, context: grpc.ServicerContext) -> Any:
        self.requests.append((verb, request))
        if dict(context.invocation_metadata()).get("foremand-token") not in self.tokens:
            Refusal(grpc.StatusCode.PERMISSION_DENIED, "no operator's token", "NOT_AN_OPERATOR").send(context)
        script = self.scripts.get(verb)
        answer = script.pop(0) if script else self.answers.get(verb)
        if answer is None:
            context.abort(grpc.StatusCode.UNIMPLEMENTED, f"{verb} is not scripted")
        return answer(request) if callable(answer) else answer

    def stream(self, verb: str, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        answer = self.answer(verb, request, context)
        for item in answer if isinstance(answer, list) else [answer]:
            if isinstance(item, Refusal):
                item.send(context)
            elif item is HOLD:
                done = threading.Event()
                context.add_callback(done.set)
                while not (done.wait(0.05) or self._gone.is_set()):
                    pass
                if self._gone.is_set():
                    context.abort(grpc.StatusCode.UNAVAILABLE, "the daemon stops")
            elif callable(item):
                yield item(request)
            else:
                yield item


def _unary(verb: str) -> Any:
    def call(self: FakeDaemon, request: Any, context: grpc.ServicerContext) -> Any:
        answer = self.answer(verb, request, context)
        if isinstance(answer, Refusal):
            answer.send(context)
        return answer

    return call


def _streaming(verb: str) -> Any:
    def call(self: FakeDaemon, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        return self.stream(verb, request, context)

    return call


for _verb in VERBS:
    setattr(FakeDaemon, _verb, _unary(_verb))
for _verb in STREAMS:
    setattr(FakeDaemon, _verb, _streaming(_verb))


def task(id_: int = 12, **fields: Any) -> pb.Task:
    """A task of which only what matters to a test is said."""
    known: dict[str, Any] = {
        "title": f"task {id_}",
        "repo": "/home/u/shop",
        "into": "main",
        "stages": ["plan", "implement"],
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z",
    }
    return pb.Task(id=id_, **(known | fields))


def _main() -> None:
    """`foremand [--socket PATH]`, as the autostart tests see it."""
    import os
    import signal

    runtime = Path(os.environ["XDG_RUNTIME_DIR"]) / "foremand" / "foremand.sock"
    path = Path(sys.argv[sys.argv.index("--socket") + 1]) if "--socket" in sys.argv else runtime
    daemon = FakeDaemon(path)
    daemon.answers["SubmitTask"] = task(1, state=pb.QUEUED)
    daemon.start()
    signal.sigwait({signal.SIGTERM})
    daemon.stop()


if __name__ == "__main__":
    import signal as _signal

    _signal.pthread_sigmask(_signal.SIG_BLOCK, {_signal.SIGTERM})
    _main()
