"""What the journal may refuse or fail at.

    JournalError
    ├── JournalNewer      written by a later foremand
    ├── JournalCorrupt    not a journal, or damaged
    ├── JournalFailed     the disk or the database did not take or give it
    ├── AlreadyAnswered   the request was carried out before
    ├── IngestRefused     the batch does not begin where the stored offset ends
    ├── CursorAhead       a reader knows more than the journal
    └── SlowConsumer      a subscriber did not keep up

Each has a stable `reason` for programs, a sentence that says what and why, and a `hint` that says what to do.
"""

from pathlib import Path
from typing import ClassVar


class JournalError(Exception):
    """The journal refused or failed; nothing of what was asked is stored."""

    reason: ClassVar[str] = "JOURNAL_ERROR"

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.hint = hint


class JournalNewer(JournalError):
    """The journal's schema is later than this program knows. It is left untouched."""

    reason = "JOURNAL_NEWER"

    def __init__(self, path: Path, found: int, known: int) -> None:
        super().__init__(
            f"{path} was written by a later foremand: its schema is {found}, this one knows up to {known}",
            "start the later foremand, or set FOREMAND's state directory to another place",
        )
        self.found = found
        self.known = known


class JournalCorrupt(JournalError):
    """The file is not a journal, or is damaged. It is left as it is."""

    reason = "JOURNAL_CORRUPT"

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"{path} cannot be read as a journal: {why}",
            f"keep a copy of it with its -wal file, then put a backup in its place or move it away to start anew; "
            f"`sqlite3 {path} .recover` shows what is left in it",
        )


class JournalFailed(JournalError):
    """The database could not do it now: disk full, locked, read-only, closed. Asking again later may succeed."""

    reason = "JOURNAL_FAILED"

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"{path} could not be written or read: {why}",
            "see that the disk has room, that the file is yours to write and that no other program holds it",
        )


class AlreadyAnswered(JournalError):
    """The request id was used before; `answer` is what was said then. Nothing was written again."""

    reason = "ALREADY_ANSWERED"

    def __init__(self, request: str, answer: bytes) -> None:
        super().__init__(f"request {request} was carried out before", "use the stored answer")
        self.answer = answer


class IngestRefused(JournalError):
    """The batch starts at another offset, or in another file, than the stored cursor: it would repeat or drop."""

    reason = "INGEST_REFUSED"

    def __init__(self, task: int, attempt: int, stored: tuple[int, int | None], given: tuple[int, int]) -> None:
        super().__init__(
            f"the transcript of task {task}, attempt {attempt} is stored up to offset {stored[0]} of inode "
            f"{stored[1]}; the batch begins at offset {given[0]} of inode {given[1]}",
            "read the cursor again and go on from there",
        )


class CursorAhead(JournalError):
    """A reader asks for what comes after `after`, which the journal has not reached."""

    reason = "CURSOR_AHEAD"

    def __init__(self, after: int, last: int) -> None:
        super().__init__(
            f"the cursor {after} is beyond the end of the journal ({last}): it belongs to another one",
            "take a new snapshot and watch from its cursor",
        )
        self.after = after
        self.last = last


class SlowConsumer(JournalError):
    """The subscriber's buffer is full and its subscription over. `last_seq` is the last it was given."""

    reason = "SLOW_CONSUMER"

    def __init__(self, last_seq: int) -> None:
        super().__init__(
            f"events came faster than they were taken; the last one delivered is {last_seq}",
            f"subscribe again after {last_seq}: nothing is lost",
        )
        self.last_seq = last_seq
