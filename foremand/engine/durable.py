"""Files that a fact relies on: whole or not there, and on disk with their name before the fact is."""

import os
from pathlib import Path


def write(file: Path, data: bytes) -> None:
    """Replace a file, readable by the user alone; after a crash it is the old one or the new one.

    Folders that are missing are made. Raises OSError.
    """
    make_folder(file.parent)
    beside = file.with_name(f"{file.name}.new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    beside.replace(file)
    sync(file.parent)


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, each with its name on disk."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    sync(folder.parent)


def sync(folder: Path) -> None:
    """Put the names in a folder on disk: syncing a file does not sync that it is there."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
