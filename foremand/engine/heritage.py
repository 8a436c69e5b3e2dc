"""Copies of what is the user's own, in an agent's home: there for as long as the pipeline says so, and no longer."""

import os
from collections.abc import Iterable
from pathlib import Path, PurePath

import msgspec

from foremand.agents.port import File

from . import durable
from .inside import write_new


def give(home: Path, copies: Iterable[File]) -> None:
    """Have exactly these copies in an agent's home, of all that it was ever given.

    What it was given is noted beside the home, before it is there: servers of the user's may come with their keys.
    Raises OSError, LinkInTheWay among them.
    """
    files = {file.path.relative_to(home): file for file in copies}
    note = home.with_name(f"{home.name}.inherited")
    given = _noted(note)
    if files.keys() - given:
        _note(note, given | files.keys())
    for name in given - files.keys():
        _remove(home, name)
    for file in files.values():
        write_new(home, file.path, file.data, read_only=file.read_only)
    if given - files.keys():
        _note(note, files.keys())


def _remove(home: Path, name: PurePath) -> None:
    """Take a copy out, if it is still there: what the agent has laid in its place, or on the way to it, is its own."""
    if name.is_absolute() or ".." in name.parts:
        raise OSError(f"{name} was never given to {home}")
    *folders, _ = (home / part for part in (*reversed(name.parents[:-1]), name))
    path = home / name
    if all(os.path.isdir(folder) and not folder.is_symlink() for folder in folders) and not path.is_dir():  # noqa: PTH112
        path.unlink(missing_ok=True)


def _note(note: Path, names: Iterable[PurePath]) -> None:
    durable.write(note, msgspec.msgpack.encode(sorted(os.fsencode(name) for name in names)))


def _noted(note: Path) -> set[PurePath]:
    try:
        return {PurePath(os.fsdecode(name)) for name in msgspec.msgpack.decode(note.read_bytes(), type=list[bytes])}
    except FileNotFoundError:
        return set()
    except msgspec.DecodeError as error:
        raise OSError(f"{note} cannot be read: {error}") from error
