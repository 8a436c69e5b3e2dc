"""Starting the program, and the tree of processes that grows from it."""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import time

from . import STATUS_FD, STRUGGLE
from .processes import descendants, process, strike, strike_marked

TYPE_CHECKING = False  # as `typing` would say it, which costs the shim half a megabyte
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

    from .files import Files

    Spec = dict[str, Any]
    """What to run: argv, cwd, env, plea (None: stdin does not stay open), deadline and grace in seconds, token,
    sandboxed."""

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
_LIBC = ctypes.CDLL(None, use_errno=True)


class CannotRun(Exception):
    """The program did not run. `code` is what a shell would exit with (127 missing, 126 not executable), None
    where it was not the program's fault."""

    def __init__(self, code: int | None, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


def adopt_orphans() -> None:
    """From here on every process below this one that loses its parent becomes a child of this one."""
    _LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def spawn(spec: Spec, files: Files, status: int | None) -> int:
    """Starts the program; bubblewrap tells its progress to `status`. Returns the pid. Raises CannotRun."""
    told, tell = os.pipe()
    shim = os.getpid()
    pid = os.fork()
    if pid == 0:
        _become(spec, files, status, shim, tell)
    os.close(tell)
    os.close(files.stdin)  # if the program closes its own, nobody is left to read it
    with os.fdopen(told, "rb") as pipe:
        report = pipe.read()  # ends when the exec has closed the other side
    if not report:
        return pid
    os.waitpid(pid, 0)
    step, number = report.decode().split()
    raise _cannot(spec, step, int(number))


def _cannot(spec: Spec, step: str, number: int) -> CannotRun:
    why = os.strerror(number)
    if step == "cwd":
        return CannotRun(None, f"working directory {spec['cwd']}: {why}")
    program = spec["argv"][0]
    if spec["sandboxed"]:
        return CannotRun(None, f"the sandbox's own program {program}: {why}")
    return CannotRun(127 if number in (errno.ENOENT, errno.ENOTDIR) else 126, f"{program}: {why}")


def _become(spec: Spec, files: Files, status: int | None, shim: int, tell: int) -> NoReturn:
    """In the child: turns into the program, or tells at which step and with which errno it could not."""
    step = "exec"
    try:
        _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != shim:
            os._exit(1)  # the shim died before the line above
        os.setsid()
        # What the daemon's own starter ignored or blocked is no business of the program.
        signal.set_wakeup_fd(-1)
        for number in set(range(1, 32)) - {signal.SIGKILL, signal.SIGSTOP}:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        for number, file in enumerate((files.stdin, files.out, files.err)):
            os.dup2(file, number)
        if status is not None:
            os.dup2(status, STATUS_FD)
        step = "cwd"
        os.chdir(os.fsencode(spec["cwd"]))
        step = "exec"
        argv = [os.fsencode(word) for word in spec["argv"]]
        env = {os.fsencode(name): os.fsencode(value) for name, value in spec["env"].items()}
        os.execvpe(argv[0], argv, env)  # noqa: S606 - no shell on purpose
    except OSError as error:
        os.write(tell, f"{step} {error.errno}".encode())
    except ValueError:  # a NUL byte in a word or a name
        os.write(tell, f"{step} {errno.EINVAL}".encode())
    finally:
        os._exit(127)


class Tree:
    """The program and all that descends from it. Orphans come back to the shim, which is their sub-reaper."""

    def __init__(self, pid: int, spec: Spec) -> None:
        self._pid = pid
        self._token: str = spec["token"]
        self._sandboxed: bool = spec["sandboxed"]
        self.status: int | None = None
        """The program's wait status, None while it runs."""

    def reap(self) -> bool:
        """Collects who has died; True while children are left."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if pid == 0:
                return True
            if pid == self._pid:
                self.status = status

    def interrupt(self, number: int) -> None:
        """Signals the program's process group, as a terminal would."""
        pid = self._program()
        try:
            if pid is not None:
                os.killpg(os.getpgid(pid), number)
        except ProcessLookupError:
            pass  # it has just ended

    def _program(self) -> int | None:
        """The program itself, None while its sandbox is being set up. Bubblewrap stands before it twice, as monitor
        and as the namespace's first process; a signal to the monitor would kill the program outright."""
        pid = self._pid
        for _ in range(2 if self._sandboxed else 0):
            below = descendants(pid)
            children = [child for child in below if below[child].parent == pid]
            if not children:
                return None
            pid = min(children, key=lambda child: (below[child].began, child))
        return pid

    def end(self, wait: Callable[[float], None]) -> set[int]:
        """Kills until nothing is left. `wait` returns when a child has died or its seconds are over.

        Returns who is still there after `STRUGGLE`: what runs as another user, or hangs in the kernel.
        """
        until = time.monotonic() + STRUGGLE
        while True:
            children = self.reap()
            # Reaping the first process of a PID namespace proves that all others in it are gone.
            left = self._strike_below() if children else strike_marked(self._token)
            if not (children or left) or time.monotonic() > until:
                return left
            wait(0.02)

    def _strike_below(self) -> set[int]:
        shim = os.getpid()
        below = {pid for pid, found in descendants(shim).items() if found.alive}

        def ours(pid: int) -> bool:
            found = process(pid)
            return found is not None and (found.parent == shim or found.parent in below)

        # All are stopped first: then no parent can put new children in the place of those that die.
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in below:
                strike(pid, number, ours)
        return below
