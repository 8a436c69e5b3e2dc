"""waive, take, give, checkout, pause, resume, cancel, limit, repin, send, retry: what is sent and what is said."""

import json
from typing import Any

import grpc
import pytest
from fake_daemon import HOLD, FakeDaemon, Refusal, task
from terminal import on_terminal

from foremand.v1 import foremand_pb2 as pb

LIVE = [
    task(1, state=pb.QUEUED),
    task(2, state=pb.RUNNING),
    task(3, state=pb.WAITING, waiting_for="paused"),
    task(4, state=pb.WAITING, waiting_for="quota"),
    task(5, state=pb.WAITING, waiting_for="budget"),
    task(6, state=pb.WAITING, waiting_for="person"),
    task(7, state=pb.LANDING),
]


def test_waive_sends_the_reason(daemon: FakeDaemon, ctl: Any) -> None:
    daemon.answers["WaiveTask"] = task(12, state=pb.LANDING)
    assert ctl("waive", "12", "lint", "-m", "the rule is wrong").code == 0
    (sent,) = daemon.asked("WaiveTask")
    assert (sent.id, sent.gate, sent.message, sent.revision) == (12, "lint", "the rule is wrong", "")
    assert len(sent.request_id) == 36
    assert ctl("waive", "12", "lint").code == 2
    assert ctl("waive", "12", "lint", "-m", " ").code == 2
    assert len(daemon.asked("WaiveTask")) == 1


def test_take_waits_for_the_workspace_and_prints_its_path(daemon: FakeDaemon, ctl: Any) -> None:
    daemon.answers |= {
        "TakeTask": task(12, state=pb.RUNNING),
        "Watch": [
            pb.WatchResponse(cursor=1, snapshot=[task(12, state=pb.RUNNING)]),
            pb.WatchResponse(cursor=2, tasks=[task(12, state=pb.WAITING, waiting_for="taken", workspace="/s/12/tree")]),
            HOLD,
        ],
    }
    ended = ctl("take", "12")
    assert (ended.code, ended.out) == (0, "/s/12/tree\n")
    assert "foremanctl give 12" in ended.err


def test_take_of_what_is_free_is_at_once(daemon: FakeDaemon, ctl: Any) -> None:
    daemon.answers["TakeTask"] = task(12, state=pb.WAITING, waiting_for="taken", workspace="/s/12/tree")
    assert ctl("take", "12").out == "/s/12/tree\n"
    assert json.loads(ctl("take", "12", "--format", "json").out)["workspace"] == "/s/12/tree"
    assert ctl("take", "12", "-q").out == "12\n"
    assert not daemon.asked("Watch")


def test_take_of_what_ends_instead_is_a_conflict(daemon: FakeDaemon, ctl: Any) -> None:
    daemon.answers |= {
        "TakeTask": task(12, state=pb.RUNNING),
        "Watch": [
            pb.WatchResponse(cursor=1, snapshot=[task(12, state=pb.CANCELLED, reason="cancelled by bob")]),
            HOLD,
        ],
    }
    ended = ctl("take", "12")
    assert (ended.code, ended.out) == (5, "")
    assert "cancelled by bob" in ended.err


def test_give_says_what_was_done_and_who_goes_on(daemon: FakeDaemon, ctl: Any) -> None:
    daemon.answers["GiveTask"] = task(12, state=pb.RUNNING)
    assert ctl("give", "12").code == 0
    assert ctl("give", "12", "--rework", "-m", "now the tests").code == 0
    first, second = daemon.asked("GiveTask")
    assert (first.id, first.rework, first.message) == (12, False, "")
    assert (second.rework, second.message) == (True, "now the tests")


def test_checkout_prints_the_branch_alone(daemon: FakeDaemon, ctl: Any) -> None:
    daemon.answers["CheckoutTask"] = pb.CheckoutTaskResponse(
        task=task(12), branch="foremand/12-add-export", revision="a1b2c3d4e5f6a7"
    )
    ended = ctl("checkout", "12")
    assert ended.out == "foremand/12-add-export\n"
    assert "git switch foremand/12-add-export" in ended.err
    shown = json.loads(ctl("checkout", "12", "--format", "json").out)
    assert (shown["branch"], shown["revision"]) == ("foremand/12-add-export", "a1b2c3d4e5f6a7")


@pytest.mark.parametrize(
    ("verb", "call", "ids"),
    [("pause", "PauseTask", [1, 2]), ("resume", "ResumeTask", [3, 4]), ("cancel", "CancelTask", [*range(1, 8)])],
)
def test_all_are_those_to_which_the_verb_applies(
    daemon: FakeDaemon, ctl: Any, verb: str, call: str, ids: list[int]
) -> None:
    daemon.answers |= {"ListTasks": pb.ListTasksResponse(tasks=LIVE), call: lambda request: task(request.id)}
    assert ctl(verb, "--all", "-q").out.split() == [str(number) for number in ids]
    assert [sent.id for sent in daemon.asked(call)] == ids
    daemon.answers["ListTasks"] = pb.ListTasksResponse()
    none = ctl(verb, "--all", "--format", "json")
    assert (none.code, json.loads(none.out)) == (0, [])
    assert "there is no task" in none.err


@pytest.mark.parametrize("verb", ["pause", "resume", "cancel"])
def test_ids_or_all_but_one_of_them(daemon: FakeDaemon, ctl: Any, verb: str) -> None:
    assert ctl(verb).code == 2
    assert ctl(verb, "12", "--all").code == 2
    assert not daemon.requests


