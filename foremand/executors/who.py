"""Telling shims from other processes, by what they were started as."""

import os
from pathlib import Path

from . import shim


def run_of_shim(pid: int) -> Path | None:
    """The run directory that a process supervises, None when it is no shim. Raises OSError when it is gone."""
    words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    program = os.fsencode(Path(shim.__file__).parent)
    for word, following in zip(words, words[1:], strict=False):
        if word == program and following:
            return Path(os.fsdecode(following))
    return None
