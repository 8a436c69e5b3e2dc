"""Scanners that the user has installed: gitleaks and betterleaks. What they see is added to what is seen here.

They get the lines on standard input, in an empty directory and without the user's settings, so that nothing in the
change can configure them; comments that ask to be let off are not heard. They verify nothing. The report comes over a
pipe and holds the secrets as they are: it goes to a process that has them already, which needs them to tell that two
scanners saw the same one, and hands on fingerprints alone. What they write on stderr is not read.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

FOUND = 77
"""The exit code that says "secrets": any other but 0 is no answer, their own 1 is both secrets and failure."""
UNKNOWN_FLAG = 126
"""How both say that they do not know an option."""
GENERIC = ("generic-api-key", "generic-api-token")
"""Rules that guess: of no use in files made of hashes."""


class OutsideFailed(Exception):
    """A scanner that is installed gave no answer. Holds nothing of what it read or wrote."""


class Leak(Struct, frozen=True):
    """What one of them found: its own word for the kind, and the secret, which never leaves this process."""

    rule: str
    secret: str


OPTIONS: tuple[tuple[str, ...], ...] = (
    ("--ignore-gitleaks-allow", "--report-format=json", "--report-path=-"),
    ("--ignore-allow-comments", "--report=-"),
)
"""gitleaks 8 and betterleaks 1; betterleaks 2."""
RULE = ("RuleID", "ruleID")
SECRET = ("Secret", "secret")
"""The same in a report's entries."""


def scanners(path: str | None) -> Iterator[tuple[str, str]]:
    """Name and program of each one that is on `path` (PATH's form; None for this process's own)."""
    for name in ("gitleaks", "betterleaks"):
        program = shutil.which(name, path=path)
        if program is not None:
            yield name, program


def leaks(name: str, program: str, text: bytes, place: Path, seconds: float) -> list[Leak]:
    """What it finds in `text`. `place`: an empty private directory. Raises OutsideFailed."""
    for options in OPTIONS:
        argv = (program, "stdin", "--no-banner", f"--exit-code={FOUND}", *options)
        try:
            ended = subprocess.run(
                argv,
                input=text,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=place,
                env={"PATH": os.defpath, "HOME": str(place), "LC_ALL": "C.UTF-8"},
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise OutsideFailed(f"{name} took longer than {seconds:.0f} seconds") from None
        except OSError as error:
            raise OutsideFailed(f"{name} cannot be run: {error.strerror}") from None
        if ended.returncode != UNKNOWN_FLAG:
            return _report(name, ended.returncode, ended.stdout)
    raise OutsideFailed(f"{name} does not know the options it was given: install gitleaks 8.19 or newer, or remove it")


def _report(name: str, code: int, report: bytes) -> list[Leak]:
    if code not in (0, FOUND):
        raise OutsideFailed(f"{name} failed with exit code {code}: try `{name} stdin`, update it, or remove it")
    try:
        found = msgspec.json.decode(report, type=list[dict[str, Any]] | None) or []
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise OutsideFailed(f"the report of {name} cannot be read") from None
    known = [Leak(_entry(each, RULE), _entry(each, SECRET)) for each in found]
    if bool(known) != (code == FOUND) or not all(leak.rule and leak.secret for leak in known):
        raise OutsideFailed(f"the report of {name} contradicts its exit code {code}, or names no secret")
    return known


def _entry(found: dict[str, Any], names: tuple[str, ...]) -> str:
    return next((str(found[name]) for name in names if name in found), "")
