"""A scripted model: the Anthropic Messages API on loopback, answering from Python data; stdlib only.

Real agent CLIs are tested against it. Every script has a base URL of its own (`/s/NAME`), so that parallel
sessions are told apart; its steps are consumed one by each model request, whichever process asks. Everything
that was asked is kept, and how many requests stood open at once.

    with ModelServer() as model:
        url = model.script("fix", [Tool("Write", {"file_path": "a", "content": "b"}), Text("done")])
        ...  # run the CLI with ANTHROPIC_BASE_URL=url
        assert "2 tests failed" in model.requests("fix")[-1].text

As a program it serves a JSON file of scripts, `{"fix": [{"tool": "Bash", "input": {}}, {"text": "done"}]}`:

    python model_server.py --port 8765 scripts.json
"""

import argparse
import contextlib
import json
import select
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain, repeat
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from model_script import (
    ERROR_TYPES,
    EXHAUSTED,
    Cut,
    Error,
    Hang,
    Request,
    Step,
    Text,
    Tool,
    ending,
    message,
    step_from,
    unfinished,
    whole,
)

Chooser = Callable[[Request], Step]
"""A step that looks at the request before it decides."""


class _Script:
    """The steps of one script, and whom `release` wakes."""

    def __init__(self, steps: Iterable[Step | Chooser]) -> None:
        self.steps = chain.from_iterable(map(_expand, steps))
        self.released = threading.Event()

    def next(self, request: Request) -> Step:
        step = next(self.steps, EXHAUSTED)
        return step if isinstance(step, Step) else step(request)


def _expand(step: Step | Chooser) -> Iterable[Step | Chooser]:
    if isinstance(step, Error | Cut):
        return repeat(step) if step.times is None else repeat(step, step.times)
    return (step,)


