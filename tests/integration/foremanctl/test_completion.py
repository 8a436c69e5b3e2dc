"""What a shell is offered: from the daemon that runs, and from none that does not."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from fake_daemon import FakeDaemon, task

from foremand.v1 import foremand_pb2 as pb


@pytest.mark.parametrize("shell", ["bash_complete", "zsh_complete", "fish_complete"])
def test_ids_complete_with_their_titles(daemon: FakeDaemon, home: Path, shell: str) -> None:
    tasks = [
        task(1, title="Add /v2/export", state=pb.RUNNING),
        task(12, title="Fix\x1b[2J it\n, now", state=pb.WAITING),
    ]
    daemon.answers["ListTasks"] = pb.ListTasksResponse(tasks=tasks)
    offered = _completed(shell, "cancel", "1")
    assert "1" in offered
    assert "RUNNING Add /v2/export" in offered
    assert "WAITING Fix\\x1b[2J it , now" in offered
    assert "\x1b" not in offered
    assert not daemon.asked("ListTasks")[0].all
    _completed(shell, "show", "1")
    assert daemon.asked("ListTasks")[1].all


def test_an_id_is_not_offered_twice(daemon: FakeDaemon, home: Path) -> None:
    daemon.answers["ListTasks"] = pb.ListTasksResponse(tasks=[task(1), task(12), task(2)])
    assert _values("cancel", "12", "") == ["1", "2"]
    assert _values("submit", "x", "--after", "1") == ["1", "12"]


def test_stages_and_gates_are_the_tasks_own(daemon: FakeDaemon, home: Path) -> None:
    gates = [
        pb.Gate(name="tests", kind="command", stage="implement", verdict="pass"),
        pb.Gate(name="lint", kind="command", stage="implement", verdict="fail"),
        pb.Gate(name="owner", kind="human", stage="land", verdict="waiting"),
    ]
    daemon.answers["GetTask"] = pb.TaskDetail(task=task(12, gates=gates, repo=str(home)))
    (home / ".foremand").mkdir()
    (home / ".foremand" / "pipeline.toml").write_text("[profile.strict]\n[profile.loose]\n[agent.claude]\n")
    assert _values("logs", "12", "--gate", "") == ["tests", "lint", "owner"]
    assert _values("approve", "12", "") == ["owner"]
    assert _values("waive", "12", "") == ["lint"]
    assert _values("retry", "12", "--stage", "i") == ["implement"]
    assert _values("retry", "12", "--agent", "") == ["claude"]
    assert _values("submit", "--profile", "s") == ["strict"]
    assert _values("submit", "-C", "/", "--profile", "") == []
    assert _values("list", "--state", "waiting,l") == ["waiting,landing", "waiting,landed"]


def test_revisions_are_those_that_attempts_left(daemon: FakeDaemon, home: Path) -> None:
    attempts = [
        pb.Attempt(number=1, stage="plan", revision="a1b2c3d4e5f6a7"),
        pb.Attempt(number=2, stage="implement", revision="b1b2c3d4e5f6a7"),
        pb.Attempt(number=3, stage="implement"),
    ]
    daemon.answers["GetTask"] = pb.TaskDetail(task=task(12), attempts=attempts)
    assert _values("diff", "12", "--since", "") == ["a1b2c3d4e5f6", "b1b2c3d4e5f6"]
    assert _values("diff", "12", "--since", "b") == ["b1b2c3d4e5f6"]
    assert _values("diff", "--since", "") == []


def test_an_id_that_is_none_offers_nothing_and_says_nothing(daemon: FakeDaemon, home: Path) -> None:
    done = _run("bash_complete", "logs", "abc", "--gate", "")
    assert (done.stdout.strip(), done.stderr) == ("", "")


def test_completion_starts_no_daemon_and_is_silent_without_one(home: Path) -> None:
    done = _run("bash_complete", "cancel", "")
    assert (done.stdout.strip(), done.stderr) == ("", "")
    assert list((home / "state").iterdir()) == []


def test_bash_shows_titles_but_puts_in_ids(daemon: FakeDaemon, home: Path) -> None:
    tasks = [task(1, title="Add $(touch evil) *"), task(12, title="Fix it; rm -rf /"), task(2)]
    daemon.answers["ListTasks"] = pb.ListTasksResponse(tasks=tasks)
    bin_ = home / "bin"
    bin_.mkdir()
    (bin_ / "foremanctl").write_text(f'#!/bin/sh\nexec {sys.executable} -m foremanctl "$@"\n')
    (bin_ / "foremanctl").chmod(0o755)
    script = """
    complete() { :; }; compopt() { :; }
    eval "$(foremanctl completion bash)"
    COMP_WORDS=(foremanctl cancel 1); COMP_CWORD=2
    for COMP_TYPE in 9 63; do
        _foremanctl_completion foremanctl
        printf '%s\\n' "${COMPREPLY[@]}" --
    done
    """
    done = subprocess.run(
        ["bash", "-c", script],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PATH": f"{bin_}:{os.environ['PATH']}"},
    )
    assert done.stderr == ""
    put_in, listed = (part.split("\n") for part in done.stdout.removesuffix("\n--\n").split("\n--\n"))
    assert put_in == ["1", "12"]
    assert [text.split("  ")[0] for text in listed] == ["1", "12"]
    assert "Add $(touch evil) *" in listed[0]
    assert not (home / "evil").exists()


def _run(shell: str, *words: str) -> "subprocess.CompletedProcess[str]":
    variables = {"COMP_WORDS": " ".join(["foremanctl", *(word or "''" for word in words)])}
    if shell == "fish_complete":
        variables = {"COMP_WORDS": " ".join(["foremanctl", *words]), "COMP_CWORD": words[-1]}
    else:
        variables["COMP_CWORD"] = str(len(words))
    return subprocess.run(
        [sys.executable, "-m", "foremanctl"],
        env={**os.environ, "_FOREMANCTL_COMPLETE": shell, **variables},
        capture_output=True,
        text=True,
        timeout=60,
    )


def _completed(shell: str, *words: str) -> str:
    return _run(shell, *words).stdout


def _values(*words: str) -> list[str]:
    return [line.split("\t")[1] for line in _completed("bash_complete", *words).split("\n") if line]
