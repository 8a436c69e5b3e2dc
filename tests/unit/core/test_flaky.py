"""A fail that may be chance is tried again, as often as the gate says; a pass then is shown as flaky."""

import pytest
from playbook import (
    ANN,
    BASE_TREE,
    Playbook,
    attempt,
    candidate,
    gate,
    line,
    ran,
    stage,
    tree,
)

from foremand.core import commands as c
from foremand.core import facts as f
from foremand.core import steps as s
from foremand.core.spec import Pipeline


def shaky(retries: int, limit: int = 0) -> Pipeline:
    return line(stage("implement", "tests", limit=limit), gates=[gate("tests", flaky_retries=retries)])


def runs(play: Playbook, *results: f.Result) -> Playbook:
    """The gate's runs on the work end like this."""
    for result in results:
        play >> ran("tests", tree(1), result, f"{result}ed")
    return play


def test_a_pass_after_a_fail_passes_and_says_so() -> None:
    play = runs(Playbook(shaky(2), *attempt(1)), "fail") << f"tests on {tree(1)}"
    runs(play, "pass") << "build 1"
    (answer,) = play.task.answers
    assert (answer.verdict, answer.reason) == ("pass", "passed; flaky: failed 1 times before on the same tree")


def test_it_is_known_as_flaky_where_it_stands() -> None:
    pipeline = line(stage("implement", "tests", "other"), gates=[gate("tests", flaky_retries=1)])
    play = runs(Playbook(pipeline, *attempt(1)), "fail", "pass") << f"other on {tree(1)}"
    assert [standing.flaky for standing in play.status.standings] == [True, False]


@pytest.mark.parametrize("retries", [0, 1, 2, 5])
def test_no_more_often_than_the_gate_says(retries: int) -> None:
    play = Playbook(shaky(retries), *attempt(1))
    for _ in range(retries):
        runs(play, "fail") << f"tests on {tree(1)}"
    runs(play, "fail") << f"tests on {BASE_TREE}"
    play >> ran("tests", BASE_TREE, on_base=True) << "wait stuck"
    assert play.recorded == ["tests fail"]


def test_each_try_is_a_run_of_its_own() -> None:
    play = Playbook(shaky(2), *attempt(1))
    numbers = []
    for _ in range(3):
        numbers.append(play.only(s.RunGate).number)  # type: ignore[attr-defined]
        runs(play, "fail")
    assert numbers == [1, 2, 3]


def test_fails_and_errors_are_counted_apart() -> None:
    play = runs(Playbook(shaky(1), *attempt(1)), "fail", "error") << f"tests on {BASE_TREE}"
    play >> ran("tests", BASE_TREE, "error", on_base=True) << "wake + wait backoff"
    play.later(1)
    runs(play, "error") << "wake + wait backoff"
    play.later(5)
    runs(play, "error") << "wait error"
    assert play.recorded[-1] == "tests error"


def test_an_error_between_does_not_give_fails_back() -> None:
    play = runs(Playbook(shaky(1), *attempt(1)), "fail", "error")
    play >> ran("tests", BASE_TREE, "error", on_base=True)
    play.later(1)
    runs(play, "fail") << "wait stuck"


def test_other_work_has_its_own_tries() -> None:
    play = runs(Playbook(shaky(1, limit=1), *attempt(1)), "fail", "fail")
    play >> ran("tests", BASE_TREE, on_base=True) << "run implement#2"
    play >> attempt(2) >> ran("tests", tree(2), "fail") << f"tests on {tree(2)}"
    play >> ran("tests", tree(2)) << "build 1"
    assert "failed 1 times" in play.task.answers[-1].reason


def test_the_same_tree_again_begins_anew_after_it_was_sent_back() -> None:
    play = runs(Playbook(shaky(1, limit=1), *attempt(1)), "fail", "fail")
    play >> ran("tests", BASE_TREE, on_base=True) >> attempt(2, tree=tree(1)) << f"tests on {tree(1)}"
    runs(play, "fail") << f"tests on {tree(1)}"
    runs(play, "fail") << "wait stuck"


def test_a_flaky_pass_is_used_again_for_the_tree_at_landing() -> None:
    play = runs(Playbook(shaky(1), *attempt(1)), "fail", "pass") >> candidate(1, of=1, tree=tree(1)) << "land 1"
    assert play.recorded == ["tests pass", "QueueEntered"]


def test_a_person_asks_again_with_all_tries() -> None:
    play = runs(Playbook(shaky(1), *attempt(1)), "fail", "fail")
    play >> ran("tests", BASE_TREE, on_base=True) << "wait stuck"
    play >> c.retry(play.task, ANN, gate="tests") << f"tests on {tree(1)}"
    runs(play, "fail") << f"tests on {tree(1)}"
    runs(play, "pass") << "build 1"


def test_a_restart_in_the_middle_takes_up_the_run_and_forgets_no_fail() -> None:
    play = runs(Playbook(shaky(1), *attempt(1)), "fail")
    begun = f.GateStarted(task=1, at=0, gate="tests", definition="definition-of-tests", tree=tree(1), run="tests-2")
    key = play.only(s.RunGate).key
    play >> begun << f"tests on {tree(1)}"
    assert play.only(s.RunGate).key == key
    runs(play, "fail") << f"tests on {BASE_TREE}"
