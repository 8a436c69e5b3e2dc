"""Stages without an agent: gates alone, on what the stage before them left."""

import pytest
from playbook import (
    ANN,
    APPROVES,
    BASE_TREE,
    Playbook,
    attempt,
    candidate,
    checkpoint,
    ended,
    gate,
    human,
    line,
    ran,
    read,
    rev,
    review,
    reviewed,
    sealed,
    stage,
    started,
    tree,
)

from foremand.core import commands as c
from foremand.core import facts as f
from foremand.core import steering
from foremand.core import steps as s
from foremand.core.spec import LAND, Profile
from foremand.core.verdicts import gates_at

LINE = line(
    stage("implement", "tests"),
    checkpoint("check", "lint", "owner", goto="implement"),
    stage("harden", "fuzz"),
    gates=[human("owner")],
)


def arrived() -> Playbook:
    """The stage before it is passed."""
    return Playbook(LINE, *attempt(1, pipeline=LINE), ran("tests", tree(1))) << f"lint on {tree(1)}"


def test_it_judges_what_the_stage_before_left_and_runs_nobody() -> None:
    play = arrived()
    assert (play.status.state, play.status.stage, play.status.revision) == ("RUNNING", "check", rev(1))
    play >> ran("lint", tree(1)) << "wait person"
    assert play.status.reason == "approve owner?"
    play >> c.approve(play.task, "owner", rev(1), ANN) << "run harden#2"
    assert play.only(s.RunAttempt).entered == rev(1)  # type: ignore[attr-defined]


def test_it_closes_and_sends_back() -> None:
    play = arrived() >> ran("lint", tree(1), "fail", "E501") >> ran("lint", BASE_TREE, on_base=True)
    play << "run implement#2"
    assert "Gate lint failed: E501" in play.only(s.RunAttempt).feedback  # type: ignore[attr-defined]
    assert play.task.sent_back == {"check": 1}
    play >> attempt(2, pipeline=LINE) << f"tests on {tree(2)}"
    play >> ran("tests", tree(2)) << f"lint on {tree(2)}"


def test_its_limit_is_its_own_and_ends_with_a_person() -> None:
    play = arrived()
    for number in (1, 2, 3):
        play >> ran("lint", tree(number), "fail")
        if number == 1:
            play >> ran("lint", BASE_TREE, on_base=True)
        if number < 3:
            play >> attempt(number + 1, pipeline=LINE) >> ran("tests", tree(number + 1))
    play << "wait stuck"
    assert play.status.stage == "check"
    play >> c.retry(play.task, ANN, message="look at the line length") << "run implement#4"


@pytest.mark.parametrize("result", ["error", "fail"])
def test_without_an_answer_nothing_goes_on(result: f.Result) -> None:
    play = arrived() >> ran("lint", tree(1), result)
    for _ in range(3):
        play >> ran("lint", BASE_TREE, "error", on_base=True)
        play.later(10)
        if isinstance(play.steps[0], s.RunGate):
            play >> ran("lint", tree(1), result)
    assert not any(isinstance(step, s.RunAttempt) and step.stage == "harden" for step in play.steps)
    assert "ask owner" not in play.recorded


def test_several_in_a_row_judge_the_same_work() -> None:
    stages = (
        stage("implement", "tests"),
        checkpoint("a", "x", goto="implement"),
        checkpoint("b", "y", goto="implement"),
    )
    play = Playbook(line(*stages), *attempt(1), ran("tests", tree(1))) << f"x on {tree(1)}"
    play >> ran("x", tree(1)) << f"y on {tree(1)}"
    play >> ran("y", tree(1)) << "build 1"


def test_its_gates_are_asked_at_landing_but_for_those_of_their_stage() -> None:
    stages = (stage("implement", "tests"), checkpoint("check", "red", "lint", goto="implement"))
    pipeline = line(*stages, gates=[gate("red", scope="stage")])
    assert [each.name for each in gates_at(pipeline, LAND)] == ["tests", "lint"]
    play = Playbook(pipeline, *attempt(1), ran("tests", tree(1))) << f"red on {tree(1)} + lint on {tree(1)}"
    play >> ran("red", tree(1)) >> ran("lint", tree(1)) >> candidate(1, of=1)
    play << "tests on tree-on-tip + lint on tree-on-tip"


