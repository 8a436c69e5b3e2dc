"""JUnit reports: how many tests ran, as their own process tells it. Written by the work, so believed in nothing."""

from pathlib import Path
from typing import Any
from xml.parsers import expat

from msgspec import Struct

from foremand.files import read_regular

LIMIT = 32 * 1024 * 1024
"""Bytes of a report that are read; a larger one is no answer."""

PIECE = 256 * 1024
"""Bytes that are parsed at a time: between two pieces other threads have their turn."""

DEPTH = 100
"""Elements that may be open at once; a report has some five."""

OUTCOMES = frozenset({"failure", "error", "skipped"})


class Report(Struct, frozen=True, kw_only=True):
    """The sums of a JUnit report; `problem`: why it counts as none."""

    tests: int = 0
    failed: int = 0
    skipped: int = 0
    problem: str = ""

    @property
    def summary(self) -> str:
        """For a person: "2 failed of 48"."""
        return f"{self.failed} failed of {self.tests}" if self.tests else ""


def read_report(tree: Path, junit: str) -> Report:
    """What the report at `junit` from the tree's top counts."""
    path = tree / junit
    try:
        if path.is_symlink() or not path.resolve().is_relative_to(tree.resolve()):
            return Report(problem=f"the report {junit} is a link")
        text = read_regular(path, LIMIT + 1)
    except FileNotFoundError:
        return Report(problem=f"there is no report {junit}: no tests collected")
    except OSError as error:
        return Report(problem=f"the report {junit} cannot be read: {error}")
    if len(text) > LIMIT:
        return Report(problem=f"the report {junit} is larger than {LIMIT} bytes")
    count = _Count()
    try:
        count.read(text)
    except _Refused as refused:
        return Report(problem=f"the report {junit} {refused}")
    except expat.ExpatError as error:
        return Report(problem=f"the report {junit} cannot be read: {error}")
    return Report(tests=count.tests, failed=count.failed, skipped=count.skipped)


class _Refused(Exception):
    """The report is no plain list of tests; the words say what it does instead."""


class _Count:
    """Counts test cases as they go by; nothing of the document is kept but what is open."""

    def __init__(self) -> None:
        self.tests = self.failed = self.skipped = 0
        self._open: list[set[str] | None] = []
        """For each open element None, for a test case what it has said of its outcome so far."""

    def read(self, text: bytes) -> None:
        """Take in a whole document. Raises ExpatError, _Refused."""
        parser = expat.ParserCreate()
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.StartDoctypeDeclHandler = self._doctype
        for start in range(0, len(text), PIECE):
            parser.Parse(text[start : start + PIECE], False)
        parser.Parse(b"", True)

    def _start(self, name: str, _attributes: dict[str, str]) -> None:
        if name in OUTCOMES and self._open and (said := self._open[-1]) is not None:
            said.add(name)
        if len(self._open) >= DEPTH:
            raise _Refused(f"is nested deeper than {DEPTH} elements")
        self._open.append(set() if name == "testcase" else None)

    def _end(self, _name: str) -> None:
        said = self._open.pop()
        if said is not None:
            self.tests += 1
            self.failed += not said.isdisjoint({"failure", "error"})
            self.skipped += "skipped" in said

    def _doctype(self, *_: Any) -> None:
        raise _Refused("declares entities")  # they could make it endless, or name files
