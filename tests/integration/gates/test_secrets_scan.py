"""The scan in its own process: what it finds, that it tells no secret, that it can neither hang nor pass wrongly."""

import asyncio
import os
import stat
import sys
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import pytest
from planted import planted

from foremand.gates import secrets_scan
from foremand.gates.secrets import Added, ScanFailed, Scanned, judge, output
from foremand.gates.secrets_scan import scan

LIMIT = 60.0


async def stream(lines: Iterable[Added]) -> AsyncIterator[Added]:
    for each in lines:
        yield each


async def found(lines: Iterable[Added], *, path: str = "") -> Scanned:
    return await scan(stream(lines), timeout=LIMIT, path=path)


def change(seed: int = 1) -> list[Added]:
    return [
        Added("c" * 40, f"{number}/{each.path}", row, line)
        for number, each in enumerate(planted(seed))
        for row, line in enumerate(each.lines, 1)
    ]


async def test_the_planted_secrets_are_found_and_none_is_told() -> None:
    scanned = await found(change())
    wanted = planted()
    seen = {int(each.path.partition("/")[0]) for each in scanned.findings}
    assert len(seen) >= 0.95 * len(wanted), [each.what for number, each in enumerate(wanted) if number not in seen]
    told = f"{scanned!r} {judge(scanned, ())!r} {output(scanned, ())}"
    for each in wanted:
        pieces = {each.secret, each.secret[:12], each.secret[-12:], *(line for line in each.lines if len(line) > 40)}
        assert not [piece for piece in pieces if piece in told], each.what


async def test_a_fingerprint_stays_with_the_secret_in_its_file() -> None:
    secret = 'password = "' + "k3J9xQ2m" * 3 + '"'
    (first,) = (await found([Added("c1", "a.py", 3, secret)])).findings
    (moved,) = (await found([Added("c2", "a.py", 77, "    " + secret + "  # later")])).findings
    (other,) = (await found([Added("c2", "b.py", 77, secret)])).findings
    assert moved.fingerprint == first.fingerprint != other.fingerprint
    assert judge(Scanned((moved,), ()), [first.fingerprint]).result == "pass"
    assert judge(Scanned((other,), ()), [first.fingerprint]).result == "fail"


async def test_a_key_of_many_quoted_rows_is_one_secret() -> None:
    rows = next(each.lines for each in planted() if each.what == "private key, rsa")
    lines = [Added("c", "a.py", row, f'    "{text}\\n"') for row, text in enumerate(rows, 1)]
    assert [(each.kind, each.line) for each in (await found(lines)).findings] == [("private key", 1)]


async def test_each_commit_is_told_of() -> None:
    line = "T=glpat-" + "Ab1Cd2Ef3Gh4Ij5Kl6Mn"
    scanned = await found([Added("c1", "a.sh", 1, line), Added("c2", "a.sh", 5, line)])
    assert [(each.commit, each.line) for each in scanned.findings] == [("c1", 1), ("c2", 5)]
    assert judge(scanned, ()).reason.startswith("1 secret: ")


async def test_a_path_that_holds_the_secret_is_not_told() -> None:
    token = "glpat-" + "Ab1Cd2Ef3Gh4Ij5Kl6Mn"
    scanned = await found([Added("c", f"keys/{token}.txt", 1, token)])
    assert token not in repr(scanned)
    assert scanned.findings[0].path == "keys/(secret).txt"


async def test_any_text_can_be_looked_at() -> None:
    texts = ["\udcff\udc80 raw bytes", "\0", "\u2028 password = ", "\ud800", "é" * 10_000, "", "\r"]
    lines = [Added("c", "p\udcff", number, text) for number, text in enumerate(texts, 1)]
    assert (await found(lines)).findings == ()
    assert (await found([])).findings == ()


async def test_five_thousand_lines_do_not_take_long() -> None:
    source = Path(asyncio.__file__).parent.glob("*.py")
    lines = [line for file in sorted(source) for line in file.read_text().splitlines()][:5000]
    loop = asyncio.get_running_loop()
    began = loop.time()
    assert (await found(Added("c", "a.py", row, line) for row, line in enumerate(lines, 1))).findings == ()
    assert loop.time() - began < 20, "about a second where nothing else runs"


def children() -> list[str]:
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()


