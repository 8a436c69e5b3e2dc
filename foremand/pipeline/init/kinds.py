"""What a kind of repository brings to its pipeline, and how repositories are read for it."""

import json
import shlex
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from msgspec import Struct

from foremand.pipeline.values import path_complaints

_HINT = "write .foremand/pipeline.toml by hand: `foremanctl schema` prints what it may hold"


class NoProposal(Exception):
    """No pipeline is known for this repository. `reason` says why, `hint` what to do instead."""

    def __init__(self, reason: str, hint: str = _HINT) -> None:
        self.reason = reason
        self.hint = hint
        super().__init__(f"{reason}; {hint}")


class ProposedGate(Struct, frozen=True, kw_only=True):
    """A command gate. `about` is its comment in the file; `junit` the report that `run` writes, if it writes one."""

    name: str
    about: str
    run: str
    junit: str | None = None


class Kind(Struct, frozen=True, kw_only=True):
    """How one kind of repository is set up and judged.

    `steps` are shell lines for a fresh checkout, `key` the files that decide what they make, `makes` what that is.
    `env` are variables by which its tools are found. `grows`: a new part of the repository adds to `makes`.
    """

    name: str
    gates: tuple[ProposedGate, ...]
    steps: tuple[str, ...] = ()
    key: tuple[str, ...] = ()
    makes: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    grows: bool = False


_BROUGHT = frozenset({"node_modules", "target", "vendor", ".venv"})

COUNTS = "A run that finds no test does not pass."
"""What is said of a gate that can tell."""


def counted(command: str, pattern: str) -> str:
    """A script that passes when `command` does and a line of what it said matches `pattern` (grep -E).

    For tools that are content when there is no test and write no report. It needs no bash, shows the output as it
    comes, and keeps the exit code: 127 is a missing program, not refused work.
    """
    return (
        f'{{ {command} 2>&1 && code=0 || code=$?; echo $code > "$TMPDIR/code"; }} | tee "$TMPDIR/output"\n'
        'code=$(cat "$TMPDIR/code"); test "$code" = 0 || exit "$code"\n'
        f"grep -Eq {shlex.quote(pattern)} \"$TMPDIR/output\" || {{ echo 'no test ran'; exit 1; }}\n"
    )


def there(top: Path, names: Iterable[str]) -> tuple[str, ...]:
    """Those of these paths that are files of the repository and may stand in a pipeline, sorted."""
    return tuple(sorted({name for name in names if not any(path_complaints(name)) and (top / name).is_file()}))


def found(top: Path, *patterns: str) -> tuple[str, ...]:
    """The files that match, but for those of packages that tools have brought. Patterns that lead out match nothing."""
    inside = [pattern for pattern in patterns if not any(path_complaints(pattern))]
    names = (path.relative_to(top) for pattern in inside for path in top.glob(pattern))
    return there(top, (name.as_posix() for name in names if not _BROUGHT.intersection(name.parts)))


def read_toml(path: Path) -> dict[str, Any]:
    """The file's tables, empty where there is no file. Raises NoProposal."""
    text = _text(path)
    try:
        return tomllib.loads(text) if text is not None else {}
    except ValueError as wrong:
        raise _unreadable(path, wrong) from wrong


def read_json(path: Path) -> dict[str, Any]:
    """The file's object, empty where there is no file. Raises NoProposal."""
    text = _text(path)
    try:
        data = json.loads(text) if text is not None else {}
    except ValueError as wrong:
        raise _unreadable(path, wrong) from wrong
    return data if isinstance(data, dict) else {}


def lines_of(path: Path) -> list[str]:
    """The lines of a file, none where it cannot be read."""
    try:
        return path.read_text("utf-8", errors="replace").splitlines()
    except OSError:
        return []


def table_at(data: dict[str, Any], *keys: str) -> dict[str, Any]:
    """The table under these keys, empty where there is none or something else stands there."""
    for key in keys:
        inner = data.get(key)
        data = inner if isinstance(inner, dict) else {}
    return data


def texts(value: object) -> list[str]:
    """The texts of a list; a single one stands for a list of one, anything else for none."""
    values = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    return [text for text in values if isinstance(text, str)]


def _text(path: Path) -> str | None:
    if not path.exists():
        return None
    try:
        return path.read_text("utf-8")
    except (OSError, ValueError) as wrong:
        raise _unreadable(path, wrong) from wrong


def _unreadable(path: Path, wrong: Exception) -> NoProposal:
    return NoProposal(f"{path.name} cannot be read: {wrong}", "put it right and try again")
