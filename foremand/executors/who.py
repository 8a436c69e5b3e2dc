"""Telling shims from other processes, by what they were started as."""

import itertools
import os
from pathlib import Path

from . import shim

PROGRAM = Path(shim.__file__).with_name("__main__.py")
"""The file that every shim is started from, given a run directory."""


def run_of_shim(pid: int) -> Path | None:
    """The run directory that a process supervises, None when it is no shim. Raises OSError when it is gone."""
    words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    for word, following in itertools.pairwise(words):
        if word == os.fsencode(PROGRAM) and following:
            return Path(os.fsdecode(following))
    return None