async def test_a_scan_that_takes_too_long_is_ended() -> None:
    async def endless() -> AsyncIterator[Added]:
        yield Added("c", "p", 1, "x")
        await asyncio.Event().wait()

    with pytest.raises(ScanFailed, match="timed out after"):
        await scan(endless(), timeout=0.3, path="")
    assert children() == []


async def test_the_worker_ends_itself_when_nobody_is_left_to_end_it() -> None:
    """The daemon may be killed in the middle of a scan: its pipes stay open in nobody's hands."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", secrets_scan.WORKER, "1.5", stdin=asyncio.subprocess.PIPE
    )
    assert await asyncio.wait_for(process.wait(), LIMIT) == -14


async def test_cancelling_ends_it() -> None:
    begun = asyncio.Event()

    async def waiting() -> AsyncIterator[Added]:
        yield Added("c", "p", 1, "x")
        begun.set()
        await asyncio.Event().wait()

    async def ask() -> None:
        await scan(waiting(), timeout=LIMIT, path="")

    async with asyncio.TaskGroup() as group:
        task = group.create_task(ask())
        await asyncio.wait_for(begun.wait(), LIMIT)
        task.cancel()
    assert children() == []


async def test_what_fails_while_lines_are_read_is_passed_on() -> None:
    async def broken() -> AsyncIterator[Added]:
        yield Added("c", "p", 1, "x")
        raise ValueError("git said no")

    with pytest.raises(ValueError, match="git said no"):
        await scan(broken(), timeout=LIMIT, path="")
    assert children() == []


@pytest.mark.parametrize(
    ("worker", "why"),
    [
        ("import os; os.kill(os.getpid(), 11)", "without an answer .exit code -11."),
        ("raise SystemExit(0)", "without an answer"),
        ("print('{')", "without an answer"),
        ("print('{}'); raise SystemExit(3)", "exit code 3"),
        ('print(\'{"failed": "no"}\')', "^no$"),
        ("print('[]')", "without an answer"),
        ("print('{}')", "ended early: 0 of "),
        ("import sys; sys.stdin.read(); print('{\"lines\": 19999}')", "ended early: 19999 of 20000 lines"),
    ],
)
async def test_a_worker_that_breaks_is_an_error(tmp_path: Path, monkeypatch, worker: str, why: str) -> None:
    (tmp_path / "broken_worker.py").write_text(worker)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(secrets_scan, "WORKER", "broken_worker")
    lines = [Added("c", "p", row, "x" * 100) for row in range(20_000)]
    with pytest.raises(ScanFailed, match=why):
        await found(lines)


async def test_what_the_worker_cannot_do_holds_no_secret(tmp_path: Path, monkeypatch) -> None:
    """An exception's words could hold the line that it is about."""
    (tmp_path / "broken_worker.py").write_text(
        "import sys, runpy\n"
        "from foremand.gates import secrets_detect\n"
        "def look(self, path, text, guess): raise ValueError(text)\n"
        "secrets_detect.Detector.look = look\n"
        "runpy.run_module('foremand.gates.secrets_worker', run_name='__main__')\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(secrets_scan, "WORKER", "broken_worker")
    with pytest.raises(ScanFailed) as failed:
        await found([Added("c", "p", 1, "hush")])
    assert failed.value.reason == "the scanner failed: ValueError"


async def test_an_installed_scanner_is_asked_too_and_its_failure_is_an_error(tmp_path: Path) -> None:
    program = tmp_path / "gitleaks"
    program.write_text(f"#!{sys.executable}\nimport sys\nsys.stdin.read()\nprint('[]')\n")
    program.chmod(stat.S_IRWXU)
    assert (await found([Added("c", "p", 1, "x")], path=str(tmp_path))).scanners == ("detect-secrets", "gitleaks")
    program.write_text(f"#!{sys.executable}\nimport sys\nprint('hush', file=sys.stderr)\nsys.exit(1)\n")
    with pytest.raises(ScanFailed, match="gitleaks failed with exit code 1") as failed:
        await found([Added("c", "p", 1, "hush")], path=str(tmp_path))
    assert "hush" not in str(failed.value)


async def test_nothing_is_left_behind(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    await found([Added("c", "p", 1, "x")])
    assert os.listdir(tmp_path) == []
