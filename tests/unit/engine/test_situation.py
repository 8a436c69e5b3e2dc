"""What there is to tell of a task, and when it is the same thing as before."""

from typing import get_args

import pytest
from msgspec.structs import replace

from playbook import (  # isort: skip
    ANN, BASE_TREE, PLANNED, Playbook, attempt, candidate, commit, ended, human, landed, line, ran,
    rev, sealed, stage, started, tree, troubled,
)  # fmt: skip

from foremand.core import commands, steering
from foremand.core import facts as f
from foremand.core.spec import Limits
from foremand.core.steps import WaitsFor
from foremand.engine.notifier import FOR_A_PERSON, Situation, situation

ASKING = line(stage("implement", "tests", "owner", "security"), gates=[human("owner"), human("security")])


def told(book: Playbook, **more: bool) -> Situation:
    found = situation(book.task, **more)
    assert found is not None
    return found


def asked() -> Playbook:
    """A task that waits for two people."""
    return Playbook(ASKING) >> attempt(1, pipeline=ASKING) >> ran("tests", tree(1))


def test_every_wait_is_for_a_person_or_known_not_to_be() -> None:
    by_itself, on_purpose = {"quota", "queue", "backoff"}, {"paused", "taken"}
    assert set(get_args(WaitsFor)) == FOR_A_PERSON | by_itself | on_purpose
    assert not FOR_A_PERSON & (by_itself | on_purpose)


def test_nothing_is_told_of_a_task_that_goes_on() -> None:
    book = Playbook(None)
    assert situation(book.task) is None
    book = Playbook() >> started(1)
    assert situation(book.task) is None
    book = book >> ended(1) >> sealed(1)
    assert situation(book.task) is None


def test_a_question_is_told_once_for_all_who_are_asked() -> None:
    book = asked()
    found = told(book)
    assert (found.state, found.reason) == ("WAITING", "approve owner, security?")
    book >> commands.approve(book.task, "owner", rev(1), ANN)
    assert told(book).key == found.key, "one of them has answered"
    assert told(book).reason == "approve security?"


def test_a_question_about_other_work_is_another() -> None:
    book = asked()
    first = told(book)
    book >> commands.rework(book.task, rev(1), ANN, "smaller")
    assert situation(book.task) is None
    book >> attempt(2, pipeline=ASKING) >> ran("tests", tree(2))
    assert told(book).key != first.key


def test_a_candidate_built_anew_asks_nothing_new() -> None:
    book = Playbook() >> attempt(1) >> ran("tests", tree(1))
    book >> candidate(1, 1) >> ran("tests", "tree-on-tip")
    first = told(book)
    assert first.reason == "approve final?"
    moved = candidate(2, 1, tip="1a71" * 10, tree="tree-on-tip-2")
    book >> replace(moved, at=0.0) >> ran("tests", "tree-on-tip-2")
    assert book.status.revision == commit(2)
    assert told(book).key == first.key


def test_stuck_is_told_again_only_once_it_has_been_tried_again() -> None:
    once = line(stage("implement", "tests", limit=0))
    book = Playbook(once) >> attempt(1, pipeline=once) >> ran("tests", tree(1), "fail")
    book >> ran("tests", BASE_TREE, "pass", on_base=True)
    first = told(book)
    assert book.status.waiting_for == "stuck"
    assert first.reason.startswith("stuck: ")
    book >> commands.retry(book.task, ANN, message="try harder")
    assert situation(book.task) is None
    book >> attempt(2, pipeline=once) >> ran("tests", tree(2), "fail")
    while book.status.waiting_for != "stuck":  # a person's retry grants as many tries again
        number = len(book.task.attempts) + 1
        book >> attempt(number, pipeline=once) >> ran("tests", tree(number), "fail")
    assert told(book).key != first.key


def test_the_same_error_after_a_retry_is_told_again() -> None:
    book = Playbook() >> started(1) >> ended(1, "denied", "not logged in")
    book >> sealed(1, changed=False)
    first = told(book)
    assert (first.state, first.reason) == ("WAITING", "error: not logged in")
    book.later(5.0) >> commands.retry(book.task, replace(ANN, at=book.now))
    assert situation(book.task) is None
    book >> started(2) >> ended(2, "denied", "not logged in") >> sealed(2, changed=False)
    assert told(book).key != first.key


