"""What is in a workspace and must never be taken for work.

That is what the pipeline names (`copy`, `setup_paths`), and, where a setup ran in the workspace itself, what it left
there that nothing ignores: it is remembered by name beside the tree.
"""

import os
from collections.abc import Iterable
from pathlib import Path

import msgspec

from foremand.core.spec import Workspace

from . import durable

SPECIAL = frozenset("\\*?[]!# ")
"""What means something in a glob."""


def keep_out(spec: Workspace, tree: Path) -> tuple[str, ...]:
    """Globs from the tree's top for all that is no work."""
    return (*spec.copy, *(spec.setup_paths or ()), *(_literal(name) for name in _known(tree)))


def remember(tree: Path, names: Iterable[bytes]) -> None:
    """Add what a setup has just left in this tree. Raises OSError."""
    known = sorted({*_known(tree), *(os.fsdecode(name) for name in names)})
    durable.write(_file(tree), msgspec.json.encode([os.fsencode(name) for name in known]))


def _known(tree: Path) -> list[str]:
    try:
        stored = msgspec.json.decode(_file(tree).read_bytes(), type=list[bytes])
    except FileNotFoundError:
        return []
    return [os.fsdecode(name) for name in stored]


def _file(tree: Path) -> Path:
    return tree.parent / "setup-left.json"


def _literal(name: str) -> str:
    return "".join(f"\\{letter}" if letter in SPECIAL else letter for letter in name)
