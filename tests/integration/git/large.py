"""How long the git room takes over a large repository. Run by hand, on a quiet machine; nothing is asserted.

python tests/integration/git/large.py [FILES]      default 50000
"""

import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from foremand.git import (
    Mirror,
    Side,
    WorkRepo,
    change_id,
    changed_paths,
    checkout,
    forecast,
    interdiff,
    prepare,
    restore,
    seal,
)

IN_A_FOLDER = 500


def git(top: Path, *args: str) -> str:
    who = ("-c", "user.name=bench", "-c", "user.email=bench@example.org", "-c", "gc.auto=0")
    return subprocess.run(("git", "-C", top, *who, *args), check=True, capture_output=True, text=True).stdout.strip()


def project(top: Path, files: int) -> str:
    """A repository with so many small files; its one commit."""
    for number in range(files):
        path = top / f"folder{number // IN_A_FOLDER}" / f"file{number}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{number}\n" * 20)
    git(top, "init", "-q", "-b", "main")
    git(top, "add", ".")
    git(top, "commit", "-qm", "all")
    git(top, "gc", "-q")
    return git(top, "rev-parse", "HEAD")


async def timed(name: str, act: Callable[[], Awaitable[Any]], times: int = 1) -> Any:
    began = time.perf_counter()
    for _ in range(times):
        result = await act()
    print(f"{name:44} {(time.perf_counter() - began) / times * 1000:9.1f} ms")
    return result


async def main(root: Path, files: int) -> None:
    base = project(root / "project", files)
    mirror = Mirror(root / "mirror.git", root / "project")
    await timed("mirror, the first time", mirror.ensure)
    mine, theirs = WorkRepo(root / "1.git", mirror, 1), WorkRepo(root / "2.git", mirror, 2)
    await mine.ensure()
    await theirs.ensure()
    tree, gate, kept = root / "ws" / "tree", root / "gate", root / "kept"
    await timed("workspace, new", lambda: prepare(tree, mine, base, base, None, kept=kept))
    await timed("workspace, for a retry", lambda: prepare(tree, mine, base, base, None, kept=kept))
    await timed("workspace, --fresh", lambda: prepare(tree, mine, base, base, base, kept=kept))
    await timed("gate checkout", lambda: checkout(gate, theirs, base))
    await timed("gate checkout, restored after a setup", lambda: restore(gate, theirs, base))
    for place, content in ((tree, "mine\n"), (gate, "theirs\n")):
        (place / "folder0" / "file1.txt").write_text(content)
    one = await timed("seal of one change", lambda: seal(mine, tree, base, "1", 1.0, ref=mine.attempt_ref(1)))
    two = await timed("seal, all files read", lambda: seal(theirs, gate, base, "2", 1.0, ref=theirs.attempt_ref(1)))
    sides = Side(mine, base, one.revision), Side(theirs, base, two.revision)
    assert await timed("forecast of two tasks", lambda: forecast(*sides), 20) == ("folder0/file1.txt",)
    await timed("changed paths", lambda: changed_paths(mine, base, one.revision), 20)
    await timed("change id", lambda: change_id(mine, base, one.revision), 20)

    async def shown() -> bytes:
        return b"".join([piece async for piece in interdiff(mine, (base, base), (base, one.revision))])

    assert await timed("interdiff", shown, 20)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(main(Path(folder).resolve(), int(sys.argv[1]) if len(sys.argv) > 1 else 50_000))
