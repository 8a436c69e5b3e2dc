"""wait, --attach, logs -f, events -f: over restarts of the daemon, and without ever stopping anything."""

import json
import signal
import subprocess
import sys
import threading
from typing import Any

import grpc
from fake_daemon import HOLD, FakeDaemon, Refusal, task

from foremand.v1 import foremand_pb2 as pb

RUNNING = {"state": pb.RUNNING, "stage": "implement"}
ASKS = {"state": pb.WAITING, "waiting_for": "person", "stage": "land"}


def _event(number: int) -> pb.Event:
    return pb.Event(seq=number, at="2026-01-01T10:00:00Z", task=12, type="Landed", data=b"{}")


def test_wait_is_told_and_does_not_ask(daemon: FakeDaemon, ctl: Any) -> None:
    daemon.answers["Watch"] = [
        pb.WatchResponse(cursor=1, snapshot=[task(12, **RUNNING)]),
        pb.WatchResponse(cursor=2, tasks=[task(12, state=pb.WAITING, waiting_for="quota")]),
        pb.WatchResponse(cursor=3, tasks=[task(12, state=pb.LANDED)]),
        HOLD,
    ]
    ended = ctl("wait", "12")
    assert ended.code == 0
    assert "LANDED" in ended.out
    assert not daemon.asked("GetTask")
    assert len(daemon.asked("Watch")) == 1


def test_wait_for_landed_waits_through_questions(daemon: FakeDaemon, ctl: Any) -> None:
    states = [ASKS, RUNNING, {"state": pb.LANDED}]
    daemon.answers["Watch"] = [
        pb.WatchResponse(cursor=1, snapshot=[task(12, **RUNNING)]),
        *(pb.WatchResponse(cursor=2 + n, tasks=[task(12, **state)]) for n, state in enumerate(states)),
    ]
    assert ctl("wait", "12").code == 12
    assert ctl("wait", "12", "--for", "landed").code == 0
    assert ctl("wait", "12", "--for", "waiting").code == 0
    assert ctl("wait", "12", "--for", "waiting, landed").code == 0


def test_wait_for_several_tells_of_the_worst(daemon: FakeDaemon, ctl: Any) -> None:
    daemon.answers |= {
        "Watch": [
            pb.WatchResponse(cursor=1, snapshot=[task(1, **RUNNING), task(2, **ASKS), task(9, state=pb.FAILED)]),
            pb.WatchResponse(cursor=2, tasks=[task(1, state=pb.CANCELLED)]),
            HOLD,
        ],
        # One that had ended is not in the snapshot.
        "GetTask": pb.TaskDetail(task=task(3, state=pb.LANDED)),
    }
    ended = ctl("wait", "1", "2", "3", "--format", "json")
    assert ended.code == 11
    assert sorted(found["id"] for found in json.loads(ended.out)) == [1, 2, 3]


def test_wait_for_an_unknown_id_is_not_found(daemon: FakeDaemon, ctl: Any) -> None:
    daemon.answers |= {
        "Watch": [pb.WatchResponse(cursor=1), HOLD],
        "GetTask": Refusal(grpc.StatusCode.NOT_FOUND, "there is no task 99"),
    }
    assert ctl("wait", "99").code == 4


def test_a_watch_goes_on_behind_its_cursor_after_a_restart(daemon: FakeDaemon, ctl: Any) -> None:
    daemon.scripts["Watch"] = [
        [pb.WatchResponse(cursor=7, snapshot=[task(12, **RUNNING)]), Refusal(grpc.StatusCode.UNAVAILABLE, "bye")],
        [Refusal(grpc.StatusCode.RESOURCE_EXHAUSTED, "too slow")],
        [pb.WatchResponse(cursor=8, tasks=[task(12, state=pb.LANDED)]), HOLD],
    ]
    ended = ctl("wait", "12")
    assert ended.code == 0
    assert "connecting again" in ended.err
    first, second, third = daemon.asked("Watch")
    assert not first.HasField("after")
    assert (second.after, third.after) == (7, 7)