class ModelServer:
    """The server, in threads of its own. Its public methods may be called from any thread."""

    def __init__(self, port: int = 0) -> None:
        self._lock = threading.Lock()
        self._scripts: dict[str, _Script] = {}
        self._requests: list[Request] = []
        self._open: dict[str, int] = {}
        self._changed = threading.Condition(self._lock)
        self.max_open = 0
        """The most requests that stood open at once."""
        self.max_scripts = 0
        """The most scripts that had a request open at once: the sessions that truly ran in parallel."""
        self._http = _Listener(("127.0.0.1", port), self)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name in list(self._scripts):
            self.release(name)
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    @property
    def port(self) -> int:
        """The port on 127.0.0.1."""
        return int(self._http.server_address[1])

    def url(self, name: str) -> str:
        """The base URL under which the script answers."""
        return f"http://127.0.0.1:{self.port}/s/{name}"

    def script(self, name: str, steps: Iterable[Step | Chooser]) -> str:
        """Sets what the script answers from now on. Returns its base URL."""
        with self._lock:
            self._scripts[name] = _Script(steps)
        return self.url(name)

    def release(self, name: str) -> None:
        """Lets a `Hang` of this script go on."""
        self._scripts[name].released.set()

    def requests(self, name: str | None = None) -> list[Request]:
        """The model requests so far, in order of arrival; of one script, or of all."""
        with self._lock:
            return [each for each in self._requests if name in (None, each.script)]

    def wait_requests(self, number: int, name: str | None = None, timeout: float = 20.0) -> list[Request]:
        """Waits until so many requests have come in, at most `timeout` seconds (then TimeoutError)."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._count(name) >= number, timeout):
                raise TimeoutError(f"{self._count(name)} of {number} model requests after {timeout:g} s")
        return self.requests(name)

    def _count(self, name: str | None) -> int:
        return sum(name in (None, each.script) for each in self._requests)

    @contextlib.contextmanager
    def opened(self, name: str, body: dict[str, Any], headers: dict[str, str]) -> Iterator[tuple[Request, Step]]:
        """Books one request while it stands open, and takes the step that answers it.

        The end of the answer is sent after it is booked as closed: whoever has seen it is no longer counted.
        """
        with self._changed:
            request = Request(name, len(self._requests), body, headers, time.monotonic())
            self._requests.append(request)
            self._open[name] = self._open.get(name, 0) + 1
            self.max_open = max(self.max_open, sum(self._open.values()))
            self.max_scripts = max(self.max_scripts, sum(map(bool, self._open.values())))
            step = self._scripts[name].next(request) if name in self._scripts else EXHAUSTED
            self._changed.notify_all()
        try:
            yield request, step
        finally:
            with self._changed:
                request.closed = time.monotonic()
                self._open[name] -= 1
                self._changed.notify_all()

    def wait_released(self, name: str, connection: socket.socket) -> bool:
        """Waits for `release`; False if the client went away first."""
        released = self._scripts[name].released
        while not released.wait(0.02):
            if select.select([connection], [], [], 0)[0] and not connection.recv(1, socket.MSG_PEEK):
                return False
        return True


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], model: ModelServer) -> None:
        super().__init__(address, _Handler)
        self.model = model

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is part of the game."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Listener

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """Silent: what was asked is kept, not printed."""

    def do_HEAD(self) -> None:
        self._json(200, {})

    def do_GET(self) -> None:
        self._json(404, {"type": "error", "error": {"type": "not_found_error", "message": "scripted server"}})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("content-length", 0))) or b"{}")
        path = self.path.partition("?")[0].strip("/").split("/")
        if path[-1] == "count_tokens":
            return self._json(200, {"input_tokens": 1000})
        if len(path) < 3 or path[0] != "s" or path[-1] != "messages":
            return self.do_GET()
        headers = {name.lower(): value for name, value in self.headers.items()}
        with self.server.model.opened(path[1], body, headers) as (request, step):
            finish = self._answer(request, step)
        finish()
        return None

    def _answer(self, request: Request, step: Step) -> Callable[[], None]:
        """Answers all but the end, which the returned function sends."""
        match step:
            case Error():
                return partial(self._refuse, step)
            case Cut(text):
                self._stream(unfinished(request, text))
                time.sleep(step.after)
                return self._break  # no last chunk: the client sees a broken stream
            case Hang(text):
                self._stream(unfinished(request, text))
                if not self.server.model.wait_released(request.script, self.connection):
                    return self._break
                return partial(self._end_stream, ending(0, "end_turn", 50))
            case Text() | Tool():
                time.sleep(step.delay)
                if not request.body.get("stream"):
                    return partial(self._json, 200, whole(request, step))
                *most, last = message(request, step)
                self._stream(most)
                return partial(self._end_stream, [last])

    def _break(self) -> None:
        self.close_connection = True

    def _refuse(self, step: Error) -> None:
        kind = ERROR_TYPES.get(step.status, "api_error")
        headers = dict(step.headers)
        if step.retry_after is not None:
            headers["retry-after"] = f"{step.retry_after:g}"
        self._json(step.status, {"type": "error", "error": {"type": kind, "message": step.message}}, headers)

    def _json(self, status: int, body: object, headers: Mapping[str, str] | None = None) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def _stream(self, events: Iterable[dict[str, Any]]) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        self._events(events)

    def _events(self, events: Iterable[dict[str, Any]]) -> None:
        for event in events:
            data = f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

    def _end_stream(self, events: Iterable[dict[str, Any]]) -> None:
        self._events(events)
        self.wfile.write(b"0\r\n\r\n")


def main() -> None:
    """Serves the scripts of a JSON file until interrupted."""
    parser = argparse.ArgumentParser(description="a scripted model server for agent CLIs")
    parser.add_argument("scripts", type=Path, help="a JSON file: script name -> list of steps")
    parser.add_argument("--port", type=int, default=8765)
    chosen = parser.parse_args()
    with ModelServer(chosen.port) as model, contextlib.suppress(KeyboardInterrupt):
        for name, steps in json.loads(chosen.scripts.read_text()).items():
            print(f"ANTHROPIC_BASE_URL={model.script(name, map(step_from, steps))}", flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
