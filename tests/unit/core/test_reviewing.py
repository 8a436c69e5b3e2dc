"""Reviewers: after the machines and before people, one at a time, by exactly the change, never the author."""

import pytest
from msgspec.structs import replace
from playbook import (
    ANN,
    APPROVES,
    BASE_TREE,
    REJECTS,
    TIP,
    Playbook,
    attempt,
    cancelled,
    candidate,
    ended,
    human,
    intended,
    line,
    ran,
    read,
    refused,
    rev,
    review,
    reviewed,
    sealed,
    stage,
    started,
    tree,
    troubled,
)

from foremand.core import commands as c
from foremand.core import facts as f
from foremand.core import steering
from foremand.core import steps as s
from foremand.core.reviewing import authors
from foremand.core.spec import LAND, Limits, Pipeline, Profile

ONE = line(stage("implement", "tests", "review", "owner"), gates=[review("review", "critic"), human("owner")])
TWO = line(stage("implement", "tests", "review"), gates=[review("review", "critic", "second")])
MAJORITY = line(stage("implement", "tests", "review"), gates=[review("review", "a", "b", "c", quorum=2)])


def under_review(pipeline: Pipeline = ONE) -> Playbook:
    """The tests have passed."""
    return Playbook(pipeline, *attempt(1, pipeline=pipeline), ran("tests", tree(1)))


def votes(play: Playbook, *words: str) -> Playbook:
    """The next reviewers say this, one after the other."""
    for output in words:
        play >> reviewed(play.only(s.RunAttempt), output)
    return play


def test_no_reviewer_is_asked_before_the_machines_have_passed() -> None:
    play = Playbook(ONE, *attempt(1, pipeline=ONE)) << f"tests on {tree(1)}"
    play >> ran("tests", tree(1), "fail") >> ran("tests", BASE_TREE, on_base=True) << "run implement#2"
    play >> attempt(2, pipeline=ONE) >> ran("tests", tree(2)) << "run implement#3 critic for review"


def test_nobody_of_flesh_is_asked_before_the_reviewers_have_passed() -> None:
    play = under_review() << "run implement#2 critic for review"
    assert "ask owner" not in play.recorded
    votes(play, APPROVES) << "wait person"
    assert play.recorded[-2:] == ["review pass", "ask owner"]


def test_what_a_reviewer_is_given() -> None:
    step = under_review().only(s.RunAttempt)
    assert isinstance(step, s.RunAttempt)
    assert (step.entered, step.agent, step.resumes, step.files) == (rev(1), "critic", None, None), "a fresh session"
    assert (step.gate, step.definition, step.about) == ("review", "definition-of-review", "change:change-1")


def test_one_at_a_time_until_the_answer_is_clear() -> None:
    play = under_review(TWO) << "run implement#2 critic for review"
    begins, ends = reviewed(play.only(s.RunAttempt))
    play >> begins << "supervise implement#2 critic for review"
    assert (play.status.state, play.status.standings[1].verdict) == ("RUNNING", "running")
    play >> ends << "run implement#3 second for review"
    votes(play, APPROVES) << "build 1"
    assert play.task.answers[-1].reason == "2 of 2 approve, 2 must"


@pytest.mark.parametrize(
    ("said", "then"),
    [
        ((APPROVES, APPROVES), "build 1"),
        ((APPROVES, REJECTS, APPROVES), "build 1"),
        ((REJECTS, REJECTS), "run implement#4"),
        ((REJECTS, APPROVES, REJECTS), "run implement#5"),
    ],
)
def test_a_quorum(said: tuple[str, ...], then: str) -> None:
    votes(under_review(MAJORITY), *said) << then


def test_a_no_goes_back_to_the_author_with_every_finding() -> None:
    play = votes(under_review(), REJECTS) << "run implement#3"
    step = play.only(s.RunAttempt)
    assert isinstance(step, s.RunAttempt)
    assert (step.agent, step.resumes, step.gate) == ("coder", "session-1", "")
    assert "Gate review failed: 0 of 1 approve, 1 must; critic rejects" in step.feedback
    assert "a.py:3: It loses data." in step.feedback
    assert play.task.sent_back == {"implement": 1}


def test_other_work_is_reviewed_anew() -> None:
    play = votes(under_review(), REJECTS) >> attempt(3, pipeline=ONE) >> ran("tests", tree(3))
    play << "run implement#4 critic for review"
    assert "ask owner" not in play.recorded


