"""What goes into a run and what comes out of it."""

import asyncio
import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from foremand.executors import shim
from foremand.executors.errors import NotStarted, StartFailed
from foremand.executors.local import LocalExecutor
from foremand.executors.sandbox import Unsandboxed
from foremand.executors.spool import Exit, Spool
from foremand.executors.who import PROGRAM, run_of_shim


async def finish(bench, command) -> tuple[Exit, Spool]:
    run = bench.run()
    await bench.executor.start(run, command)
    return await bench.executor.wait(run), Spool(run)


async def test_output_and_exit_code_are_kept(either) -> None:
    ended, spool = await finish(either, either.sh("echo said; echo wrong >&2; exit 7"))
    assert (ended.code, ended.signal, ended.reason) == (7, None, "exited")
    assert spool.out.read_bytes() == b"said\n"
    assert spool.err.read_bytes() == b"wrong\n"
    assert 0 <= ended.running < 10
    assert spool.state() == "exited"
    assert (spool.path / shim.LOG).read_bytes() == b""


async def test_a_missing_program_is_127_and_named(either) -> None:
    ended, _ = await finish(either, either.command("no-such-agent", "--flag"))
    assert (ended.code, ended.reason) == (127, "exited")
    assert "no-such-agent" in ended.detail


async def test_a_program_that_is_not_executable_is_126_and_named(either) -> None:
    ended, _ = await finish(either, either.command("/etc/passwd"))
    assert (ended.code, ended.reason) == (126, "exited")
    assert "/etc/passwd" in ended.detail


async def test_a_missing_program_inside_a_script_is_named_too(either) -> None:
    ended, _ = await finish(either, either.sh("no-such-tool"))
    assert ended.code == 127
    assert "no-such-tool" in ended.detail


async def test_death_by_a_signal_is_told_from_an_exit_code(either) -> None:
    ended, _ = await finish(either, either.sh("kill -SEGV $$"))
    assert (ended.code, ended.signal, ended.reason) == (None, signal.SIGSEGV, "exited")


async def test_a_large_standard_input_arrives_whole(either) -> None:
    body = os.urandom(1 << 20)
    ended, spool = await finish(either, either.command("cat", stdin=body))
    assert ended.code == 0
    assert spool.out.read_bytes() == body


async def test_without_standard_input_a_reader_sees_the_end_at_once(either) -> None:
    ended, spool = await finish(either, either.command("cat"))
    assert ended.code == 0
    assert spool.out.read_bytes() == b""


async def test_odd_bytes_in_words_and_values_arrive_as_they_are(either) -> None:
    odd = os.fsdecode(b"a\xff\n 'b\" =\\ \xc3\xa9")
    command = either.command("sh", "-c", 'printf "%s|%s" "$1" "$ODD"', "sh", odd, env={"ODD": odd})
    ended, spool = await finish(either, command)
    assert ended.code == 0
    assert spool.out.read_bytes() == os.fsencode(odd) + b"|" + os.fsencode(odd)


async def test_names_no_shell_would_pass_on_still_reach_the_program(either) -> None:
    ended, spool = await finish(either, either.command("env", "-0", env={"a-b.c": "1", "BASH_FUNC_f%%": "() { :; }"}))
    assert ended.code == 0
    assert {b"a-b.c=1", b"BASH_FUNC_f%%=() { :; }"} <= set(spool.out.read_bytes().split(b"\0"))


async def test_a_program_whose_name_looks_like_an_assignment_runs(either) -> None:
    where = either.mounts.tree if either.mounts else either.top
    (where / "a=b").write_text("#!/bin/sh\necho ran\n")
    (where / "a=b").chmod(0o755)
    ended, spool = await finish(either, either.command("./a=b"))
    assert (ended.code, spool.out.read_bytes()) == (0, b"ran\n")


async def test_a_nul_byte_is_refused_without_harm(bench) -> None:
    ended, _ = await finish(bench, bench.command("echo", "a\0b"))
    assert (ended.code, ended.reason) == (126, "exited")


