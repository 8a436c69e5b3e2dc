"""What an agent must ask: open until a person answers, and never taken for a yes."""

import msgspec
import pytest
from msgspec.structs import replace
from playbook import ANN, SIMPLE, Playbook, ended, sealed, started
from situations import told

from foremand.core import facts as f
from foremand.core import questions, steering
from foremand.core.commands import Refused, Who
from foremand.core.questions import PATIENCE, open_questions
from foremand.core.steps import RunAttempt, StopAttempt

BOB = Who(name="bob", at=5.0)


def asks(key: str = "q-1", number: int = 1, digest: str = "d-1", at: float = 0.0) -> f.QuestionAsked:
    return f.QuestionAsked(
        task=1, at=at, number=number, key=key, tool="Bash", text="make install\n# really", digest=digest
    )


def test_it_waits_for_a_person_and_the_agent_runs_on() -> None:
    play = told("an agent asks")
    assert (play.status.state, play.status.waiting_for) == ("WAITING", "question")
    assert play.status.reason == "coder asks: Bash: make install"
    assert play.only(RunAttempt).begun
    assert not [step for step in play.steps if isinstance(step, StopAttempt)]


def test_what_was_left_out_of_it_is_known_and_older_journals_left_nothing_out() -> None:
    play = told("an agent asks") >> replace(asks("q-2"), omitted=300)
    assert [question.omitted for question in play.task.questions] == [0, 300]
    old = msgspec.to_builtins(asks())
    del old["omitted"]
    assert msgspec.convert(old, f.QuestionAsked).omitted == 0


@pytest.mark.parametrize("allow", [True, False])
def test_an_answer_in_time_leaves_the_agent_at_work(allow: bool) -> None:
    play = told("an agent asks")
    play >> steering.answer(play.task, "q-1", allow, "because", ANN)
    assert (play.status.state, play.status.waiting_for) == ("RUNNING", "")
    (question,) = play.task.questions
    assert (question.allow, question.by, question.message) == (allow, ANN.name, "because")
    assert not open_questions(play.task)
    with pytest.raises(Refused, match="answered already"):
        steering.answer(play.task, "q-1", not allow, "", BOB)


def test_time_interrupts_and_answers_nothing() -> None:
    play = told("an agent asks").later(PATIENCE - 1)
    assert not [step for step in play.steps if isinstance(step, StopAttempt)]
    play.later(PATIENCE)
    assert play.only(StopAttempt).number == 1
    play >> (ended(1, "stopped"), sealed(1))
    play.later(1e6)
    assert play.steps[0].key == "wait"
    assert (play.status.state, play.status.waiting_for) == ("WAITING", "question")
    assert play.task.questions[0].allow is None
    assert play.task.running_attempt is None, "it holds no slot"


@pytest.mark.parametrize(("allow", "heard"), [(True, "You may: do it now."), (False, "You may not. They say: no root")])
def test_a_late_answer_resumes_the_session_with_it(allow: bool, heard: str) -> None:
    play = told("an agent asked and was interrupted")
    play >> steering.answer(play.task, "", allow, "" if allow else "no root", ANN)
    step = play.only(RunAttempt)
    assert (step.number, step.begun) == (2, False)
    assert step.resumes == play.task.attempts[0].session_id
    assert heard in step.feedback
    assert "make install\n# really" in step.feedback
    assert play.status.waiting_for == ""


def test_an_answer_between_the_interruption_and_the_end_counts() -> None:
    play = told("an agent asks").later(PATIENCE)
    play >> steering.answer(play.task, "q-1", True, "", ANN)
    play >> (ended(1, "stopped"), sealed(1))
    assert play.only(RunAttempt).number == 2
    assert "You may" in play.only(RunAttempt).feedback


def test_the_same_use_asked_for_again_has_its_answer_once() -> None:
    play = told("an agent asked and was interrupted")
    play >> steering.answer(play.task, "", True, "fine", ANN) >> started(2)
    first, again = questions.ask(play.task, asks("q-2", 2))
    assert isinstance(again, f.QuestionAnswered)
    assert (again.key, again.allow, again.by, again.message) == ("q-2", True, ANN.name, "fine")
    assert questions.ask(play.task, asks("q-3", 2, digest="other")) == (asks("q-3", 2, digest="other"),)
    play >> (first, again)
    assert play.status.waiting_for == ""
    assert questions.ask(play.task, asks("q-4", 2)) == (asks("q-4", 2),), "one use was allowed"


def test_a_question_dies_with_its_attempt() -> None:
    for outcome in ("done", "crashed", "stopped"):
        play = told("an agent asks") >> (ended(1, outcome), sealed(1))
        assert not play.task.questions
        assert play.status.waiting_for != "question"


def test_several_must_all_be_answered_and_are_named() -> None:
    play = told("an agent asks") >> asks("q-2", digest="d-2")
    with pytest.raises(Refused, match="2 questions are open: q-1, q-2"):
        steering.answer(play.task, "", True, "", ANN)
    play >> steering.answer(play.task, "q-2", True, "", ANN)
    assert play.status.waiting_for == "question"
    play.later(PATIENCE) >> (ended(1, "stopped"), sealed(1))
    assert play.status.waiting_for == "question"
    play >> steering.answer(play.task, "q-1", False, "", ANN)
    assert play.only(RunAttempt).number == 2


def test_what_is_withdrawn_is_not_waited_for() -> None:
    play = told("an agent asks") >> f.QuestionWithdrawn(task=1, at=1.0, number=1, key="q-1")
    assert (play.status.state, play.status.waiting_for) == ("RUNNING", "")
    with pytest.raises(Refused, match="no question q-1 is open"):
        steering.answer(play.task, "q-1", True, "", ANN)


def test_no_question_of_one_that_does_not_run() -> None:
    play = Playbook(SIMPLE, started(1), ended(1), sealed(1))
    assert questions.ask(play.task, asks()) == ()
    assert not (play >> asks()).task.questions


def test_a_message_is_told_once_and_only_to_one_that_hears() -> None:
    deaf = Playbook(SIMPLE, started(1))
    deaf >> steering.say(deaf.task, "look", ANN, "k-1")
    assert not steering.listens(deaf.task, 1)
    assert steering.unheard(deaf.task, 1) == ()

    hears = f.AttemptStarted(
        task=1, at=0.0, number=1, stage="implement", agent="coder", entered="base", session_id="s", hears=True
    )
    play = Playbook(SIMPLE, hears)
    play >> steering.say(play.task, "look", ANN, "k-1")
    play >> steering.say(play.task, "and hear", ANN, "k-2", interrupt=True)
    unheard = steering.unheard(play.task, 1)
    assert [(message.key, message.interrupt) for message in unheard] == [("k-1", False), ("k-2", True)]
    play >> f.Heard(task=1, at=1.0, number=1, key="k-1")
    assert [message.key for message in steering.unheard(play.task, 1)] == ["k-2"]
    play >> steering.pause(play.task, ANN)
    assert steering.unheard(play.task, 1) == (), "one that is to end is told nothing"
    play >> (ended(1, "stopped"), sealed(1)) >> steering.resume(play.task, ANN)
    feedback = play.only(RunAttempt).feedback
    assert "and hear" in feedback
    assert "look" not in feedback