class TestAfterAPlan:
    """What it judges there is the plan: about its revision, at landing no more."""

    STAGES = (stage("plan", access="read"), checkpoint("agreed", "ok", goto="plan"), stage("implement", "tests"))
    PIPELINE = line(*STAGES, gates=[human("ok")])

    def test_the_answer_is_about_the_plan(self) -> None:
        play = Playbook(self.PIPELINE, *read(1, pipeline=self.PIPELINE)) << "wait person"
        assert play.task.answers[-1].about == f"revision:{rev(1)}"
        play >> c.approve(play.task, "", rev(1), ANN) << "run implement#2"

    def test_another_plan_is_another_question(self) -> None:
        play = Playbook(self.PIPELINE, *read(1, pipeline=self.PIPELINE))
        play >> c.rework(play.task, rev(1), ANN, "smaller") << "run plan#2"
        play >> read(2, pipeline=self.PIPELINE) << "wait person"
        assert play.task.answers[-1].about == f"revision:{rev(2)}"

    def test_at_landing_it_is_not_asked_about_the_change(self) -> None:
        play = Playbook(self.PIPELINE, *read(1, pipeline=self.PIPELINE))
        play >> c.approve(play.task, "", rev(1), ANN) >> attempt(2) >> ran("tests", tree(2))
        play >> candidate(1, of=2, by=("ann",)) >> ran("tests", "tree-on-tip") << "land 1"

    def test_after_a_writing_stage_it_is(self) -> None:
        stages = (
            stage("plan", access="read"),
            stage("implement", "tests"),
            checkpoint("agreed", "ok", goto="implement"),
        )
        pipeline = line(*stages, gates=[human("ok")])
        assert [each.name for each in gates_at(pipeline, LAND)] == ["tests", "ok"]
        play = Playbook(pipeline, *read(1, pipeline=pipeline), *attempt(2, pipeline=pipeline), ran("tests", tree(2)))
        assert play.task.answers[-1].about == "change:change-2"

    def test_after_a_report_on_what_was_written_it_is(self) -> None:
        """A stage that only reads makes no plan of what is written already: the answer is about what lands."""
        stages = (stage("implement"), stage("audit", "ok", access="read"))
        pipeline = line(*stages, gates=[human("ok")])
        assert [each.name for each in gates_at(pipeline, LAND)] == ["ok"]
        report = (started(2, "audit"), ended(2), sealed(2, pipeline, changed=False, tree=tree(1)))
        play = Playbook(pipeline, *attempt(1, pipeline=pipeline), *report) << "wait person"
        play >> c.approve(play.task, "", rev(2), ANN) << "build 1"
        other = candidate(1, of=2, pipeline=pipeline, changes={"ok": "another change"})
        play >> other << "wait person"
        assert (play.status.stage, play.task.answers[-1].about) == (LAND, "change:another change")

    def test_nor_is_a_plan_that_a_raise_brought_back_behind_what_it_was_for(self) -> None:
        stages = (
            stage("plan", access="read"),
            stage("implement", "tests"),
            checkpoint("check", "ok", goto="implement"),
        )
        rules = [Profile(name="fast", skip=("plan",)), Profile(name="strict")]
        pipeline = line(*stages, gates=[human("ok")], profiles=rules)
        play = Playbook(pipeline, *attempt(1, pipeline=pipeline, raises={"strict": ("auth/a",)}), profile="fast")
        play >> ran("tests", tree(1)) << "run plan#2"
        assert [each.name for each in play.task.pipeline.stages] == ["implement", "plan", "check"]
        assert [each.name for each in gates_at(play.task.pipeline, LAND)] == ["tests", "ok"]

    def test_a_machines_gate_is_asked_at_landing_all_the_same(self) -> None:
        stages = (stage("plan", access="read"), checkpoint("agreed", "lint", goto="plan"), stage("implement", "tests"))
        assert [each.name for each in gates_at(line(*stages), LAND)] == ["lint", "tests"]


def test_a_review_at_it() -> None:
    stages = (stage("implement", "tests"), checkpoint("check", "review", goto="implement"))
    pipeline = line(*stages, gates=[review("review", "critic")])
    play = Playbook(pipeline, *attempt(1, pipeline=pipeline), ran("tests", tree(1))) << "run check#2 critic for review"
    assert play.status.reason == "check: review: critic waits for an agent slot"
    play >> reviewed(play.only(s.RunAttempt), APPROVES) << "build 1"


def test_a_hint_for_it_is_heard_where_work_goes_back_to() -> None:
    play = arrived() >> ran("lint", tree(1)) << "wait person"
    play >> c.rework(play.task, rev(1), ANN, "another way") << "run implement#2"
    assert "another way" in play.only(s.RunAttempt).feedback  # type: ignore[attr-defined]


def test_what_a_person_takes_there_is_the_last_writers_work() -> None:
    play = arrived()
    play >> steering.take(play.task, ANN) << "hand over"
    assert play.task.taken_stage == "implement"


@pytest.mark.parametrize("begun", [False, True])
def test_first_of_all_after_a_profile_skipped_what_was_before_it(begun: bool) -> None:
    """Nothing is there to judge yet; at landing its gates are asked all the same."""
    stages = (stage("draft"), checkpoint("check", "lint", goto="draft"), stage("implement", "tests"))
    pipeline = line(*stages, profiles=[Profile(name="fast", skip=("draft",))])
    play = Playbook(pipeline, profile="fast") << "run implement#1"
    if begun:
        play >> attempt(1) >> ran("tests", tree(1)) >> candidate(1, of=1)
        play << "lint on tree-on-tip + tests on tree-on-tip"
