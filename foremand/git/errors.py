"""What can go wrong with git, each kind a type of its own: what happened, why, and what to do about it."""

from collections.abc import Iterable

NAMED = 5
"""Paths that an error names in its one line."""


def text(path: bytes) -> str:
    """A path for people, globs and records: UTF-8, with bytes that are not shown as `\\xNN`."""
    return path.decode("utf-8", "backslashreplace")


class GitError(Exception):
    """Every error of this room. `reason` says what and why in one line, `hint` what to do (may be empty)."""

    def __init__(self, reason: str, hint: str = "") -> None:
        super().__init__(f"{reason}: {hint}" if hint else reason)
        self.reason = reason
        self.hint = hint


class GitFailed(GitError):
    """A git command ended with a code that was not expected. `stderr` is all that it said."""

    def __init__(self, argv: tuple[str, ...], code: int, stderr: bytes) -> None:
        self.argv = argv
        self.code = code
        self.stderr = stderr
        said = text(stderr).strip()
        super().__init__(f"git {argv[0] if argv else ''} failed ({code}): {said[-2000:] or 'it said nothing'}")


class RepositoryRefused(GitError):
    """A repository, or a branch of it, that foremand does not work on."""


class IdentityUnknown(GitError):
    """The user's git configuration names no author, so nothing can land under their name."""


class Unreadable(GitError):
    """Files of a work tree that the daemon may not or will not read: sealing without them would lose work."""

    def __init__(self, paths: Iterable[str], why: str = "", hint: str = "") -> None:
        self.paths = tuple(paths)
        super().__init__(
            f"cannot read {', '.join(self.paths[:5]) or 'a file'}{why and f': {why}'}",
            hint or "make the files readable for the user that runs foremand, then retry",
        )


class TipMoved(GitError):
    """The branch is no longer where the candidate was built: build again. `tip` is None when it is gone."""

    def __init__(self, branch: str, tip: str | None) -> None:
        self.tip = tip
        super().__init__(f"{branch} has moved to {tip[:12]}" if tip else f"there is no branch {branch} any more")


class Blocked(GitError):
    """The user's checkout does not allow the landing now; it is as it was. `paths` are the files in the way."""

    def __init__(self, reason: str, paths: Iterable[str] = (), hint: str = "") -> None:
        self.paths = tuple(paths)
        unsaid = [path for path in self.paths if path not in reason and path not in hint]
        more = f" and {len(unsaid) - NAMED} more" if len(unsaid) > NAMED else ""
        super().__init__(f"{reason}: {', '.join(unsaid[:NAMED])}{more}" if unsaid else reason, hint)


class SigningFailed(GitError):
    """A commit could not be signed as the user's git signs; nothing has moved."""


class RemoteUnreachable(GitError):
    """The user's remote did not answer, or not in time; no password of an address is ever named."""


class NotPublished(GitError):
    """The remote, or the program that opens pull requests, refused; what is there is as it was."""


class NotLanded(GitError):
    """The proof after a landing failed: the branch does not hold the commit, or the commit another tree."""
