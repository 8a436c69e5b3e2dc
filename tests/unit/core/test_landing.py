"""Landing: a trial candidate, its gates, people, the queue, and the one moment at which the branch moves."""

import pytest
from msgspec.structs import replace
from playbook import (
    ANN,
    PLANNED,
    SIMPLE,
    TIP,
    TIP_TREE,
    Playbook,
    attempt,
    cancelled,
    candidate,
    conflicted,
    gate,
    human,
    intended,
    landed,
    line,
    locked,
    ran,
    read,
    refused,
    rev,
    stage,
    started,
    tree,
    troubled,
)

from foremand.core import commands, landing
from foremand.core import facts as f
from foremand.core import steps as s
from foremand.core.commands import approve
from foremand.core.landing import intend
from foremand.core.spec import POLICY_GATE, Pipeline

MACHINES = line(stage("implement", "tests"))
"""Nobody is asked: what the tests pass lands."""


def passed(pipeline: Pipeline = MACHINES) -> Playbook:
    """A task whose only stage is passed."""
    return Playbook(pipeline, *attempt(1, pipeline=pipeline), ran("tests", tree(1))) << "build 1"


def at_the_branch(pipeline: Pipeline = MACHINES) -> Playbook:
    """A task whose candidate has passed, first in the queue."""
    return passed(pipeline) >> candidate(1, of=1, pipeline=pipeline) >> ran("tests", "tree-on-tip") << "land 1"


def test_the_candidate_is_the_last_revision_since_the_base() -> None:
    build = passed().only(s.BuildCandidate)
    assert (build.source, build.base) == (rev(1), passed().task.base)


def test_every_machine_gate_is_asked_again_on_the_candidates_own_tree() -> None:
    play = Playbook(PLANNED, *read(1))
    play >> approve(play.task, "", rev(1), ANN) >> attempt(2, pipeline=PLANNED) >> ran("tests", tree(2))
    play >> approve(play.task, "", rev(2), ANN) >> attempt(3, "harden", PLANNED, changes={"owner": "c", "final": "c"})
    play >> ran("tests", tree(3)) >> ran("lint", tree(3)) << "build 1"
    play >> candidate(1, of=3, pipeline=PLANNED, changes={"owner": "c", "final": "c"}, by=("ann",))
    play << "tests on tree-on-tip + lint on tree-on-tip + audit on tree-on-tip"
    for name in ("tests", "lint", "audit"):
        assert "ask final" not in play.recorded
        play >> ran(name, "tree-on-tip")
    assert play.recorded[-2:] == ["ask owner", "ask final"], "harden changed what the owner had approved"
    play << "wait person"


def test_a_tree_that_passed_already_is_not_run_again() -> None:
    play = passed() >> candidate(1, of=1, tree=tree(1)) << "land 1"
    assert play.recorded == ["tests pass", "QueueEntered"]


def test_an_answer_is_kept_where_the_change_is_the_same() -> None:
    pipeline = line(stage("implement", "tests", "owner"), gates=[human("owner")])
    play = Playbook(pipeline, *attempt(1, pipeline=pipeline), ran("tests", tree(1)))
    play >> approve(play.task, "owner", rev(1), ANN) << "build 1"
    play >> candidate(1, of=1, pipeline=pipeline, by=("ann",)) >> ran("tests", "tree-on-tip") << "land 1"


def test_and_asked_again_where_it_is_another() -> None:
    pipeline = line(stage("implement", "tests", "owner"), gates=[human("owner")])
    play = Playbook(pipeline, *attempt(1, pipeline=pipeline), ran("tests", tree(1)))
    play >> approve(play.task, "owner", rev(1), ANN)
    play >> candidate(1, of=1, pipeline=pipeline, by=("ann",), changes={"owner": "merged otherwise"})
    play >> ran("tests", "tree-on-tip") << "wait person"


def test_a_change_to_the_rules_needs_a_person_and_no_other_does() -> None:
    policy = gate(POLICY_GATE, "human", ".foremand/**")
    pipeline = line(stage("implement", "tests"), gates=[policy], land=(POLICY_GATE,))
    at_the_branch(pipeline)
    play = passed(pipeline) >> candidate(1, of=1, changes={"tests": "x", POLICY_GATE: "rules"})
    play >> ran("tests", "tree-on-tip") << "wait person"
    assert play.status.reason == f"approve {POLICY_GATE}?"


