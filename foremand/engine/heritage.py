"""Copies of what is the user's own, in an agent's home: there for as long as the pipeline says so, and no longer."""

import contextlib
from collections.abc import Iterable
from pathlib import Path

import msgspec

from foremand.agents.port import File

from . import durable
from .inside import LinkInTheWay, inside, write_new


def give(home: Path, copies: Iterable[File]) -> None:
    """Have exactly these copies in an agent's home, of all that it was ever given.

    What it was given is noted beside the home, before it is there: servers of the user's may come with their keys.
    Raises OSError, LinkInTheWay among them.
    """
    files = {str(file.path.relative_to(home)): file for file in copies}
    note = home.with_name(f"{home.name}.inherited")
    given = _noted(note)
    if files.keys() - given:
        durable.write(note, msgspec.json.encode(sorted(given | files.keys())))
    for name in given - files.keys():
        with contextlib.suppress(LinkInTheWay, IsADirectoryError):  # then it is none of ours any more
            inside(home, name).unlink(missing_ok=True)
    for file in files.values():
        write_new(home, file.path, file.data, read_only=file.read_only)
    if given - files.keys():
        durable.write(note, msgspec.json.encode(sorted(files)))


def _noted(note: Path) -> set[str]:
    try:
        return set(msgspec.json.decode(note.read_bytes(), type=list[str]))
    except FileNotFoundError:
        return set()
    except msgspec.DecodeError as error:
        raise OSError(f"{note} cannot be read: {error}") from error
