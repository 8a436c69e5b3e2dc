"""Secrets: about the commits that would land; a seal that holds one never lands, whatever comes after it."""

import pytest
from playbook import (
    ANN,
    BASE,
    TIP,
    Playbook,
    attempt,
    candidate,
    commit,
    human,
    line,
    ran,
    rev,
    scanned,
    secrets,
    stage,
    tree,
    work,
)

from foremand.core import commands as c
from foremand.core import facts as f
from foremand.core import steering
from foremand.core import steps as s
from foremand.core.spec import Pipeline

ONE = line(stage("implement", "secrets"), gates=[secrets()])
DRAFTED = line(stage("draft"), stage("implement", "secrets"), gates=[secrets()])
KEY = "AWS key in a.py:3"


def refused(pipeline: Pipeline = ONE, number: int = 1, **fields: object) -> Playbook:
    """The only attempt has left a secret in its commit."""
    play = Playbook(pipeline, *attempt(number, pipeline=pipeline, **fields))
    return play >> scanned(work(number, **fields), "fail", KEY)


def test_it_is_asked_about_the_commits() -> None:
    play = Playbook(ONE, *attempt(1, pipeline=ONE, commits=("a", "b")))
    step = play.only(s.RunGate)
    assert isinstance(step, s.RunGate)
    assert (step.commits, step.revision) == (("a", "b"), rev(1))
    assert step.tree != tree(1)
    play >> scanned(work(1, commits=("a", "b"))) << "build 1"


@pytest.mark.parametrize("commits", [("a",), ("b", "a"), ("a", "b", "c"), ("ab",), ()])
def test_an_answer_for_other_commits_is_none_even_of_the_same_tree(commits: tuple[str, ...]) -> None:
    play = Playbook(ONE, *attempt(1, pipeline=ONE, commits=("a", "b")))
    wanted = play.only(s.RunGate).key
    play >> scanned(work(1, commits=commits))
    assert play.only(s.RunGate).key == wanted


def test_an_answer_of_the_tree_is_none() -> None:
    play = Playbook(ONE, *attempt(1, pipeline=ONE))
    play >> ran("secrets", tree(1)) >> ran("secrets", rev(1))
    assert isinstance(play.only(s.RunGate), s.RunGate)


def test_without_commits_it_is_the_revision_that_is_looked_at() -> None:
    play = Playbook(ONE, *attempt(1, pipeline=ONE, commits=()))
    other = scanned(work(2, commits=()))
    play >> other
    assert play.only(s.RunGate).commits == (rev(1),)  # type: ignore[attr-defined]


class TestRefused:
    def test_it_goes_back_and_the_next_seal_stands_on_the_base_alone(self) -> None:
        play = drafted() >> scanned(work(2, commits=(rev(1), rev(2))), "fail", KEY) << "run implement#3"
        step = play.only(s.RunAttempt)
        assert isinstance(step, s.RunAttempt)
        assert (step.entered, step.files) == (BASE, None), "the files stay, the commits do not"
        assert KEY in step.feedback

    def test_the_base_is_never_asked(self) -> None:
        """A secret that was there before is not the work's; one that came is, whatever the base holds."""
        assert refused().task.sent_back == {"implement": 1}

    def test_it_stays_flat_over_every_later_try(self) -> None:
        play = drafted() >> scanned(work(2, commits=(rev(1), rev(2))), "fail", KEY)
        play >> attempt(3, pipeline=DRAFTED) >> scanned(work(3), "fail", "another") << "run implement#4"
        assert play.only(s.RunAttempt).entered == BASE  # type: ignore[attr-defined]
        play >> attempt(4, pipeline=DRAFTED) >> scanned(work(4), "fail", "another") << "wait stuck"
        play >> c.retry(play.task, ANN) << "run implement#5"
        assert play.only(s.RunAttempt).entered == BASE  # type: ignore[attr-defined]
        play >> attempt(5, pipeline=DRAFTED) >> scanned(work(5)) << "build 1"

    @pytest.mark.parametrize("how", ["retry", "rework", "take", "fresh"])
    def test_a_person_who_goes_on_leaves_it_behind_too(self, how: str) -> None:
        pipeline = line(stage("draft"), stage("implement", "secrets", limit=0), gates=[secrets()])
        play = drafted(pipeline) >> scanned(work(2, commits=(rev(1), rev(2))), "fail", KEY) << "wait stuck"
        if how == "take":
            play >> steering.take(play.task, ANN) << "hand over"
            play >> f.HandedOver(task=1, at=0, path="/w")
            play >> steering.give(play.task, "", ANN, rework=False) << "seal 3"
            assert play.task.attempts[-1].entered == BASE
            return
        asked = {
            "retry": lambda: c.retry(play.task, ANN),
            "fresh": lambda: c.retry(play.task, ANN, fresh=True),
            "rework": lambda: c.rework(play.task, "", ANN, "use the vault"),
        }
        play >> asked[how]()
        assert play.only(s.RunAttempt).entered == BASE  # type: ignore[attr-defined]

    def test_going_back_further_still_begins_there_anew(self) -> None:
        pipeline = line(stage("draft"), stage("implement", "secrets", goto="draft"), gates=[secrets()])
        play = drafted(pipeline) >> scanned(work(2, commits=(rev(1), rev(2))), "fail", KEY) << "run draft#3"
        assert play.only(s.RunAttempt).entered == BASE  # type: ignore[attr-defined]
        play >> attempt(3, "draft", pipeline) << "run implement#4"
        assert play.only(s.RunAttempt).entered == rev(3), "the draft is clean now"  # type: ignore[attr-defined]

    def test_an_advisory_one_flattens_nothing(self) -> None:
        pipeline = line(stage("draft"), stage("implement", "secrets", "tests"), gates=[secrets(advisory=True)])
        play = drafted(pipeline) >> scanned(work(2, commits=(rev(1), rev(2))), "fail", KEY)
        play >> ran("tests", tree(2), "fail") >> ran("tests", "tree-base", on_base=True) << "run implement#3"
        assert play.only(s.RunAttempt).entered == rev(1)  # type: ignore[attr-defined]


