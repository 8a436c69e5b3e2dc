"""Opening: what is not ours, not readable or not known yet is refused and left as it is."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from foremand.core.facts import TimeCame
from foremand.journal import Journal, JournalCorrupt, JournalFailed, JournalNewer, schema

Make = Callable[..., TimeCame]


@pytest.fixture
async def used(path: Path, fact: Make) -> Path:
    async with Journal.open(path) as journal:
        await journal.append([fact(str(number)) for number in range(100)])
    return path


def refuses(path: Path, error: type[Exception], match: str) -> Exception:
    before = path.read_bytes()
    with pytest.raises(error, match=match) as refused:
        Journal.open(path)
    assert path.read_bytes() == before
    assert refused.value.hint
    return refused.value


def test_only_its_user_may_read_it(path: Path, used: Path) -> None:
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_newer_journal(used: Path) -> None:
    with sqlite3.connect(used) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    newer = refuses(used, JournalNewer, "later foremand")
    assert (newer.found, newer.known) == (99, len(schema.STEPS))


def test_garbage(path: Path) -> None:
    path.write_bytes(b"not a database at all\n" * 500)
    refuses(path, JournalCorrupt, "not a database")


def test_another_programs_database(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE bookmarks (url)")
    connection.close()
    refuses(path, JournalCorrupt, "another program")


def test_a_damaged_journal(used: Path) -> None:
    content = used.read_bytes()
    used.write_bytes(content[:4096] + b"\xa5" * (len(content) - 4096))
    refuses(used, JournalCorrupt, "malformed")


@pytest.fixture
def damaged_later(used: Path) -> Path:
    """Sound where opening looks, damaged where the facts are."""
    with sqlite3.connect(used) as connection:
        (root,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'facts'").fetchone()
    connection.close()
    content = bytearray(used.read_bytes())
    content[(root - 1) * 4096 : root * 4096] = b"\xa5" * 4096
    used.write_bytes(content)
    return used


async def test_damage_is_found_where_it_is_met(damaged_later: Path, fact: Make) -> None:
    async with Journal.open(damaged_later) as journal:
        with pytest.raises(JournalCorrupt):
            list(journal.facts())
        with pytest.raises(JournalCorrupt):
            await journal.page(0)
        with pytest.raises(JournalCorrupt):
            await journal.append([fact()])
        assert journal.last_seq == 100


@pytest.fixture
def empty(path: Path) -> Path:
    path.touch()
    return path


async def test_a_file_that_never_became_a_journal_is_made_one(empty: Path, fact: Make) -> None:
    async with Journal.open(empty) as journal:
        assert (await journal.append([fact()]))[0].seq == 1


def test_no_such_directory(tmp_path: Path) -> None:
    with pytest.raises(JournalFailed, match="No such file"):
        Journal.open(tmp_path / "missing" / "journal.db")


async def test_an_older_journal_is_brought_forward(used: Path, monkeypatch: pytest.MonkeyPatch, fact: Make) -> None:
    step = "CREATE TABLE later (a); INSERT INTO later SELECT seq FROM facts"
    monkeypatch.setattr(schema, "STEPS", (*schema.STEPS, step))
    for _ in range(2):
        async with Journal.open(used) as journal:
            assert len(list(journal.facts())) >= 100
            await journal.append([fact()])
    with sqlite3.connect(used) as connection:
        assert connection.execute("SELECT count(*) FROM later").fetchone() == (100,)
        assert connection.execute("PRAGMA user_version").fetchone() == (len(schema.STEPS),)
    connection.close()


async def test_a_step_that_fails_leaves_the_older_journal(used: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(schema, "STEPS", (*schema.STEPS, "CREATE TABLE later (a); INSERT INTO nowhere VALUES (1)"))
        with pytest.raises(JournalFailed, match="nowhere"):
            Journal.open(used)
    async with Journal.open(used) as journal:
        assert len(list(journal.facts())) == 100


async def edit(path: Path, sql: str) -> None:
    connection = sqlite3.connect(path)
    connection.execute(sql)
    connection.commit()
    connection.close()


async def test_unknown_fields_are_passed_over(used: Path) -> None:
    body = '{"type":"TimeCame","task":1,"at":1.5,"key":"k","since":"a later version"}'
    await edit(used, f"UPDATE facts SET body = CAST('{body}' AS BLOB) WHERE seq = 50")
    async with Journal.open(used) as journal:
        assert next(journal.facts(after=49)).fact == TimeCame(task=1, at=1.5, key="k")


@pytest.mark.parametrize("body", ['{"type":"NeverHeardOf","task":1,"at":1.5}', '{"type":"TimeCame"}', "{", ""])
async def test_a_fact_that_cannot_be_read_is_not_passed_over(used: Path, body: str) -> None:
    await edit(used, f"UPDATE facts SET body = CAST('{body}' AS BLOB) WHERE seq = 50")
    async with Journal.open(used) as journal:
        with pytest.raises(JournalCorrupt, match="fact 50"):
            list(journal.facts())