def test_the_very_change_that_was_refused_is_not_taken_for_approved() -> None:
    """Void is void: when the author changes nothing that counts, the reviewer is asked once more."""
    play = votes(under_review(), REJECTS)
    play >> attempt(3, pipeline=ONE, tree=tree(1), changes={"review": "change-1", "tests": "t", "owner": "change-1"})
    play << "run implement#4 critic for review"


class TestSilence:
    """What is no answer is an error: asked twice again, then a person's; never a yes, never the author's fault."""

    def test_an_answer_that_cannot_be_read(self) -> None:
        play = votes(under_review(), "I like it.") << "wake + wait backoff"
        assert "critic gave no verdict that can be read" in play.status.reason
        play.later(5) << "run implement#3 critic for review"
        votes(play, "Really!") << "wake + wait backoff"
        votes(play.later(60), "Approved.") << "wait error"
        assert play.status.reason == "error: review: critic gave no verdict that can be read"
        assert play.task.sent_back == {}
        assert "ask owner" not in play.recorded

    def test_a_later_answer_counts(self) -> None:
        play = votes(under_review(), "I like it.").later(5)
        votes(play, APPROVES) << "wait person"

    @pytest.mark.parametrize("outcome", ["failed", "crashed", "limit", "unavailable", "lost"])
    def test_a_run_that_did_not_finish_says_nothing_whatever_it_printed(self, outcome: f.OutcomeKind) -> None:
        play = under_review()
        for _ in range(3):
            play >> reviewed(play.only(s.RunAttempt), APPROVES, outcome)
            assert "review pass" not in play.recorded
            assert "ask owner" not in play.recorded
            play.later(4000)
        play << "wait error"
        assert play.task.sent_back == {}

    @pytest.mark.parametrize("outcome", ["denied", "missing", "altered"])
    def test_what_only_a_person_can_mend(self, outcome: f.OutcomeKind) -> None:
        play = under_review()
        play >> reviewed(play.only(s.RunAttempt), APPROVES, outcome) << "wait error"
        play >> c.retry(play.task, ANN) << "run implement#3 critic for review"

    def test_quota_waits_until_its_reset_and_resume_does_not(self) -> None:
        play = under_review()
        play >> reviewed(play.only(s.RunAttempt), "", "quota", reset_at=5000.0) << "wake + wait quota"
        assert play.only(s.WakeAt).at == 5000.0
        play >> steering.resume(play.task, ANN) << "run implement#3 critic for review"

    def test_a_quota_is_waited_for_however_often_and_charged_to_nobody(self) -> None:
        play = under_review()
        for _ in range(4):
            play >> reviewed(play.only(s.RunAttempt), APPROVES, "quota") << "wake + wait quota"
            play.later(4000)
        votes(play, "I like it.") << "wake + wait backoff"
        votes(play.later(5), APPROVES) << "wait person"

    def test_retry_asks_those_alone_who_said_nothing(self) -> None:
        play = votes(under_review(TWO), APPROVES)
        for pause in (5, 60, 0):
            votes(play, "Hm.").later(pause)
        play << "wait error"
        play >> c.retry(play.task, ANN) << "run implement#6 second for review"
        votes(play, APPROVES) << "build 1"

    def test_retry_of_the_gate_asks_all(self) -> None:
        play = votes(under_review(line(stage("implement", "review", limit=0), gates=[review("review", "x", "y")])))
        votes(play, APPROVES, REJECTS) << "wait stuck"
        play >> c.retry(play.task, ANN, gate="review") << "run implement#4 x for review"
        votes(play, APPROVES, APPROVES) << "build 1"

    def test_a_run_that_cannot_be_started_is_a_persons_after_three(self) -> None:
        play = under_review()
        for _ in range(3):
            play.later(10) >> troubled("attempt:2", "no space")
        play << "wait trouble"

    def test_and_so_is_a_second_one(self) -> None:
        """A run before it that said nothing makes no difference: nothing is tried for ever."""
        play = votes(under_review(), "Hm.").later(5) << "run implement#3 critic for review"
        play >> troubled("attempt:3", "no space") << "wake + wait backoff"
        for _ in range(2):
            play.later(10) >> troubled("attempt:3", "no space")
        play << "wait trouble"

    def test_a_reviewer_that_the_pipeline_does_not_have(self) -> None:
        agents = {"coder": ONE.agents["coder"]}
        play = under_review(replace(ONE, agents=agents)) << "wait error"
        assert "reviewer critic is not in the pipeline" in play.status.reason
        play >> c.retry(play.task, ANN) << "wait error"


