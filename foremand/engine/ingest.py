"""Reading transcripts exactly once: the file is the truth, and how far it is read moves with what was read.

Lines become events of one shape for all CLIs; events, usage, the reader's memory and the offset go to the journal
in one transaction. A daemon that is killed anywhere goes on behind the last of them.
"""

import asyncio
import os
from pathlib import Path

import msgspec
from msgspec import Struct

from foremand.agents.port import AgentEvent, Reader
from foremand.journal import Ingested, Journal

CHUNK = 1 << 20
"""Bytes that are read and understood at once."""

LONGEST = 16 * CHUNK
"""Bytes of one line. A longer one is taken in pieces of this size: no agent's output fills the daemon's memory."""


class TranscriptAltered(Exception):
    """Somebody other than the agent's output wrote in the transcript: it is shorter, or another file."""


class Position(Struct):
    """How far one transcript is read."""

    offset: int = 0
    inode: int = 0


class Ingestion:
    """One attempt's transcript on its way into the journal."""

    def __init__(self, journal: Journal, file: Path, task: int, attempt: int) -> None:
        self._journal = journal
        self._file = file
        self._task = task
        self._attempt = attempt
        self._at = Position()

    def restore(self) -> bytes | None:
        """Go on where the journal is; the memory that the reader had there, None at the beginning."""
        cursor = self._journal.cursor(self._task, self._attempt)
        if cursor is None:
            return None
        self._at = Position(cursor.offset, cursor.inode)
        return cursor.reader_state

    async def take(self, reader: Reader, now: float, *, to_end: bool = False) -> int:
        """Read what is there and was not read; the number of bytes taken. `to_end`: the last line needs no newline.

        Raises TranscriptAltered.
        """
        data, inode, complete = await asyncio.to_thread(self._read)
        if not (to_end and complete):
            whole = data.rfind(b"\n") + 1
            data = data[: whole or (LONGEST if len(data) >= LONGEST else 0)]
        if not data:
            return 0
        lines = data.split(b"\n")
        if not lines[-1]:
            lines.pop()
        encode = _ENCODER.encode
        events = [encode(event) for line in lines for event in reader.feed(line)]
        start = self._at.offset
        self._at = Position(start + len(data), inode)
        await self._journal.ingest(
            Ingested(
                task=self._task,
                attempt=self._attempt,
                at=now,
                inode=inode,
                start=start,
                offset=self._at.offset,
                events=events,
                usage=_ENCODER.encode(reader.usage()),
                reader_state=reader.state(),
            )
        )
        return len(data)

    def _read(self) -> tuple[bytes, int, bool]:
        """What follows, which file it is from, and whether that was all of it."""
        try:
            opened = self._file.open("rb")
        except FileNotFoundError:
            raise TranscriptAltered(f"the transcript is gone: {self._file.name}") from None
        with opened as stream:
            size = stream.seek(0, 2)
            inode = os.fstat(stream.fileno()).st_ino
            if self._at.inode and inode != self._at.inode:
                raise TranscriptAltered(f"the transcript is another file now: {self._file.name}")
            if size < self._at.offset:
                raise TranscriptAltered(f"the transcript is shorter than what was read of it: {self._file.name}")
            stream.seek(self._at.offset)
            data = stream.read(CHUNK)
            while b"\n" not in data and len(data) < LONGEST and (more := stream.read(CHUNK)):  # a longer line
                data += more
            return data, inode, self._at.offset + len(data) >= size


_ENCODER = msgspec.json.Encoder()


def event_of(body: bytes) -> AgentEvent:
    """An agent's event as it was journaled."""
    return msgspec.json.decode(body, type=AgentEvent)
