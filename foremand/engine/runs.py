"""What runs of a task, by the locks that runs hold: whatever its facts say."""

from pathlib import Path

from foremand.executors import Spool
from foremand.paths import Places


def running(places: Places, task: int) -> tuple[Path, ...]:
    """The run directories of agents, gates and setups of this task that run now; looks at the disk."""
    patterns = (
        f"attempts/{task}/*/",
        f"gates/{task}/*/",
        f"workspaces/{task}/setup-*/",
        f"checkouts/{task}-*/setup-*/",
    )
    runs = (run for pattern in patterns for run in places.state.glob(pattern))
    return tuple(run for run in runs if Spool(run).state() == "running")
