"""What people do with a task beside answering gates: hold it, move it up, tell it things."""

import pytest
from playbook import (
    ANN,
    BASE_TREE,
    SIMPLE,
    Playbook,
    attempt,
    begun,
    ended,
    line,
    ran,
    refusal,
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


class TestPriority:
    def test_it_is_the_submissions_until_a_person_says_another(self) -> None:
        play = Playbook(SIMPLE)
        assert play.task.priority == 0
        play >> steering.prioritize(play.task, 5, ANN)
        assert play.task.priority == 5
        play >> started(1) >> steering.prioritize(play.task, -1, ANN)
        assert play.task.priority == -1

    def test_before_the_start_and_after_a_retry_it_holds(self) -> None:
        play = Playbook(None)
        play >> steering.prioritize(play.task, 5, ANN) >> begun()
        assert play.task.priority == 5
        play >> c.cancel(play.task, ANN)
        assert play.task.over == "CANCELLED"
        play >> c.retry(play.task, ANN)
        assert (play.task.over, play.task.priority) == (None, 5)

    def test_what_it_is_already_is_no_fact(self) -> None:
        play = Playbook(SIMPLE)
        assert steering.prioritize(play.task, 0, ANN) == ()
        play >> steering.prioritize(play.task, 5, ANN)
        assert steering.prioritize(play.task, 5, ANN) == ()

    def test_nothing_of_the_work_changes(self) -> None:
        play = Playbook(SIMPLE, started(1))
        before = play.steps
        play >> steering.prioritize(play.task, 5, ANN)
        assert play.steps == before


class TestPause:
    def test_an_agent_is_interrupted_sealed_and_its_session_kept(self) -> None:
        play = Playbook(SIMPLE, started(1))
        play >> steering.pause(play.task, ANN) << "supervise implement#1 + stop 1"
        play >> ended(1, "stopped") << "seal 1"
        play >> sealed(1) << "wait paused"
        assert (play.status.state, play.status.reason) == ("WAITING", "paused by ann")
        play >> steering.resume(play.task, ANN) << "run implement#2"
        step = play.only(s.RunAttempt)
        assert isinstance(step, s.RunAttempt)
        assert (step.resumes, step.files, step.feedback) == ("session-1", None, "")
        assert play.task.sent_back == {}, "nobody is charged"

    def test_what_it_had_done_when_it_ended_by_itself_counts(self) -> None:
        play = Playbook(SIMPLE, started(1))
        play >> steering.pause(play.task, ANN) >> (ended(1), sealed(1)) << "wait paused"
        play >> steering.resume(play.task, ANN) << f"tests on {tree(1)}"

    def test_before_the_start_and_before_a_slot(self) -> None:
        for play, then in ((Playbook(None), "start"), (Playbook(SIMPLE), "run implement#1")):
            play >> steering.pause(play.task, ANN) << "wait paused"
            play >> steering.resume(play.task, ANN) << then

    def test_a_gates_run_that_it_stopped_is_never_taken_up(self) -> None:
        """Its process was killed: what it left would read as an error."""
        play = Playbook(SIMPLE, *attempt(1))
        first = play.only(s.RunGate)
        play >> f.GateStarted(task=1, at=0, gate="tests", definition="definition-of-tests", tree=tree(1), run="tests-1")
        play >> steering.pause(play.task, ANN) << "wait paused"
        play >> steering.resume(play.task, ANN) << f"tests on {tree(1)}"
        assert play.only(s.RunGate).key != first.key

    def test_a_run_that_has_answered_is_kept(self) -> None:
        pipeline = line(stage("implement", "tests", "lint"))
        play = Playbook(pipeline, *attempt(1), ran("tests", tree(1)))
        play >> steering.pause(play.task, ANN) << "wait paused"
        play >> steering.resume(play.task, ANN) << f"lint on {tree(1)}"

    def test_it_is_not_given_back_by_time(self) -> None:
        play = Playbook(SIMPLE)
        play >> steering.pause(play.task, ANN)
        play.later(1e9) << "wait paused"

    def test_a_cancel_still_ends_it(self) -> None:
        play = Playbook(SIMPLE, started(1))
        play >> steering.pause(play.task, ANN) >> c.cancel(play.task, ANN) << "supervise implement#1 + stop 1"
        play >> (ended(1, "stopped"), sealed(1)) << ""

    def test_a_seal_that_cannot_be_made_does_not_keep_it_running(self) -> None:
        play = Playbook(SIMPLE, started(1))
        play >> steering.pause(play.task, ANN) >> ended(1, "stopped")
        for _ in range(3):
            play.later(10) >> troubled("seal:1")
        play << "wait paused"

    def test_what_was_never_sealed_is_left_alone_once_another_works_there(self) -> None:
        """A late seal would take the newer agent's files for the older one's, as it writes them."""
        play = Playbook(SIMPLE, started(1))
        play >> steering.pause(play.task, ANN) >> ended(1, "stopped")
        for _ in range(3):
            play.later(10) >> troubled("seal:1")
        play >> steering.resume(play.task, ANN) << "run implement#2"
        play >> started(2) << "supervise implement#2"
        play >> (ended(2), sealed(2)) << f"tests on {tree(2)}"


class TestSay:
    def test_it_opens_the_next_attempt_once(self) -> None:
        play = Playbook(SIMPLE, started(1))
        play >> steering.say(play.task, "use a set", ANN) >> steering.say(play.task, "and test it", ANN)
        play >> (ended(1), sealed(1)) >> ran("tests", tree(1), "fail", "2 failed")
        play >> ran("tests", BASE_TREE, on_base=True) << "run implement#2"
        heard = play.only(s.RunAttempt).feedback  # type: ignore[attr-defined]
        assert heard.index("2 failed") < heard.index("use a set") < heard.index("and test it")
        play >> attempt(2) >> ran("tests", tree(2), "fail", "3 failed") << "run implement#3"
        assert "use a set" not in play.only(s.RunAttempt).feedback  # type: ignore[attr-defined]

    def test_a_reviewer_does_not_take_it_away(self) -> None:
        pipeline = line(stage("implement", "review"), stage("harden"), gates=[review("review", "critic")])
        play = Playbook(pipeline, started(1))
        play >> steering.say(play.task, "mind the docs", ANN) >> (ended(1), sealed(1, pipeline))
        assert "mind" not in play.only(s.RunAttempt).feedback  # type: ignore[attr-defined]
        play >> reviewed(play.only(s.RunAttempt)) << "run harden#3"
        assert "mind the docs" in play.only(s.RunAttempt).feedback  # type: ignore[attr-defined]

    @pytest.mark.parametrize("text", ["", "  \n"])
    def test_nothing_is_not_sent(self, text: str) -> None:
        assert refusal(lambda: steering.say(Playbook(SIMPLE, started(1)).task, text, ANN)).reason == "MESSAGE_MISSING"
