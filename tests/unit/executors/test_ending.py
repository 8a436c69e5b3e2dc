"""By which steps a program is ended, as a table over time; nothing runs and no clock is read."""

import math
import os
import signal

import pytest

from foremand.executors.shim.supervise import PLEAD, Ending, Watch, _verdict

INT, TERM, KILL = signal.SIGINT, signal.SIGTERM, signal.SIGKILL


def steps(ending: Ending, upto: float) -> list[tuple[float, int]]:
    """The signals and when they were due, until SIGKILL or `upto`."""
    taken: list[tuple[float, int]] = []
    while ending.due <= upto and KILL not in [number for _, number in taken]:
        now = ending.due
        number = ending.step(now)
        assert number is not None
        taken.append((now, number))
    return taken


def test_without_a_deadline_nothing_is_ever_due() -> None:
    assert Ending(math.inf, 5).step(1e9) is None


def test_the_deadline_is_a_plea_an_order_and_an_end() -> None:
    ending = Ending(100, 5)
    assert ending.step(99.9) is None
    assert ending.reason == "exited"
    assert steps(ending, 1000) == [(100, INT), (105, TERM), (110, KILL)]
    assert ending.reason == "deadline"


def test_a_stop_begins_at_once_and_brings_its_own_grace() -> None:
    ending = Ending(100, 5)
    ending.ask("cancelled", 2, 10)
    assert steps(ending, 1000) == [(10, INT), (12, TERM), (14, KILL)]
    assert (ending.reason, ending.detail) == ("stopped", "cancelled")


def test_who_hears_is_asked_first() -> None:
    ending = Ending(100, 5, hears=True)
    assert steps(ending, 1000) == [(100, PLEAD), (102, INT), (107, TERM), (112, KILL)]
    ending = Ending(100, 5, hears=True)
    ending.ask("cancelled", 1, 10)
    assert steps(ending, 1000) == [(10, PLEAD), (11, INT), (12, TERM), (13, KILL)]


def test_a_stop_after_the_deadline_hastens_but_does_not_explain() -> None:
    ending = Ending(100, 60)
    assert ending.step(100) == INT
    ending.ask("cancelled", 1, 110)
    assert steps(ending, 1000) == [(111, TERM), (112, KILL)]
    assert (ending.reason, ending.detail) == ("deadline", "")


def test_the_first_reason_to_stop_stays() -> None:
    ending = Ending(math.inf, 5)
    ending.ask("first", 60, 10)
    assert ending.step(10) == INT
    ending.ask("second", 0, 11)
    assert steps(ending, 1000) == [(11, TERM), (11, KILL)]
    assert ending.detail == "first"


def test_patience_does_not_postpone_what_is_due() -> None:
    ending = Ending(math.inf, 5)
    ending.ask("first", 1, 10)
    assert ending.step(10) == INT
    ending.ask("second", 60, 10.5)
    assert ending.due == 11


@pytest.fixture
def quiet_signals():
    numbers = (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}
    wakeup = signal.set_wakeup_fd(-1)
    yield
    signal.set_wakeup_fd(wakeup)
    for number, handler in before.items():
        signal.signal(number, handler)


def test_rubbish_in_the_control_file_is_passed_over(quiet_signals: None) -> None:
    control, writer = os.pipe()
    os.set_blocking(control, False)
    watch = Watch(control)
    os.write(writer, b'rubbish\n\xff\xfe\n17\n[]\n["a"]\n{"do": "stop", "reason": "real"}\n{"do": "later"}\n')
    assert [message.get("do") for message in watch.messages() if message] == ["stop", "later"]
    assert watch.messages() == []


def exited(code: int) -> int:
    return code << 8


DONE = b'{ "child-pid": 9 }\n{ "exit-code": 1 }\n'
HALF = b'{ "child-pid": 9 }\n'


@pytest.mark.parametrize(
    ("status", "sandbox", "code", "number", "reason"),
    [
        (exited(0), None, 0, None, "exited"),
        (exited(1), None, 1, None, "exited"),
        (exited(137), None, 137, None, "exited"),
        (9, None, None, 9, "exited"),
        (None, None, None, None, "exited"),
        (exited(0), DONE, 0, None, "exited"),
        (exited(1), DONE, 1, None, "exited"),
        (exited(1), HALF, None, None, "not-started"),
        (exited(1), b"", None, None, "not-started"),
        (exited(137), DONE, None, 9, "exited"),
        (exited(128), DONE, 128, None, "exited"),
        (exited(255), DONE, 255, None, "exited"),
        (9, HALF, None, 9, "exited"),
    ],
)
def test_what_the_wait_status_means(
    tmp_path, monkeypatch: pytest.MonkeyPatch, status: int, sandbox: bytes, code: int, number: int, reason: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "err").write_text("bwrap: no\n\n")
    record = _verdict(status, Ending(math.inf, 5), sandbox, set(), 1.0)
    assert (record["code"], record["signal"], record["reason"]) == (code, number, reason)
    assert record["detail"] == ("bwrap: no" if reason == "not-started" else "")


def test_who_could_not_be_ended_is_named() -> None:
    record = _verdict(None, Ending(math.inf, 5), None, {42, 7}, 1.0)
    assert record["detail"] == "could not be ended: processes [7, 42]"