class TestAuthors:
    """Nobody reviews what they wrote."""

    def test_a_person_cannot_have_the_reviewer_write(self) -> None:
        play = Playbook(ONE, started(1), ended(1, "denied"), sealed(1, ONE))
        with pytest.raises(c.Refused) as caught:
            c.retry(play.task, ANN, agent="critic")
        assert (caught.value.reason, "review" in caught.value.message) == ("REVIEWS_IT", True)

    def test_nor_one_of_a_stricter_profile(self) -> None:
        strict = Profile(name="strict", gates={LAND: ("review",)}, paths=("pay/**",))
        pipeline = line(stage("implement", "tests"), gates=[review("review", "critic")], profiles=[strict])
        play = Playbook(pipeline, started(1), ended(1, "denied"), sealed(1))
        with pytest.raises(c.Refused) as caught:
            c.retry(play.task, ANN, agent="critic")
        assert caught.value.reason == "REVIEWS_IT"

    def test_an_author_of_an_earlier_pipeline_is_not_heard_as_a_reviewer(self) -> None:
        """Today's file may make a reviewer of who wrote the work that is there."""
        play = Playbook(ONE, started(1, agent="critic"), ended(1), sealed(1, ONE), ran("tests", tree(1)))
        play << "wait error"
        assert "critic wrote" in play.status.reason
        assert c.retry(play.task, ANN)
        assert steering.waive(play.task, "review", "", ANN, "I have read it")

    def test_a_planner_may_review_what_others_wrote(self) -> None:
        stages = (stage("plan", access="read", agent="critic"), stage("implement", "review"))
        pipeline = line(*stages, gates=[review("review", "critic")])
        play = Playbook(pipeline, *read(1, pipeline=pipeline), *attempt(2, pipeline=pipeline))
        play << "run implement#3 critic for review"

    def test_who_reviewed_did_not_write(self) -> None:
        votes(votes(under_review(), REJECTS) >> attempt(3, pipeline=ONE) >> ran("tests", tree(3)), APPROVES)

    @staticmethod
    def hardened(*, back_to: str) -> Playbook:
        """The critic, who reviews at implement alone, works at harden, whose tests send it back."""
        stages = (stage("implement", "review"), stage("harden", "tests", agent="critic", goto=back_to))
        pipeline = line(*stages, gates=[review("review", "critic", scope="stage")])
        play = votes(Playbook(pipeline, *attempt(1, pipeline=pipeline)), APPROVES) << "run harden#3"
        play >> (started(3, "harden", agent="critic"), ended(3), sealed(3, pipeline))
        return play >> ran("tests", tree(3), "fail") >> ran("tests", BASE_TREE, on_base=True)

    def test_what_a_later_stage_wrote_stays_in_the_files_that_the_work_goes_back_to(self) -> None:
        play = self.hardened(back_to="implement") << "run implement#4"
        play >> attempt(4) << "wait error"
        assert play.status.reason.startswith("error: review: reviewer critic wrote what it is to judge")
        assert play.recorded.count("review pass") == 1, "what coder had written alone"

    def test_also_under_the_hands_of_a_person(self) -> None:
        play = self.hardened(back_to="implement")
        play >> steering.take(play.task, ANN) >> f.HandedOver(task=1, at=0, path="/w")
        play >> steering.give(play.task, "", ANN, rework=False) << "seal 4"
        play >> sealed(4, changes={"tests": "t", "review": "by hand"}) << "wait error"
        assert "critic wrote" in play.status.reason

    def test_what_comes_after_the_work_that_is_judged_is_not_in_it(self) -> None:
        play = self.hardened(back_to="harden") << "run harden#4"
        assert authors(play.task, "implement") == {"coder"}
        assert authors(play.task, "harden") == {"coder", "critic"}


class TestLimits:
    def test_a_reviewers_run_is_a_run(self) -> None:
        pipeline = replace(TWO, limits=Limits(attempts=2))
        play = votes(under_review(pipeline), APPROVES) << "wait budget"
        assert play.status.reason == "limit attempts: 2 of 2 agent runs are used"
        play >> steering.limit(play.task, Limits(attempts=3), ANN) << "run implement#3 second for review"

    def test_it_gets_what_the_task_has_left(self) -> None:
        pipeline = replace(ONE, limits=Limits(cost_usd=1.0, tokens=100, attempts=9))
        play = Playbook(pipeline, started(1), ended(1, usage=f.Usage(cost_usd=0.4, tokens=30)), sealed(1, pipeline))
        play >> ran("tests", tree(1))
        step = play.only(s.RunAttempt)
        assert isinstance(step, s.RunAttempt)
        assert (step.cost_usd, step.tokens) == (pytest.approx(0.6), 70)


