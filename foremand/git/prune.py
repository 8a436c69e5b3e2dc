"""Letting go of commits for good: what must not be kept is removed with its objects, at once.

This is the one exception to the rule that nothing in a task's repository is ever pruned.
"""

import asyncio
from collections.abc import Iterable
from pathlib import Path

from . import layout
from .seal import kept_index
from .work import WorkRepo

MERGED = ("TIP", "WORK")
"""Where the last merge of a candidate left its sides."""


async def missing(work: WorkRepo, ids: Iterable[str]) -> frozenset[str]:
    """Which of these objects the repository and its mirror do not hold (any more)."""
    asked = list(dict.fromkeys(ids))
    if not asked:
        return frozenset()
    said = await work.git.run(
        "cat-file", "--batch-check=%(objectname)", input="".join(f"{i}\n" for i in asked).encode()
    )
    lines = said.decode().splitlines()
    return frozenset(each for each, line in zip(asked, lines, strict=True) if line.endswith(" missing"))


async def refs_holding(work: WorkRepo, commits: Iterable[str], names: Iterable[str] = ()) -> frozenset[str]:
    """The refs from which one of these commits is reached, and those of `names` that are there."""
    asked = set(commits)
    known = sorted(asked - await missing(work, asked))
    holding = await _refs(work, *(f"--contains={commit}" for commit in known)) if known else frozenset()
    return holding | ((await _refs(work)).intersection(names))


async def held_alone(work: WorkRepo, refs: Iterable[str], beside: Iterable[str]) -> int:
    """Bytes on disk that only these refs hold: no other ref, and none of the commits `beside`."""
    dropped = frozenset(refs)
    spared = (f"^{name}" for name in (*(await _refs(work) - dropped), *beside))
    asked = "".join(f"{line}\n" for line in (*dropped, *spared)).encode()
    command = ("rev-list", "--objects", "--disk-usage", "--ignore-missing", "--stdin")
    return int(await work.git.run(*command, input=asked))


def is_half_forgotten(work: WorkRepo) -> bool:
    """Whether a crash has cut off `forget` here: it is then to be called again."""
    return _mark(work).exists()


async def forget(work: WorkRepo, refs: Iterable[str], before: float) -> None:
    """Remove these refs and all objects that no ref reaches any more; safe to repeat after a crash.

    What was written after `before` (Unix seconds) stays: somebody may be about to give it a ref.
    """
    mark, index = _mark(work), kept_index(work)
    await asyncio.to_thread(layout.write_file, mark, b"")
    deletions = "".join(f"delete {ref}\n" for ref in (*refs, *MERGED))
    await work.git.run("update-ref", "--stdin", "--no-deref", input=deletions.encode())
    index.unlink(missing_ok=True)  # it would have the next seal believe in objects that are gone
    await work.git.run("gc", "-q", f"--prune=@{int(before)} +0000")
    mark.unlink()


async def _refs(work: WorkRepo, *which: str) -> frozenset[str]:
    return frozenset((await work.git.run("for-each-ref", "--format=%(refname)", *which)).decode().split())


def _mark(work: WorkRepo) -> Path:
    return work.path / "forgetting"
