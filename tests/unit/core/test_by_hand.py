"""A person works on a task: takes its workspace, and gives it back with what they made."""

import pytest
from msgspec.structs import replace
from playbook import (
    ANN,
    BASE,
    BASE_TREE,
    MACHINES,
    ONCE,
    PLANNED,
    SIMPLE,
    TIP,
    TIP_TREE,
    Playbook,
    attempt,
    begun,
    candidate,
    checkpoint,
    conflicted,
    ended,
    handed_over,
    human,
    intended,
    line,
    ran,
    refusal,
    rev,
    scanned,
    sealed,
    secrets,
    stage,
    started,
    stuck,
    tree,
    work,
)

from foremand.core import commands as c
from foremand.core import facts as f
from foremand.core import steering
from foremand.core import steps as s
from foremand.core.landing import intend
from foremand.core.limits import allowance
from foremand.core.spec import Limits, Pipeline, Profile


class TestTake:
    def test_the_agent_is_stopped_sealed_and_the_workspace_handed_over_as_it_is(self) -> None:
        play = Playbook(SIMPLE, started(1))
        play >> steering.take(play.task, ANN) << "supervise implement#1 + stop 1"
        play >> ended(1, "stopped") << "seal 1"
        play >> sealed(1) << "hand over"
        step = play.only(s.HandOver)
        assert isinstance(step, s.HandOver)
        assert (step.files, step.entered) == (None, BASE)
        play >> f.HandedOver(task=1, at=0.0, path="/w/1/tree") << "wait taken"
        assert (play.status.state, play.status.reason) == ("WAITING", "taken by ann")

    @pytest.mark.parametrize("pipeline", [None, SIMPLE])
    def test_before_anybody_worked_it_is_the_base(self, pipeline: Pipeline | None) -> None:
        play = Playbook(pipeline)
        play >> steering.take(play.task, ANN)
        if pipeline is None:
            play << "start"
            play >> begun()
        play << "hand over"
        assert play.only(s.HandOver).files == BASE  # type: ignore[attr-defined]

    def test_in_a_conflict_it_is_the_merge_on_the_tip(self) -> None:
        pipeline = line(stage("implement", "tests"), on_conflict=0)
        play = Playbook(pipeline, *attempt(1), ran("tests", tree(1)), conflicted(1, of=1)) << "wait stuck"
        play >> steering.take(play.task, ANN) << "hand over"
        step = play.only(s.HandOver)
        assert isinstance(step, s.HandOver)
        assert (step.files, step.entered, play.task.base) == ("tree-with-markers", TIP, TIP)
        play >> f.HandedOver(task=1, at=0.0, path="/w")
        play >> steering.give(play.task, "", ANN, rework=False) >> sealed(2, base=TIP, base_tree=TIP_TREE)
        play >> ran("tests", tree(2)) << "build 2"

    def test_it_leaves_the_queue(self) -> None:
        play = Playbook(MACHINES, *attempt(1), ran("tests", tree(1)), candidate(1, of=1))
        play >> ran("tests", "tree-on-tip") << "land 1"
        handed_over(play)
        assert play.recorded[-1] == "QueueLeft"
        assert play.task.queued_at is None

    def test_no_landing_is_intended_any_more(self) -> None:
        """The two may meet: whoever is written down first goes first."""
        play = Playbook(MACHINES, *attempt(1), ran("tests", tree(1)), candidate(1, of=1))
        play >> ran("tests", "tree-on-tip")
        step = play.only(s.Land)
        assert isinstance(step, s.Land)
        assert intend(play.task, step, 0.0)
        play >> steering.take(play.task, ANN)
        assert intend(play.task, step, 0.0) == ()

    def test_nor_of_one_that_was_paused(self) -> None:
        play = Playbook(MACHINES, *attempt(1), ran("tests", tree(1)), candidate(1, of=1))
        play >> ran("tests", "tree-on-tip")
        step = play.only(s.Land)
        assert isinstance(step, s.Land)
        play >> f.Paused(task=1, at=0.0, by="ann")
        assert intend(play.task, step, 0.0) == ()

    def test_and_once_it_is_intended_nobody_takes_it(self) -> None:
        play = Playbook(MACHINES, *attempt(1), ran("tests", tree(1)), candidate(1, of=1))
        play >> ran("tests", "tree-on-tip") >> intended(1)
        assert refusal(lambda: steering.take(play.task, ANN)).reason == "TASK_LANDING"

    def test_one_person_has_it(self) -> None:
        play = handed_over(stuck())
        bob = c.Who(name="bob", at=0.0)
        assert "taken by ann" in refusal(lambda: steering.take(play.task, bob)).message

    def test_what_was_paused_is_taken_all_the_same(self) -> None:
        play = Playbook(SIMPLE)
        play >> steering.pause(play.task, ANN)
        handed_over(play)

    def test_no_money_is_asked_for(self) -> None:
        play = Playbook(line(stage("implement", "tests"), limits=Limits(attempts=1)), *attempt(1))
        play >> ran("tests", tree(1), "fail") >> ran("tests", BASE_TREE, on_base=True) << "wait budget"
        handed_over(play)
        play >> steering.give(play.task, "", ANN, rework=False) >> sealed(2) >> ran("tests", tree(2)) << "build 1"


