"""Facts: all or nothing, on disk before the await returns, a request's answer with them."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from foremand.core.facts import TaskSubmitted, TimeCame
from foremand.journal import AlreadyAnswered, Entry, Journal, JournalFailed, Request

Make = Callable[..., TimeCame]


def stored(path: Path) -> list[tuple[int, str]]:
    """What another program finds in the file."""
    with sqlite3.connect(path) as connection:
        return connection.execute("SELECT seq, json_extract(CAST(body AS TEXT), '$.key') FROM facts").fetchall()


async def test_facts_are_numbered_and_read_back(journal: Journal, path: Path, fact: Make) -> None:
    assert await journal.append([fact("a"), fact("b", task=2)]) == (Entry(1, fact("a")), Entry(2, fact("b", task=2)))
    assert stored(path) == [(1, "a"), (2, "b")]
    assert await journal.append([fact("c")]) == (Entry(3, fact("c")),)
    assert journal.last_seq == 3
    assert [entry.fact.key for entry in journal.facts(after=1)] == ["b", "c"]
    assert [entry.seq for entry in journal.facts(task=1)] == [1, 3]
    assert [entry.seq for entry in journal.facts(after=1, task=1)] == [3]


async def test_nothing_to_append(journal: Journal) -> None:
    assert await journal.append([]) == ()
    assert journal.last_seq == 0


async def test_the_sequence_goes_on_after_a_restart(path: Path, fact: Make) -> None:
    async with Journal.open(path) as journal:
        await journal.append([fact("a"), fact("b")])
    async with Journal.open(path) as journal:
        assert journal.last_seq == 2
        assert (await journal.append([fact("c")]))[0].seq == 3


async def test_commits_are_flushed_to_disk(journal: Journal) -> None:
    def pragmas(transaction) -> list[object]:
        return [transaction.execute(f"PRAGMA {name}").fetchone()[0] for name in ("synchronous", "journal_mode")]

    assert await journal._writer.write(pragmas) == [2, "wal"]


class Gatekeeper:
    """Work that keeps the writer's thread busy until it is let go."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.go = threading.Event()

    def __call__(self, transaction) -> None:
        self.begun.set()
        assert self.go.wait(10)


async def test_waiting_appends_share_one_commit_and_none_returns_before_it(journal: Journal, fact: Make) -> None:
    statements: list[str] = []
    journal._writer._connection.set_trace_callback(statements.append)
    gate = Gatekeeper()
    async with asyncio.TaskGroup() as group:
        group.create_task(journal._writer.write(gate))
        await asyncio.to_thread(gate.begun.wait, 10)
        appends = [group.create_task(journal.append([fact(str(n))])) for n in range(50)]
        await asyncio.sleep(0)
        assert journal.last_seq == 0
        assert not any(append.done() for append in appends)
        gate.go.set()
    assert sorted(append.result()[0].seq for append in appends) == list(range(1, 51))
    assert statements.count("COMMIT") == 2


async def test_one_that_fails_takes_no_other_with_it(journal: Journal, path: Path, fact: Make) -> None:
    gate = Gatekeeper()

    def broken(transaction) -> None:
        transaction.execute("DELETE FROM facts")
        raise ZeroDivisionError

    async with asyncio.TaskGroup() as group:
        group.create_task(journal._writer.write(gate))
        await asyncio.to_thread(gate.begun.wait, 10)
        before = group.create_task(journal.append([fact("before")]))
        failing = asyncio.gather(journal._writer.write(broken), return_exceptions=True)
        after = group.create_task(journal.append([fact("after")]))
        await asyncio.sleep(0)
        gate.go.set()
    assert isinstance((await failing)[0], ZeroDivisionError)
    keys = {entry.seq: entry.fact.key for append in (before, after) for entry in append.result()}
    assert dict(stored(path)) == keys
    assert sorted(keys) == [1, 2]


async def test_a_cancelled_caller_leaves_the_journal_sound(journal: Journal, fact: Make) -> None:
    gate = Gatekeeper()
    async with asyncio.TaskGroup() as group:
        group.create_task(journal._writer.write(gate))
        await asyncio.to_thread(gate.begun.wait, 10)
        cancelled = group.create_task(journal.append([fact("cancelled")]))
        await asyncio.sleep(0)
        cancelled.cancel()
        gate.go.set()
    await journal.append([fact("next")])
    assert [entry.fact.key for entry in journal.facts()] == ["cancelled", "next"]


async def test_a_repeated_request_gets_its_answer_and_writes_nothing(journal: Journal, fact: Make) -> None:
    assert await journal.answer("r1") is None
    await journal.append([fact("a")], request=Request("r1", b"one"))
    assert await journal.answer("r1") == b"one"
    with pytest.raises(AlreadyAnswered) as repeated:
        await journal.append([fact("a")], request=Request("r1", b"another"))
    assert repeated.value.answer == b"one"
    assert len(list(journal.facts())) == 1


async def test_a_request_repeated_at_the_same_moment_acts_once(journal: Journal, path: Path, fact: Make) -> None:
    tries = [journal.append([fact(str(n))], request=Request("r", b"%d" % n)) for n in range(20)]
    results = await asyncio.gather(*tries, return_exceptions=True)
    (done,) = [result for result in results if isinstance(result, tuple)]
    answers = {result.answer for result in results if isinstance(result, AlreadyAnswered)}
    assert answers == {done[0].fact.key.encode()}
    assert stored(path) == [(1, done[0].fact.key)]


async def test_a_request_may_cause_nothing(path: Path) -> None:
    async with Journal.open(path) as journal:
        assert await journal.append([], request=Request("r", b"nothing to do")) == ()
    async with Journal.open(path) as journal:
        assert await journal.answer("r") == b"nothing to do"


async def test_task_ids_are_never_given_twice(path: Path) -> None:
    async with Journal.open(path) as journal:
        ids = await asyncio.gather(*(journal.next_task_id() for _ in range(5)))
        assert sorted(ids) == [1, 2, 3, 4, 5]
    async with Journal.open(path) as journal:
        assert await journal.next_task_id() == 6
        await journal.append([TaskSubmitted(task=9, at=1.0, title="t", prompt="p", repo="/r", into="main")])
        assert await journal.next_task_id() == 10


async def test_a_closed_journal_is_one_file(path: Path, fact: Make) -> None:
    async with Journal.open(path) as journal:
        await journal.append([fact()])
        await journal.page(0)
        await journal.answer("r")
    assert list(path.parent.iterdir()) == [path]


async def test_after_closing(path: Path, fact: Make) -> None:
    journal = Journal.open(path)
    queued = asyncio.gather(*(journal.append([fact(str(n))]) for n in range(10)))
    await asyncio.sleep(0)
    await journal.close()
    assert len(await queued) == 10
    with pytest.raises(JournalFailed, match="closed"):
        await journal.append([fact()])
    await journal.close()


@pytest.mark.parametrize("key", ["", "ü", "a\nb", "x" * 1_000_000, "\x00", '"\\'])
async def test_any_text_comes_back(journal: Journal, fact: Make, key: str) -> None:
    await journal.append([fact(key)])
    assert [entry.fact.key for entry in journal.facts()] == [key]
    assert [item.body for item in (await journal.page(0)).items] == [_body(key)]


def _body(key: str) -> bytes:
    import msgspec

    return msgspec.json.encode(TimeCame(task=1, at=1.5, key=key))