def test_trouble_of_foremands_own_is_told_once_it_is_given_up_and_again_after_a_retry() -> None:
    book = Playbook()
    keys = []
    for _ in range(2):
        for _ in range(3):
            assert situation(book.task) is None
            book.later(60.0) >> troubled("attempt:1")
        keys.append(told(book).key)
        book.later(5.0) >> commands.retry(book.task, replace(ANN, at=book.now))
    assert len(set(keys)) == 2


def test_a_limit_is_told_and_again_when_the_next_one_is_reached() -> None:
    small = line(stage("implement", "tests"), limits=Limits(cost_usd=1.0))
    book = Playbook(small) >> started(1) >> ended(1, "limit", "limit cost_usd", usage=f.Usage(cost_usd=1.2))
    book >> sealed(1, small)
    first = told(book)
    assert book.status.waiting_for in ("budget", "stuck")
    book >> steering.limit(book.task, Limits(cost_usd=1.1), ANN)
    assert told(book).key != first.key


@pytest.mark.parametrize(
    ("held", "needs_help", "is_told"),
    [
        (f.Held(task=1, at=0.0, on="needs", reason="comes after 12"), False, False),
        (f.Held(task=1, at=0.0, on="needs", reason="needs 12 (REJECTED)"), True, True),
        (f.Held(task=1, at=0.0, on="budget", reason="the day's budget of $20.00 is spent"), False, False),
        (f.Held(task=1, at=0.0, on="budget", reason="the day's budget of $20.00 is spent"), True, False),
    ],
)
def test_what_others_end_is_told_only_when_they_will_not(held: f.Held, needs_help: bool, is_told: bool) -> None:
    book = Playbook(None)
    book.facts.append(held)
    assert (situation(book.task, needs_help=needs_help) is not None) is is_told


def test_the_end_is_told_unless_a_person_chose_it() -> None:
    book = Playbook() >> attempt(1) >> ran("tests", tree(1)) >> candidate(1, 1) >> ran("tests", "tree-on-tip")
    waiting = told(book)
    book >> landed(1)
    assert (told(book).state, told(book).key != waiting.key) == ("LANDED", True)
    for state in ("FAILED", "REJECTED", "CANCELLED"):
        over = Playbook() >> f.TaskEnded(task=1, at=0.0, state=state, reason="so it is")  # type: ignore[arg-type]
        found = situation(over.task)
        assert (found is not None) is (state == "FAILED")
        assert found is None or found.reason == "so it is"


def test_a_quota_that_ends_is_told_if_it_was_waited_for() -> None:
    def parked(reset_at: float | None = 1100.0) -> Playbook:
        return (
            Playbook() >> started(1) >> ended(1, "quota", "5-hour limit", reset_at=reset_at) >> sealed(1, changed=False)
        )

    book = parked()
    assert book.status.waiting_for == "quota"
    assert situation(book.task) is None
    book.later(200.0)
    found = told(book)
    assert (found.key, found.reason) == ("quota#1", "the quota of coder is there again")
    book >> started(2)
    assert told(book).key == found.key, "a daemon that comes late tells it still"
    book >> ended(2) >> sealed(2)
    assert situation(book.task) is None, "by now it is no news"

    unknown = parked(None).later(4000.0)
    assert situation(unknown.task) is None, "nobody said when it would be there again"
    retried = parked()
    retried >> commands.retry(retried.task, ANN)
    assert situation(retried.task) is None, "a person did not wait"


def test_the_stages_of_a_pipeline_ask_one_by_one() -> None:
    book = Playbook(PLANNED) >> (started(1, "plan"), ended(1))
    book >> sealed(1, PLANNED, changed=False, tree=BASE_TREE, changes={})
    plan = told(book)
    assert plan.reason == "approve plan-ok?"
    book >> commands.approve(book.task, "plan-ok", rev(1), ANN)
    book >> attempt(2, "implement", PLANNED) >> ran("tests", tree(2))
    assert told(book).reason == "approve owner?"
    assert told(book).key != plan.key
