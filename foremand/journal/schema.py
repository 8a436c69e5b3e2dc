"""The database file: its tables, its version, and how a connection to it is opened.

The schema's version is SQLite's `user_version`. Whoever changes a table, or adds a type of fact, adds a step to
`STEPS` (an empty one will do for a fact): an older foremand then refuses the journal instead of misreading it.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import JournalCorrupt, JournalFailed, JournalNewer

APPLICATION = int.from_bytes(b"frmn", "big")
"""SQLite's `application_id`: tells a journal from any other database."""

STEPS = (
    """
    CREATE TABLE facts (
        seq INTEGER PRIMARY KEY, task INTEGER NOT NULL, at REAL NOT NULL, type TEXT NOT NULL, body BLOB NOT NULL
    );
    CREATE INDEX facts_of_task ON facts (task);

    -- Agent events by the hundred in one row: the overhead of a row would be too much for 100,000 lines a second.
    CREATE TABLE chunks (
        last_seq INTEGER PRIMARY KEY, first_seq INTEGER NOT NULL, task INTEGER NOT NULL, attempt INTEGER NOT NULL,
        at REAL NOT NULL, body BLOB NOT NULL
    );
    CREATE INDEX chunks_of_task ON chunks (task);

    CREATE TABLE cursors (
        task INTEGER, attempt INTEGER, offset INTEGER NOT NULL, inode INTEGER NOT NULL, usage BLOB NOT NULL,
        reader_state BLOB NOT NULL, PRIMARY KEY (task, attempt)
    ) WITHOUT ROWID;

    CREATE TABLE answers (request TEXT PRIMARY KEY, seq INTEGER NOT NULL, answer BLOB NOT NULL) WITHOUT ROWID;

    -- What was given out once is not given out again, whatever is removed from the tables later.
    CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
    INSERT INTO counters VALUES ('seq', 0), ('task', 0);

    -- Projections, copies of what the facts say: dropped and made again by `rebuild`.
    CREATE TABLE folded (task INTEGER PRIMARY KEY, seq INTEGER NOT NULL, body BLOB NOT NULL);
    CREATE TABLE base_runs (
        definition TEXT, tree TEXT, seq INTEGER NOT NULL, PRIMARY KEY (definition, tree)
    ) WITHOUT ROWID
    """,
    "",  # the fact LandingLocked
    "",  # the facts of the whole pipeline: holds, profiles, repins, reviews, pauses, hand-overs, questions, signatures
    "",  # the fact Prioritized
)
"""What leads from version n to n + 1. Steps that were released are never changed."""

CHECKPOINT_PAGES = 4000
"""The WAL is copied into the database when it has this many pages (16 MB): rarely enough under load."""


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into the journal's own."""
    try:
        yield
    except sqlite3.Error as error:
        raise failure(path, error) from error


def failure(path: Path, error: Exception) -> JournalCorrupt | JournalFailed:
    """The journal's own error for one of SQLite's."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return JournalCorrupt(path, str(error))
    return JournalFailed(path, str(error))


def connect_writer(path: Path, busy: float) -> tuple[sqlite3.Connection, int]:
    """Open the journal to write, made or brought to the present version if need be; give its last number too.

    `busy` is how long to wait, in seconds, for another program that holds it.
    Raises JournalNewer, JournalCorrupt or JournalFailed; the file is then as it was.
    """
    try:
        path.touch(mode=0o600)
    except OSError as error:
        raise JournalFailed(path, error.strerror or str(error)) from error
    with translated(path):
        connection = sqlite3.connect(path, timeout=busy, isolation_level=None, check_same_thread=False)
        try:
            _inspect(connection, path)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
            connection.execute(f"PRAGMA journal_size_limit = {CHECKPOINT_PAGES * 4096}")
            _advance(connection)
            return connection, _last_seq(connection, path)
        except BaseException:
            connection.close()
            raise


def connect_reader(path: Path) -> sqlite3.Connection:
    """Open an existing journal for reading alone."""
    with translated(path):
        return sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, check_same_thread=False
        )


def _inspect(connection: sqlite3.Connection, path: Path) -> None:
    version, application = _pragma(connection, "user_version"), _pragma(connection, "application_id")
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if application != APPLICATION and (tables or application or version):
        raise JournalCorrupt(path, "it is another program's database")
    if version > len(STEPS):
        raise JournalNewer(path, version, len(STEPS))


def _advance(connection: sqlite3.Connection) -> None:
    for number in range(_pragma(connection, "user_version"), len(STEPS)):
        connection.execute("BEGIN IMMEDIATE")
        for statement in STEPS[number].split(";"):  # executescript would commit
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION}")
        connection.execute(f"PRAGMA user_version = {number + 1}")
        connection.execute("COMMIT")


def _last_seq(connection: sqlite3.Connection, path: Path) -> int:
    row = connection.execute("SELECT value FROM counters WHERE name = 'seq'").fetchone()
    if row is None:
        raise JournalCorrupt(path, "it does not say where its sequence ends")
    return int(row[0])


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    (value,) = connection.execute(f"PRAGMA {name}").fetchone()
    return int(value)