async def test_the_environment_is_exactly_the_given_one(either, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAEMON_SECRET", "hush")
    _, spool = await finish(either, either.command("env", env={"ONLY": "this"}))
    names = {line.partition(b"=")[0] for line in spool.out.read_bytes().splitlines()}
    assert names - {b"PWD"} == {b"ONLY", b"PATH", b"FOREMAND_ATTEMPT", b"FOREMAND_RUN"}  # bubblewrap adds PWD


async def test_values_of_the_environment_are_not_written_down(either) -> None:
    _, spool = await finish(either, either.command("true", env={"API_KEY": "sk-secret-value"}, stdin=b"prompt"))
    assert spool.record()["env"] == ["API_KEY", "FOREMAND_ATTEMPT", "FOREMAND_RUN", "PATH"]
    for file in spool.path.iterdir():
        assert stat.S_ISFIFO(file.stat().st_mode) or b"sk-secret-value" not in file.read_bytes()
        assert not file.stat().st_mode & 0o077, f"{file.name} is open to others"


async def test_signals_that_the_daemon_ignores_are_not_ignored_by_the_program(bench) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN), signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    try:
        _, spool = await finish(bench, bench.command("cat", "/proc/self/status"))
    finally:
        signal.signal(signal.SIGINT, before[0])
        signal.signal(signal.SIGPIPE, before[1])
    masks = dict(line.split(":\t") for line in spool.out.read_text().splitlines() if line.startswith("Sig"))
    assert int(masks["SigIgn"], 16) == int(masks["SigBlk"], 16) == 0


async def test_no_file_of_the_shim_stays_open_in_the_program(either) -> None:
    _, spool = await finish(either, either.command("ls", "/proc/self/fd"))
    assert set(spool.out.read_text().split()) == {"0", "1", "2", "3"}  # 3 is the listing itself


async def test_a_missing_working_directory_is_not_the_programs_fault(bench) -> None:
    ended, spool = await finish(bench, bench.sh("echo ran", cwd=str(bench.top / "gone")))
    assert (ended.code, ended.signal, ended.reason) == (None, None, "not-started")
    assert "gone" in ended.detail
    assert spool.out.read_bytes() == b""


async def test_without_a_sandbox_the_working_directory_is_in_the_tree(confined) -> None:
    (confined.mounts.tree / "sub").mkdir()
    plain = LocalExecutor(Unsandboxed("not here"))
    run = confined.run()
    await plain.start(run, confined.command("pwd", cwd=str(confined.mounts.at / "sub")))
    assert (await plain.wait(run)).code == 0
    assert Spool(run).out.read_text().strip() == str(confined.mounts.tree / "sub")


async def test_two_starters_at_once_make_one_run(bench) -> None:
    run, ran = bench.run(), bench.top / "ran"
    command = bench.sh(f"echo once >> {ran}; sleep 0.2")
    await asyncio.gather(*(LocalExecutor(bench.executor.sandbox).start(run, command) for _ in range(6)))
    assert (await bench.executor.wait(run)).code == 0
    assert ran.read_text() == "once\n"


async def test_a_run_that_ended_is_not_started_again(bench) -> None:
    run = bench.run()
    await bench.executor.start(run, bench.sh("echo first"))
    await bench.executor.wait(run)
    await bench.executor.start(run, bench.sh("echo second"))
    assert (await bench.executor.wait(run)).code == 0
    assert Spool(run).out.read_text() == "first\n"


async def test_a_starter_that_dies_in_the_middle_of_its_request_started_nothing(bench) -> None:
    run = bench.run()
    run.mkdir(parents=True)
    request = bench.executor._request(bench.sh("echo ran", stdin=b"x" * 1000))
    for torn in (b"", request[:40], request[:-1]):
        argv = [sys.executable, "-I", "-S", PROGRAM, run]
        done = await asyncio.to_thread(subprocess.run, argv, input=torn, check=False)
        assert done.returncode == shim.TORN
        assert Spool(run).state() == "new"
    await bench.executor.start(run, bench.sh("echo ran"))
    assert (await bench.executor.wait(run)).code == 0
    assert Spool(run).out.read_text() == "ran\n"


