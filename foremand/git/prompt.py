"""A change as an agent gets to read it: the code in full, the rest as one line each."""

from contextlib import aclosing

from .attributes import UNSET, attribute
from .diff import hunks, numstat, raw_changes, sections
from .errors import text
from .work import WorkRepo

LIMIT = 200_000
"""Bytes of a `{{ diff }}` in a prompt."""

LOCK_FILES = frozenset(
    {
        "Cargo.lock",
        "Gemfile.lock",
        "Pipfile.lock",
        "bun.lock",
        "bun.lockb",
        "composer.lock",
        "flake.lock",
        "go.sum",
        "gradle.lockfile",
        "mix.lock",
        "npm-shrinkwrap.json",
        "package-lock.json",
        "packages.lock.json",
        "pdm.lock",
        "pnpm-lock.yaml",
        "poetry.lock",
        "pubspec.lock",
        "uv.lock",
        "yarn.lock",
    }
)
GENERATED = (".min.js", ".min.css", ".map", "_pb2.py", "_pb2.pyi", "_pb2_grpc.py", ".pb.go", ".snap")


async def prompt_diff(work: WorkRepo, base: str, revision: str, limit: int = LIMIT) -> str:
    """The change `base..revision` in at most `limit` bytes of UTF-8.

    Binary, generated (by name, or by the attribute `linguist-generated`) and lock files, and what does not fit,
    are named with the number of lines that they gained and lost.
    """
    changes = await raw_changes(work, base, revision)
    if not changes:
        return ""
    marked = await attribute(work, revision, "linguist-generated", [each.path for each in changes])
    counts = {path: (added, removed) for path, added, removed in await numstat(work, base, revision)}
    shown: list[str] = []
    listed: list[str] = []
    room = limit - min(limit // 4, 100 + sum(len(each.path) * 4 + 60 for each in changes))
    async with aclosing(sections(work, base, revision)) as found:
        async for each, section in found:
            why = _why_not(each.path, section, marked.get(each.path, b""))
            if why is None and section is not None:
                body = section.decode("utf-8", "replace")
                size = len(body.encode())
                if size <= room:
                    room -= size
                    shown.append(body)
                    continue
                why = "too long"
            added, removed = counts.get(each.path, (0, 0))
            listed.append(f" {text(each.path)} | +{added} -{removed} ({why})\n")
    return _cut("".join(shown), listed, limit)


def _why_not(path: bytes, section: bytes | None, generated: bytes) -> str | None:
    name = text(path).rpartition("/")[2]
    if section is None:
        return "another type of file"
    if hunks(section) is None:
        return "binary"
    if name in LOCK_FILES:
        return "lock file"
    if name.endswith(GENERATED) or generated not in (*UNSET, b"false"):
        return "generated"
    return None


def _cut(shown: str, listed: list[str], limit: int) -> str:
    """Put both parts together; names that do not fit are counted."""
    if not listed:
        return shown
    text_so_far = shown + "Not shown in full:\n"
    room = limit - len(text_so_far.encode()) - len(" and 1000000 more files\n")
    for number, line in enumerate(listed):
        room -= len(line.encode())
        if room < 0:
            return text_so_far + f" and {len(listed) - number} more files\n"
        text_so_far += line
    return text_so_far
