"""Whether the journal's file is whole, as SQLite sees it."""

from contextlib import closing
from pathlib import Path

from .schema import connect_reader, translated


def damage(path: Path) -> tuple[str, ...]:
    """What is wrong with the file, at most 20 lines; empty where it is whole. It reads all of it, and blocks.

    Raises JournalCorrupt where it cannot even be looked at, JournalFailed where it cannot be opened.
    """
    with translated(path), closing(connect_reader(path)) as connection:
        said = [str(line) for (line,) in connection.execute("PRAGMA integrity_check(20)")]
    return () if said == ["ok"] else tuple(said)
