"""Looking for secrets in the lines of a change, in a process of its own that is given so much time and no more."""

import asyncio
import os
import shutil
import sys
import tempfile
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterable
from contextlib import suppress

import msgspec

from foremand.children import child

from .secrets import Added, Answer, ScanFailed, Scanned

WORKER = "foremand.gates.secrets_worker"
BATCH = 1 << 18
"""Bytes that are handed over at a time."""


async def scan(lines: AsyncIterable[Added], *, timeout: float, path: str | None = None) -> Scanned:  # noqa: ASYNC109
    """Look for secrets in `lines`, which come in the order of commit, path and number.

    `timeout`: seconds for all of it, reading `lines` included. `path`: where gitleaks and betterleaks are looked for,
    in the form of PATH. Raises ScanFailed, and whatever reading `lines` raises. Cancelling ends the scan.
    """
    place = await asyncio.to_thread(tempfile.mkdtemp, prefix="foremand-secrets-")
    try:
        async with asyncio.timeout(timeout) as limit:
            return await _ask(lines, timeout, path if path is not None else os.environ.get("PATH", ""), place)
    except TimeoutError:
        if limit.expired():
            raise ScanFailed(f"looking for secrets timed out after {timeout:g} seconds") from None
        raise
    finally:
        await asyncio.to_thread(shutil.rmtree, place, ignore_errors=True)


async def _ask(lines: AsyncIterable[Added], seconds: float, path: str, place: str) -> Scanned:
    async with child(
        sys.executable, "-P", "-m", WORKER, f"{seconds:g}", path,
        stdin=PIPE, stdout=PIPE, stderr=DEVNULL, cwd=place,
        env={name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ} | {"LC_ALL": "C.UTF-8"},
    ) as process:  # fmt: skip
        sent = await _feed(process, lines)
        assert process.stdout is not None  # noqa: S101 (a pipe)
        said = await process.stdout.read()
        code = await process.wait()
    try:
        answer = msgspec.json.decode(said, type=Answer)
    except msgspec.DecodeError:
        raise ScanFailed(f"looking for secrets ended without an answer (exit code {code})") from None
    if answer.failed or code != 0:
        raise ScanFailed(answer.failed or f"looking for secrets ended with exit code {code}")
    if answer.lines != sent:
        raise ScanFailed(f"looking for secrets ended early: {answer.lines} of {sent} lines were read")
    return Scanned(answer.findings, answer.scanners, answer.cut)


async def _feed(process: Process, lines: AsyncIterable[Added]) -> int:
    """Hand all lines over; their number. Where the worker has given up, its answer says why."""
    stdin = process.stdin
    assert stdin is not None  # noqa: S101 (a pipe)
    encoder = msgspec.json.Encoder()
    batch = bytearray()
    sent = 0
    with suppress(BrokenPipeError, ConnectionResetError):
        async for added in lines:
            batch += encoder.encode(_sound(added)) + b"\n"
            sent += 1
            if len(batch) >= BATCH:
                stdin.write(bytes(batch))
                await stdin.drain()
                batch.clear()
        stdin.write(bytes(batch))
        await stdin.drain()
    stdin.close()
    return sent


def _sound(added: Added) -> Added:
    """The line in characters that have an encoding: a file may hold any bytes."""
    if added.text.isascii() and added.path.isascii():
        return added
    text, path = (each.encode(errors="backslashreplace").decode() for each in (added.text, added.path))
    return Added(added.commit, path, added.line, text, added.binary)
