"""Where foremand stands against its budgets. Prints a table on stderr and JSON on stdout.

    python tests/bench/run.py                 all rows
    python tests/bench/run.py submit list     some of them
    python tests/bench/run.py terminal        those of `foremanctl attach`

Every row drives the real parts: a real daemon, real agents' processes, real clients. Machines differ and are
shared: compare ratios and medians, not single figures.
"""

import asyncio
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import terminal
from measured import SINGLE, TALK, WAITING, Client, cpu, fill, home, rss, waiting
from rows import DEADLINE, Row, percentile

from foremand.agents.registry import adapter
from foremand.engine.ingest import Ingestion
from foremand.journal import Journal
from foremand.v1 import foremand_pb2 as pb

CHAIN = (
    """
version = 1
[agent.a]
adapter = "command"
command = ["python3", "{script}"]
[gate.person]
kind = "human"
[land]
gates = ["person"]
"""
    + "".join(f'\n[[stage]]\nname = "s{number}"\nagent = "a"\naccess = "read"\n' for number in range(10))
    + '\n[[stage]]\nname = "last"\nagent = "a"\nallow_empty = true\n'
)

STAMPS = """
import os, sys, time
print(f"begin {time.time():.6f}", flush=True)
sys.stdin.read()
print(f"end {time.time():.6f}", flush=True)
"""


