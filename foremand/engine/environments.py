"""The environment of the client that submitted a task: kept for the user's eyes alone, given out by name.

Values are never put into the journal, an event or a log. Agents and gates see the few names that programs need to
work at all, what the pipeline's `[workspace] env` names, and, one agent alone, its own credentials.
"""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from . import durable

ALWAYS = ("PATH", "HOME", "USER", "LANG", "TZ", "TERM", "SHELL", "TMPDIR")
"""Names that every process gets, besides LC_*. HOME and TMPDIR are the task's own."""


_BELOW_HOME = {"RUSTUP_HOME": ".rustup"}
"""Where tools look for themselves by HOME, which for a task is another: rustup's cargo finds its toolchains there."""


def keep(file: Path, environment: Mapping[str, str]) -> None:
    """Store a client's environment, readable by the user alone, durably."""
    durable.write(file, msgspec.json.encode(dict(environment)))


def read(file: Path) -> dict[str, str]:
    """What was kept; empty where nothing is (the task's work is over)."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[str, str])
    except FileNotFoundError:
        return {}


def select(client: Mapping[str, str], names: Iterable[str], *, home: Path, tmp: Path) -> dict[str, str]:
    """The variables for one process: the usual ones, the named ones, and a HOME and TMPDIR of the task's own."""
    wanted = {*ALWAYS, *names, *(name for name in client if name.startswith("LC_"))}
    chosen = {name: value for name, value in client.items() if name in wanted}
    chosen.setdefault("PATH", os.defpath)
    for name, folder in _BELOW_HOME.items():
        where = Path(client.get("HOME", "/")) / folder
        if name not in client and where.is_dir():
            chosen[name] = str(where)
    return {**chosen, "HOME": str(home), "TMPDIR": str(tmp)}


def without_checkout(path: str, repo: Path) -> str:
    """PATH without entries inside the user's checkout: unsandboxed, they would run the user's code, not the task's."""
    entries = [entry for entry in path.split(os.pathsep) if entry]
    return os.pathsep.join(entry for entry in entries if not Path(entry).absolute().is_relative_to(repo))
