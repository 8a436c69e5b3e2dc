"""How things are said before a decision: in notes, each with its weight."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from foremanctl.harmless import line
from foremand.v1 import foremand_pb2 as pb

from .patch import File

Weight = Literal["", "head", "good", "warn", "bad", "dim"]
"""`head` begins a section; `warn` is for what should not be missed."""


@dataclass(frozen=True)
class Note:
    """Something to be read, in anybody's words. It may be long, and have no harmless words in it."""

    text: str
    weight: Weight = ""


@dataclass(frozen=True)
class Section:
    """Notes under a title."""

    title: str
    notes: Sequence[Note]


def files_named(files: Sequence[File], most: int = 6) -> str:
    """The first of the files by name, and how many more there are."""
    more = f" and {len(files) - most} more" if len(files) > most else ""
    return ", ".join(line(file.path) for file in files[:most]) + more


def answered(said: pb.Approval) -> str:
    """Who said what, for which gate: `tim approved owner`, `tim sent it back for owner`."""
    verb, whole = ("sent it back for", "sent it back") if said.decision == "rework" else (said.decision, said.decision)
    return f"{said.by} {verb} {said.gate}" if said.gate else f"{said.by} {whole}"
