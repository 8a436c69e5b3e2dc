"""What is remembered of a task is only ever a copy: one that another fold made is made anew from the facts."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from foremand.core import facts as f
from foremand.engine import ledger as module
from foremand.engine.ledger import Ledger
from foremand.journal import Journal


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    async with Journal.open(tmp_path / "journal.db") as journal:
        yield journal


async def loaded(journal: Journal, group: asyncio.TaskGroup) -> Ledger:
    ledger = Ledger(journal, group)
    await asyncio.to_thread(ledger.load)
    return ledger


@pytest.mark.parametrize("other", ["same", "number", "shape", "none"])
async def test_a_snapshot_of_another_fold_is_not_believed(
    journal: Journal, monkeypatch: pytest.MonkeyPatch, other: str
) -> None:
    async with asyncio.TaskGroup() as group:
        ledger = await loaded(journal, group)
        await ledger.submit(f.TaskSubmitted(task=1, at=1.0, title="t", prompt="p", repo="/r", into="main"))
        await ledger.record(f.TaskEnded(task=1, at=2.0, state="FAILED", reason="as the facts say"))
        as_it_was = ledger[1]
        forged = msgspec.structs.replace(as_it_was, over_reason="as the copy says")
        number, _, shape = module._FOLD.partition(":")
        fold = {"same": module._FOLD, "number": f"{int(number) + 1}:{shape}", "shape": f"{number}:0"}.get(other)
        with monkeypatch.context() as patch:
            if fold is not None:
                patch.setattr(module, "_FOLD", fold)
            body = module._memory(forged) if fold is not None else msgspec.msgpack.encode(forged)
        await journal.remember(1, journal.last_seq + 1, body)
        again = await loaded(journal, group)
        assert again[1] == (forged if other == "same" else as_it_was)


async def test_who_waits_for_a_halted_task_is_waited_for_by_nobody(journal: Journal) -> None:
    async with asyncio.TaskGroup() as group:
        ledger = await loaded(journal, group)
        await ledger.submit(f.TaskSubmitted(task=1, at=1.0, title="t", prompt="p", repo="/r", into="main"))
        asked = asyncio.Event()

        async def ends() -> None:
            asked.set()
            await ledger.record(f.TaskEnded(task=1, at=2.0, state="FAILED", reason="enough"))

        async with ledger.halted(1):
            pending = group.create_task(ends())
            await asked.wait()
            async with asyncio.timeout(60):
                while not ledger._locks[1]._waiters:  # noqa: ASYNC110 (a lock tells nobody)
                    await asyncio.sleep(0)
                await ledger.settle()
            assert ledger[1].over is None
        await pending
        assert ledger[1].over == "FAILED"


async def test_what_is_being_written_is_waited_for(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    async with asyncio.TaskGroup() as group:
        ledger = await loaded(journal, group)
        await ledger.submit(f.TaskSubmitted(task=1, at=1.0, title="t", prompt="p", repo="/r", into="main"))
        append, published, go_on = journal.append, asyncio.Event(), asyncio.Event()

        async def slowly(*arguments: Any, **more: Any) -> Any:
            entries = await append(*arguments, **more)
            published.set()
            await go_on.wait()
            return entries

        monkeypatch.setattr(journal, "append", slowly)
        group.create_task(ledger.record(f.TaskEnded(task=1, at=2.0, state="FAILED", reason="enough")))
        await published.wait()
        settled = group.create_task(ledger.settle())
        await asyncio.sleep(0)
        assert not settled.done()
        go_on.set()
        await settled
        assert ledger[1].over == "FAILED"
