"""The demo, played with a real daemon; and every way of breaking it, each of which it must notice."""

import asyncio
import io
import os
import re
import select
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from foremanctl.demo.hand import Hand
from foremanctl.demo.monday import FEATURE, UPGRADE, Monday
from foremanctl.demo.play import play

PATIENCE = 150
"""Seconds for three tasks: what a machine needs that runs other tests as well."""


async def played(monday):
    out = io.StringIO()
    happened = await play(monday, out=out)
    return happened, out.getvalue()


def with_pipeline(change):
    files = dict(Monday().files)
    files[".foremand/pipeline.toml"] = change(files[".foremand/pipeline.toml"])
    return Monday(files=files, patience=PATIENCE)


async def test_it_happens():
    happened, story = await played(Monday(patience=PATIENCE))
    assert happened, story
    assert "  NO   " not in story
    assert "gate tests: FAIL" in story
    assert "foremanctl approve 2 api-owner" in story


async def test_it_happens_without_bubblewrap(path_without_bubblewrap, monkeypatch):
    monkeypatch.setenv("PATH", path_without_bubblewrap)
    happened, story = await played(Monday(patience=PATIENCE))
    assert happened, story
    assert "unsandboxed" in story


async def test_a_test_gate_that_always_passes_is_noticed():
    def always_true(text):
        return text.replace('"-m", "unittest", "discover", "-t", ".", "-s", "tests"]', '"-c", ""]')

    happened, story = await played(with_pipeline(always_true))
    assert not happened
    assert "NO   the test gate refused the bug fix once" in story
    assert "NO   the tests pass in a fresh clone of main" in story


async def test_a_missing_approval_is_noticed():
    silent = msgspec.structs.replace(FEATURE, answer=None)
    happened, story = await played(Monday(feature=silent, patience=12))
    assert not happened
    assert "NO   the feature was approved by a person at api-owner" in story
    assert "NO   the feature ended LANDED" in story
    assert "yes  nothing is left running" in story


async def test_a_refused_approval_is_noticed():
    refused = msgspec.structs.replace(FEATURE, answer="reject", message="no")
    happened, story = await played(Monday(feature=refused, patience=PATIENCE))
    assert not happened
    assert "NO   the feature ended LANDED" in story


async def test_a_feature_that_nobody_was_asked_about_is_noticed():
    ungated = with_pipeline(lambda text: text.replace('"build", "tests", "api-owner"]', '"build", "tests"]'))
    happened, story = await played(ungated)
    assert not happened
    assert "NO   the feature was approved by a person at api-owner" in story


async def test_an_approval_in_place_of_the_reject_is_noticed():
    approved = msgspec.structs.replace(UPGRADE, answer="approve", message="fine")
    happened, story = await played(Monday(upgrade=approved, patience=PATIENCE))
    assert not happened
    assert "NO   the upgrade was rejected by a person at final-review" in story
    assert "NO   the upgrade is not on main" in story


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
async def test_interrupted_it_leaves_nothing_behind(how):
    demo = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "foremanctl", "demo"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    async with asyncio.timeout(90):
        home, story = None, []
        async for line in demo.stdout:
            story.append(line)
            if b"All of it lies in " in line:
                home = line.split(b"All of it lies in ")[1].split(b";")[0]
            if b"an agent sets out" in line:
                break
        assert home is not None, story
        assert carrying(home)
        demo.send_signal(how)
        _, said = await demo.communicate()
    assert demo.returncode == 130, said
    assert carrying(home) == []
    assert not is_there(home)


def is_there(path):
    return Path(os.fsdecode(path)).exists()


def carrying(mark):
    """The processes that carry `mark` in their environment."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and mark in (entry / "environ").read_bytes():
                found.append(entry.name)
        except OSError:
            continue
    return found


async def test_inside_an_attempt_it_is_refused(monkeypatch):
    monkeypatch.setenv("FOREMAND_ATTEMPT", "some")
    demo = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "foremanctl", "demo"), stderr=asyncio.subprocess.PIPE
    )
    _, said = await demo.communicate()
    assert demo.returncode == 6
    assert b"from inside an attempt" in said


async def test_by_hand_nobody_there_is_told_before_anything_begins(monkeypatch):
    async def nobody(*_):
        return False

    monkeypatch.setattr(Hand, "_enter", nobody)
    out = io.StringIO()
    assert not await play(by_hand=True, out=out)
    assert "nobody is there to play it" in out.getvalue()
    assert "yes  nothing is left running" in out.getvalue()


async def test_a_morning_that_cannot_begin_says_why():
    files = {path: text for path, text in Monday().files.items() if path != ".foremand/pipeline.toml"}
    happened, story = await played(Monday(files=files, patience=PATIENCE))
    assert not happened
    assert "NO   the morning could be played to its end" in story
    assert "pipeline" in story.partition("NO   the morning could be played to its end")[2]
    assert "yes  nothing is left running" in story


def test_kept_it_stays_up_to_be_looked_at_and_stops_as_it_says():
    foremanctl = [sys.executable, "-m", "foremanctl"]
    demo = subprocess.run([*foremanctl, "demo", "--keep"], capture_output=True, text=True, timeout=150)
    pid, home = re.search(r"kill (\d+); rm -rf (\S+)", demo.stdout).groups()
    try:
        assert demo.returncode == 0, demo.stdout
        socket = re.search(r"export FOREMAND_SOCKET=(\S+)", demo.stdout)[1]
        look = subprocess.run(
            [*foremanctl, "list", "--all", "-q"],
            env={**os.environ, "FOREMAND_SOCKET": socket},
            capture_output=True,
            text=True,
        )
        assert sorted(look.stdout.split()) == ["1", "2", "3"], look.stderr
    finally:
        ended = os.pidfd_open(int(pid))
        os.kill(int(pid), signal.SIGTERM)
        assert select.select([ended], [], [], 30)[0]
        os.close(ended)
        shutil.rmtree(home)
