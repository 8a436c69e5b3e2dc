"""The program that every shim is: the daemon's own copy of it, and how to tell a shim from other processes."""

import hashlib
import itertools
import os
import shutil
from pathlib import Path

from . import shim

PROGRAM = Path(shim.__file__).with_name("__main__.py")
"""The file that a shim is started from, given a run directory, as it was installed."""

_NAMED = os.fsencode(f"/{PROGRAM.parent.name}/{PROGRAM.name}")


def own_program(folder: Path, program: Path = PROGRAM) -> Path:
    """A copy of `program`, with what it consists of, below `folder`.

    A daemon may outlive the files that it was started from: an upgrade puts others in their place, whose shim speaks
    of other things than this daemon does. Copies of former daemons go. Raises OSError.
    """
    package = program.parent
    sources = _sources(package)
    digest = hashlib.sha256(b"".join(name.encode() + b"\0" + text + b"\0" for name, text in sources.items()))
    mine = folder / digest.hexdigest()[:16]
    if _sources(mine / package.name) != sources:  # not there, or what a power cut has left
        shutil.rmtree(mine, ignore_errors=True)
        making = folder / "making"
        shutil.rmtree(making, ignore_errors=True)
        (making / package.name).mkdir(mode=0o700, parents=True)
        for name, text in sources.items():
            (making / package.name / name).write_bytes(text)
        making.rename(mine)
    for other in folder.iterdir():
        if other != mine:
            shutil.rmtree(other, ignore_errors=True)
    return mine / package.name / program.name


def _sources(package: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(package.glob("*.py"))}


def run_of_shim(pid: int) -> Path | None:
    """The run directory that a process supervises, None when it is no shim. Raises OSError when it is gone.

    Also that of a shim which a daemon of another version has started, from wherever its program was.
    """
    words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    for word, following in itertools.pairwise(words):
        if word.endswith(_NAMED) and following:
            return Path(os.fsdecode(following))
    return None
