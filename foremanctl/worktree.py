"""The user's own work tree: which one it is, and what in it a task will not see."""

import os
import subprocess
from pathlib import Path

_PATIENCE_SECONDS = 5.0


def top(folder: str) -> str:
    """The work tree that `folder` is in, as the daemon names it; `folder` itself where git knows of none."""
    try:
        found = subprocess.run(
            ["git", "-C", folder, "rev-parse", "--show-toplevel"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
            timeout=_PATIENCE_SECONDS,
        )
    except (OSError, subprocess.SubprocessError):
        return folder
    return os.fsdecode(found.stdout.removesuffix(b"\n"))


def is_in_repository(folder: str) -> bool:
    """Whether git would find a repository from there: not worth starting a daemon for where it would not."""
    place = Path(folder).absolute()
    return any((above / ".git").exists() for above in (place, *place.parents)) or (place / "HEAD").exists()


def has_no_commit(folder: str) -> bool:
    """Whether git is sure that nothing is committed there yet, so that no task could begin."""
    try:
        found = subprocess.run(
            ["git", "-C", folder, "rev-parse", "--verify", "-q", "HEAD^{commit}"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=_PATIENCE_SECONDS,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return found.returncode == 1


class Uncommitted:
    """Has git look at a work tree while something else goes on: a task begins at what is committed."""

    def __init__(self, repo: str) -> None:
        self._repo = repo
        self._git: subprocess.Popen[str] | None = None

    def __enter__(self) -> "Uncommitted":
        try:
            self._git = subprocess.Popen(
                ["git", "-C", self._repo, "status", "--porcelain"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                errors="replace",
                # Only looking: no lock that a commit of the user's could run into.
                env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},
            )
        except OSError:  # no git here: the daemon will say what that means
            self._git = None
        return self

    def __exit__(self, *_: object) -> None:
        if self._git and self._git.returncode is None:
            self._git.kill()
            self._git.communicate()

    def told(self) -> str:
        """How many changes are not part of a task, in a sentence; empty if there are none, or git cannot tell."""
        if not self._git:
            return ""
        try:
            changes = self._git.communicate(timeout=_PATIENCE_SECONDS)[0].splitlines()
        except subprocess.TimeoutExpired:
            return ""
        if not changes or self._git.returncode:
            return ""
        new = sum(change.startswith("??") for change in changes)
        of_them = f" ({new} untracked)" if new else ""
        some, are = ("change", "is") if len(changes) == 1 else ("changes", "are")
        return f"{len(changes)} uncommitted {some}{of_them} {are} not part of it: it begins at what is committed"
