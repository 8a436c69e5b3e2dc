"""How foremanctl ends: the one list of exit codes, and the tree of errors that own them.

    Failure                 1  unexpected
    +-- Usage               2  what was asked makes no sense, or a file is not valid
    +-- Unreachable         3  no daemon answers
    +-- NotFound            4
    +-- Conflict            5  stale revision, already answered, wrong state
    +-- Denied              6
    +-- VersionMismatch     7  the daemon is older than this command
    +-- TimedOut          124

10, 11 and 12 are no errors: they say where a task stands.
"""

from enum import IntEnum
from typing import ClassVar


class Exit(IntEnum):
    """What a script can rely on."""

    OK = 0
    UNEXPECTED = 1
    USAGE = 2
    UNREACHABLE = 3
    NOT_FOUND = 4
    CONFLICT = 5
    DENIED = 6
    VERSION = 7
    NOT_LANDED = 10
    CANCELLED = 11
    NEEDS_PERSON = 12
    TIMEOUT = 124
    INTERRUPTED = 130


class Failure(Exception):
    """Something did not work: what happened, why, and what to do about it.

    `lost` says that it was the connection alone: the same may be asked again over a new one.
    """

    exit: ClassVar[Exit] = Exit.UNEXPECTED

    def __init__(self, what: str, *, why: str = "", hint: str = "", lost: bool = False) -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.hint = hint
        self.lost = lost


class Usage(Failure):
    """What was asked makes no sense, or a file is not valid."""

    exit = Exit.USAGE


class Unreachable(Failure):
    """No daemon answers."""

    exit = Exit.UNREACHABLE


class NotFound(Failure):
    """There is no such thing."""

    exit = Exit.NOT_FOUND


class Conflict(Failure):
    """It is not as the asker believed: stale revision, already answered, wrong state."""

    exit = Exit.CONFLICT


class Denied(Failure):
    """This caller may not."""

    exit = Exit.DENIED


class VersionMismatch(Failure):
    """The daemon is older than this command."""

    exit = Exit.VERSION


class TimedOut(Failure):
    """The time that was given is over."""

    exit = Exit.TIMEOUT