class TestGive:
    def test_what_they_left_is_sealed_as_theirs_and_judged_like_anyones(self) -> None:
        play = handed_over(stuck())
        play >> steering.give(play.task, "by hand", ANN, rework=False) << "seal 2"
        theirs = play.task.attempts[-1]
        assert (theirs.by, theirs.agent, theirs.stage, theirs.entered) == ("ann", "", "implement", BASE)
        assert (theirs.output, play.task.cost_usd) == ("by hand", None)
        play >> sealed(2) << f"tests on {tree(2)}"
        play >> ran("tests", tree(2)) << "build 1"
        assert [a.void for a in play.task.attempts] == [True, False]

    def test_a_refusal_goes_back_to_the_agent(self) -> None:
        play = handed_over(Playbook(MACHINES, *attempt(1)))
        play >> steering.give(play.task, "", ANN, rework=False) >> sealed(2)
        play >> ran("tests", tree(2), "fail", "2 failed") >> ran("tests", BASE_TREE, on_base=True) << "run implement#3"
        step = play.only(s.RunAttempt)
        assert isinstance(step, s.RunAttempt)
        assert (step.agent, step.resumes) == ("coder", "session-1")

    def test_work_that_equals_what_was_there_is_no_change(self) -> None:
        play = handed_over(Playbook(SIMPLE, *attempt(1)))
        play >> steering.give(play.task, "", ANN, rework=False) >> sealed(2, changed=False, tree=BASE_TREE)
        play << "run implement#3"

    def test_rework_hands_their_files_to_the_agent_with_their_words(self) -> None:
        play = handed_over(stuck())
        play >> steering.give(play.task, "the rest of the API", ANN, rework=True) << "seal 2"
        play >> sealed(2) << "run implement#3"
        step = play.only(s.RunAttempt)
        assert isinstance(step, s.RunAttempt)
        assert (step.files, step.resumes) == (None, "session-1")
        assert "the rest of the API" in step.feedback
        assert play.task.attempts[1].void, "what they left is kept, and not judged"

    def test_what_was_said_to_the_agent_is_not_said_to_the_person(self) -> None:
        play = Playbook(SIMPLE, started(1))
        play >> steering.say(play.task, "use tabs", ANN) >> steering.take(play.task, ANN)
        play >> (ended(1, "stopped"), sealed(1)) >> f.HandedOver(task=1, at=0.0, path="/there")
        play >> steering.give(play.task, "the rest", ANN, rework=True) >> sealed(2) << "run implement#3"
        assert play.only(s.RunAttempt).feedback.count("use tabs") == 1  # type: ignore[attr-defined]

    def test_rework_needs_words(self) -> None:
        play = handed_over(stuck())
        assert refusal(lambda: steering.give(play.task, " ", ANN, rework=True)).reason == "MESSAGE_MISSING"

    def test_not_before_it_was_handed_over(self) -> None:
        play = stuck()
        assert refusal(lambda: steering.give(play.task, "", ANN, rework=False)).reason == "NOT_TAKEN"
        play >> steering.take(play.task, ANN)
        error = refusal(lambda: steering.give(play.task, "", ANN, rework=False))
        assert "made ready" in error.message

    def test_nobodys_answer_to_what_was_before_counts_for_it(self) -> None:
        pipeline = line(stage("implement", "tests", "owner"), gates=[human("owner")])
        play = Playbook(pipeline, *attempt(1, pipeline=pipeline), ran("tests", tree(1)))
        play >> c.approve(play.task, "", rev(1), ANN) << "build 1"
        handed_over(play)
        play >> steering.give(play.task, "", ANN, rework=False)
        play >> sealed(2, pipeline, tree=tree(1), changes={"tests": "t", "owner": "change-1"}) << "wait person"

    def test_later_stages_begin_anew(self) -> None:
        pipeline = line(stage("implement", "tests"), stage("harden", "lint", limit=0, goto="implement"))
        play = Playbook(pipeline, *attempt(1), ran("tests", tree(1)), *attempt(2, "harden"))
        play >> ran("lint", tree(2), "fail") >> ran("lint", BASE_TREE, on_base=True) << "wait stuck"
        handed_over(play)
        assert play.task.taken_stage == "harden"
        play >> steering.give(play.task, "", ANN, rework=False) >> sealed(3) << f"lint on {tree(3)}"

    def test_at_landing_they_stand_for_the_last_writer(self) -> None:
        play = Playbook(SIMPLE, *attempt(1), ran("tests", tree(1)), candidate(1, of=1)) >> ran("tests", "tree-on-tip")
        handed_over(play << "wait person")
        play >> steering.give(play.task, "", ANN, rework=False) >> sealed(2) >> ran("tests", tree(2)) << "build 2"

    def test_before_the_start_for_the_first_that_an_agent_does(self) -> None:
        stages = (stage("draft"), checkpoint("check", "lint", goto="draft"), stage("implement", "tests"))
        pipeline = line(*stages, profiles=[Profile(name="fast", skip=("draft",))])
        play = Playbook(None, profile="fast")
        play >> steering.take(play.task, ANN) >> begun(pipeline) >> f.HandedOver(task=1, at=0.0, path="/w")
        play >> steering.give(play.task, "", ANN, rework=False) << "seal 1"
        play >> sealed(1) << f"tests on {tree(1)}"

    def test_a_plan_by_hand_is_what_they_say(self) -> None:
        play = Playbook(PLANNED)
        handed_over(play)
        play >> steering.give(play.task, "First this, then that.", ANN, rework=False)
        play >> sealed(1, PLANNED, changed=False, tree=BASE_TREE, changes={}) << "wait person"
        assert play.task.attempts[0].output == "First this, then that."

    def test_what_a_person_did_is_no_agents_run(self) -> None:
        play = handed_over(stuck())
        play >> steering.give(play.task, "", ANN, rework=False)
        assert getattr(allowance(play.task), "cost_usd", None) is not None
        twice = replace(ONCE, limits=Limits(attempts=2))
        play = handed_over(stuck(twice))
        play >> steering.give(play.task, "go on", ANN, rework=True) >> sealed(2) << "run implement#3"

    def test_cancel_keeps_what_they_did(self) -> None:
        """Nobody's work is lost by a cancel: not a person's either (I4)."""
        play = handed_over(stuck())
        play >> c.cancel(play.task, ANN) << "seal 2"
        play >> sealed(2) << ""
        assert (play.status.state, play.task.attempts[-1].by) == ("CANCELLED", "ann")
        play >> c.retry(play.task, ANN) << f"tests on {tree(2)}"


def test_flattened_secrets_of_a_taken_task_stay_behind() -> None:
    pipeline = line(stage("draft"), stage("implement", "secrets", limit=0), gates=[secrets()])
    play = Playbook(pipeline, *attempt(1, "draft", pipeline), *attempt(2, pipeline=pipeline, commits=(rev(1), rev(2))))
    play >> scanned(work(2, commits=(rev(1), rev(2))), "fail") << "wait stuck"
    handed_over(play)
    play >> steering.give(play.task, "", ANN, rework=False)
    assert play.task.attempts[-1].entered == BASE
