"""How repositories of our own look: a minimal configuration, no hooks, no drivers, nothing from a template.

Agents decide what their tree holds, `.gitattributes` included. `info/attributes` outranks every file of a tree,
so all attributes that name a program or change bytes are taken away there: files stay as they are stored.
"""

import os
import shutil
import stat
from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct

ATTRIBUTES = (
    "* !filter !diff !merge !text !eol !crlf !ident !working-tree-encoding !export-ignore !export-subst"
    " !conflict-marker-size !whitespace\n"
)


class Form(Struct, frozen=True):
    """What every repository of one project must have in common with the user's own."""

    object_format: str = "sha1"
    filemode: bool = True
    shallow: bytes = b""


def write_file(path: Path, content: bytes) -> None:
    """Replace a file so that after a crash it is the old one or the new one, whole and on disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    making = path.with_name(path.name + ".making")
    with making.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    publish(making, path)


def at(top: Path, path: bytes) -> Path:
    """The place of a path as git names it."""
    return top / os.fsdecode(path)


def folder(tree: Path, path: bytes) -> Path | None:
    """The folder at a path in a tree; None where there is none, or only by way of a link that an agent made."""
    place = tree
    for part in path.split(b"/"):
        place = at(place, part)
        try:
            if not stat.S_ISDIR(place.lstat().st_mode):
                return None
        except (FileNotFoundError, NotADirectoryError):
            return None
    return place


def write_bytes(top: Path, path: bytes, content: bytes) -> None:
    """Write a scratch file at a path as git names it; its folders are made."""
    place = at(top, path)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content)


def copy_index(source: Path, to: Path) -> None:
    """Copy an index, whole or not at all, together with its time.

    git compares file times by the second. It looks into a file whose time is not older than its index; a copy
    that was younger than the original would hide an edit of the same size made in that second.
    """
    making = to.with_name(to.name + ".foremand")
    shutil.copyfile(source, making)
    times = source.stat()
    os.utime(making, ns=(times.st_atime_ns, times.st_mtime_ns))
    with making.open("rb") as file:
        os.fsync(file.fileno())
    making.rename(to)


def publish(making: Path, final: Path) -> None:
    """Give something that was made beside its place its name, durably."""
    making.rename(final)
    folder = os.open(final.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def discard(path: Path) -> None:
    """Remove whatever is there, never following a link."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def write_config(git_dir: Path, form: Form, *, bare: bool, extra: str = "") -> None:
    """Write the whole configuration and the neutral attributes of a repository of ours."""
    extended = form.object_format != "sha1"
    config = (
        "[core]\n"
        f"\trepositoryFormatVersion = {1 if extended else 0}\n"
        f"\tbare = {'true' if bare else 'false'}\n"
        f"\tfileMode = {'true' if form.filemode else 'false'}\n"
        "\tautocrlf = false\n"
        "\tsymlinks = true\n"
        "[gc]\n\tauto = 0\n\tpruneExpire = never\n"
        "[maintenance]\n\tauto = false\n"
        "[uploadpack]\n\tallowAnySHA1InWant = true\n"
        "[fetch]\n\twriteCommitGraph = false\n"
    )
    if extended:
        config += f"[extensions]\n\tobjectFormat = {form.object_format}\n"
    write_file(git_dir / "info" / "attributes", ATTRIBUTES.encode())
    write_file(git_dir / "config", (config + extra).encode())


def write_repository(
    git_dir: Path,
    form: Form,
    *,
    bare: bool,
    head: str,
    borrows: Iterable[Path] = (),
    refs: bytes = b"",
    extra: str = "",
) -> None:
    """Write an empty repository whose objects are those of `borrows` (object folders).

    `head` is the content of HEAD, `refs` that of packed-refs, sorted.
    """
    for folder in ("objects/info", "objects/pack", "refs/heads", "refs/tags", "info"):
        (git_dir / folder).mkdir(parents=True, exist_ok=True)
    write_config(git_dir, form, bare=bare, extra=extra)
    lines = "".join(f"{place}\n" for place in borrows)
    if lines:
        write_file(git_dir / "objects" / "info" / "alternates", os.fsencode(lines))
    if refs:
        write_file(git_dir / "packed-refs", refs)
    if form.shallow:
        write_file(git_dir / "shallow", form.shallow)
    write_file(git_dir / "HEAD", head.encode() + b"\n")