def drafted(pipeline: Pipeline = DRAFTED) -> Playbook:
    """Two stages have left a commit each; only the second is asked about secrets."""
    play = Playbook(pipeline, *attempt(1, "draft", pipeline))
    return play >> attempt(2, pipeline=pipeline, commits=(rev(1), rev(2)))


def test_a_secret_of_a_failed_attempt_that_was_replaced_lands_clean() -> None:
    play = refused() >> attempt(2, pipeline=ONE) >> scanned(work(2)) << "build 1"
    play >> candidate(1, of=2, pipeline=ONE)
    assert play.only(s.RunGate).commits == (rev(2), commit(1))  # type: ignore[attr-defined]
    play >> scanned(work(2, commits=(rev(2), commit(1)))) << "land 1"


class TestErrors:
    """A scan that did not happen is an error: tried twice again, then a person's."""

    def test_it_closes(self) -> None:
        play = Playbook(ONE, *attempt(1, pipeline=ONE))
        for pause in (1, 5):
            play >> scanned(work(1), "error", "the scan failed") << "wake + wait backoff"
            play.later(pause)
        play >> scanned(work(1), "error", "the scan failed") << "wait error"
        assert play.status.reason == "error: secrets: the scan failed"
        assert play.task.sent_back == {}

    def test_a_second_scan_that_answers_is_an_answer(self) -> None:
        play = Playbook(ONE, *attempt(1, pipeline=ONE)) >> scanned(work(1), "error")
        play.later(1) >> scanned(work(1)) << "build 1"


class TestLanding:
    """Every candidate is another commit, and is asked about with the seals that it was made from."""

    @staticmethod
    def passed(pipeline: Pipeline = ONE) -> Playbook:
        return Playbook(pipeline, *attempt(1, pipeline=pipeline)) >> scanned(work(1)) << "build 1"

    def test_a_candidate_is_never_let_through_by_its_seals_answer(self) -> None:
        play = self.passed() >> candidate(1, of=1, pipeline=ONE, tree=tree(1))
        assert isinstance(play.only(s.RunGate), s.RunGate)
        play >> scanned(work(1, commits=(rev(1), commit(1))), "fail", KEY) << "run implement#2"
        step = play.only(s.RunAttempt)
        assert isinstance(step, s.RunAttempt)
        assert step.entered == BASE
        assert "QueueEntered" not in play.recorded

    def test_nor_a_newer_one_by_the_one_before(self) -> None:
        pipeline = line(stage("implement", "secrets"), gates=[secrets(), human("final")], land=("final",))
        play = self.passed(pipeline) >> candidate(1, of=1, pipeline=pipeline)
        play >> scanned(work(1, commits=(rev(1), commit(1)))) << "wait person"
        play >> c.approve(play.task, "", commit(1), ANN) >> candidate(2, of=1, pipeline=pipeline, by=("ann",))
        assert play.only(s.RunGate).commits == (rev(1), commit(2))  # type: ignore[attr-defined]
        play >> scanned(work(1, commits=(rev(1), commit(2)))) << "land 2"

    def test_one_without_a_gate_at_any_stage_is_asked_here(self) -> None:
        pipeline = line(stage("implement", "tests"), gates=[secrets()], land=("secrets",))
        play = Playbook(pipeline, *attempt(1, pipeline=pipeline), ran("tests", tree(1)))
        play >> candidate(1, of=1, pipeline=pipeline, tree=tree(1))
        assert play.only(s.RunGate).gate.name == "secrets"  # type: ignore[attr-defined]

    def test_after_a_conflict_the_tip_is_what_it_is_entered_with(self) -> None:
        play = self.passed() >> candidate(1, of=1, pipeline=ONE)
        play >> scanned(work(1, commits=(rev(1), commit(1))), "fail", KEY) >> attempt(2, pipeline=ONE)
        play >> scanned(work(2)) << "build 2"
        assert play.task.base == BASE != TIP


def test_a_waiver_lets_just_this_revision_pass() -> None:
    pipeline = line(stage("implement", "secrets", limit=0), gates=[secrets()])
    play = Playbook(pipeline, *attempt(1, pipeline=pipeline)) >> scanned(work(1), "fail", KEY) << "wait stuck"
    play >> steering.waive(play.task, "secrets", rev(1), ANN, "an example key") << "build 1"
    play >> candidate(1, of=1, pipeline=pipeline, tree="other")
    assert play.only(s.RunGate).commits == (rev(1), commit(1)), "another tree is asked about again"  # type: ignore[attr-defined]
