"""One row for each exit code, with foremanctl as a program: what a script sees."""

from typing import Any

import grpc
import pytest
from fake_daemon import HOLD, FakeDaemon, Refusal, task

from foremanctl.exits import Exit
from foremand.v1 import foremand_pb2 as pb


def _state(**fields: Any) -> dict[str, Any]:
    return {"Watch": [pb.WatchResponse(cursor=1, snapshot=[task(12, **fields)]), HOLD]}


def _refused(verb: str, code: grpc.StatusCode) -> dict[str, Any]:
    return {verb: Refusal(code, "what happened", hint="what to do about it")}


ROWS: list[tuple[int, list[str], dict[str, Any]]] = [
    (0, ["show", "12"], {"GetTask": pb.TaskDetail(task=task(12, state=pb.RUNNING))}),
    (1, ["show", "12"], _refused("GetTask", grpc.StatusCode.INTERNAL)),
    (2, ["submit", "x"], _refused("SubmitTask", grpc.StatusCode.INVALID_ARGUMENT)),
    (4, ["show", "99"], _refused("GetTask", grpc.StatusCode.NOT_FOUND)),
    (5, ["approve", "12", "--revision", "abc1234"], _refused("ApproveTask", grpc.StatusCode.ABORTED)),
    (6, ["cancel", "12"], _refused("CancelTask", grpc.StatusCode.PERMISSION_DENIED)),
    (7, ["why", "12"], _refused("ExplainTask", grpc.StatusCode.UNIMPLEMENTED)),
    (0, ["wait", "12"], _state(state=pb.LANDED)),
    (10, ["wait", "12"], _state(state=pb.FAILED)),
    (11, ["wait", "12"], _state(state=pb.CANCELLED)),
    (12, ["wait", "12"], _state(state=pb.WAITING, waiting_for="person")),
    (124, ["wait", "12", "--timeout", "0.3"], _state(state=pb.RUNNING)),
]


@pytest.mark.parametrize(("code", "args", "answers"), ROWS, ids=lambda value: str(value)[:24])
def test_the_exit_code_tells(
    daemon: FakeDaemon, program: Any, code: int, args: list[str], answers: dict[str, Any]
) -> None:
    daemon.answers |= answers
    ended = program(*args)
    assert ended.code == code, ended.err
    assert "Traceback" not in ended.err
    if any(isinstance(answer, Refusal) for answer in answers.values()):
        assert "what happened" in ended.err
        assert "what to do about it" in ended.err
        assert ended.out == ""


def test_without_a_daemon_3(program: Any) -> None:
    ended = program("list")
    assert ended.code == Exit.UNREACHABLE
    assert "what to do" in ended.err


def test_an_old_daemon_is_7(daemon: FakeDaemon, program: Any) -> None:
    daemon.answers["GetServerInfo"] = pb.ServerInfo(version="0.0.1", api_revision=0)
    ended = program("list")
    assert ended.code == Exit.VERSION
    assert "restart the daemon" in ended.err


def test_a_refused_operator_is_6(daemon: FakeDaemon, program: Any) -> None:
    daemon.greeting = {"refused": "you run inside attempt 7 of task 12", "hint": "ask the person"}
    ended = program("approve", "12", "--revision", "abc1234")
    assert ended.code == Exit.DENIED
    assert "attempt 7" in ended.err
    assert "ask the person" in ended.err
    assert daemon.requests == []


@pytest.mark.parametrize(
    "args",
    [
        ["frobnicate"],
        ["show", "twelve"],
        ["approve", "12"],
        ["reject", "12"],
        ["rework", "12"],
        ["wait", "12", "--for", "godot"],
        ["list", "--state", "lost"],
        ["submit", "x", "--attach", "--wait"],
        ["--socket", "/tmp/" + "s" * 110, "list"],
    ],
    ids=" ".join,
)
def test_nonsense_is_2_and_asks_nobody(daemon: FakeDaemon, ctl: Any, args: list[str]) -> None:
    ended = ctl(*args)
    assert ended.code == Exit.USAGE, ended.err
    assert ended.err
    assert ended.out == ""
    assert not [verb for verb, _ in daemon.requests if verb != "GetServerInfo"]


def test_every_code_is_of_the_contract() -> None:
    assert {int(code) for code in Exit} == {0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 12, 124, 130}


def test_a_traceback_is_only_for_who_asks(daemon: FakeDaemon, program: Any) -> None:
    daemon.answers["GetTask"] = Refusal(grpc.StatusCode.INTERNAL, "it broke")
    assert "Traceback" not in program("show", "12").err
    assert "Traceback" in program("show", "12", FOREMAND_DEBUG="1").err
