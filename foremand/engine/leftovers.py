"""What is in a workspace and must never be taken for work.

That is what the pipeline names (`copy`, `setup_paths`), and, where a setup ran in the workspace itself, what it left
there that nothing ignores: it is remembered beside the tree, and counts as left only for as long as nobody touches it.
"""

import os
from collections.abc import Iterable
from pathlib import Path

import msgspec

from foremand.core.spec import Workspace

from . import durable

Stamp = tuple[int, int, int, int]

SPECIAL = frozenset("\\*?[]!# ")
"""What means something in a glob."""


def keep_out(spec: Workspace, tree: Path) -> tuple[str, ...]:
    """Globs from the tree's top for all that is no work."""
    left = (_literal(name) for name, stamp in _known(tree).items() if _stamp(tree / name) == stamp)
    return (*spec.copy, *(spec.setup_paths or ()), *left)


def remember(tree: Path, names: Iterable[bytes]) -> None:
    """Add what a setup has just left in this tree. Raises OSError."""
    fresh = {os.fsdecode(name): _stamp(tree / os.fsdecode(name)) for name in names}
    known = {**_known(tree), **{name: stamp for name, stamp in fresh.items() if stamp is not None}}
    durable.write(_file(tree), msgspec.msgpack.encode([(os.fsencode(name), stamp) for name, stamp in known.items()]))


def _known(tree: Path) -> dict[str, Stamp]:
    try:
        stored = msgspec.msgpack.decode(_file(tree).read_bytes(), type=list[tuple[bytes, Stamp]])
    except FileNotFoundError:
        return {}
    return {os.fsdecode(name): stamp for name, stamp in stored}


def _stamp(file: Path) -> Stamp | None:
    """What changes when somebody writes the file, or puts another in its place; None where there is none."""
    try:
        there = file.lstat()
    except OSError:
        return None
    return there.st_mode, there.st_ino, there.st_size, there.st_mtime_ns


def _file(tree: Path) -> Path:
    return tree.parent / "setup-left"


def _literal(name: str) -> str:
    return "".join(f"\\{letter}" if letter in SPECIAL else letter for letter in name)
