"""Who descends from whom and which run it belongs to, from /proc; and how to signal nobody else."""

from __future__ import annotations

import os
import signal
import time

from . import STRUGGLE, TOKEN

TYPE_CHECKING = False  # as `typing` would say it, which costs the shim half a megabyte
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_QUIET = 0.1
"""Seconds of looks that find nothing before nothing is believed to be there."""


class Process:
    """What one line of /proc/PID/stat tells: enough to draw the tree of processes.

    `ticks` of CPU it has used, with those of its children that have ended and been collected.
    """

    def __init__(self, stat: bytes) -> None:
        # The command's name stands in brackets and may itself hold brackets and spaces.
        fields = stat[stat.rindex(b")") + 2 :].split()
        self.alive = fields[0] not in (b"Z", b"X")
        self.parent = int(fields[1])
        self.ticks = sum(map(int, fields[11:15]))
        self.began = int(fields[19])


def process(pid: int) -> Process | None:
    """The process as it is now, None when it has gone."""
    stat = _read(f"/proc/{pid}/stat")
    return Process(stat) if stat else None


def descendants(root: int) -> dict[int, Process]:
    """Every process below `root`, zombies included, by pid."""
    everyone = {pid: found for pid in _pids() if (found := process(pid))}
    children: dict[int, list[int]] = {}
    for pid, found in everyone.items():
        children.setdefault(found.parent, []).append(pid)
    below: dict[int, Process] = {}
    ahead = children.get(root, [])
    while ahead:
        pid = ahead.pop()
        below[pid] = everyone[pid]
        ahead += children.get(pid, [])
    return below


def strike_marked(token: str) -> set[int]:
    """Kills every process of this user, but for the caller, that inherited `token`; returns who that was."""

    def carries(pid: int) -> bool:
        return f"{TOKEN}={token}".encode() in _read(f"/proc/{pid}/environ").split(b"\0")

    found = {pid for pid in _pids() if pid != os.getpid() and carries(pid)}
    for pid in found:
        strike(pid, signal.SIGKILL, carries)
    return found


def end_marked(token: str, patience: float = STRUGGLE) -> set[int]:
    """Kills what carries `token` until nothing does; blocks. Returns who is still there after `patience` seconds.

    One empty look proves nothing: in the middle of an exec a process has no environment yet. Hence `_QUIET`.
    """
    last = time.monotonic()
    until = last + patience
    while True:
        left = strike_marked(token)
        now = time.monotonic()
        if left:
            last = now
        if now - last > _QUIET or now > until:
            return left
        time.sleep(0.01)


def strike(pid: int, number: int, ours: Callable[[int], bool]) -> None:
    """Signals the process only if, held by a pidfd, it is still `ours`: its pid may have gone to another one."""
    try:
        held = os.pidfd_open(pid)
    except OSError:
        return
    try:
        if ours(pid):
            signal.pidfd_send_signal(held, number)
    except OSError:
        pass  # gone, or of another user: whoever wants it gone looks again anyway
    finally:
        os.close(held)


def _pids() -> Iterator[int]:
    return (int(name) for name in os.listdir("/proc") if name.isdigit())  # noqa: PTH208 - pathlib is too big here


def _read(path: str) -> bytes:
    """A file of /proc, empty when the process has gone or is not ours to look at."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - pathlib is too big here
            return file.read()
    except OSError:
        return b""
