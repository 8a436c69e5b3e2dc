"""What happened, on disk before anything acts on it: one SQLite file, one writer, many readers.

Facts and agent events share one sequence. Facts are replayed at start; agent events, which are many, are only
watched and paged. Transcripts themselves are files beside the journal, which keeps how far each has been read.
"""

from .errors import (
    AlreadyAnswered,
    CursorAhead,
    IngestRefused,
    JournalCorrupt,
    JournalError,
    JournalFailed,
    JournalNewer,
    SlowConsumer,
)
from .journal import Journal
from .records import AGENT_EVENT, Cursor, Entry, Excerpt, Folded, Ingested, Item, Page, Request
from .tail import Subscription

__all__ = [
    "AGENT_EVENT",
    "AlreadyAnswered",
    "Cursor",
    "CursorAhead",
    "Entry",
    "Excerpt",
    "Folded",
    "IngestRefused",
    "Ingested",
    "Item",
    "Journal",
    "JournalCorrupt",
    "JournalError",
    "JournalFailed",
    "JournalNewer",
    "Page",
    "Request",
    "SlowConsumer",
    "Subscription",
]