def ingest() -> Row:
    """Ten transcripts read, understood, journaled and published at once."""
    lines, streams = 60_000, 10
    recorded = (
        Path(__file__).parents[1] / "recordings" / "claude" / "done_partial_thinking.jsonl"
    )  # the flags that we start it with
    some = [line for line in recorded.read_bytes().split(b"\n") if line]

    async def run(folder: Path) -> float:
        from foremand.agents.port import Job

        async with Journal.open(folder / "journal.db") as journal:
            job = Job(
                prompt="", stage="s", access="write", task=1, attempt=1, session_id="s", home=folder,
                output=folder / "o", sandboxed=True,
            )  # fmt: skip
            watcher = journal.subscribe(0, buffer_items=10_000_000, buffer_bytes=1 << 32)

            async def watch() -> None:
                async for _ in watcher:
                    pass

            async def one(number: int, file: Path) -> None:
                reader = adapter("claude").reader(job)
                ingestion = Ingestion(journal, file, 1, number)
                while await ingestion.take(reader, time.time(), to_end=True):
                    pass

            files = []
            for number in range(streams):
                file = folder / f"{number}.jsonl"
                file.write_bytes(b"\n".join((some * (lines // len(some) + 1))[:lines]) + b"\n")
                files.append(file)
            begin = time.perf_counter()
            async with asyncio.TaskGroup() as group:
                watching = group.create_task(watch())
                readers = [group.create_task(one(n, file)) for n, file in enumerate(files)]
                await asyncio.gather(*readers)
                spent = time.perf_counter() - begin
                watching.cancel()
            return lines * streams / spent

    with tempfile.TemporaryDirectory(prefix="fb-") as folder:
        rate = asyncio.run(run(Path(folder)))
    return Row("transcript lines ingested, parsed, journaled, published (10 streams)", rate, "lines/s", ">=", 100_000)


def latency() -> Row:
    """From an agent's print to an attached client, ten agents talking."""
    with home() as house:
        script = house.script("talk", TALK)
        repo = house.repo(
            {".foremand/pipeline.toml": SINGLE.format(command=json.dumps(["python3", str(script), "160", "0.05"]))}
        )
        house.start("--max-agents", "10")
        client = Client(house)
        delays: list[tuple[float, float]] = []
        stream = client.stub.Watch(pb.WatchRequest(agent_events=True), metadata=client.metadata, timeout=DEADLINE)
        next(stream)
        for _ in range(10):
            client.submit(repo)
        begun, ended = 0.0, 0
        for response in stream:
            now = time.time()
            for event in response.events:
                if event.type == "AgentEvent":
                    words = json.loads(event.data).get("text", "").split()
                    if words[:1] == ["at"]:
                        delays.append((float(words[1]), now - float(words[1])))
                begun = now if event.type == "AttemptStarted" else begun
                ended += event.type == "AttemptEnded"
            if ended == 10:
                stream.cancel()
                break
    spans = [delay for at, delay in delays if at > begun + 0.5]  # all ten talk
    return Row(
        "agent writes a line -> attached client has it, 10 busy agents, p99",
        percentile(spans, 99) * 1e3, "ms", "<=", 50, {"p50": percentile(spans, 50) * 1e3, "lines": len(spans)},
    )  # fmt: skip


def handover() -> Row:
    """From an agent's last word to the next agent's first, without gates."""
    with home() as house:
        script = house.script("stamps", STAMPS)
        repo = house.repo({".foremand/pipeline.toml": CHAIN.replace("{script}", str(script))})
        house.start()
        client = Client(house)
        for count in (1, 2):
            client.submit(repo)
            client.until(waiting(count))
        stamps: dict[int, list[float]] = {1: [], 2: []}
        last = client.stub.Watch(pb.WatchRequest(), metadata=client.metadata, timeout=DEADLINE)
        cursor = next(last).cursor
        last.cancel()
        request = pb.WatchRequest(after=0, agent_events=True)
        for response in client.stub.Watch(request, metadata=client.metadata, timeout=DEADLINE):
            for event in response.events:
                if event.type == "AgentEvent":
                    stamps[event.task].append(float(json.loads(event.data)["text"].split()[1]))
            if response.cursor >= cursor:
                break
        spans = [begin - end for times in stamps.values() for end, begin in zip(times[1::2], times[2::2], strict=False)]
    return Row("agent's exit -> next agent started, no gates", statistics.median(spans) * 1e3, "ms", "<=", 150,
               {"p99": percentile(spans, 99) * 1e3, "handovers": len(spans)})  # fmt: skip


def idle() -> list[Row]:
    """The daemon with nothing to do but hold 100 waiting tasks, one client attached."""
    with home() as house:
        repo = house.repo({".foremand/pipeline.toml": WAITING})
        house.start("--max-agents", "4", "--max-gates", "2")
        client = Client(house)
        for _ in range(100):
            client.submit(repo)
        client.until(waiting(100))
        stream = client.stub.Watch(pb.WatchRequest(agent_events=True), metadata=client.metadata)
        next(stream)
        assert house.daemon is not None
        pid = house.daemon.pid
        time.sleep(2)
        before, begin = cpu(pid), time.perf_counter()
        time.sleep(20)
        share = (cpu(pid) - before) / (time.perf_counter() - begin) * 100
        memory = rss(pid)
        stream.cancel()
    return [
        Row("daemon idle, 100 waiting tasks, one client attached", share, "% of a core", "<=", 0.5),
        Row("its memory", memory, "MB", "<=", 80),
    ]


def many() -> list[Row]:
    """Fifty agents at once beside a journal of a million events, and a restart under them."""
    with home() as house:
        asyncio.run(fill(house.state / "journal.db", events=1_000_000))
        repo = house.repo({".foremand/pipeline.toml": SINGLE.format(command='["sh", "-c", "echo hi; exec sleep 600"]')})
        house.start("--max-agents", "50")
        client = Client(house)
        for _ in range(50):
            client.submit(repo)
        seen: set[int] = set()
        stream = client.stub.Watch(
            pb.WatchRequest(after=1, agent_events=False), metadata=client.metadata, timeout=DEADLINE
        )
        for response in stream:
            seen |= {event.task for event in response.events if event.type == "AttemptStarted"}
            if len(seen) == 50:
                stream.cancel()
                break
        assert house.daemon is not None
        memory = rss(house.daemon.pid)
        house.kill()
        begin = time.perf_counter()
        house.start("--max-agents", "50")
        client = Client(house)
        while client.stub.GetServerInfo(pb.GetServerInfoRequest(), metadata=client.metadata).running_agents < 50:
            time.sleep(0.005)
        adopted = time.perf_counter() - begin
        tasks = client.stub.ListTasks(pb.ListTasksRequest(), metadata=client.metadata).tasks
        for task in tasks:
            client.stub.CancelTask(pb.CancelTaskRequest(id=task.id), metadata=client.metadata)
        client.until(lambda known: all(task.state == pb.CANCELLED for task in known.values()))
    return [
        Row("50 agents at once, 1,000,000 events in the journal: memory", memory, "MB", "<=", 150),
        Row("restart with 50 running agents and 1,000,000 events: all adopted", adopted, "s", "<=", 2),
    ]


def listing() -> Row:
    """`foremanctl list` with a thousand tasks, from the start of its program to its end."""
    with home() as house:
        asyncio.run(fill(house.state / "journal.db", tasks=1000))
        house.start()
        spent = []
        for _ in range(8):
            begin = time.perf_counter()
            house.ok("list", "--all", "--format", "table")
            spent.append(time.perf_counter() - begin)
    return Row(
        "foremanctl list, 1,000 tasks, start of Python included", statistics.median(spent) * 1e3, "ms", "<=", 250
    )


def submit() -> Row:
    """A submit, as far as the client sees it: checked, on disk, acknowledged."""
    with home() as house:
        repo = house.repo({".foremand/pipeline.toml": WAITING})
        house.start("--max-agents", "1")
        client = Client(house)
        client.submit(repo)
        client.until(waiting(1))
        quiet = []
        for number in range(2, 17):
            quiet.append(_timed(lambda: client.submit(repo)))
            client.until(waiting(number))
        burst = [_timed(lambda: client.submit(repo)) for _ in range(15)]
        client.until(waiting(31))
    return Row(
        "submit acknowledged (fsync), p50", statistics.median(quiet) * 1e3, "ms", "<=", 10,
        {"while others start": statistics.median(burst) * 1e3},
    )  # fmt: skip


def _timed(act: Callable[[], object]) -> float:
    begin = time.perf_counter()
    act()
    return time.perf_counter() - begin


ROWS: dict[str, Callable[[], Row | list[Row]]] = {
    "ingest": ingest,
    "latency": latency,
    "handover": handover,
    "idle": idle,
    "many": many,
    "list": listing,
    "submit": submit,
    "terminal": terminal.rows,
}


def main() -> None:
    """Measure what is asked for and print it."""
    wanted = sys.argv[1:] or list(ROWS)
    if unknown := [name for name in wanted if name not in ROWS]:
        sys.exit(f"no row {', '.join(unknown)}; there are {', '.join(ROWS)}")
    found: list[Row] = []
    for name in wanted:
        rows = ROWS[name]()
        for row in rows if isinstance(rows, list) else [rows]:
            found.append(row)
            print(row, file=sys.stderr, flush=True)
    machine = {"cores": os.cpu_count(), "python": platform.python_version(), "load": os.getloadavg()[0]}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    git = subprocess.run(["git", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    print(
        json.dumps(
            {"machine": {**machine, "git": git, "peak_kb": peak}, "rows": [row.data() for row in found]}, indent=2
        )
    )


if __name__ == "__main__":
    main()