def test_what_is_in_the_way_before_there_is_a_candidate_waits_for_a_person() -> None:
    play = passed() >> refused(1, "blocked", "main has commits that origin/main has not") << "wait trouble"
    assert play.only(s.Wait).reason == "main has commits that origin/main has not"
    play >> commands.retry(play.task, ANN) << "build 1"
    moved = passed() >> refused(1, "moved") << "build 1"
    assert not moved.task.blocked
    assert not (passed() >> refused(2, "blocked") << "build 1").task.blocked


def test_the_message_names_who_approved_and_the_tree_stays_judged() -> None:
    play = passed(SIMPLE) >> candidate(1, of=1) >> ran("tests", "tree-on-tip")
    play >> approve(play.task, "", candidate(1, of=1).work.revision, ANN) << "build 2"
    play >> candidate(2, of=1, by=("ann",)) << "land 2"


def test_a_red_gate_voids_what_people_said_of_the_change_that_goes_back_even_if_the_same_comes_again() -> None:
    """Contract 4: `goto` voids the verdicts of the stage and of all after it, and landing is after all stages."""
    pipeline = line(stage("implement", "tests"), gates=[human("final")], land=("final",))
    same = {"tests": "t", "final": "the same"}
    play = passed(pipeline) >> candidate(1, of=1, pipeline=pipeline, changes=same) >> ran("tests", "tree-on-tip")
    play >> approve(play.task, "", play.status.revision, ANN)
    play >> candidate(2, of=1, pipeline=pipeline, changes=same, by=("ann",)) << "land 2"
    play >> intended(2) >> refused(2) << "build 3"
    play >> candidate(3, of=1, pipeline=pipeline, changes=same, by=("ann",), tree="moved") << "tests on moved"
    play >> ran("tests", "moved", "fail") >> ran("tests", TIP_TREE, on_base=True) << "run implement#2"
    assert not play.task.answers
    play >> attempt(2, pipeline=pipeline, changes=same) >> ran("tests", tree(2)) << "build 4"
    play >> candidate(4, of=2, pipeline=pipeline, changes=same, tree="green") >> ran("tests", "green") << "wait person"
    assert play.status.reason == "approve final?"


class TestQueue:
    def test_others_first(self) -> None:
        play = passed() >> candidate(1, of=1)
        play.turn = False
        play >> ran("tests", "tree-on-tip") << "wait queue"
        assert (play.status.state, play.status.reason) == ("LANDING", "waits for its turn to land")
        play.turn = True
        play << "land 1"

    def test_a_moved_tip_builds_again_in_its_place(self) -> None:
        play = at_the_branch() >> intended(1) >> refused(1) << "build 2"
        assert play.task.queued_at is not None
        play >> candidate(2, of=1, tree="tree-newer") << "tests on tree-newer"
        play >> ran("tests", "tree-newer") << "land 2"

    def test_a_red_candidate_leaves_and_goes_back(self) -> None:
        play = at_the_branch() >> intended(1) >> refused(1) >> candidate(2, of=1, tree="newer", base_tree="tip")
        play >> ran("tests", "newer", "fail", "1 failed") >> ran("tests", "tip", on_base=True) << "run implement#2"
        assert play.task.queued_at is None
        assert "1 failed" in play.only(s.RunAttempt).feedback
        assert play.task.sent_back == {"land": 1}

    def test_its_limit_used_up_is_stuck_outside(self) -> None:
        pipeline = line(stage("implement", "tests"), on_fail=0)
        play = at_the_branch(pipeline) >> intended(1) >> refused(1) >> candidate(2, of=1, tree="newer", base_tree="tip")
        play >> ran("tests", "newer", "fail") >> ran("tests", "tip", on_base=True) << "wait stuck"
        assert play.recorded[-1] == "QueueLeft"
        assert play.task.queued_at is None

    def test_who_must_ask_a_person_leaves_first(self) -> None:
        pipeline = line(stage("implement", "tests", "owner"), gates=[human("owner")])
        play = Playbook(pipeline, *attempt(1, pipeline=pipeline), ran("tests", tree(1)))
        play >> approve(play.task, "owner", rev(1), ANN) >> candidate(1, of=1, pipeline=pipeline, by=("ann",))
        play >> ran("tests", "tree-on-tip") << "land 1"
        play >> intended(1) >> refused(1)
        play >> candidate(2, of=1, pipeline=pipeline, by=("ann",), tree="newer", changes={"owner": "other"})
        play >> ran("tests", "newer") << "wait person"
        assert play.recorded[-2:] == ["QueueLeft", "ask owner"]

    def test_an_error_leaves_too(self) -> None:
        play = at_the_branch() >> intended(1) >> refused(1)
        for _ in range(3):
            play.later(10) >> troubled("candidate:2")
        play << "wait trouble"
        assert play.recorded[-1] == "QueueLeft"

    def test_backoff_stays(self) -> None:
        play = at_the_branch() >> troubled("land:1") << "wake + wait backoff"
        assert play.task.queued_at is not None
        play.later(1) << "land 1"

    def test_a_landing_given_up_does_not_enter_again(self) -> None:
        play = at_the_branch() >> intended(1)
        for _ in range(3):
            play.later(10) >> troubled("land:1", "permission denied")
        play << "wait trouble"
        assert play.recorded[-1] == "QueueLeft"
        assert play.status.reason == "error: permission denied"
        play >> commands.retry(play.task, ANN) << "land 1"
        assert play.recorded[-1] == "QueueEntered"

    def test_files_in_the_way_wait_with_the_reason_and_retry_goes_on(self) -> None:
        play = at_the_branch() >> intended(1) >> refused(1, "blocked", "edits in the way: a.py") << "wait trouble"
        assert (play.status.state, play.status.reason) == ("WAITING", "error: edits in the way: a.py")
        assert play.task.queued_at is None
        play >> commands.retry(play.task, ANN) << "land 1"


