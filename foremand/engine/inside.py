"""Writing into places that an agent has had in hand: never through a link that it may have laid."""

import os
import stat
from pathlib import Path


class LinkInTheWay(OSError):
    """A folder on the way is a symbolic link: following it would lead out of the place."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is a link: nothing is written through it")


def inside(place: Path, path: str | Path) -> Path:
    """`path` below `place`, its folders made where they are missing. Raises LinkInTheWay.

    The last part may be a link: who writes there replaces it.
    """
    target = place / path
    folder = place
    for part in target.parent.relative_to(place).parts:
        folder = folder / part
        if part == ".." or folder.is_symlink():
            raise LinkInTheWay(folder)
        folder.mkdir(mode=0o700, exist_ok=True)
    return target


def write_new(place: Path, path: Path, data: bytes, *, read_only: bool = False) -> None:
    """Write a file below `place` as a new one, whatever stood there. Raises OSError, LinkInTheWay among them.

    It is whole at every moment; to be empty is only for one that is not there: the run that it is for may
    have been begun by a daemon that was killed at just that moment, and read it, or have written it.
    """
    target = inside(place, path.relative_to(place))
    if not data and _is_file(target):
        return
    beside = target.with_name(f"{target.name}.new")
    beside.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(beside, flags, 0o400 if read_only else 0o600), "wb") as stream:
        stream.write(data)
    beside.replace(target)


def _is_file(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except FileNotFoundError:
        return False
