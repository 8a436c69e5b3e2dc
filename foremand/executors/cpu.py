"""How busy a run is: what it has used of the CPU, read off its processes."""

import os
from pathlib import Path

from .shim.processes import descendants, process
from .spool import Spool

_TICK = 1.0 / os.sysconf("SC_CLK_TCK")
"""Seconds; mostly a hundredth."""


def cpu_seconds(run: Path) -> float | None:
    """Seconds of CPU that all processes of the run in directory `run` have used so far; None where it is not running.

    Those that have ended count too, but for the few that nobody collected: so it may fall a little. Looks at every
    process of the machine, which takes milliseconds.
    """
    spool = Spool(run)
    pid = spool.shim()
    shim = process(pid) if pid is not None else None
    if pid is None or shim is None or spool.state() != "running":
        return None
    # The shim held the lock after its pid was looked at: the pid has gone to nobody else.
    return _TICK * sum(each.ticks for each in (shim, *descendants(pid).values()))
