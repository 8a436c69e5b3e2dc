"""What is told of overlaps, gates and attempts, and what a person is warned of before they approve."""

from typing import Any

import pytest

from foremanctl.describe import before_approval, describe, profile
from foremanctl.durations import seconds
from foremanctl.fleet import ordered as by_need
from foremanctl.fleet import table
from foremanctl.grid import grid
from foremanctl.output import Output, size
from foremanctl.overlaps import ordered, touches
from foremand.v1 import foremand_pb2 as pb

AT = "2026-01-01T00:00:00Z"
MILD = pb.Overlap(id=3, title="mild", files=["src/a.py"])
WILD = pb.Overlap(id=12, title="wild", files=["b", "src/a.py", "c", "d"], conflicts=["src/a.py"])


def _detail(*approvals: pb.Approval, **fields: Any) -> pb.TaskDetail:
    known = {"id": 7, "title": "T", "created_at": AT, "updated_at": AT} | fields
    return pb.TaskDetail(task=pb.Task(**known), approvals=approvals)


def test_an_overlap_names_the_files_that_would_conflict_first() -> None:
    assert touches(MILD) == "touches src/a.py with 3"
    assert touches(WILD, most=1) == "touches src/a.py and 3 more with 12; would conflict"
    assert touches(WILD, most=4) == "touches src/a.py, b, c, d with 12; would conflict"
    assert [overlap.id for overlap in ordered([MILD, WILD])] == [12, 3]


def test_list_and_show_name_overlapping_tasks() -> None:
    task = pb.Task(id=7, state=pb.WAITING, reason="approve owner?", overlaps=[MILD, WILD], created_at=AT)
    row = table([task], Output()).splitlines()[1]
    assert "approve owner?; touches src/a.py and 3 more with 12; would conflict; touches src/a.py with 3" in row
    shown = describe(pb.TaskDetail(task=task), Output())
    assert "touches src/a.py, b, c, d with 12; would conflict (wild)" in shown


def test_show_tells_what_is_asked_and_how_much_of_it_nobody_can_see() -> None:
    short = pb.Question(key="q-1", tool="Bash", text="make\n\x1b[2Jrm", attempt=2)
    long = pb.Question(key="q-2", tool="Write", text="x", attempt=2, omitted=1)
    shown = describe(_detail(questions=[short, long]), Output())
    assert "asks to be allowed, as q-1\n  Bash, by attempt 2:\n  make\n  \\x1b[2Jrm\n\n" in shown
    assert "as q-2\n  Write, by attempt 2:\n  x\n  1 character of it is not shown\n" in shown


def test_show_marks_advisory_and_flaky_gates_and_whose_run_it_was() -> None:
    gates = [
        pb.Gate(name="lint", kind="command", stage="implement", verdict="fail", advisory=True),
        pb.Gate(name="tests", kind="command", stage="implement", verdict="pass", flaky=True),
    ]
    detail = _detail(gates=gates, profile="strict", raised_by=["api/x.py"], priority=5, after=[3, 4])
    detail.attempts.extend(
        [
            pb.Attempt(number=1, stage="implement", agent="claude", outcome="done", started_at=AT),
            pb.Attempt(number=2, stage="land", agent="critic", gate="safe", outcome="done", started_at=AT),
            pb.Attempt(number=3, stage="implement", by="ann", outcome="done", started_at=AT),
        ]
    )
    detail.task.workspace, detail.task.queue_position = "/s/7/tree", 2
    shown = describe(detail, Output())
    for part in (
        "command, advisory  fail",
        "pass, flaky",
        "strict, raised by api/x.py",
        "for safe",
        "ann, by hand",
        "3, 4",
        "number 2 to land",
        "/s/7/tree",
    ):
        assert part in shown, part


def test_what_is_not_there_takes_no_room() -> None:
    shown = describe(_detail(), Output())
    for part in ("profile", "priority", "after", "overlaps", "in queue", "yours at"):
        assert part not in shown
    assert profile(pb.Task(profile="loose")) == "loose"


def test_before_an_approval_a_person_is_told_what_does_not_show_in_the_change() -> None:
    gates = [
        pb.Gate(name="lint", stage="implement", verdict="fail", reason="3 warnings", advisory=True),
        pb.Gate(name="style", stage="implement", verdict="pass", advisory=True),
        pb.Gate(name="tests", stage="implement", verdict="pass", flaky=True),
        pb.Gate(name="owner", stage="land", kind="human", verdict="waiting"),
    ]
    approved = pb.Approval(gate="owner", decision="approved", revision="a1b2c3d4e5f6a7", by="ann", at=AT)
    detail = _detail(
        approved, gates=gates, overlaps=[MILD, WILD], unsandboxed=True, profile="strict", raised_by=["api/x.py"]
    )
    told = before_approval(detail, {"owner"})
    assert told[0] == "profile strict, raised by api/x.py"
    assert told[1].startswith("unsandboxed")
    assert told[2].startswith("touches src/a.py, b, c, d with 12; would conflict")
    assert told[4:6] == [
        "advisory gate lint (implement): fail, 3 warnings",
        "gate tests (implement) is flaky: it failed on the same files before it passed",
    ]
    assert "ann approved a1b2c3d4e5f6 here" in told[6]
    assert "foremanctl diff 7 --since-approval" in told[6]
    assert len(told) == 7


def test_before_a_plain_approval_there_is_nothing_to_tell() -> None:
    rework = pb.Approval(gate="owner", decision="rework", revision="a1b2c3d", by="ann", at=AT)
    other = pb.Approval(gate="plan-ok", decision="approved", revision="a1b2c3d", by="ann", at=AT)
    assert before_approval(_detail(rework, other), {"owner"}) == []


def test_what_a_person_chose_to_hold_does_not_call_for_them() -> None:
    tasks = [
        pb.Task(id=1, state=pb.WAITING, waiting_for="paused"),
        pb.Task(id=2, state=pb.WAITING, waiting_for="taken"),
        pb.Task(id=3, state=pb.RUNNING),
        pb.Task(id=4, state=pb.WAITING, waiting_for="person"),
    ]
    assert [task.id for task in by_need(tasks)] == [4, 3, 1, 2]


def test_a_grid_leaves_out_columns_with_nothing_in_them() -> None:
    assert grid([("a", "", "1"), ("bcd", "", "22")], ("X", "Y", "N"), right=("N",)) == ["X     N", "a     1", "bcd  22"]
    assert grid([("a\nb", "日本")]) == ["a b  日本"]
    assert grid([]) == []
    assert grid([], ("X",)) == []


@pytest.mark.parametrize(
    ("text", "length"),
    [("90s", 90), ("45m", 2700), ("2h", 7200), ("7d", 604800), ("0d", None), ("1.5h", None), ("", None)],
)
def test_lengths_of_time(text: str, length: float | None) -> None:
    assert seconds(text) == length
    assert seconds("7d", "smh") is None


@pytest.mark.parametrize(
    ("count", "shown"), [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (2_500_000, "2.5 MB"), (3.2e13, "32.0 TB")]
)
def test_sizes(count: float, shown: str) -> None:
    assert size(count) == shown
