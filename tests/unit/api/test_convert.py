"""The core's words in the wire's: what only other tasks change, and what a person has to be told of a gate."""

from typing import Any

from msgspec.structs import replace

from foremand.api.convert import OUTPUT, Wire, attempt, cost, limits
from foremand.core import facts as f
from foremand.core.costs import Cost
from foremand.core.fold import fold
from foremand.core.spec import Agent, Gate, Land, Limits, OnFail, Pipeline, Stage, Workspace
from foremand.core.task import Attempt, Hold, Task
from foremand.engine.overlaps import Overlap
from foremand.v1 import foremand_pb2 as pb

OTHER = Overlap(id=12, title="other", files=("src/a.py",), conflicts=("src/a.py",))
TESTS = Gate(name="tests", kind="command", definition="t")
LINT = Gate(name="lint", kind="command", definition="l", advisory=True)
SAFE = Gate(name="safe", kind="review", definition="s", reviewers=("critic",), quorum=1)
BACK = OnFail(goto="implement", limit=2)
PIPELINE = Pipeline(
    version=1,
    limits=Limits(),
    workspace=Workspace(),
    agents={"coder": Agent(name="coder", adapter="command")},
    gates={gate.name: gate for gate in (TESTS, LINT, SAFE)},
    stages=(
        Stage(name="implement", agent="coder", prompt="", gates=("tests", "lint"), on_fail=BACK),
        Stage(name="check", prompt="", gates=("safe",), on_fail=BACK),
    ),
    land=Land(on_fail=BACK, on_conflict=BACK),
)
WORK = f.Work(
    revision="1ace" * 10,
    tree="tree-1",
    base="ba5e",
    base_tree="tree-0",
    changes=dict.fromkeys(PIPELINE.gates, "change-1"),
    files=1,
)


def ran(gate: Gate, result: f.Result, output: str = "") -> f.GateRan:
    return f.GateRan(
        task=1,
        at=3.0,
        gate=gate.name,
        definition=gate.definition,
        tree="tree-1",
        result=result,
        reason="",
        output=output,
    )


def told(gate: Gate, verdict: f.Verdict, about: str = "tree:tree-1") -> f.VerdictGiven:
    return f.VerdictGiven(
        task=1,
        at=4.0,
        gate=gate.name,
        stage="implement",
        definition=gate.definition,
        about=about,
        revision=WORK.revision,
        verdict=verdict,
        reason="because",
    )


def made(*more: f.AnyFact, **submit: Any) -> Task:
    """A task whose first attempt is sealed, and what happened then."""
    given = {"title": "Add X", "prompt": "Add X.", "repo": "/repo", "into": "main"} | submit
    begin = f.TaskStarted(
        task=1,
        at=1.0,
        base="ba5e",
        base_tree="tree-0",
        pipeline=PIPELINE,
        pipeline_hash="hash",
        origin="file",
        sandboxed=True,
    )
    task = fold(
        [
            f.TaskSubmitted(task=1, at=0.0, **given),
            begin,
            f.AttemptStarted(
                task=1, at=2.0, number=1, stage="implement", agent="coder", entered="ba5e", session_id="one"
            ),
            f.AttemptEnded(task=1, at=3.0, number=1, outcome="done", reason="ended"),
            f.WorkSealed(task=1, at=3.0, number=1, work=WORK, changed=True),
            *more,
        ]
    )
    assert task is not None
    return task


def wire(*tasks: Task, others: tuple[Overlap, ...] = ()) -> Wire:
    return Wire(lambda: tasks, lambda _task: others)


def gate_of(task: pb.Task, name: str) -> pb.Gate:
    return next(gate for gate in task.gates if gate.name == name)


def test_a_task_is_made_once_for_as_long_as_nothing_about_it_changes() -> None:
    others: list[Overlap] = []
    task = made()
    shown = Wire(lambda: (task,), lambda _task: tuple(others))
    first = shown.task(task)
    assert shown.task(task) is first
    others.append(OTHER)
    second = shown.task(task)
    assert second is not first
    (told_of,) = second.overlaps
    assert (told_of.id, told_of.title) == (12, "other")
    assert (list(told_of.files), list(told_of.conflicts)) == (["src/a.py"], ["src/a.py"])
    others.clear()
    assert not shown.task(task).overlaps


def test_its_place_in_the_queue_is_counted_from_one_and_only_there() -> None:
    first, second, elsewhere = (replace(made(), id=number, queued_at=float(number)) for number in (7, 8, 9))
    elsewhere = replace(elsewhere, submitted=replace(elsewhere.submitted, into="next"))
    shown = wire(second, first, elsewhere)
    assert [shown.task(task).queue_position for task in (first, second, elsewhere)] == [1, 2, 1]
    assert shown.task(replace(first, queued_at=None)).queue_position == 0
    assert shown.task(replace(first, over="LANDED")).queue_position == 0


def test_what_others_change_is_told_without_a_new_fact_of_its_own() -> None:
    first, second = (replace(made(), id=number, queued_at=float(number)) for number in (7, 8))
    everyone = [first, second]
    shown = Wire(lambda: everyone, lambda _task: ())
    assert shown.task(second).queue_position == 2
    everyone[0] = replace(first, queued_at=None, over="LANDED")
    assert shown.task(second).queue_position == 1


def test_who_comes_after_others_waits_for_nobody_until_one_of_them_has_ended_in_vain() -> None:
    before = replace(made(), id=7)
    task = replace(made(after=(7,)), after=(7,), held=Hold(on="needs", reason="comes after 7"), started=None)
    everyone = [before, task]
    shown = Wire(lambda: everyone, lambda _task: ())
    assert (shown.task(task).state, shown.task(task).waiting_for) == (pb.WAITING, "")
    everyone[0] = replace(before, over="REJECTED")
    assert shown.task(task).waiting_for == "needs"