def shims_of(run: Path) -> list[int]:
    """Who supervises this run, or comes up to do it."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        with suppress(OSError):
            if run_of_shim(int(name)) == run:
                found.append(int(name))
    return found


def words_of(pid: int) -> bytes:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


async def until(true: Callable[[], object]) -> None:
    """Returns when it is so, within a minute."""
    async with asyncio.timeout(60):
        while not true():  # noqa: ASYNC110 - no event tells
            await asyncio.sleep(0.005)


async def test_a_run_takes_the_shim_that_was_made_ready_for_it(bench) -> None:
    run = bench.run()
    async with bench.executor.ready(run):
        await until(lambda: shims_of(run))
        (ready,) = shims_of(run)
        assert not run.exists(), "whatever is prepared may fail yet"
        await bench.executor.start(run, bench.sh("read word; echo $word", stdin=b"heard\n"))
        assert ready not in shims_of(run), "it has left the shim proper behind"
    assert (await bench.executor.wait(run)).code == 0
    assert Spool(run).out.read_text() == "heard\n"


async def test_a_shim_that_nobody_needed_leaves_nothing(bench) -> None:
    run = bench.run()
    with pytest.raises(RuntimeError, match="no workspace"):
        async with bench.executor.ready(run):
            await until(lambda: shims_of(run))
            raise RuntimeError("no workspace")
    assert not shims_of(run)
    assert not run.exists()
    await bench.executor.start(run, bench.sh("echo later"))
    assert (await bench.executor.wait(run)).code == 0
    assert Spool(run).out.read_text() == "later\n"


async def test_a_shim_that_was_killed_before_it_was_needed_is_replaced(bench) -> None:
    run = bench.run()
    async with bench.executor.ready(run):
        starter = bench.executor._ready[run]
        starter.kill()
        await asyncio.to_thread(os.waitid, os.P_PID, starter.pid, os.WEXITED | os.WNOWAIT)
        await bench.executor.start(run, bench.sh("echo all the same"))
    assert (await bench.executor.wait(run)).code == 0
    assert Spool(run).out.read_text() == "all the same\n"


async def test_a_run_is_made_ready_once(bench) -> None:
    run = bench.run()
    async with bench.executor.ready(run):
        with pytest.raises(RuntimeError, match="twice"):
            async with bench.executor.ready(run):
                pass
        await until(lambda: shims_of(run))
    assert not shims_of(run)


async def test_a_shim_that_was_ready_does_not_outlive_its_daemon(bench) -> None:
    run = bench.run()
    script = (
        "import asyncio, os, sys\n"
        "from pathlib import Path\n"
        "from foremand.executors.local import LocalExecutor\n"
        "from foremand.executors.sandbox import Unsandboxed\n"
        "async def main():\n"
        "    executor = LocalExecutor(Unsandboxed('test'))\n"
        "    async with executor.ready(Path(sys.argv[1])):\n"
        "        print(*(each.pid for each in executor._ready.values()), flush=True)\n"
        "        os.kill(os.getpid(), 9)\n"
        "asyncio.run(main())\n"
    )
    argv = [sys.executable, "-c", script, run]
    done = await asyncio.to_thread(subprocess.run, argv, check=False, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    await until(lambda: os.fsencode(run) not in words_of(int(done.stdout)))
    assert not run.exists()


async def test_a_run_directory_that_cannot_be_is_an_error_of_the_start(bench) -> None:
    (bench.top / "file").write_text("")
    with pytest.raises(StartFailed, match="file"):
        await bench.executor.start(bench.top / "file" / "run", bench.sh("true"))


async def test_many_may_wait_for_one_run_and_nobody_for_none(bench) -> None:
    run = bench.run()
    with pytest.raises(NotStarted):
        await bench.executor.wait(run)
    before = len(os.listdir("/proc/self/fd"))
    await bench.executor.start(run, bench.command("sleep", "60"))
    async with asyncio.TaskGroup() as group:
        waits = [group.create_task(bench.executor.wait(run)) for _ in range(50)]
        given_up = group.create_task(bench.executor.wait(run))
        await asyncio.sleep(0)
        given_up.cancel()
        stopped = await bench.executor.stop(run, "enough")
    assert {wait.result() for wait in waits} == {stopped}
    assert len(os.listdir("/proc/self/fd")) == before


async def test_a_run_is_known_by_its_shim(bench) -> None:
    here = bench.run()
    await bench.executor.start(here, bench.command("sleep", "60"))
    assert bench.executor.state(here) == "running"
    assert run_of_shim(Spool(here).shim()) == here
    assert run_of_shim(os.getpid()) is None
    await bench.executor.stop(here, "done looking")


async def test_what_runs_is_written_down(bench) -> None:
    run = bench.run()
    await bench.executor.start(run, bench.sh("true", deadline=5.0))
    await bench.executor.wait(run)
    record = json.loads((run / "run.json").read_text())
    assert record["argv"] == ["sh", "-c", "true"]
    assert (record["deadline"], record["marker"], record["stdin"]) == (5.0, bench.marker, None)
