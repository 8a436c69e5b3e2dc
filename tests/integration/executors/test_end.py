"""However a run ends, all of it ends, and the record says why."""

import asyncio
import os
import signal
import sys
import uuid

import pytest

from foremand.executors import shim
from foremand.executors.errors import RunLost
from foremand.executors.spool import Spool

GRANDCHILDREN = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.signal(signal.SIGINT, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        os.closerange(0, 3)
        open(sys.argv[1], "w").close()
        if len(sys.argv) > 2: os.execve("/bin/sleep", ["sleep", sys.argv[2]], {})  # sheds the marker as well
        time.sleep(300)
    os._exit(0)
os.wait()
while not os.path.exists(sys.argv[1]): time.sleep(0.005)
"""
"""Leaves a process that has a session of its own, no parent, and ears for SIGKILL alone."""


def sleeping(seconds: str) -> list[str]:
    """The processes on the machine that are exactly `sleep SECONDS`."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/cmdline", "rb") as file:
                if file.read() == f"sleep\0{seconds}\0".encode():
                    found.append(name)
        except OSError:
            continue
    return found


@pytest.mark.parametrize("shed", [False, True], ids=["marked", "unmarked"])
async def test_grandchildren_that_hide_are_gone_at_the_end(either, shed: bool) -> None:
    run, seconds = either.run(), f"300.{uuid.uuid4().int}"
    sign = (either.mounts.tmp if either.mounts else either.top) / "settled"
    command = either.command(sys.executable, "-I", "-S", "-c", GRANDCHILDREN, str(sign), *[seconds] * shed)
    await either.executor.start(run, command)
    assert (await either.executor.wait(run)).code == 0
    assert sign.exists()
    assert not either.left()
    assert not sleeping(seconds)


async def test_a_process_that_never_stops_forking_is_gone_at_the_end(either) -> None:
    run = either.run()
    comet = "import os\nwhile True:\n    if os.fork(): os._exit(0)\n    os.setsid()\n"
    script = f"{sys.executable} -I -S -c '{comet}' & echo launched"
    await either.executor.start(run, either.sh(script))
    assert (await either.executor.wait(run)).code == 0
    assert not either.left()


async def test_an_endless_loop_ends_at_its_deadline(either) -> None:
    run = either.run()
    await either.executor.start(run, either.sh("while :; do :; done", deadline=0.3))
    ended = await either.executor.wait(run)
    assert (ended.reason, ended.code, ended.signal) == ("deadline", None, signal.SIGINT)
    assert "still running after" in ended.detail
    assert 0.3 <= ended.running < 5


async def test_a_program_that_is_deaf_is_killed_at_its_deadline(either) -> None:
    run = either.run()
    deaf = "trap '' INT TERM; echo deaf; while :; do sleep 0.05; done"
    await either.executor.start(run, either.sh(deaf, deadline=0.2, grace=0.1))
    ended = await either.executor.wait(run)
    assert (ended.reason, ended.code, ended.signal) == ("deadline", None, signal.SIGKILL)
    assert Spool(run).out.read_text() == "deaf\n"


async def started(bench, script: str):
    """A run that has said `ready`."""
    run = bench.run()
    await bench.executor.start(run, bench.sh(script))
    await bench.said(run, b"ready")
    return run


async def test_stop_is_a_plea_first_and_its_reason_is_kept(either) -> None:
    run = await started(either, "trap 'echo flushed; exit 3' INT; echo ready; while :; do sleep 0.02; done")
    ended = await either.executor.stop(run, "cancelled by ann")
    assert (ended.reason, ended.detail, ended.code) == ("stopped", "cancelled by ann", 3)
    assert Spool(run).out.read_text() == "ready\nflushed\n"


async def test_then_stop_insists(either) -> None:
    run = await started(either, "trap '' INT; trap 'exit 4' TERM; echo ready; while :; do sleep 0.02; done")
    ended = await either.executor.stop(run, "enough", grace=0.1)
    assert (ended.reason, ended.code) == ("stopped", 4)


async def test_and_at_last_stop_kills(either) -> None:
    run = await started(either, "trap '' INT TERM; echo ready; while :; do sleep 0.02; done")
    ended = await either.executor.stop(run, "enough", grace=0.1)
    assert (ended.reason, ended.signal) == ("stopped", signal.SIGKILL)


async def test_a_second_stop_can_be_less_patient(bench) -> None:
    run = await started(bench, "trap '' INT TERM; echo ready; while :; do sleep 0.02; done")
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        patient = group.create_task(bench.executor.stop(run, "when it suits you", grace=600))
        await asyncio.sleep(0)
        hasty = await bench.executor.stop(run, "now", grace=0)
    assert hasty.reason == "stopped"
    assert patient.result() == hasty


