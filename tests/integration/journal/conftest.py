"""A journal in a directory of its own, and the small facts that the tests fill it with."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from foremand.core.facts import TimeCame
from foremand.journal import Ingested, Journal


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
async def journal(path: Path) -> AsyncIterator[Journal]:
    async with Journal.open(path) as journal:
        yield journal


@pytest.fixture
def fact() -> Callable[..., TimeCame]:
    def make(key: str = "k", task: int = 1) -> TimeCame:
        return TimeCame(task=task, at=1.5, key=key)

    return make


@pytest.fixture
def batch() -> Callable[..., Ingested]:
    """A batch of `count` events that covers ten bytes for each."""

    def make(start: int, count: int, task: int = 1, attempt: int = 1, inode: int = 7) -> Ingested:
        events = [b'{"n":%d}' % (start // 10 + number) for number in range(count)]
        return Ingested(
            task=task,
            attempt=attempt,
            at=2.5,
            inode=inode,
            start=start,
            offset=start + 10 * count,
            events=events,
            usage=b"usage %d" % start,
            reader_state=b"state",
        )

    return make
