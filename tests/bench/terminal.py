"""The budgets of the full-screen terminal: how fast it opens, how fast it answers a key, and what it costs.

The whole of it is measured: the start of Python, the daemon's answers, and the bytes that come out of a terminal of
160 columns and 50 rows.
"""

import asyncio
import json
import random
import re
import statistics
from collections.abc import Callable

from attached import Attached, Seen
from measured import SINGLE, TALK, Client, House, cpu, fill, home, rss
from rows import Row, percentile

from foremand.v1 import foremand_pb2 as pb

TASKS = 1000
TRANSCRIPT = 100_000_000
"""Bytes of what one agent said."""
LONG_LINE = 1_000_000
"""Bytes of one line."""
AGENTS, LINES = 10, 100
"""How many talk, and how many lines each says a second."""

OPENED = 7
"""Times that it is opened: the median counts."""
KEYS = 60
SECONDS = 8.0
IDLE_SECONDS = 20.0
"""So little is used that a shorter look would count the clock's own ticks."""

_NUMBER = re.compile(r"line (\d+) ")


def rows() -> list[Row]:
    """All of them."""
    return [*large(), *busy()]


def large() -> list[Row]:
    """A thousand tasks, and a transcript of 100 MB; nothing happens."""
    with home() as house:
        path = house.state / "journal.db"
        asyncio.run(fill(path, tasks=TASKS, events=TRANSCRIPT // 1000, of=1, size=1000))
        asyncio.run(fill(path, events=20, of=2, size=LONG_LINE))
        house.start()
        last = _task(TRANSCRIPT // 1000)
        with Attached(house) as floor:
            floor.until(_floor)
            keys = _pressed(floor, (b"j", b"k"), _marked)
            idle, memory = floor.watch(IDLE_SECONDS), rss(floor.pid)
        with Attached(house, "1") as task:
            task.until(last)
            pages = _pressed(task, (b"\x1b[5~", b"\x1b[5~", b"\x1b[6~"), _page)
            read = rss(task.pid)
        return [
            _opened(f"attach, {TASKS:,} tasks: start of Python to the floor", house, (), _floor),
            _opened(
                "attach ID, 100 MB transcript: start of Python to its end", house, ("1",), _task(TRANSCRIPT // 1000)
            ),
            _opened("attach ID, lines of 1 MB: start of Python to the last", house, ("2",), _long),
            _keys(f"floor of {TASKS:,} tasks: key to screen, p95", keys),
            _keys("100 MB transcript: a page up or down, key to screen, p95", pages),
            Row(f"floor of {TASKS:,} tasks: memory", memory, "MB", "<=", 120, {"in the transcript": read}),
            Row(f"floor of {TASKS:,} tasks, nothing happens", idle, "% of a core", "<=", 0.5),
        ]


def busy() -> list[Row]:
    """Ten agents that talk, on the floor and in one task that is followed."""
    with home() as house:
        script = house.script("talk", TALK)
        command = json.dumps(["python3", str(script), str(LINES * 120), str(1 / LINES)])
        repo = house.repo({".foremand/pipeline.toml": SINGLE.format(command=command)})
        house.start("--max-agents", str(AGENTS))
        client = Client(house)
        tasks = [client.submit(repo) for _ in range(AGENTS)]
        client.until(lambda known: sum(task.state == pb.RUNNING for task in known.values()) == AGENTS)
        found: list[Row] = []
        for where, args, seen, keys, sign in (
            ("floor", (), _floor, (b"j", b"k"), _marked),
            ("one followed", ("1",), _task(1), (b"\x1b[5~", b"G"), _standing),
        ):
            with Attached(house, *args) as screen:
                screen.until(seen)
                share = screen.watch(SECONDS)
                pressed = _pressed(screen, keys, sign)
                memory = {"its memory in MB": rss(screen.pid)}
                found += [
                    Row(f"{AGENTS} agents at {LINES} lines/s, {where}", share, "% of a core", "<=", 20, memory),
                    _keys(f"{AGENTS} agents at {LINES} lines/s, {where}: key to screen, p95", pressed),
                ]
        for task in tasks:
            client.stub.CancelTask(pb.CancelTaskRequest(id=task), metadata=client.metadata)
        client.until(lambda known: all(task.state == pb.CANCELLED for task in known.values()))
    return found


def _opened(what: str, house: House, args: tuple[str, ...], seen: Seen) -> Row:
    spans, used = [], []
    for _ in range(OPENED):
        with Attached(house, *args) as screen:
            spans.append(screen.until(seen) - screen.began)
            used.append(cpu(screen.pid))
    more = {"slowest": max(spans) * 1e3, "its processor time": statistics.median(used) * 1e3}
    return Row(what, statistics.median(spans) * 1e3, "ms", "<=", 500, more)


def _keys(what: str, spans: list[float]) -> Row:
    return Row(what, percentile(spans, 95) * 1e3, "ms", "<=", 50, {"p50": percentile(spans, 50) * 1e3})


def _pressed(screen: Attached, keys: tuple[bytes, ...], sign: Callable[[list[str]], object]) -> list[float]:
    """How long each key took until what `sign` reads on the screen was another."""
    spans = []
    for number in range(KEYS):
        screen.watch(random.uniform(0.05, 0.15))
        before = sign(screen.lines)
        spans.append(screen.press(keys[number % len(keys)], lambda lines, before=before: sign(lines) != before))
    return spans


def _floor(lines: list[str]) -> bool:
    """It shows tasks, to its last line."""
    return _marked(lines) is not None and "agents" in lines[0] and "detach" in lines[-1]


def _task(number: int) -> Seen:
    """It shows a transcript, at least to this line of it."""

    def seen(lines: list[str]) -> bool:
        shown = [int(found) for line in lines for found in _NUMBER.findall(line)]
        return bool(shown) and max(shown) >= number and "detach" in lines[-1]

    return seen


def _long(lines: list[str]) -> bool:
    """It shows a part of a long line."""
    return any("and so on" in line for line in lines) and "detach" in lines[-1]


def _marked(lines: list[str]) -> str | None:
    """The id of the task that is selected."""
    return next((line[1:].split()[0] for line in lines if line.startswith(">")), None)


def _page(lines: list[str]) -> list[str]:
    """The part of the transcript that is in sight."""
    return lines[3:-2]


def _standing(lines: list[str]) -> str:
    """The line that tells whether what is said is followed."""
    return lines[-2]