def test_advisory_and_flaky_gates_are_marked() -> None:
    task = wire().task(made(ran(TESTS, "fail"), ran(TESTS, "pass"), told(TESTS, "pass"), told(LINT, "fail")))
    tests, lint = gate_of(task, "tests"), gate_of(task, "lint")
    assert (tests.verdict, tests.flaky, tests.advisory) == ("pass", True, False)
    assert (lint.verdict, lint.flaky, lint.advisory) == ("fail", False, True)


def test_a_gate_that_passed_at_once_is_not_flaky() -> None:
    assert not gate_of(wire().task(made(ran(TESTS, "pass"), told(TESTS, "pass"))), "tests").flaky


def test_only_the_details_have_what_gates_printed_and_only_its_end() -> None:
    task = made(ran(TESTS, "fail", "x" * OUTPUT + "the end"), told(TESTS, "fail"))
    assert gate_of(wire().task(task), "tests").output == ""
    output = gate_of(wire().detail(task).task, "tests").output
    assert len(output) == OUTPUT
    assert output.endswith("the end")
    assert gate_of(wire().detail(task).task, "lint").output == ""


def test_details_are_of_the_same_task_with_its_overlaps() -> None:
    task = made()
    detail = wire(others=(OTHER,)).detail(task)
    assert (detail.task.id, [each.id for each in detail.task.overlaps]) == (1, [12])
    assert [gate.name for gate in detail.task.gates] == [gate.name for gate in wire().task(task).gates]


def test_the_worst_case_is_told_of_what_has_begun_and_is_not_over() -> None:
    begun = wire().detail(made()).worst_case
    # The coder 8 times more, for each of four that may send it back twice; the critic 7 times, and 3 times at landing.
    assert (begun.agent_runs, begun.HasField("cost_usd")) == (8 + 7 + 3, False)
    bounded = wire().detail(replace(made(), limits=Limits(cost_usd=5.0, attempts=4))).worst_case
    assert (bounded.agent_runs, bounded.cost_usd) == (3, 5.0)
    assert not wire().detail(replace(made(), over="LANDED")).HasField("worst_case")
    assert not wire().detail(replace(made(), started=None)).HasField("worst_case")


def test_profile_priority_and_needs_are_told() -> None:
    task = replace(made(profile="strict", priority=5, after=(3, 4)), raised_by=("api/x.py",))
    shown = wire().task(task)
    assert (shown.profile, shown.priority, list(shown.after), list(shown.raised_by)) == (
        "strict",
        5,
        [3, 4],
        ["api/x.py"],
    )


def test_the_workspace_is_told_only_to_who_has_it() -> None:
    task = replace(made(), taken="ann", taken_stage="implement", handed_over="/state/workspaces/1/tree")
    assert wire().task(task).workspace == "/state/workspaces/1/tree"
    assert wire().task(replace(task, taken="")).workspace == ""


def test_reviewers_runs_and_a_persons_work_are_named() -> None:
    run = Attempt(number=2, stage="land", agent="critic", entered="", started_at=0.0, session_id="", gate="safe")
    assert (attempt(run).gate, attempt(run).by) == ("safe", "")
    work = Attempt(number=3, stage="implement", agent="", entered="", started_at=0.0, session_id="", by="ann")
    assert (attempt(work).gate, attempt(work).by) == ("", "ann")


def test_an_unknown_cost_is_absent() -> None:
    assert not cost(Cost(known_usd=1.0, attempts=2, unknown=1)).HasField("cost_usd")
    known = cost(Cost(day="2026-01-01", known_usd=1.5, attempts=2))
    assert (known.cost_usd, known.day, known.attempts, known.unknown) == (1.5, "2026-01-01", 2, 0)


def test_limits_that_were_not_given_are_none() -> None:
    assert limits(pb.Limits()) == Limits()
    given = pb.Limits(cost_usd=2.5, tokens=1000, turns=3, wall_clock=60.0, stall=90.0, attempts=4)
    assert limits(given) == Limits(cost_usd=2.5, tokens=1000, turns=3, wall_clock=60.0, stall=90.0, attempts=4)


def test_details_have_what_a_stage_handed_on_and_no_superseded_plan() -> None:
    runs = [
        f.AttemptEnded(task=1, at=3.0, number=2, outcome="done", reason="ended", output="the second plan"),
    ]
    began = f.AttemptStarted(
        task=1, at=2.0, number=2, stage="implement", agent="coder", entered="ba5e", session_id="two"
    )
    detail = wire().detail(made(began, *runs))
    assert [each.output for each in detail.attempts] == ["", "the second plan"]


def test_details_have_the_limits_that_hold_and_none_that_does_not() -> None:
    task = replace(made(), limits=Limits(cost_usd=5.0, attempts=12))
    told_limits = wire().detail(task).limits
    assert (told_limits.cost_usd, told_limits.attempts) == (5.0, 12)
    assert not told_limits.HasField("tokens")


def test_a_gate_says_which_paths_it_is_for() -> None:
    narrow = replace(PIPELINE, gates={**PIPELINE.gates, "tests": replace(TESTS, paths=("src/**",))})
    task = made()
    assert list(gate_of(wire().task(replace(task, course=narrow)), "tests").paths) == ["src/**"]
    assert list(gate_of(wire().task(task), "tests").paths) == []
