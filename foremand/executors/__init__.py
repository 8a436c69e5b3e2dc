"""Running a program so that it outlives the daemon, ends as a whole, and is accounted for.

Agents, workspace setups and gates all run by this one way: a directory per run (`spool`), a small supervisor
process that holds its lock (`shim`), a view of the file system made for it (`sandbox`), and the daemon's hand
on all of it (`local`).
"""

from .cpu import cpu_seconds
from .errors import ExecutorError, NotStarted, RunLost, SandboxMissing, StartFailed
from .local import Command, LocalExecutor
from .sandbox import Mounts, Sandbox, Unsandboxed
from .shim import MARKER, TOKEN
from .shim.processes import end_marked
from .spool import Exit, Spool
from .who import own_program, run_of_shim

__all__ = [
    "MARKER",
    "TOKEN",
    "Command",
    "ExecutorError",
    "Exit",
    "LocalExecutor",
    "Mounts",
    "NotStarted",
    "RunLost",
    "Sandbox",
    "SandboxMissing",
    "Spool",
    "StartFailed",
    "Unsandboxed",
    "cpu_seconds",
    "end_marked",
    "own_program",
    "run_of_shim",
]
