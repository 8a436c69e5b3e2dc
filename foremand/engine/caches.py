"""Download caches of the user's that tasks share: those that the pipeline wants and the user allows, and no others.

Written `~/...` in both places. For a task each stands at the same place below its own HOME.
"""

from collections.abc import Iterable
from pathlib import Path, PurePosixPath

Shared = tuple[Path, Path]
"""The user's folder, and where it stands for the task."""


def refused_caches(cache: Iterable[str], allow_cache: Iterable[str]) -> tuple[str, ...]:
    """Which entries of `[workspace] cache` the user's `allow_cache` does not name, in their order.

    One is allowed only by itself, not by a folder around it: what a task writes there might be a link to anywhere.
    """
    allowed = {PurePosixPath(name) for name in allow_cache}
    return tuple(name for name in cache if PurePosixPath(name) not in allowed)


def share(cache: Iterable[str], allow_cache: Iterable[str], home: Path, *, linked: bool) -> tuple[Shared, ...]:
    """Make both sides of every allowed entry below a task's `home`: a folder to be bound over, or with `linked` a link.

    A folder of the task's own that already holds something is left alone by a link: it is then not shared.
    Raises OSError.
    """
    wanted = tuple(cache)
    refused = refused_caches(wanted, allow_cache)
    shared = []
    for path in sorted({PurePosixPath(name) for name in wanted if name not in refused}):
        source = Path(path).expanduser()
        source.mkdir(mode=0o700, parents=True, exist_ok=True)
        at = _way(home, path.relative_to("~"))
        if linked:
            _link(source, at)
        else:
            _folder(at)
        shared.append((source, at))
    return tuple(shared)


def _way(home: Path, path: PurePosixPath) -> Path:
    """The place below `home`, with folders on the way that are no links: an agent may have laid some."""
    folder = home
    for part in path.parts[:-1]:
        folder = folder / part
        _folder(folder)
    return home / path


def _folder(at: Path) -> None:
    if at.is_symlink():
        at.unlink()
    at.mkdir(mode=0o700, exist_ok=True)


def _link(source: Path, at: Path) -> None:
    if at.is_symlink():
        at.unlink()
    elif at.is_dir():
        if any(at.iterdir()):
            return
        at.rmdir()
    at.symlink_to(source)
