"""Removing folders so that a crash leaves them whole or gone: they are moved aside at once, and deleted at leisure."""

import logging
import os
import shutil
import stat
import tempfile
from pathlib import Path

log = logging.getLogger("foremand.trash")


class Trash:
    """What is to be deleted, in a folder `place` on the same file system. What a crash left in it is garbage."""

    def __init__(self, place: Path) -> None:
        self._place = place

    def take(self, path: Path) -> None:
        """Move a file or folder here. It is quick, so who has just made sure that nobody needs it may rely on that.

        Raises OSError.
        """
        self._place.mkdir(mode=0o700, parents=True, exist_ok=True)
        move(path, Path(tempfile.mkdtemp(dir=self._place)) / path.name)

    def empty(self) -> None:
        """Delete all that is here; blocks."""
        unlock(self._place)
        shutil.rmtree(self._place, onerror=_complain)


def move(source: Path, target: Path) -> None:
    """Rename, also a folder that its owner may not write in: its `..` is written then."""
    mode = source.lstat().st_mode
    if stat.S_ISDIR(mode):
        source.chmod(stat.S_IMODE(mode) | stat.S_IRWXU)
    source.rename(target)


def unlock(folder: Path) -> None:
    """Give the owner back their rights on every folder below: agents and gates may have taken them away."""
    for top, below, _ in os.walk(folder):
        for name in below:
            path = Path(top, name)
            mode = path.lstat().st_mode
            if stat.S_ISDIR(mode) and mode & stat.S_IRWXU != stat.S_IRWXU:
                path.chmod(stat.S_IMODE(mode) | stat.S_IRWXU)


def size(path: Path) -> int:
    """Bytes on disk that deleting this would free: a file that has a name elsewhere too frees nothing."""
    found = [path.lstat()]
    for top, folders, names in os.walk(path):
        found += [Path(top, name).lstat() for name in (*folders, *names)]
    links: dict[tuple[int, int], int] = {}
    freed = 0
    for each in found:
        seen = links[each.st_dev, each.st_ino] = links.get((each.st_dev, each.st_ino), 0) + 1
        if stat.S_ISDIR(each.st_mode) or seen == each.st_nlink:
            freed += each.st_blocks * 512
    return freed


def _complain(_function: object, path: str, error: object) -> None:
    if not isinstance(error, tuple) or not isinstance(error[1], FileNotFoundError):
        log.warning("%s cannot be deleted: %s", path, error)
