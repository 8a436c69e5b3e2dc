"""What ignore rules say about paths, read by git itself in a scratch work tree that holds only `.gitignore` files.

git reads ignore rules from a work tree, never from a revision, and must not be run in an agent's.
"""

from pathlib import Path

from . import layout
from .layout import Form
from .run import Git, failed, fields


class IgnoreRules:
    """One set of rules, in a scratch folder that its maker removes.

    `excludes` is the content of the user's ignore files outside the tree.
    """

    def __init__(self, scratch: Path, form: Form, excludes: bytes) -> None:
        self._tree = scratch / "tree"
        self._any = bool(excludes.strip())
        git_dir = scratch / "git"
        self._tree.mkdir(parents=True)
        layout.write_repository(git_dir, form, bare=False, head="ref: refs/heads/none")
        layout.write_file(git_dir / "info" / "exclude", excludes)
        self._git = Git(git_dir=git_dir, work_tree=self._tree)

    def add(self, path: bytes, content: bytes) -> None:
        """Let the `.gitignore` file at `path` (from the top) hold for what lies under its folder."""
        layout.write_bytes(self._tree, path, content)
        self._any = True

    async def ignored(self, paths: list[bytes]) -> set[bytes]:
        """Which of these paths are ignored. A path that ends in a slash is a folder, any other a file."""
        if not paths or not self._any:
            return set()
        # "./" keeps a leading colon from being read as pathspec magic.
        asked = b"".join(b"./" + path + b"\0" for path in paths)
        command = ("check-ignore", "--no-index", "-z", "--stdin")
        result = await self._git.result(*command, input=asked)
        if result.code not in (0, 1):
            raise failed(command, result)
        return {path.removeprefix(b"./") for path in fields(result.out)}