def test_wait_survives_a_daemon_that_is_killed_and_comes_back(daemon: FakeDaemon, program: Any, home: Any) -> None:
    daemon.scripts["Watch"] = [
        [pb.WatchResponse(cursor=1, snapshot=[task(12, **RUNNING)]), HOLD],
        [pb.WatchResponse(cursor=2, tasks=[task(12, state=pb.FAILED)]), HOLD],
    ]
    waiter = subprocess.Popen(
        [sys.executable, "-m", "foremanctl", "wait", "12"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    _until(lambda: daemon.asked("Watch"))
    daemon.restart()  # its tokens end with it
    out, err = waiter.communicate(timeout=60)
    assert waiter.returncode == 10, err
    assert "FAILED" in out


def test_a_watch_that_only_ever_breaks_is_given_up(daemon: FakeDaemon, ctl: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("foremanctl.watching._BROKEN_IN_A_ROW", 2)
    daemon.answers["Watch"] = [Refusal(grpc.StatusCode.UNAVAILABLE, "no")]
    assert ctl("wait", "12").code == 3
    assert len(daemon.asked("Watch")) == 3


def test_time_is_over_even_while_the_daemon_is_away(daemon: FakeDaemon, ctl: Any) -> None:
    def leave(request: Any) -> pb.WatchResponse:
        daemon.greeting = {"refused": "later"}
        return pb.WatchResponse(cursor=1, snapshot=[task(12, **RUNNING)])

    daemon.answers["Watch"] = [leave, HOLD]
    assert ctl("wait", "12", "--timeout", "0.3").code == 124


def test_attach_follows_attempt_after_attempt(daemon: FakeDaemon, ctl: Any) -> None:
    daemon.answers["SubmitTask"] = task(12, state=pb.QUEUED)
    daemon.scripts["Watch"] = [
        [
            pb.WatchResponse(cursor=1, snapshot=[task(12, state=pb.QUEUED)]),
            pb.WatchResponse(cursor=2, tasks=[task(12, attempt=1, **RUNNING)]),
            HOLD,
        ],
        [pb.WatchResponse(cursor=5, snapshot=[task(12, attempt=2, reason="tests failed", **RUNNING)]), HOLD],
        [pb.WatchResponse(cursor=9, snapshot=[task(12, attempt=2, reason="approve?", **ASKS)]), HOLD],
    ]
    daemon.answers["ReadLog"] = [
        lambda request: pb.LogChunk(data=f"attempt {request.attempt} says\n".encode(), attempt=request.attempt)
    ]
    ended = ctl("submit", "x", "--attach")
    assert ended.code == 12
    assert ended.out == "12\nattempt 1 says\nattempt 2 says\n"
    assert "tests failed" in ended.err
    assert "approve?" in ended.err


def test_logs_f_begins_with_the_present_attempt(daemon: FakeDaemon, ctl: Any) -> None:
    ended_task = task(12, attempt=3, state=pb.FAILED)
    daemon.answers |= {
        "GetTask": pb.TaskDetail(task=ended_task),
        "Watch": [pb.WatchResponse(cursor=1, snapshot=[ended_task]), HOLD],
        "ReadLog": [lambda request: pb.LogChunk(data=b"three\n", attempt=request.attempt)],
    }
    ended = ctl("logs", "12", "-f")
    assert (ended.code, ended.out) == (0, "three\n")
    assert [request.attempt for request in daemon.asked("ReadLog")] == [3]


def test_a_followed_log_goes_on_where_it_broke(daemon: FakeDaemon, ctl: Any) -> None:
    daemon.scripts["ReadLog"] = [
        [pb.LogChunk(data=b"one\ntw", attempt=4), Refusal(grpc.StatusCode.UNAVAILABLE, "bye")],
        [pb.LogChunk(data=b"one\n", attempt=4), pb.LogChunk(data=b"two\nthree\n", attempt=4)],
    ]
    assert ctl("logs", "12", "--stage", "implement", "-f").out == "one\ntwo\nthree\n"
    assert [request.attempt for request in daemon.asked("ReadLog")] == [0, 4]


def test_events_f_goes_on_until_interrupted(daemon: FakeDaemon, home: Any) -> None:
    daemon.answers["Watch"] = [pb.WatchResponse(cursor=2, events=[_event(1), _event(2)]), HOLD]
    reader = subprocess.Popen(
        [sys.executable, "-m", "foremanctl", "events", "-f", "--after", "0", "--format", "jsonl"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert reader.stdout
    assert [json.loads(reader.stdout.readline())["seq"] for _ in range(2)] == [1, 2]
    reader.send_signal(signal.SIGINT)
    _, err = reader.communicate(timeout=60)
    assert reader.returncode == 130
    assert err.strip() == "detached; nothing was stopped"
    assert {verb for verb, _ in daemon.requests} == {"GetServerInfo", "Watch"}


def _until(happened: Any) -> None:
    """Bounded: the fake daemon has no event for what it was asked."""
    tick = threading.Event()
    for _ in range(400):
        if happened():
            return
        tick.wait(0.025)
    raise AssertionError("it never happened")
