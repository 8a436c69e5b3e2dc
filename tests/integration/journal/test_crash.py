"""kill -9 of a writing process, and a disk that refuses: what was acknowledged is there, once, and nothing by half."""

import os
import random
import subprocess
import sys
from pathlib import Path

from foremand.journal import Item, Journal

PROGRAM = Path(__file__).with_name("writer_program.py")
ROUNDS = 10


def start(directory: Path, number: int, *more: str) -> subprocess.Popen[str]:
    argv = [sys.executable, str(PROGRAM), str(directory), str(number), *more]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(PROGRAM.parents[3]), *sys.path])}
    return subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env=environment)


def kill_after(process: subprocess.Popen[str], acknowledgements: int) -> dict[int, str]:
    """Kill the process when it has told so many; give all that it told until it was gone."""
    assert process.stdout is not None
    told = [process.stdout.readline() for _ in range(acknowledgements)]
    process.kill()
    told += process.stdout.readlines()
    process.wait()
    process.stdout.close()
    return {int(seq): key for seq, key in (line.split() for line in told)}


async def everything(journal: Journal) -> list[Item]:
    items: list[Item] = []
    while (after := items[-1].seq if items else 0) < journal.last_seq:
        items += (await journal.page(after)).items
    return items


async def test_killed_at_random_moments(tmp_path: Path) -> None:
    chance = random.Random(11)
    told: dict[int, str] = {}
    for number in range(ROUNDS):
        told |= kill_after(start(tmp_path, number), chance.choice([1, 3, 10, 40, 200, 500]))
        async with Journal.open(tmp_path / "journal.db") as journal:
            stored = {entry.seq: entry.fact.key for entry in journal.facts()}
            assert told.items() <= stored.items()
            assert len(set(stored.values())) == len(stored)
            batches = {key.rsplit("-", 1)[0] for key in stored.values()}
            assert len(stored) == 3 * len(batches)
            for key in batches:
                assert await journal.answer(key) == key.encode()

            items = await everything(journal)
            assert [item.seq for item in items] == list(range(1, journal.last_seq + 1))
            lines = (tmp_path / "transcript").read_bytes().splitlines()
            events = [item.body for item in items if item.attempt is not None]
            assert events == lines[: len(events)]
            cursor = journal.cursor(9, 1)
            ingested = sum(len(line) + 1 for line in events)
            assert (cursor.offset, int(cursor.usage)) == (ingested, len(events)) if cursor else not events
    assert len(told) > ROUNDS


async def test_a_file_that_may_not_grow(tmp_path: Path) -> None:
    process = start(tmp_path, 0, "limit")
    output, _ = process.communicate(timeout=60)
    told = [line.split(maxsplit=1) for line in output.splitlines()]
    failed = [what for what, _ in told].index("failed")
    assert 1 < failed < 200
    acknowledged = {int(seq): key for seq, key in told if seq != "failed"}
    assert len(acknowledged) == failed + 200
    async with Journal.open(tmp_path / "journal.db") as journal:
        assert {entry.seq: entry.fact.key for entry in journal.facts()} == acknowledged
