"""Which files of an agent's tree are its work: our own walk, for git must not be run there.

No `.git` is ever entered: a nested repository is a folder of plain files. No link is ever followed.
"""

import asyncio
import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

from msgspec import Struct
from pathspec import GitIgnoreSpec

from .errors import Unreadable, text
from .ignore import IgnoreRules
from .layout import at

Kind = Literal["file", "folder", "other"]
SUBMODULE = b"160000"
RESERVED = frozenset({b".git", b"git~1"})
"""Names, in lower case, that git refuses to hold: some system takes them for `.git`."""

IGNORE_FILE_LIMIT = 10 << 20
"""Bytes of a `.gitignore`. git itself reads no more than 100 MB; nobody writes a tenth of that by hand."""

LONGEST_RESERVED = max(len(name) for name in RESERVED)


class Listing(Struct, frozen=True, kw_only=True):
    """The result of a walk; paths are from the top.

    `files` is the work (files and symbolic links). `submodules` are the entered revision's that still stand.
    `beside` are files that only rules added since then exclude, `beside_names` the topmost names for them.
    `skipped` are sockets, pipes, devices and names that git cannot hold.
    """

    files: tuple[bytes, ...]
    submodules: tuple[bytes, ...]
    beside: tuple[bytes, ...]
    beside_names: tuple[bytes, ...]
    skipped: tuple[bytes, ...]


class _Folder(Struct, frozen=True):
    path: bytes
    beside: bool = False


class _Scanned(Struct, frozen=True):
    folder: _Folder
    entries: list[tuple[bytes, Kind]]
    ignore_file: bytes | None


def keep_out_spec(patterns: Iterable[str]) -> GitIgnoreSpec:
    """Globs from the repository's top, for what must never be sealed; a folder's name means all in it."""
    return GitIgnoreSpec.from_lines(each if each.startswith(("/", "**/")) else f"/{each}" for each in patterns)


async def list_work(
    tree: Path,
    tracked: Mapping[bytes, tuple[bytes, bytes]],
    *,
    entered_rules: IgnoreRules,
    present_rules: IgnoreRules,
    keep_out: Iterable[str],
) -> Listing:
    """Walk `tree`, folder level by folder level, and say what is work.

    `tracked` is what the entered revision holds: those paths count always. Of the others all but `keep_out` and
    what a rule ignores. `present_rules` learns the tree's own ignore files as the walk meets them.
    Raises `Unreadable` where a folder cannot be listed.
    """
    walk = _Walk(tracked, entered_rules, present_rules, keep_out_spec(keep_out))
    level = [_Folder(b"")]
    while level:
        level = await walk.step(tree, level)
    return Listing(
        files=tuple(walk.files),
        submodules=tuple(walk.submodules),
        beside=tuple(walk.beside),
        beside_names=tuple(walk.beside_names),
        skipped=tuple(walk.skipped),
    )