class TestStopping:
    """A person's word reaches a reviewer too."""

    def test_cancel(self) -> None:
        play = under_review() >> started(2, agent="critic", gate="review", definition="definition-of-review")
        play >> cancelled() << "supervise implement#2 critic for review + stop 2"
        play >> ended(2, "stopped") << ""
        assert play.status.state == "CANCELLED", "a review leaves nothing to seal"

    def test_pause_and_resume_begin_it_anew(self) -> None:
        play = under_review()
        begins, _ = reviewed(play.only(s.RunAttempt))
        play >> begins >> steering.pause(play.task, ANN) << "supervise implement#2 critic for review + stop 2"
        play >> ended(2, "stopped") << "wait paused"
        play >> steering.resume(play.task, ANN) << "run implement#3 critic for review"
        assert play.only(s.RunAttempt).resumes is None

    def test_a_review_that_is_stopped_for_a_given_work_never_counts(self) -> None:
        play = under_review()
        begins, ends = reviewed(play.only(s.RunAttempt))
        play >> begins >> steering.take(play.task, ANN) << "supervise implement#2 critic for review + stop 2"
        play >> ends << "hand over"
        play >> f.HandedOver(task=1, at=0, path="/w") >> steering.give(play.task, "", ANN, rework=False) << "seal 3"
        play >> sealed(3, ONE, changes={"tests": "t", "review": "change-1", "owner": "o"}) >> ran("tests", tree(3))
        play << "run implement#4 critic for review"


class TestLanding:
    """At landing a review is about exactly the change that lands."""

    @staticmethod
    def passed() -> Playbook:
        pipeline = line(stage("implement", "tests", "review"), gates=[review("review", "critic")])
        play = Playbook(pipeline, *attempt(1, pipeline=pipeline), ran("tests", tree(1)))
        return votes(play, APPROVES) << "build 1"

    def test_the_same_change_keeps_its_answer(self) -> None:
        play = self.passed() >> candidate(1, of=1, changes={"tests": "t", "review": "change-1"})
        play >> ran("tests", "tree-on-tip") << "land 1"

    def test_another_is_reviewed_again(self) -> None:
        play = self.passed() >> candidate(1, of=1, changes={"tests": "t", "review": "merged"})
        play >> ran("tests", "tree-on-tip") << "run land#3 critic for review"
        assert play.only(s.RunAttempt).entered != rev(1)
        assert (play.status.state, play.status.stage) == ("LANDING", "land")
        votes(play, REJECTS) << "run implement#4"
        assert play.task.sent_back == {"land": 1}

    def test_no_reviewer_is_asked_from_within_the_queue(self) -> None:
        """The queue waits for nobody: who must be reviewed again gives the place back first."""
        play = self.passed() >> candidate(1, of=1, changes={"tests": "t", "review": "change-1"})
        play >> ran("tests", "tree-on-tip") >> intended(1) >> refused(1)
        play >> candidate(2, of=1, tip=TIP, tree="newer", changes={"tests": "t", "review": "merged"})
        play >> ran("tests", "newer") << "run land#3 critic for review"
        assert play.recorded[-1] == "QueueLeft"
        assert play.task.queued_at is None
        votes(play, APPROVES) << "land 2"
        assert play.recorded[-1] == "QueueEntered"

    def test_a_plans_review_is_about_the_plan(self) -> None:
        stages = (stage("plan", "review", access="read", agent="planner"), stage("implement", "tests"))
        pipeline = line(*stages, gates=[review("review", "critic")])
        play = Playbook(pipeline, *read(1, pipeline=pipeline)) << "run plan#2 critic for review"
        step = play.only(s.RunAttempt)
        assert isinstance(step, s.RunAttempt)
        assert step.about == f"revision:{rev(1)}"
        votes(play, REJECTS) << "run plan#3"
        play >> read(3, pipeline=pipeline) << "run plan#4 critic for review"


def test_a_verdict_about_something_else_opens_nothing() -> None:
    play = under_review()
    step = play.only(s.RunAttempt)
    for other in ({"about": "change:other"}, {"definition": "another"}, {"gate": "tests"}):
        begins, ends = reviewed(step)
        told = Playbook(ONE, *attempt(1, pipeline=ONE), ran("tests", tree(1)))
        told >> replace(begins, **other) >> ends << "run implement#3 critic for review"  # type: ignore[arg-type]
