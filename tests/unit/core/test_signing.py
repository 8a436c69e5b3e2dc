"""Signing: the last thing before the branch may move, asked once, and never in the way of others."""

import pytest
from playbook import (
    ANN,
    Playbook,
    attempt,
    cancelled,
    candidate,
    commit,
    intended,
    line,
    ran,
    refused,
    stage,
    tree,
    troubled,
)

from foremand.core import commands as c
from foremand.core import facts as f
from foremand.core import steps as s

MACHINES = line(stage("implement", "tests"))
SIGNED = "519ed" * 8


def signed(number: int) -> f.Signed:
    return f.Signed(task=1, at=0.0, candidate=number, commit=SIGNED)


def to_sign() -> Playbook:
    """Nothing but the signature is missing."""
    play = Playbook(MACHINES, *attempt(1), ran("tests", tree(1)), candidate(1, of=1, signs=True))
    return play >> ran("tests", "tree-on-tip") << "sign 1"


def test_what_is_signed_lands() -> None:
    play = to_sign()
    assert play.only(s.Sign).commit == commit(1)  # type: ignore[attr-defined]
    play >> signed(1) << "land 1"
    step = play.only(s.Land)
    assert isinstance(step, s.Land)
    assert (step.new, step.tree) == (SIGNED, "tree-on-tip")


def test_nothing_is_intended_before() -> None:
    play = to_sign() >> intended(2)
    assert play.task.intent is None
    play << "sign 1"


def test_only_at_its_turn() -> None:
    play = Playbook(MACHINES, *attempt(1), ran("tests", tree(1)), candidate(1, of=1, signs=True))
    play.turn = False
    play >> ran("tests", "tree-on-tip") << "wait queue"


def test_who_does_not_sign_is_not_asked() -> None:
    play = Playbook(MACHINES, *attempt(1), ran("tests", tree(1)), candidate(1, of=1))
    play >> ran("tests", "tree-on-tip") << "land 1"


def test_one_refusal_is_a_persons_at_once_and_the_queue_goes_on() -> None:
    """Each try may ask the user for a passphrase: they are not pestered."""
    play = to_sign() >> troubled("sign:1", "signing: no passphrase within 60 s") << "wait trouble"
    assert (play.status.state, play.status.reason) == ("WAITING", "error: signing: no passphrase within 60 s")
    assert play.recorded[-1] == "QueueLeft"
    assert play.task.queued_at is None
    play >> c.retry(play.task, ANN) << "sign 1"
    assert play.recorded[-1] == "QueueEntered"
    play >> signed(1) << "land 1"


def test_a_moved_tip_is_signed_anew() -> None:
    play = to_sign() >> signed(1)
    landing = f.LandingIntended(task=1, at=0.0, candidate=1, old="t", new=SIGNED)
    play >> landing >> refused(1) << "build 2"
    play >> candidate(2, of=1, signs=True) << "sign 2"


@pytest.mark.parametrize("number", [0, 2])
def test_a_signature_of_another_candidate_is_none(number: int) -> None:
    to_sign() >> signed(number) << "sign 1"


def test_a_signature_that_comes_after_the_work_was_sent_back() -> None:
    play = to_sign() >> f.SentBack(task=1, at=0.0, stage="land", to="implement", feedback="") >> signed(1)
    play << "run implement#2"
    assert play.task.candidate is None


def test_a_restart_asks_no_second_time() -> None:
    play = to_sign() >> signed(1)
    again = Playbook(MACHINES)
    again.facts = play.facts
    again << "land 1"


def test_cancel_while_the_user_is_asked() -> None:
    play = to_sign()
    play >> c.cancel(play.task, ANN) << ""
    assert play.status.state == "CANCELLED"
    late = to_sign() >> cancelled() >> signed(1)
    late << ""