class _Walk:
    def __init__(
        self,
        tracked: Mapping[bytes, tuple[bytes, bytes]],
        entered_rules: IgnoreRules,
        present_rules: IgnoreRules,
        keep_out: GitIgnoreSpec,
    ) -> None:
        self.tracked = tracked
        self.entered_rules = entered_rules
        self.present_rules = present_rules
        self.keep_out = keep_out
        self.tracked_folders = folders_of(tracked)
        self.files: list[bytes] = []
        self.submodules: list[bytes] = []
        self.beside: list[bytes] = []
        self.beside_names: list[bytes] = []
        self.skipped: list[bytes] = []

    async def step(self, tree: Path, level: list[_Folder]) -> list[_Folder]:
        """Take in one level of folders; the folders to look into next."""
        deeper, unknown = await asyncio.to_thread(self._sort, tree, level)
        before = await self.entered_rules.ignored(unknown)
        now = await self.present_rules.ignored(unknown)
        for path in unknown:
            if path not in before:
                self._untracked(path, deeper, beside=path in now)
        return deeper

    def _sort(self, tree: Path, level: list[_Folder]) -> tuple[list[_Folder], list[bytes]]:
        """Sort the entries by what is known without asking git: also the paths to ask about."""
        deeper: list[_Folder] = []
        unknown: list[bytes] = []
        for scanned in _scan(tree, level):
            if scanned.ignore_file is not None and not scanned.folder.beside:
                self.present_rules.add(scanned.folder.path + b".gitignore", scanned.ignore_file)
            for name, kind in scanned.entries:
                path = scanned.folder.path + name
                if len(name) <= LONGEST_RESERVED and name.lower() in RESERVED:
                    self.skipped.append(path)
                elif kind == "folder":
                    self._folder(path, scanned.folder, deeper, unknown)
                else:
                    self._file(path, kind, scanned.folder, unknown)
        return deeper, unknown

    def _folder(self, path: bytes, within: _Folder, deeper: list[_Folder], unknown: list[bytes]) -> None:
        if path in self.tracked and self.tracked[path][0] == SUBMODULE:
            self.submodules.append(path)
        elif path in self.tracked_folders or within.beside:
            deeper.append(_Folder(path + b"/", within.beside))
        elif not self.keep_out.match_file(text(path) + "/"):
            unknown.append(path + b"/")

    def _file(self, path: bytes, kind: Kind, within: _Folder, unknown: list[bytes]) -> None:
        if kind == "other":
            self.skipped.append(path)
        elif path in self.tracked:
            self.files.append(path)
        elif within.beside:
            self.beside.append(path)
        elif not self.keep_out.match_file(text(path)):
            unknown.append(path)

    def _untracked(self, path: bytes, deeper: list[_Folder], *, beside: bool) -> None:
        if beside:
            self.beside_names.append(path)
        if path.endswith(b"/"):
            deeper.append(_Folder(path, beside))
        elif beside:
            self.beside.append(path)
        else:
            self.files.append(path)


def folders_of(paths: Iterable[bytes]) -> set[bytes]:
    """All folders above these paths, but for the top."""
    folders: set[bytes] = set()
    for path in paths:
        folder = path.rpartition(b"/")[0]
        while folder and folder not in folders:
            folders.add(folder)
            folder = folder.rpartition(b"/")[0]
    return folders


def _scan(top: Path, level: list[_Folder]) -> list[_Scanned]:
    unreadable: list[str] = []
    scanned: list[_Scanned] = []
    for folder in level:
        place = os.fsencode(at(top, folder.path))
        entries: list[tuple[bytes, Kind]] = []
        ignore_file: bytes | None = None
        try:
            with os.scandir(place) as found:
                for entry in found:
                    if entry.name == b".git":
                        continue
                    entries.append((entry.name, _kind(entry)))
                    if entry.name == b".gitignore" and entry.is_file(follow_symlinks=False):
                        ignore_file = _read_rules(entry.path)
        except OSError as error:  # no permission, or a path too long to be opened
            unreadable.append(text(os.fsencode(error.filename or place)))
        entries.sort()
        scanned.append(_Scanned(folder, entries, ignore_file))
    if unreadable:
        raise Unreadable(unreadable)
    return scanned


def _read_rules(path: bytes) -> bytes:
    """An ignore file, as long as it can be one. Raises OSError, and Unreadable for one that is too long."""
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as file:
        if os.fstat(handle).st_size > IGNORE_FILE_LIMIT:
            why = f"it has more than the {IGNORE_FILE_LIMIT >> 20} MB that an ignore file may have"
            raise Unreadable([text(path)], why, "shorten or remove the file, then retry")
        return file.read(IGNORE_FILE_LIMIT)


def _kind(entry: os.DirEntry[bytes]) -> Kind:
    if entry.is_symlink() or entry.is_file(follow_symlinks=False):
        return "file"
    return "folder" if stat.S_ISDIR(entry.stat(follow_symlinks=False).st_mode) else "other"
