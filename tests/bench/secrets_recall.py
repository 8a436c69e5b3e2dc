"""How well the secrets gate sees: planted secrets found, alarms in an ordinary tree, and the time that it takes.

    python tests/bench/secrets_recall.py            the packages beside this Python as the ordinary tree
    python tests/bench/secrets_recall.py TREE [MB]  another one, as far as so many MB

Everything goes through the real scan in its own process. Neither the planted secrets nor the alarms are shown.
"""

import asyncio
import sys
import sysconfig
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "gates"))

from planted import planted
from rows import Row

from foremand.gates.secrets import Added, Scanned
from foremand.gates.secrets_scan import scan

SEEDS = range(20)
MEGABYTES = 18.0
CHANGE = 5000


def corpus() -> list[Added]:
    return [
        Added("c", f"{seed}/{number}/{each.path}", row, line)
        for seed in SEEDS
        for number, each in enumerate(planted(seed))
        for row, line in enumerate(each.lines, 1)
    ]


def tree(root: Path, megabytes: float) -> Iterator[Added]:
    """The text files below `root` in their order, as if one commit added them all."""
    left = megabytes * 1e6
    for path in sorted(root.rglob("*")):
        if left > 0 and path.is_file() and not path.is_symlink() and b"\0" not in (content := path.read_bytes()):
            left -= len(content)
            for row, line in enumerate(content.decode(errors="replace").split("\n"), 1):
                yield Added("c", str(path.relative_to(root)), row, line)


async def look(lines: list[Added]) -> tuple[Scanned, float]:
    async def stream() -> AsyncIterator[Added]:
        for line in lines:
            yield line

    began = time.perf_counter()
    return await scan(stream(), timeout=600), time.perf_counter() - began


async def main(root: Path, megabytes: float) -> None:
    scanned, _ = await look(corpus())
    seen = {tuple(each.path.split("/")[:2]) for each in scanned.findings}
    wanted = {(str(seed), str(number)): each.what for seed in SEEDS for number, each in enumerate(planted(seed))}
    missed = sorted(what for place, what in wanted.items() if place not in seen)
    print(f"scanners: {', '.join(scanned.scanners)}")
    print(Row(f"recall over {len(wanted)} planted secrets", 100 * len(seen) / len(wanted), "%", ">=", 95))
    print(f"     missed: {', '.join(missed) or 'none'}")

    lines = list(tree(root, megabytes))
    scanned, seconds = await look(lines)
    size = sum(len(line.text) + 1 for line in lines) / 1e6
    print(Row(f"alarms in {root} ({size:.1f} MB, {len(lines)} lines)", len(scanned.findings), "alarms", "<=", 5))
    print(Row("  time for all of it", seconds, "s", "<=", 45.9))
    for each in scanned.findings:
        print(f"     {each.kind} in {each.path}:{each.line}")

    _, seconds = await look(lines[:CHANGE])
    print(Row(f"time for a change of {CHANGE} lines", seconds, "s", "<=", 1.0))


if __name__ == "__main__":
    given = sys.argv[1:]
    asyncio.run(
        main(Path(given[0] if given else sysconfig.get_path("purelib")), float(given[1]) if given[1:] else MEGABYTES)
    )
