"""One row for each exit code, with foremanctl as a program: what a script sees."""

from typing import Any

import click
import grpc
import pytest
from fake_daemon import HOLD, FakeDaemon, Refusal, task

from foremanctl.cli import cli
from foremanctl.exits import Exit
from foremanctl.options import TaskId
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


@pytest.mark.parametrize("command", ["show", "attach", "wait", "cancel", "diff", "verify", "export", "repin"])
@pytest.mark.parametrize("given", ["abc", "#12", "0", "1_0", "1.5", "9223372036854775808", "9" * 5000, "٣"])
def test_what_is_no_id_is_told_so_by_every_command(daemon: FakeDaemon, ctl: Any, command: str, given: str) -> None:
    ended = ctl(command, given)
    assert ended.code == Exit.USAGE
    assert f"{given!r} is no task's id" in ended.err
    assert "what to do: foremanctl list --all" in ended.err
    assert daemon.requests == []


def test_every_id_is_read_by_one_type() -> None:
    found = {}
    context = click.Context(cli)
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        assert command is not None
        for each in command.params:
            if each.name in {"task", "tasks"} or (each.metavar or "").strip("[].").startswith("ID"):
                found[name, each.name] = type(each.type)
    assert len(found) > 20
    assert set(found.values()) == {TaskId}


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["show"], ["missing argument 'ID'", "Usage: foremanctl show", "what to do: foremanctl show --help"]),
        (["logs", "12", "--attempt", "two"], ["'two' is not a valid whole number", "foremanctl logs --help"]),
        (["list", "--nosuch"], ["no such option", "what to do: foremanctl list --help"]),
        (["submit", "two", "words"], ["unexpected extra argument", "quotes around what holds blanks"]),
        (["wait", "12", "--timeout", "soon"], ["soon: this is no length of time", "for example 600, 90s or 10m"]),
        (["wait", "12", "--timeout", "-1"], ["-1: this is no length of time"]),
        (["limit", "12", "turns=0"], ["turns=0: this is not a whole number above 0", "for example turns=20"]),
        (["lsit"], ["no command 'lsit'; did you mean 'list'?", "what to do: foremanctl --help"]),
        (["list", "--state", "runing"], ["did you mean 'RUNNING'?", "what to do: they are QUEUED"]),
        (["wait", "12", "--for", "lnaded"], ["did you mean 'landed'?"]),
        (["costs", "--by", "agnet"], ["did you mean 'agent'?"]),
        (["submit", "x", "--limit", "turn=1"], ["did you mean 'turns'?"]),
    ],
    ids=lambda value: " ".join(value)[:24],
)
def test_a_slip_is_told_with_what_to_do(daemon: FakeDaemon, ctl: Any, args: list[str], words: list[str]) -> None:
    ended = ctl(*args)
    assert ended.code == Exit.USAGE
    assert ended.err.startswith("foremanctl: ")
    for word in words:
        assert word in ended.err


def test_every_code_is_of_the_contract() -> None:
    assert {int(code) for code in Exit} == {0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 12, 124, 130}


def test_a_traceback_is_only_for_who_asks(daemon: FakeDaemon, program: Any) -> None:
    daemon.answers["GetTask"] = Refusal(grpc.StatusCode.INTERNAL, "it broke")
    assert "Traceback" not in program("show", "12").err
    assert "Traceback" in program("show", "12", FOREMAND_DEBUG="1").err
