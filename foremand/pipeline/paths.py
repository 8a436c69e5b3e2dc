"""Path rules: gitignore-style patterns that mean changed paths, and why one of them could never mean any.

Patterns are those of a `.gitignore` at the top of the repository (`api/` is the folder wherever it lies, `/api/`
the one at the top, the last pattern that matches decides, `!` takes away), read by pathspec. Names are compared
byte for byte; a rename is asked about by both of its names.
"""

from collections.abc import Iterable

from pathspec import GitIgnoreSpec


def complaint(pattern: str) -> str:
    """Why one pattern could never match, which would leave its gate unasked; empty where it is sound."""
    bare = pattern.removeprefix("!")
    if not bare.strip() or pattern != pattern.strip():
        return "is empty, or begins or ends with a space"
    if "\0" in bare or "\n" in bare:
        return "must not hold a NUL byte or a newline"
    if bare.startswith("./") or ".." in bare.split("/"):
        return "can never match: patterns start at the repository's top, without ./ or .."
    try:
        understood = [each for each in GitIgnoreSpec.from_lines([pattern]).patterns if each.include is not None]
    except ValueError:
        understood = []
    return "" if understood else "is not a pattern (gitignore's rules; \\# and \\! for a first # or !)"


def matches_any(pattern: str, files: Iterable[str]) -> bool:
    """Whether one pattern matches one of these paths."""
    spec = GitIgnoreSpec.from_lines([pattern])
    return any(spec.match_file(file) for file in files)
