"""Several agents for a stage: the next one works where one is parked, and the first that is back goes on."""

import pytest
from playbook import ANN, BASE_TREE, Playbook, ended, line, ran, sealed, stage, started, tree

from foremand.core import commands as c
from foremand.core import facts as f
from foremand.core import steering
from foremand.core import steps as s

LINE = line(stage("implement", "tests", agent="first", others=("second", "third")))
ALONE = line(stage("implement", "tests", agent="first"))


def parked(play: Playbook, number: int, agent: str, until: float | None = None) -> Playbook:
    """This agent's attempt ends because its account has used up its quota."""
    return play >> (started(number, agent=agent), ended(number, "quota", "used up", reset_at=until), sealed(number))


def wanted(play: Playbook) -> s.RunAttempt:
    step = play.only(s.RunAttempt)
    assert isinstance(step, s.RunAttempt)
    return step


def test_the_first_as_long_as_it_is_not_parked() -> None:
    assert wanted(Playbook(LINE)).agent == "first"
    play = Playbook(LINE, started(1, agent="first"), ended(1), sealed(1), ran("tests", tree(1), "fail"))
    play >> ran("tests", BASE_TREE, on_base=True)
    assert (wanted(play).agent, wanted(play).resumes) == ("first", "session-1")


def test_the_next_one_at_once_and_in_a_session_of_its_own() -> None:
    play = parked(Playbook(LINE), 1, "first", 5000.0) << "run implement#2"
    assert (wanted(play).agent, wanted(play).resumes, wanted(play).files) == ("second", None, None)
    parked(play, 2, "second", 9000.0) << "run implement#3"
    assert wanted(play).agent == "third"
    assert play.task.sent_back == {}, "nobody is charged"


def test_what_was_refused_before_is_not_forgotten_over_it() -> None:
    play = Playbook(LINE, started(1, agent="first"), ended(1), sealed(1), ran("tests", tree(1), "fail", "2 failed"))
    play >> ran("tests", BASE_TREE, on_base=True)
    parked(play, 2, "first", 5000.0)
    assert "2 failed" in wanted(play).feedback


def test_what_a_person_said_is_not_lost_with_the_run_that_it_opened() -> None:
    play = Playbook(LINE, started(1, agent="first"))
    play >> steering.say(play.task, "use a set", ANN)
    play >> (ended(1, "quota", reset_at=5000.0), sealed(1)) << "run implement#2"
    assert "use a set" in wanted(play).feedback
    parked(play, 2, "second", 5000.0)
    assert "use a set" in wanted(play).feedback


@pytest.mark.parametrize("outcome", ["lost", "unavailable"])
def test_nor_with_one_that_the_service_lost(outcome: f.OutcomeKind) -> None:
    play = Playbook(ALONE, started(1, agent="first"))
    play >> steering.say(play.task, "use a set", ANN) >> (ended(1, "lost"), sealed(1))
    play >> (started(2, agent="first"), ended(2, outcome), sealed(2))
    play.later(5)
    assert "use a set" in wanted(play).feedback


class TestAllParked:
    @staticmethod
    def all_parked() -> Playbook:
        play = parked(Playbook(LINE), 1, "first", 5000.0)
        return parked(parked(play, 2, "second", 90_000.0), 3, "third", 80_000.0) << "wake + wait quota"

    def test_waits_for_the_one_that_is_back_first(self) -> None:
        play = self.all_parked()
        assert play.only(s.WakeAt).at == 5000.0
        play.later(3999) << "wake + wait quota"
        play.later(1) << "run implement#4"
        assert wanted(play).agent == "first"

    def test_and_then_for_the_next(self) -> None:
        play = self.all_parked().later(4000)
        parked(play, 4, "first", 85_000.0) << "wake + wait quota"
        assert play.only(s.WakeAt).at == 80_000.0
        play.later(75_000)
        assert wanted(play).agent == "third"

    def test_resume_goes_on_with_the_first(self) -> None:
        play = self.all_parked()
        play >> steering.resume(play.task, ANN) << "run implement#4"
        assert wanted(play).agent == "first"

    def test_a_person_names_another(self) -> None:
        play = self.all_parked()
        play >> c.retry(play.task, ANN, agent="second")
        assert wanted(play).agent == "second"

    def test_the_limit_of_runs_bounds_it(self) -> None:
        """Attempts that a quota ended cost nothing, yet each is a run."""
        play, number = Playbook(LINE), 1
        for number in range(1, 13):
            step = wanted(play)
            parked(play, number, step.agent, None)
            play.later(100_000)
        play << "wait budget"
        assert number == 12


def test_who_a_person_named_stays_also_when_parked() -> None:
    play = Playbook(LINE, started(1, agent="first"), ended(1, "denied"), sealed(1))
    play >> c.retry(play.task, ANN, agent="second")
    play.later(1)
    parked(play, 2, "second", 5000.0) << "wake + wait quota"
    assert play.only(s.WakeAt).at == 5000.0


def test_another_stage_knows_who_is_parked() -> None:
    pipeline = line(stage("draft", agent="second"), stage("implement", "tests", agent="second", others=("first",)))
    play = Playbook(pipeline) >> (started(1, "draft", agent="second"), ended(1), sealed(1))
    parked(play, 2, "second", 5000.0) << "run implement#3"
    assert wanted(play).agent == "first"


def test_by_and_by_the_one_that_is_back_is_preferred_again() -> None:
    play = parked(Playbook(LINE), 1, "first", 2000.0)
    play >> (started(2, agent="second"), ended(2), sealed(2), ran("tests", tree(2), "fail"))
    play >> ran("tests", BASE_TREE, on_base=True)
    assert wanted(play).agent == "second", "its session goes on"
