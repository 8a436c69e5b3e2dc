"""A program whose standard input stays open: told more as it runs, by one daemon or the next, each thing once."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from foremand.executors import Spool

ECHO = 'echo up; while IFS= read -r line; do echo "heard $line"; done; echo over'
OBEYS = 'echo up; while IFS= read -r line; do [ "$line" = stop ] && exit 5; done; sleep 60'
DEAF = "trap 'echo int; exit 6' INT; echo up; while :; do sleep 0.05; done"
ROOT = Path(__file__).parents[3]
OTHER = """
import asyncio, sys
from pathlib import Path
from foremand.executors import LocalExecutor, Unsandboxed

executor, run = LocalExecutor(Unsandboxed("a test")), Path(sys.argv[1])
for key, words in zip(sys.argv[2::2], sys.argv[3::2]):
    assert asyncio.run(executor.tell(run, key, words.encode() + b"\\n"))
"""


def another_daemon(run: Path, *words: str) -> None:
    subprocess.run([sys.executable, "-c", OTHER, str(run), *words], cwd=ROOT, check=True)


async def test_it_is_told_each_thing_once_and_in_order(either) -> None:
    run, executor = either.run(), either.executor
    await executor.start(run, either.sh(ECHO, stdin=b"the task\n", plea=b"stop\n"))
    await either.said(run, b"heard the task\n")
    for key in ("one", "two", "one"):
        assert await executor.tell(run, key, f"{key}\n".encode())
    await either.said(run, b"heard two\n")
    assert await executor.end_input(run)
    ended = await executor.wait(run)
    assert (ended.code, ended.reason) == (0, "exited")
    assert Spool(run).out.read_text().split("\n") == ["up", "heard the task", "heard one", "heard two", "over", ""]
    assert not await executor.tell(run, "three", b"three\n")
    assert not await executor.end_input(run)


async def test_whoever_told_it_may_be_gone(bench) -> None:
    run, executor = bench.run(), bench.executor
    await executor.start(run, bench.sh(ECHO, stdin=b"", plea=b""))
    await asyncio.to_thread(another_daemon, run, "a", "first", "b", "second")
    await bench.said(run, b"heard second\n")
    await asyncio.to_thread(another_daemon, run, "a", "first", "b", "second", "c", "third")
    await bench.said(run, b"heard third\n")
    assert executor.state(run) == "running", "it waits for more"
    await executor.end_input(run)
    await executor.wait(run)
    assert Spool(run).out.read_text().split("\n")[1:4] == ["heard first", "heard second", "heard third"]


async def test_a_prompt_that_no_pipe_holds_comes_whole_and_nothing_overtakes_it(bench) -> None:
    run, executor = bench.run(), bench.executor
    prompt = b"x" * 3_000_000 + b"\n"
    await executor.start(run, bench.sh("echo up; sleep 0.2; wc -lc", stdin=prompt, plea=b"stop\n"))
    await executor.tell(run, "more", b"more\n")
    await executor.end_input(run)
    await executor.wait(run)
    assert Spool(run).out.read_text().split() == ["up", "2", str(len(prompt) + len(b"more\n"))]


async def test_it_may_close_its_ears_and_go_on(bench) -> None:
    run, executor = bench.run(), bench.executor
    await executor.start(run, bench.sh("exec <&-; echo up; sleep 0.2; exit 3", stdin=b"x" * 1_000_000, plea=b"stop\n"))
    await executor.tell(run, "more", b"more\n")
    ended = await executor.wait(run)
    assert (ended.code, ended.reason) == (3, "exited")


@pytest.mark.parametrize(("script", "code", "said"), [(OBEYS, 5, "up\n"), (DEAF, 6, "up\nint\n")])
async def test_a_stop_asks_first(bench, script: str, code: int, said: str) -> None:
    run, executor = bench.run(), bench.executor
    await executor.start(run, bench.sh(script, stdin=b"the task\n", plea=b"stop\n"))
    await bench.said(run, b"up\n")
    ended = await executor.stop(run, "enough", grace=0.3)
    assert (ended.code, ended.reason, ended.detail) == (code, "stopped", "enough")
    assert Spool(run).out.read_text() == said
    assert not bench.left()


async def test_so_does_the_deadline(bench) -> None:
    run = bench.run()
    await bench.executor.start(run, bench.sh(OBEYS, stdin=b"", plea=b"stop\n", deadline=0.3))
    ended = await bench.executor.wait(run)
    assert (ended.code, ended.reason) == (5, "deadline")


async def test_what_was_never_written_is_not_told(bench) -> None:
    run, executor = bench.run(), bench.executor
    await executor.start(run, bench.sh(ECHO, stdin=b"", plea=b""))
    await bench.said(run, b"up\n")
    Spool(run).ask({"do": "tell", "name": "told-nothing"})
    await executor.tell(run, "real", b"real\n")
    await executor.end_input(run)
    assert (await executor.wait(run)).code == 0
    assert Spool(run).out.read_text() == "up\nheard real\nover\n"


async def test_a_program_that_reads_to_the_end_is_told_nothing(bench) -> None:
    run, executor = bench.run(), bench.executor
    await executor.start(run, bench.sh(f"{ECHO}; sleep 0.3", stdin=b"all\n"))
    await bench.said(run, b"over\n")
    assert await executor.tell(run, "late", b"late\n")
    await executor.wait(run)
    assert Spool(run).out.read_text() == "up\nheard all\nover\n"
