"""Running `foremand` itself: the daemon, and the commands that work without one."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from .options import Asked
from .output import Format

_ROOT = Path(__file__).parents[1]


def foremand(*args: str) -> list[str]:
    """The command line of the `foremand` that belongs to this foremanctl."""
    # `-m` alone would put the working directory first on the path, and that is a repository whose files (a
    # `click.py`, a whole `foremand/`) are not ours to run. Our own checkout is the one exception.
    safe = [] if Path.cwd() == _ROOT else ["-P"]
    return [sys.executable, *safe, "-m", "foremand", *args]


def become(args: Sequence[str]) -> NoReturn:
    """Runs `foremand ARGS` in our place: its output, its exit code, its signals."""
    command = foremand(*args)
    sys.stdout.flush()
    os.execv(command[0], command)  # noqa: S606 (no shell, on purpose)


def format_of(asked: Asked) -> list[str]:
    """`--format json` for a command that knows only that and text."""
    return [] if asked.format == Format.TABLE else ["--format", "json"]
