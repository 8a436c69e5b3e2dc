"""The globs of gates and profiles: gitignore's rules, from the repository's top."""

from collections.abc import Iterable, Iterator

from pathspec import GitIgnoreSpec

HERE = "\0"
"""A name that no path has: it stands below exactly one folder, and no glob goes on below it."""


class Globs:
    """Which paths a rule is about."""

    def __init__(self, patterns: Iterable[str]) -> None:
        kept = tuple(patterns)
        self._named = GitIgnoreSpec.from_lines(kept)
        self._above = GitIgnoreSpec.from_lines(lead for pattern in kept for lead in _leads(pattern))

    def match(self, path: str, *, stands_for_folder: bool = False) -> bool:
        """Whether the rule is about a path.

        `stands_for_folder`: a link or a submodule, which puts a whole folder there that the repository does not show:
        then also if that could hold what the rule names.
        """
        if self._named.match_file(path):
            return True
        return stands_for_folder and (self._named.match_file(path + "/") or self._above.match_file(f"{path}/{HERE}"))


def _leads(pattern: str) -> Iterator[str]:
    """The folders that a glob leads through by name."""
    if not pattern.strip() or pattern.startswith(("#", "!")):
        return
    anchored = "/" in pattern.rstrip("/")
    parts = pattern.strip("/").split("/")
    for count, part in enumerate(parts, 1):
        if part != "**":
            yield "/".join(("" if anchored else "**", *parts[:count], HERE))
