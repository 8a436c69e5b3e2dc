"""How much a task can still take at most, from wherever it stands."""

import pytest
from msgspec.structs import replace
from playbook import (
    PLANNED,
    SIMPLE,
    Playbook,
    candidate,
    checkpoint,
    conflicted,
    ended,
    line,
    ran,
    rev,
    review,
    sealed,
    stage,
    started,
)

from foremand.core import facts as f
from foremand.core import steps as s
from foremand.core.spec import LAND, Limits, Pipeline
from foremand.core.status import status
from foremand.core.task import CONFLICT
from foremand.core.worst import loops, worst_case_left

COST = f.Usage(cost_usd=0.5)
FREE = Limits()


def left(book: Playbook) -> tuple[int, float | None]:
    found = worst_case_left(book.task)
    return found.agent_runs, found.cost_usd


def test_before_the_first_run_it_is_what_the_loops_allow() -> None:
    for pipeline in (SIMPLE, PLANNED, REVIEWED):
        free = replace(pipeline, limits=FREE)
        assert left(Playbook(free)) == (loops(free), None)


def test_each_run_takes_one_away() -> None:
    book = Playbook()
    assert left(book) == (5, 5.0)  # once, twice more for its gates, once for landing's and once in conflict
    book >> started(1)
    assert left(book) == (4, 5.0)
    book >> ended(1, usage=COST) >> sealed(1)
    assert left(book) == (4, 4.5)


@pytest.mark.parametrize(
    "pipeline",
    [
        SIMPLE,
        line(stage("plan", "ok", access="read"), stage("implement", "tests", goto="plan", limit=3), land=("audit",)),
        line(
            stage("plan", "ok", access="read"),
            stage("implement", "tests"),
            checkpoint("check", "lint", goto="implement", limit=1),
            stage("harden", "lint", goto="implement"),
            land=("audit",),
        ),
    ],
)
def test_at_every_step_of_the_worst_task_it_is_what_still_comes(pipeline: Pipeline) -> None:
    book = Playbook(replace(pipeline, limits=FREE))
    told = []
    while step := next((each for each in book.steps if not isinstance(each, s.Wait | s.Land)), None):
        told.append((left(book)[0], len(book.task.attempts)))
        refuse(book, step)
    assert left(book)[0] == 0
    assert {most + begun for most, begun in told} == {len(book.task.attempts)}


def refuse(book: Playbook, step: s.Step) -> None:
    """The step is carried out, and whatever may be sent back is."""
    number = len(book.task.attempts)
    match step:
        case s.RunAttempt():
            book >> started(number + 1, step.stage) >> ended(number + 1)
        case s.Seal():
            is_plan = book.pipeline.stage(book.task.attempts[-1].stage).access == "read"
            book >> sealed(number, book.pipeline, changed=not is_plan)
        case s.RunGate():
            now, task = status(book.task).stage, book.task
            on_fail = (task.pipeline.land if now == LAND else task.pipeline.stage(now)).on_fail
            bad = not step.on_base and task.sent_back.get(now, 0) < on_fail.limit
            book >> ran(step.gate.name, step.tree, "fail" if bad else "pass", on_base=step.on_base)
        case s.BuildCandidate():
            if book.task.sent_back.get(CONFLICT, 0) < book.pipeline.land.on_conflict.limit:
                book >> conflicted(step.number, number)
            else:
                book >> candidate(step.number, number, book.pipeline, tree=f"landing-{step.number}")


def test_what_a_person_grants_comes_on_top() -> None:
    one = line(stage("implement", "tests", limit=1), limits=FREE, on_fail=0, on_conflict=0)
    book = Playbook(one)
    while not any(isinstance(step, s.Wait) for step in book.steps):
        refuse_always(book)
    assert left(book)[0] == 0
    book >> f.Reworked(task=1, at=0.0, gate="", stage="implement", revision=rev(2), by="ann", message="again")
    assert left(book)[0] == 1


def refuse_always(book: Playbook) -> None:
    step = book.steps[0]
    if isinstance(step, s.RunGate) and not step.on_base:
        book >> ran(step.gate.name, step.tree, "fail")
    else:
        refuse(book, step)


def test_stages_that_nothing_can_go_back_to_are_done() -> None:
    pipeline = line(stage("plan", access="read", limit=7), stage("implement"), limits=FREE, on_fail=0, on_conflict=0)
    book = Playbook(pipeline)
    assert left(book)[0] == 1 + 7 + 1 + 2
    book >> started(1, "plan") >> ended(1) >> sealed(1, pipeline, changed=False)
    assert left(book)[0] == 1 + 2


def test_runs_are_bounded_by_attempts_and_the_dearest_are_counted() -> None:
    few = line(
        stage("cheap", limit=3, limits=Limits(cost_usd=0.1)),
        stage("dear", limit=3, limits=Limits(cost_usd=1.0)),
        limits=Limits(attempts=4),
        on_fail=0,
        on_conflict=0,
    )
    found = worst_case_left(Playbook(few).task)
    assert (found.agent_runs, found.cost_usd) == (4, 4.0)


def test_the_one_that_runs_costs_too() -> None:
    one = line(
        stage("implement", limit=0, limits=Limits(cost_usd=2.0)), limits=Limits(cost_usd=9.0), on_fail=0, on_conflict=0
    )
    assert left(Playbook(one, started(1))) == (0, 2.0)
    assert left(Playbook(one, started(1), ended(1, usage=COST))) == (0, 0.0)


REVIEWED = line(
    stage("implement", "review", limit=1, limits=Limits(cost_usd=1.0)),
    gates=[review("review", "judge", "other")],
    limits=Limits(attempts=20),
    on_fail=0,
    on_conflict=0,
)


def test_reviewers_count_until_they_have_answered() -> None:
    book = Playbook(REVIEWED)
    assert left(book) == (2 + 2 * 2 + 2, None), "nothing bounds what a reviewer costs"
    book >> started(1) >> ended(1) >> sealed(1, REVIEWED)
    assert left(book)[0] == 2 + 1 + 2 + 2
    book >> started(2, agent="judge", gate="review", definition="definition-of-review", about="change:change-1")
    assert left(book)[0] == 1 + 1 + 2 + 2, "the one that runs has begun"
    book >> ended(2, output="VERDICT: approve")
    assert left(book)[0] == 1 + 1 + 2 + 2


def test_what_the_tips_own_gates_ask_counts_once_it_is_known() -> None:
    careful = review("careful", "judge", floor=True)
    pipeline = line(stage("implement", limit=0), gates=[careful], on_fail=1, on_conflict=0, limits=FREE)
    book = Playbook(pipeline, started(1), ended(1), sealed(1, pipeline))
    assert left(book)[0] == 1, "landing may send it back once"
    book >> candidate(1, 1, pipeline, gates=(careful,))
    assert left(book)[0] == 1 + 2, "and the judge is asked each time that it would land"
    book >> started(2, LAND, agent="judge", gate="careful", definition="definition-of-careful", about="change:change-1")
    assert left(book)[0] == 1 + 1


def test_what_is_over_takes_nothing() -> None:
    book = Playbook(SIMPLE, f.CancelRequested(task=1, at=0.0, by="ann"))
    assert left(book) == (0, 0.0)
