"""Watching the program until it ends or has to, and saying how it ended."""

from __future__ import annotations

import math
import os
import select
import signal
import time

from . import ERR, PLEA
from .files import get_ready, last_line, read_json
from .program import CannotRun, Tree, adopt_orphans, spawn

TYPE_CHECKING = False  # as `typing` would say it, which costs the shim half a megabyte
if TYPE_CHECKING:
    from typing import Any

    from .files import Files
    from .inlet import Inlet
    from .program import Spec

PLEAD = 0
"""The step before all signals: the program is asked to end on its standard input."""


class Watch:
    """Everything the shim waits for: children, messages, its own signals and the time. Nothing polls."""

    def __init__(self, control: int) -> None:
        self._control = control
        self._wake, alarm = os.pipe()
        os.set_blocking(self._wake, False)
        os.set_blocking(alarm, False)
        signal.set_wakeup_fd(alarm, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._told: list[int] = []
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda number, _: self._told.append(number))
        self._poll = select.poll()
        self._poll.register(self._wake, select.POLLIN)
        self._poll.register(control, select.POLLIN)

    def wait(self, seconds: float, inlet: int | None = None) -> None:
        """Until something happens, at most `seconds` of a clock that stands still while the machine sleeps. That
        there is room in `inlet` is something, too."""
        limit = None if seconds == math.inf else min(math.ceil(max(seconds, 0) * 1000), 2**31 - 1)
        if inlet is not None:
            self._poll.register(inlet, select.POLLOUT)
        self._poll.poll(limit)
        if inlet is not None:
            self._poll.unregister(inlet)
        _drain(self._wake)

    def pause(self, seconds: float) -> None:
        """Like `wait`, when messages no longer change anything."""
        self.wait(seconds)
        self.messages()

    def messages(self) -> list[dict[str, Any]]:
        """What was asked since the last call. Each is an object with `do`; unknown ones are for later shims."""
        asked: list[dict[str, Any]] = []
        while self._told:
            name = signal.Signals(self._told.pop(0)).name
            asked.append({"do": "stop", "reason": f"the supervisor was told to end by {name}"})
        for line in _drain(self._control).splitlines():
            try:
                asked.append(dict(read_json(line)))
            except (ValueError, TypeError):
                continue  # not from the daemon, which writes whole lines
        return asked


def _drain(pipe: int) -> bytes:
    try:
        return os.read(pipe, 65536)
    except BlockingIOError:
        return b""


class Ending:
    """Why and by which steps the program is ended: SIGINT, SIGTERM, SIGKILL, `grace` seconds apart.

    A program that `hears` is first asked, and has a moment to follow.
    """

    def __init__(self, deadline: float, grace: float, *, hears: bool = False) -> None:
        self.due = deadline
        """When the next step is to be taken, on the monotonic clock."""
        self.reason = "exited"
        self.detail = ""
        self._grace = grace
        self._steps = [*([PLEAD] if hears else []), signal.SIGINT, signal.SIGTERM, signal.SIGKILL]

    def ask(self, detail: str, grace: float | None, now: float) -> None:
        """A person or the daemon wants it stopped. The first reason stays; another grace counts at once."""
        self._grace = self._grace if grace is None else grace
        if self.reason == "exited":
            self.reason, self.detail, self.due = "stopped", detail, now
        self.due = min(self.due, now + self._grace)

    def step(self, now: float) -> int | None:
        """The signal that is due, or PLEAD, if anything is."""
        if now < self.due:
            return None
        if self.reason == "exited":
            self.reason = "deadline"
        step = self._steps.pop(0)
        self.due = now + (min(self._grace, PLEA) if step == PLEAD else self._grace)
        return step


def supervise(spec: Spec, files: Files) -> dict[str, Any]:
    """Runs the program to its end and ends all that it started. Returns the record of the end."""
    adopt_orphans()
    watch = Watch(files.control)
    told, tell = os.pipe()
    began = time.monotonic()
    try:
        pid = spawn(spec, files, tell if spec["sandboxed"] else None)
    except CannotRun as failure:
        reason = "not-started" if failure.code is None else "exited"
        return _record(failure.code, None, reason, failure.detail, 0.0)
    os.close(tell)
    get_ready()
    tree = Tree(pid, spec)
    inlet = files.inlet
    deadline = math.inf if spec["deadline"] is None else began + spec["deadline"]
    ending = Ending(deadline, spec["grace"], hears=inlet is not None)
    try:
        while tree.reap() and tree.status is None:
            now = time.monotonic()
            for message in watch.messages():
                if message.get("do") == "stop":
                    ending.ask(str(message.get("reason")), message.get("grace"), now)
                elif inlet is not None:
                    _put_in(inlet, message)
            number = ending.step(now)
            if number == signal.SIGKILL:
                break
            if number == PLEAD and inlet is not None:
                inlet.plead(spec["plea"])
            elif number is not None:
                tree.interrupt(number)
            watch.wait(ending.due - now, inlet.pour() if inlet is not None else None)
        running = time.monotonic() - began
    finally:
        survivors = tree.end(watch.pause)
    sandbox = os.read(told, 65536) if spec["sandboxed"] else None
    return _verdict(tree.status, ending, sandbox, survivors, running)


def _put_in(inlet: Inlet, message: dict[str, Any]) -> None:
    match message.get("do"):
        case "tell":
            inlet.tell(str(message.get("name")))
        case "end-input":
            inlet.end()


def _verdict(
    status: int | None, ending: Ending, sandbox: bytes | None, survivors: set[int], running: float
) -> dict[str, Any]:
    """`sandbox` is what bubblewrap told, None without it."""
    code = os.WEXITSTATUS(status) if status is not None and os.WIFEXITED(status) else None
    number = os.WTERMSIG(status) if status is not None and os.WIFSIGNALED(status) else None
    reason, detail = ending.reason, ending.detail
    if reason == "exited" and code and sandbox is not None and b'"exit-code"' not in sandbox:
        # Bubblewrap that fails exits with 1 like any program: only what it did not tell sets the two apart.
        code, reason, detail = None, "not-started", last_line(ERR) or "the sandbox could not be set up"
    elif reason == "exited" and code in (126, 127):
        detail = last_line(ERR)
    if code is not None and sandbox is not None and 128 < code < 128 + 32:
        number, code = code - 128, None  # how bubblewrap passes on that a signal ended the program
    if reason == "deadline":
        detail = f"it was still running after {running:.1f} s"
    if survivors:
        detail = f"{detail}; could not be ended: processes {sorted(survivors)}".removeprefix("; ")
    return _record(code, number, reason, detail, running)


def _record(code: int | None, number: int | None, reason: str, detail: str, running: float) -> dict[str, Any]:
    return {"code": code, "signal": number, "reason": reason, "detail": detail, "running": round(running, 3)}
