"""A program that writes a journal until it is killed, telling what was acknowledged. Run by test_crash.

writer_program.py DIRECTORY ROUND          append facts and ingest a growing transcript, for ever
writer_program.py DIRECTORY ROUND limit    append until the file may not grow, then go on with more room
"""

import asyncio
import os
import resource
import signal
import sys
from pathlib import Path

from foremand.core.facts import TimeCame
from foremand.journal import Ingested, Journal, JournalFailed, Request

DIRECTORY, ROUND = Path(sys.argv[1]), int(sys.argv[2])
TRANSCRIPT = DIRECTORY / "transcript"


def tell(text: str) -> None:
    os.write(1, f"{text}\n".encode())  # one write, so that a kill leaves whole lines


async def append_for_ever(journal: Journal, name: int) -> None:
    number = 0
    while True:
        key = f"{ROUND}-{name}-{number}"
        facts = [TimeCame(task=name, at=1.0, key=f"{key}-{part}") for part in range(3)]
        entries = await journal.append(facts, request=Request(key, key.encode()))
        for entry in entries:
            tell(f"{entry.seq} {entry.fact.key}")
        number += 1


def grow(first: int, count: int) -> None:
    with TRANSCRIPT.open("ab", buffering=0) as file:
        file.write(b"".join(b'{"line":%d}\n' % number for number in range(first, first + count)))


async def ingest_what_is_there(journal: Journal) -> None:
    cursor = journal.cursor(9, 1)
    start = cursor.offset if cursor else 0
    with TRANSCRIPT.open("rb") as file:
        inode = os.fstat(file.fileno()).st_ino
        file.seek(start)
        content = file.read()
    events = content.split(b"\n")[:-1]
    end = start + len(content)
    usage = b"%d" % (int(cursor.usage if cursor else b"0") + len(events))
    await journal.ingest(
        Ingested(task=9, attempt=1, at=1.0, inode=inode, start=start, offset=end, events=events, usage=usage)
    )


async def ingest_for_ever(journal: Journal) -> None:
    lines = TRANSCRIPT.read_bytes().count(b"\n")
    while True:
        grow(lines, lines % 17 + 1)
        lines += lines % 17 + 1
        await ingest_what_is_there(journal)


async def until_killed() -> None:
    TRANSCRIPT.touch()
    async with Journal.open(DIRECTORY / "journal.db") as journal, asyncio.TaskGroup() as group:
        await ingest_what_is_there(journal)
        for name in range(1, 5):
            group.create_task(append_for_ever(journal, name))
        group.create_task(ingest_for_ever(journal))


async def until_full() -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    async with Journal.open(DIRECTORY / "journal.db") as journal:
        for limit in (300_000, resource.RLIM_INFINITY):
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
            for number in range(200):
                fact = TimeCame(task=1, at=1.0, key=f"{limit}-{number}-{'x' * 5000}")
                try:
                    (entry,) = await journal.append([fact])
                except JournalFailed as error:
                    tell(f"failed {error}")
                    break
                tell(f"{entry.seq} {fact.key}")


if __name__ == "__main__":
    asyncio.run(until_full() if "limit" in sys.argv else until_killed())