class TestConflict:
    def test_the_stage_is_entered_with_the_tip_and_the_merge(self) -> None:
        play = passed() >> conflicted(1, of=1) << "run implement#2"
        step = play.only(s.RunAttempt)
        assert (step.entered, step.files) == (TIP, "tree-with-markers")
        assert "- src/a.py" in step.feedback
        assert (play.task.base, play.task.base_tree) == (TIP, "tree-tip")
        assert play.task.sent_back == {"land:conflict": 1}

    def test_a_plan_keeps_its_answer(self) -> None:
        pipeline = line(stage("plan", "ok", access="read"), stage("implement", "tests"), gates=[human("ok")])
        play = Playbook(pipeline, *read(1))
        play >> approve(play.task, "ok", rev(1), ANN) >> attempt(2) >> ran("tests", tree(2)) >> conflicted(1, of=2)
        play << "run implement#3"
        assert play.only(s.RunAttempt).entered == TIP

    def test_a_later_stage_is_then_entered_from_the_one_before(self) -> None:
        pipeline = line(stage("plan", access="read"), stage("implement", "tests", goto="plan"), goto="implement")
        play = Playbook(pipeline, *read(1), *attempt(2), ran("tests", tree(2)), conflicted(1, of=2))
        assert play.only(s.RunAttempt).entered == TIP
        play >> attempt(3, base=TIP, base_tree="tip") >> ran("tests", tree(3), "fail")
        play >> ran("tests", "tip", on_base=True) << "run plan#4"
        play >> read(4) << "run implement#5"
        assert play.only(s.RunAttempt).entered == rev(4)

    def test_the_limit_is_its_own(self) -> None:
        play = passed() >> conflicted(1, of=1) >> attempt(2) >> ran("tests", tree(2)) << "build 2"
        play >> conflicted(2, of=2) << "wait stuck"
        play >> commands.retry(play.task, ANN, message="keep both") << "run implement#3"
        step = play.only(s.RunAttempt)
        assert step.files == "tree-with-markers"
        assert "keep both" in step.feedback
        assert "In conflict" in step.feedback

    def test_rework_brings_the_merge_too(self) -> None:
        play = passed() >> conflicted(1, of=1) >> attempt(2) >> ran("tests", tree(2)) >> conflicted(2, of=2)
        play >> commands.rework(play.task, "", ANN, "keep ours") << "run implement#3"
        assert play.only(s.RunAttempt).files == "tree-with-markers"


class TestAlreadyIn:
    def test_only_a_person_says_so(self) -> None:
        play = passed() >> candidate(1, of=1, empty=True) << "wait person"
        assert play.status.reason == "approve foremand-already-in?"
        play >> approve(play.task, "", play.status.revision, ANN) << ""
        assert (play.status.state, play.status.reason) == ("LANDED", "already in")
        assert play.task.landed_commit == TIP

    def test_or_sends_it_back(self) -> None:
        play = passed() >> candidate(1, of=1, empty=True)
        play >> commands.rework(play.task, "", ANN, "there is more to do") << "run implement#2"


