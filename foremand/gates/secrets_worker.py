"""The process that looks for secrets: lines on stdin, an answer on stdout. It alone ever holds a secret.

    python -m foremand.gates.secrets_worker SECONDS [PATH]

A process of its own, because no line may stall the daemon: a pattern can take for ever, and only a process can be
ended in the middle of one. Whatever goes wrong, what it says holds nothing of what it read.
"""

import bisect
import hashlib
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

import msgspec

from .secrets import Added, Answer, Finding
from .secrets_detect import GUESS, Detector, made_of_noise, same
from .secrets_keys import KeyFinder, rows_of
from .secrets_outside import GENERIC, OutsideFailed, leaks, scanners

MOST = 1000
"""Findings that are told; more say no more."""
LARGEST = 256 << 20
"""Bytes of lines that are read."""


class TooMuch(Exception):
    """The change adds more text than is read."""


class Look:
    """All that is seen of one change, each secret once for each line."""

    def __init__(self) -> None:
        self.findings: dict[tuple[str, str, int, str], Finding] = {}
        self.cut = False
        self._secrets: dict[tuple[str, str, int], list[str]] = {}

    def add(self, at: Added, kind: str, secret: str) -> None:
        """Take in one secret, unless it is known at that line."""
        place = (at.commit, at.path, at.line)
        known = self._secrets.setdefault(place, [])
        if any(same(secret, each) for each in known):
            return
        if len(self.findings) >= MOST:
            self.cut = True
            return
        known.append(secret)
        mark = fingerprint(at.path, secret)
        path = at.path.replace(secret, "(secret)")
        self.findings[(*place, mark)] = Finding(mark, path, at.line, kind, at.commit)


@lru_cache(maxsize=MOST)
def fingerprint(path: str, secret: str) -> str:
    """Names a secret in a file, wherever in it, whoever found it, and tells nothing of it.

    Slow on purpose: a password that a person chose must not be found by trying words against its fingerprint.
    """
    return hashlib.scrypt(secret.encode(), salt=path.encode(), n=1 << 12, r=8, p=1, dklen=8).hex()


def look(lines: Iterable[Added], seconds: float, path: str | None) -> Answer:
    """The answer about all `lines`. Raises TooMuch, OutsideFailed."""
    until = time.monotonic() + seconds
    others = list(scanners(path))
    seen = Look()
    kept: list[Added] = []
    count = _look_here(seen, lines, kept if others else None)
    for name, program in others:
        _look_outside(seen, name, program, kept, until - time.monotonic())
    asked = ("detect-secrets", *(name for name, _ in others))
    return Answer(tuple(seen.findings.values()), asked, seen.cut, count)


def _look_here(seen: Look, lines: Iterable[Added], kept: list[Added] | None) -> int:
    detector, keys = Detector(), KeyFinder()
    size = count = 0
    for count, added in enumerate(lines, 1):  # noqa: B007 (the last one is their number)
        size += len(added.text)
        if size > LARGEST:
            raise TooMuch
        for key in keys.read(added.commit, added.path, added.line, added.text):
            seen.add(Added(key.commit, key.path, key.line, ""), "private key", key.rows)
        for hit in detector.look(added.path, added.text, guess=not added.binary):
            if hit.kind != GUESS or not keys.holds(hit.secret):
                seen.add(added, hit.kind, hit.secret)
        if kept is not None:
            kept.append(added)
    for key in keys.end():
        seen.add(Added(key.commit, key.path, key.line, ""), "private key", key.rows)
    return count


def _look_outside(seen: Look, name: str, program: str, lines: list[Added], seconds: float) -> None:
    text = Text(lines)
    for leak in leaks(name, program, text.whole.encode(), Path.cwd(), seconds):
        places = text.where(leak.secret)
        kind = f"{leak.rule} ({name})" if places else f"{leak.rule} ({name}, in what it decoded, line unknown)"
        for at in places or lines[:1]:
            if leak.rule not in GENERIC or not (at.binary or made_of_noise(at.path)):
                seen.add(at, kind, rows_of(leak.secret) or leak.secret)


class Text:
    """All lines as one text, which is how other scanners read them, and the way back from a secret to its lines."""

    def __init__(self, lines: list[Added]) -> None:
        self._lines = lines
        self._starts: list[int] = []
        texts: list[str] = []
        position = 0
        for before, added in zip([None, *lines], lines, strict=False):
            if before is not None and (before.commit, before.path) != (added.commit, added.path):
                texts.append("")  # a rule that looks beyond a line's end must not look into another file
                position += 1
            self._starts.append(position)
            texts.append(added.text)
            position += len(added.text) + 1
        self.whole = "\n".join(texts)

    def where(self, secret: str) -> list[Added]:
        """The lines with which it begins; none where it does not stand as it is."""
        places = []
        start = self.whole.find(secret)
        while start >= 0:
            places.append(self._lines[max(0, bisect.bisect_right(self._starts, start) - 1)])
            start = self.whole.find(secret, start + len(secret))
        return places


def read(stream: BinaryIO) -> Iterator[Added]:
    """One line of a change for each line of the stream."""
    decoder = msgspec.json.Decoder(Added)
    for line in stream:
        yield decoder.decode(line)


def main(seconds: float, path: str | None) -> Answer:
    """The answer, whatever happens."""
    try:
        return look(read(sys.stdin.buffer), seconds, path)
    except TooMuch:
        return Answer(failed=f"the change adds more than {LARGEST >> 20} MB of text, which is not read")
    except OutsideFailed as failed:
        return Answer(failed=str(failed))
    except Exception as error:  # noqa: BLE001 (what it says could hold a secret: only its type is told)
        return Answer(failed=f"the scanner failed: {type(error).__name__}")


if __name__ == "__main__":
    limit = float(sys.argv[1])
    signal.setitimer(signal.ITIMER_REAL, limit)  # it ends the process even in the middle of a pattern
    answer = main(limit, sys.argv[2] if len(sys.argv) > 2 else None)
    sys.stdout.buffer.write(msgspec.json.encode(answer))