async def test_stopping_what_has_ended_tells_how_it_ended(bench) -> None:
    run = bench.run()
    await bench.executor.start(run, bench.sh("exit 5"))
    ended = await bench.executor.wait(run)
    assert await bench.executor.stop(run, "too late") == ended
    assert ended.reason == "exited"


async def test_a_run_stopped_before_its_start_never_starts(bench) -> None:
    run = bench.run()
    ended = await bench.executor.stop(run, "changed my mind")
    assert (ended.reason, ended.detail, ended.code) == ("not-started", "changed my mind", None)
    await bench.executor.start(run, bench.sh("echo ran"))
    assert await bench.executor.wait(run) == ended
    assert not Spool(run).out.exists()


async def test_a_stop_during_the_start_is_heard(bench) -> None:
    for _ in range(5):
        run = bench.run()
        async with asyncio.timeout(60), asyncio.TaskGroup() as group:
            group.create_task(bench.executor.start(run, bench.command("sleep", "300")))
            await asyncio.sleep(0)
            ended = await bench.executor.stop(run, "at once")
        assert ended.reason in ("stopped", "not-started")


async def test_a_machine_that_shuts_down_gets_the_record_written(bench) -> None:
    run = await started(bench, "echo ready; exec sleep 300")
    shim_pid = Spool(run).shim()
    assert shim_pid
    os.kill(shim_pid, signal.SIGTERM)
    ended = await bench.executor.wait(run)
    assert ended.reason == "stopped"
    assert "SIGTERM" in ended.detail


async def test_a_killed_shim_is_lost_and_takes_everything_with_it(either) -> None:
    run = await started(either, "setsid sleep 300 & echo ready; sleep 300")
    shim_pid = Spool(run).shim()
    assert shim_pid
    os.kill(shim_pid, signal.SIGKILL)
    with pytest.raises(RunLost):
        await either.executor.wait(run)
    assert not either.left()
    assert either.executor.state(run) == "lost"
    with pytest.raises(RunLost):
        await either.executor.start(run, either.sh("echo again"))
    assert Spool(run).out.read_text() == "ready\n"


async def test_what_is_just_turning_into_another_program_is_found_too(bench) -> None:
    """A process in the middle of an exec has no environment: looking once was seen to miss it."""
    execs = "import os, sys\nos.getpid() == os.getsid(0) or os.setsid()\nos.execv(sys.executable, sys.orig_argv)\n"
    run = await started(bench, f"{sys.executable} -I -S -c '{execs}' & echo ready; sleep 300")
    shim_pid = Spool(run).shim()
    assert shim_pid
    os.kill(shim_pid, signal.SIGKILL)
    with pytest.raises(RunLost):
        await bench.executor.wait(run)
    assert not bench.left()


async def test_a_program_does_not_outlive_its_shim_even_when_nobody_looks(either) -> None:
    run = await started(either, "echo ready; exec sleep 300")
    shim_pid = Spool(run).shim()
    assert shim_pid
    os.kill(shim_pid, signal.SIGKILL)
    async with asyncio.timeout(60):
        while either.left():  # noqa: ASYNC110 - no event tells
            await asyncio.sleep(0.005)


async def test_a_shim_that_hangs_is_lost_too(bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shim, "STRUGGLE", 0.1)
    run = await started(bench, "echo ready; exec sleep 300")
    shim_pid = Spool(run).shim()
    assert shim_pid
    os.kill(shim_pid, signal.SIGSTOP)
    with pytest.raises(RunLost):
        await bench.executor.stop(run, "answer me", grace=0.1)
    assert not bench.left()


@pytest.mark.parametrize("forged", [b"", b"{}", b'{"code": 0}', b"\xff"])
async def test_a_record_of_the_end_that_is_none_does_not_pass_for_one(bench, forged: bytes) -> None:
    run = bench.run()
    await bench.executor.start(run, bench.sh("true"))
    await bench.executor.wait(run)
    (run / "exit.json").write_bytes(forged)
    with pytest.raises(RunLost, match="not readable"):
        await bench.executor.wait(run)


async def test_nobody_outside_the_run_is_hit(bench) -> None:
    other = bench.run()
    await bench.executor.start(other, bench.command("sleep", "300"))
    run = bench.run()
    await bench.executor.start(run, bench.sh("exit 0"))
    await bench.executor.wait(run)
    assert bench.executor.state(other) == "running"
    async with asyncio.timeout(60):
        await bench.executor.stop(other, "looked enough", grace=600)