class TestIntent:
    """No branch moves without it, and once it is on disk nothing else goes first."""

    @staticmethod
    def asked(play: Playbook) -> tuple[f.AnyFact, ...]:
        step = at_the_branch().only(s.Land)
        assert isinstance(step, s.Land)
        return intend(play.task, step, play.now)

    def test_the_candidate_that_is_to_land(self) -> None:
        play = at_the_branch()
        assert self.asked(play) == (replace(intended(1), at=play.now),)

    def test_none_for_a_task_that_was_stopped_or_sent_back_since(self) -> None:
        assert self.asked(at_the_branch() >> cancelled()) == ()
        over = f.TaskEnded(task=1, at=0, state="FAILED", reason="late")
        assert self.asked(at_the_branch() >> over) == ()
        back = f.SentBack(task=1, at=0, stage="land", to="implement", feedback="")
        assert self.asked(at_the_branch() >> back) == ()
        newer = at_the_branch() >> back >> attempt(2) >> ran("tests", tree(2)) >> candidate(2, of=2)
        assert self.asked(newer) == ()

    def test_one_of_an_earlier_candidate_is_none(self) -> None:
        back = f.SentBack(task=1, at=0, stage="land", to="implement", feedback="")
        play = at_the_branch() >> intended(1) >> back >> attempt(2) >> ran("tests", tree(2)) >> candidate(2, of=2)
        play >> ran("tests", "tree-on-tip") << "land 2"
        assert landing.intended(play.task) is None
        play >> intended(2)
        assert landing.intended(play.task) == play.task.candidate


class TestLocks:
    """The lock files of git that a landing made are known for as long as it is open, and as of that one alone."""

    def test_known_until_it_is_settled(self) -> None:
        play = at_the_branch() >> intended(1) >> locked(1) << "land 1"
        assert [lock.path for lock in play.task.locks] == ["main.lock"]
        for settled in (refused(1), refused(1, "blocked"), landed(1)):
            again = at_the_branch() >> intended(1) >> locked(1) >> settled
            assert again.task.locks == ()

    def test_those_of_the_last_try(self) -> None:
        play = at_the_branch() >> intended(1) >> locked(1) >> troubled("land:1") >> locked(1, "HEAD.lock")
        assert [lock.path for lock in play.task.locks] == ["HEAD.lock"]

    def test_none_without_the_intent(self) -> None:
        assert (at_the_branch() >> locked(1)).task.locks == ()
        assert (at_the_branch() >> intended(1) >> locked(2)).task.locks == ()


class TestCrash:
    """Whatever was on disk last, the same step follows."""

    def test_an_intent_without_a_landing_lands_again(self) -> None:
        play = at_the_branch() >> intended(1)
        again = Playbook(MACHINES)
        again.facts, again.now = play.facts, play.now + 3600
        again << "land 1"

    def test_an_intent_goes_before_a_cancel(self) -> None:
        play = at_the_branch() >> intended(1) >> cancelled() << "land 1"
        play >> landed(1) << ""
        assert play.status.state == "LANDED"

    def test_and_a_cancel_before_a_landing_that_was_refused(self) -> None:
        play = at_the_branch() >> intended(1) >> cancelled() >> refused(1) << ""
        assert play.status.state == "CANCELLED"

    def test_an_intent_for_another_candidate_lands_nothing(self) -> None:
        play = passed() >> candidate(1, of=1) >> intended(2) << "tests on tree-on-tip"
        assert play.task.intent is None

    def test_a_landed_task_stays_landed(self) -> None:
        play = at_the_branch() >> intended(1) >> landed(1)
        late = (
            cancelled(),
            f.TaskEnded(task=1, at=0, state="FAILED", reason="late"),
            f.Retried(task=1, at=0, by="ann", stage="land"),
            started(2),
        )
        play >> late << ""
        assert play.status.state == "LANDED"


@pytest.mark.parametrize("result", ["fail", "error"])
def test_no_answer_but_a_pass_lands(result: f.Result) -> None:
    play = passed(line(stage("implement", "tests"), land=("audit",), on_fail=0)) >> candidate(1, of=1)
    play >> ran("tests", "tree-on-tip") >> ran("audit", "tree-on-tip", result)
    for _ in range(4):
        play >> ran("audit", "tree-tip", result, on_base=True)
        play.later(100)
        play >> ran("audit", "tree-on-tip", result)
    assert play.status.state == "WAITING"
    assert "QueueEntered" not in play.recorded


def test_a_candidate_of_work_that_was_sent_back_since_is_built_again() -> None:
    play = Playbook(MACHINES, *attempt(1)) >> ran("tests", tree(1), "fail") >> ran("tests", "tree-base", on_base=True)
    play >> attempt(2) >> candidate(1, of=1) >> ran("tests", tree(2)) << "build 2"
