"""The stable JSON names of contract 6."""

import pytest

from foremanctl import records
from foremand.v1 import foremand_pb2 as pb

TASK = [
    "id",
    "title",
    "repo",
    "branch",
    "into",
    "profile",
    "state",
    "reason",
    "stage",
    "attempt",
    "revision",
    "landed_commit",
    "cost_usd",
    "tokens",
    "created_at",
    "updated_at",
    "gates",
]
SHOW = ["prompt", "attempts", "approvals"]
GATE = ["name", "kind", "stage", "verdict", "revision", "reason"]
ATTEMPT = [
    "stage",
    "number",
    "agent",
    "outcome",
    "exit_code",
    "session_id",
    "revision",
    "cost_usd",
    "tokens",
    "turns",
    "started_at",
    "ended_at",
]
APPROVAL = ["gate", "decision", "revision", "by", "at", "message"]


def test_the_names_of_the_contract_are_there_and_come_first() -> None:
    detail = records.detail(
        pb.TaskDetail(task=pb.Task(gates=[pb.Gate()]), attempts=[pb.Attempt()], approvals=[pb.Approval()])
    )
    assert list(detail)[: len(TASK)] == TASK
    assert set(SHOW) <= set(detail)
    assert list(detail["gates"][0])[: len(GATE)] == GATE
    assert {"advisory", "flaky", "output"} <= set(detail["gates"][0])
    assert {"gate", "by"} <= set(detail["attempts"][0])
    assert {"overlaps", "priority", "after", "raised_by", "workspace", "queue_position"} <= set(detail)
    assert list(detail["attempts"][0])[: len(ATTEMPT)] == ATTEMPT
    assert list(detail["approvals"][0]) == APPROVAL


def test_what_is_not_known_is_null_and_never_0() -> None:
    detail = records.detail(pb.TaskDetail(task=pb.Task(gates=[pb.Gate()]), attempts=[pb.Attempt()]))
    for name in ("cost_usd", "stage", "revision", "landed_commit", "branch", "profile"):
        assert detail[name] is None
    for name in ("workspace", "queue_position"):
        assert detail[name] is None
    assert detail["gates"][0]["verdict"] is None
    for name in ("cost_usd", "exit_code", "outcome", "session_id", "ended_at", "gate", "by"):
        assert detail["attempts"][0][name] is None


def test_what_is_known_to_be_0_is_0() -> None:
    assert records.task(pb.Task(cost_usd=0.0))["cost_usd"] == 0
    attempt = records.detail(pb.TaskDetail(attempts=[pb.Attempt(exit_code=0)]))["attempts"][0]
    assert attempt["exit_code"] == 0


def test_costs_have_the_names_they_were_asked_for_by() -> None:
    cost = records.cost(pb.Cost(agent="claude", known_usd=1.5, tokens=9, attempts=3, unknown=1), ("agent", "task"))
    assert cost == {
        "agent": "claude",
        "task": 0,
        "cost_usd": None,
        "known_usd": 1.5,
        "tokens": 9,
        "attempts": 3,
        "unknown": 1,
    }


def test_what_is_no_tasks_has_none() -> None:
    assert records.pruned(pb.Pruned(what="mirror", path="/m", bytes=0))["task"] is None
    assert records.finding(pb.VerifyFinding(ok=True, check="journal"))["task"] is None


def test_states_have_plain_names_also_later_ones() -> None:
    assert records.task(pb.Task(state=pb.WAITING))["state"] == "WAITING"
    assert records.state(pb.Task.FromString(b"\x38\x2a")) == "42"


@pytest.mark.parametrize(
    ("data", "fields"),
    [
        (b"", {}),
        (b'{"commit": "c0ffee", "seq": 9, "type": "Fake", "task": 0, "at": 1.5}', {"commit": "c0ffee"}),
        (b"[1]", {"data": [1]}),
        (b"no json \xff", {"data": "no json \\xff"}),
    ],
)
def test_an_events_own_fields_never_hide_its_head(data: bytes, fields: dict[str, object]) -> None:
    head = {"seq": 3, "at": "2026-01-01T10:00:00Z", "task": 12, "type": "Landed"}
    assert records.event(pb.Event(data=data, **head)) == head | fields