@pytest.mark.parametrize(
    ("verb", "call"),
    [("pause", "PauseTask"), ("resume", "ResumeTask"), ("cancel", "CancelTask"), ("repin", "RepinTask")],
)
def test_one_refusal_does_not_keep_others_from_theirs(daemon: FakeDaemon, ctl: Any, verb: str, call: str) -> None:
    daemon.scripts[call] = [
        task(1),
        Refusal(grpc.StatusCode.FAILED_PRECONDITION, "task 2 cannot", hint="foremanctl why 2"),
        task(3),
    ]
    ended = ctl(verb, "1", "2", "3", "--format", "jsonl")
    assert ended.code == 5
    assert [json.loads(line)["id"] for line in ended.out.splitlines()] == [1, 3]
    assert "task 2 cannot" in ended.err
    assert "foremanctl why 2" in ended.err


def test_cancel_all_asks_a_person_once(daemon: FakeDaemon, home: Any) -> None:
    daemon.answers |= {"ListTasks": pb.ListTasksResponse(tasks=LIVE), "CancelTask": lambda request: task(request.id)}
    shown, code = on_terminal(["cancel", "--all"], ["n"])
    assert code == 130
    assert "cancel these 7 tasks?" in shown
    assert not daemon.asked("CancelTask")
    shown, code = on_terminal(["cancel", "--all"], ["y"])
    assert code == 0
    assert len(daemon.asked("CancelTask")) == 7


def test_cancel_of_ids_asks_nobody(daemon: FakeDaemon, home: Any) -> None:
    daemon.answers["CancelTask"] = task(12, state=pb.CANCELLED)
    shown, code = on_terminal(["cancel", "12"], [])
    assert code == 0
    assert "[y/N]" not in shown


def test_limits_of_every_kind_are_sent(daemon: FakeDaemon, ctl: Any) -> None:
    daemon.answers["LimitTask"] = task(12, state=pb.RUNNING)
    assert ctl("limit", "12", "tokens=2000000", "stall=45m", "cost_usd=10", "attempts=20").code == 0
    sent = daemon.asked("LimitTask")[0]
    assert sent.limits == pb.Limits(tokens=2_000_000, stall=2700, cost_usd=10, attempts=20)
    assert ctl("limit", "12", "attempts=20").out.endswith("  now attempts=20\n")
    assert ctl("limit", "12").code == 2
    assert ctl("limit", "12", "stall=7d").code == 2


def test_a_priority_is_a_whole_number_that_fits(daemon: FakeDaemon, ctl: Any) -> None:
    daemon.answers["PrioritizeTask"] = task(12, state=pb.QUEUED, priority=5)
    assert ctl("priority", "12", "5").out.endswith("  priority 5\n")
    assert json.loads(ctl("priority", "12", "-2", "--format", "json").out)["priority"] == 5
    assert [sent.priority for sent in daemon.asked("PrioritizeTask")] == [5, -2]
    for wrong in ("high", "1.5", "2147483648", "", "-x", "--five"):
        assert ctl("priority", "12", wrong).code == 2
    assert ctl("priority", "12").code == 2
    assert len(daemon.asked("PrioritizeTask")) == 2


def test_send_says_when_the_agent_hears_it(daemon: FakeDaemon, ctl: Any, program: Any) -> None:
    daemon.answers["SendTask"] = pb.SendTaskResponse(task=task(12, state=pb.RUNNING), when="with its next attempt")
    ended = ctl("send", "12", "look in tests/data")
    assert ended.code == 0
    assert "with its next attempt" in ended.err
    assert json.loads(ctl("send", "12", "x", "--format", "json").out)["when"] == "with its next attempt"
    assert program("send", "12", "-", stdin="two\nlines\n").code == 0
    assert [sent.text for sent in daemon.asked("SendTask")] == ["look in tests/data", "x", "two\nlines\n"]
    assert ctl("send", "12", "--interrupt", "stop").code == 0
    assert [sent.interrupt for sent in daemon.asked("SendTask")] == [False, False, False, True]
    assert program("send", "12", "-", stdin="").code == 2
    assert ctl("send", "12").code == 2


def test_retry_by_another_agent(daemon: FakeDaemon, ctl: Any) -> None:
    daemon.answers["RetryTask"] = task(12, state=pb.RUNNING)
    assert ctl("retry", "12", "--agent", "codex").code == 0
    assert daemon.asked("RetryTask")[0].agent == "codex"


def test_submit_says_how_strict_after_what_and_how_urgent(daemon: FakeDaemon, ctl: Any) -> None:
    daemon.answers["SubmitTask"] = task(7, state=pb.QUEUED)
    ended = ctl(
        "submit", "x", "--profile", "strict", "--after", "3", "--after", "4", "--after", "3", "--priority", "-2"
    )
    assert ended.code == 0
    (sent,) = daemon.asked("SubmitTask")
    assert (sent.profile, list(sent.after), sent.priority) == ("strict", [3, 4], -2)
    assert ctl("submit", "x", "--after", "zero").code == 2
    assert ctl("submit", "x", "--priority", "2147483648").code == 2


def test_what_has_changed_since_the_approval(daemon: FakeDaemon, ctl: Any) -> None:
    daemon.answers["GetDiff"] = [pb.DiffChunk(data=b"+x\n")]
    assert ctl("diff", "12", "--since-approval").code == 0
    assert daemon.asked("GetDiff")[0].since_approval
    assert ctl("diff", "12", "--since-approval", "--attempt", "1").code == 2
    assert ctl("diff", "12", "--since-approval", "--stat").code == 2
