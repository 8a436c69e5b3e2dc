"""What a revision's `.gitattributes` say of files: only asked, never obeyed."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

from . import layout
from .diff import raw_changes
from .errors import text
from .run import Git, fields
from .work import WorkRepo

UNSET = (b"unspecified", b"unset", b"")


async def filtered(work: WorkRepo, base: str, revision: str) -> tuple[str, ...]:
    """The changed files that a filter driver (LFS, git-crypt) should have had its hands on, before or after.

    Their stored bytes are not what a person would have in the file, so no gate can judge them.
    """
    paths = [change.path for change in await raw_changes(work, base, revision)]
    found: set[bytes] = set()
    for side in (base, revision):
        drivers = await attribute(work, side, "filter", paths)
        found |= {path for path, value in drivers.items() if value not in (*UNSET, b"set")}
    return tuple(text(path) for path in paths if path in found)


async def attribute(work: WorkRepo, revision: str, name: str, paths: list[bytes]) -> Mapping[bytes, bytes]:
    """The value of one attribute for each of the paths, by the `.gitattributes` files of `revision`."""
    files = await work.read_named(await work.entries(revision), b".gitattributes")
    if not files or not paths:
        return {}
    with tempfile.TemporaryDirectory(dir=work.scratch) as scratch:
        git_dir, tree = Path(scratch) / "git", Path(scratch) / "tree"
        tree.mkdir()
        layout.write_repository(git_dir, await work.mirror.form(), bare=False, head="ref: refs/heads/none")
        (git_dir / "info" / "attributes").unlink()
        for path, content in files.items():
            layout.write_bytes(tree, path, content)
        git = Git(git_dir=git_dir, work_tree=tree)
        asked = b"".join(path + b"\0" for path in paths)
        answer = fields(await git.run("check-attr", "-z", "--stdin", name, input=asked))
    return dict(zip(answer[0::3], answer[2::3], strict=True))
