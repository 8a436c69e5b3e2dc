"""Orders, as the API promises them."""

import sqlite3
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent


def database() -> sqlite3.Connection:
    """An empty database with the newest schema."""
    connection = sqlite3.connect(":memory:")
    for migration in sorted((TOP / "migrations").glob("*.sql")):
        connection.executescript(migration.read_text())
    return connection
