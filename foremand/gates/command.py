"""The command gate: what its process's end and its JUnit report amount to.

Everything that is not an explicit pass is closed: exit 0 opens, and only when the report, where one is asked for,
is there and counts enough tests. A process that gave no answer (not found, killed, timed out) is an `error`.
"""

import shutil
from pathlib import Path
from typing import Literal

from msgspec import Struct

from foremand.core.facts import Result
from foremand.core.spec import Gate

from .junit import read_report

CANNOT_RUN = {126: "not executable", 127: "program not found"}
SIGNALLED = range(129, 193)
"""How a shell says that a signal ended what it ran: 128 and the signal's number, of which there are 64."""

NO_TESTS = 5
"""pytest's exit code when it collected nothing."""


class Finished(Struct, frozen=True, kw_only=True):
    """How the gate's process ended. `why`: by itself, by its timeout, or because it was stopped or never began."""

    why: Literal["exited", "deadline", "stopped", "not-started"]
    code: int | None = None
    signal: int | None = None
    detail: str = ""


class Judged(Struct, frozen=True):
    """The observation, and why in one line."""

    result: Result
    reason: str


def argv(gate: Gate, path: str | None) -> tuple[str, ...]:
    """The gate's command line. A string is a script, a list is a program with its arguments."""
    return script(gate.run, path) if isinstance(gate.run, str) else gate.run


def script(text: str, path: str | None) -> tuple[str, ...]:
    """The command line for a script: any line that fails fails it, and so does any part of a pipe where bash is."""
    if shutil.which("bash", path=path) is not None:
        return ("bash", "-eo", "pipefail", "-c", text)
    return ("sh", "-e", "-c", text)


def judge(gate: Gate, finished: Finished, tree: Path) -> Judged:
    """What the gate's end says about the tree it ran in. `tree` is where its report would lie."""
    unanswered = _no_answer(gate, finished)
    if unanswered is not None:
        return Judged("error", unanswered)
    report = read_report(tree, gate.junit) if gate.junit is not None else None
    counted = f", {report.summary}" if report is not None and report.summary else ""
    if finished.code != 0:
        if finished.code == NO_TESTS and report is not None and report.tests == 0:
            return Judged("fail", "no tests collected")
        return Judged("fail", f"exit code {finished.code}{counted}")
    if report is None:
        return Judged("pass", "exit code 0")
    if report.problem:
        return Judged("fail", f"exit code 0, but {report.problem}")
    if report.failed:
        return Judged("fail", f"exit code 0, but the report has {report.summary}")
    ran = report.tests - report.skipped
    if ran < gate.min_tests:
        return Judged("fail", f"no tests collected: {ran} ran, {gate.min_tests} must" if ran else "no tests collected")
    return Judged("pass", f"exit code 0{counted}")


def _no_answer(gate: Gate, finished: Finished) -> str | None:
    if finished.why == "deadline":
        return f"timed out after {gate.timeout:g} seconds"
    if finished.why in ("stopped", "not-started"):
        return finished.detail or f"the process was {finished.why}"
    if finished.signal is not None:
        return f"killed by signal {finished.signal}"
    code = finished.code
    if code is None:
        return "the process vanished"
    if code in CANNOT_RUN:
        return f"{CANNOT_RUN[code]} (exit code {code})" + (f": {finished.detail}" if finished.detail else "")
    if code in SIGNALLED:
        return f"killed by signal {code - 128}"
    return None


def clear(gate: Gate, tree: Path) -> None:
    """Take a report away that is there before the gate has run: a committed or copied one counts no test of today."""
    if gate.junit is None:
        return
    path = tree / gate.junit
    if path.parent.resolve().is_relative_to(tree.resolve()) and (path.is_symlink() or path.is_file()):
        path.unlink()
