"""An advisory gate is asked like any other, is shown, and blocks nothing; and no other gate borrows that."""

import pytest
from playbook import (
    ANN,
    APPROVES,
    BASE_TREE,
    REJECTS,
    Playbook,
    attempt,
    candidate,
    ended,
    gate,
    human,
    line,
    ran,
    review,
    reviewed,
    scanned,
    sealed,
    secrets,
    stage,
    started,
    tree,
    troubled,
    work,
)

from foremand.core import facts as f
from foremand.core import steering
from foremand.core import steps as s
from foremand.core.commands import Refused, Who
from foremand.core.spec import Limits
from foremand.core.task import Hold
from foremand.core.verdicts import Standing, is_waivable
from foremand.core.why import explain

LINT = gate("lint", advisory=True)
ONE = line(stage("implement", "tests", "lint"), gates=[LINT])


def test_its_fail_is_told_and_lets_pass() -> None:
    play = Playbook(ONE, *attempt(1)) >> ran("tests", tree(1)) << f"lint on {tree(1)}"
    play >> ran("lint", tree(1), "fail", "3 complaints") << f"lint on {BASE_TREE}"
    play >> ran("lint", BASE_TREE, on_base=True) << "build 1"
    assert play.recorded == ["tests pass", "lint fail"]
    assert play.task.sent_back == {}


def test_work_waits_for_its_answer() -> None:
    play = Playbook(ONE, *attempt(1)) >> ran("tests", tree(1)) << f"lint on {tree(1)}"
    assert not play.status.standings[1].open


def test_an_error_is_tried_again_and_then_lets_pass() -> None:
    play = Playbook(ONE, *attempt(1)) >> ran("tests", tree(1))
    play >> ran("lint", tree(1), "error") >> ran("lint", BASE_TREE, "error", on_base=True) << "wake + wait backoff"
    play.later(1) >> ran("lint", tree(1), "error")
    play.later(5) >> ran("lint", tree(1), "error") << "build 1"
    assert play.recorded[-1] == "lint error"


def test_one_that_foremand_cannot_run_lets_pass_too() -> None:
    """A runner that is broken for good is no more than an advisory error."""
    play = Playbook(ONE, *attempt(1)) >> ran("tests", tree(1))
    for _ in range(3):
        play.later(10) >> troubled(play.only(s.RunGate).key, "no space")
    play << "build 1"
    assert play.recorded[-1] == "lint error"


@pytest.mark.parametrize("kept_by", ["limit", "day", "quota"])
def test_a_reviewer_who_cannot_be_asked_now_lets_pass_too(kept_by: str) -> None:
    pipeline = line(
        stage("implement", "review"),
        gates=[review("review", "critic", advisory=True)],
        limits=Limits(attempts=1 if kept_by == "limit" else 9),
    )
    play = Playbook(pipeline)
    if kept_by == "quota":
        play >> attempt(1, pipeline=pipeline)
        play >> reviewed(play.only(s.RunAttempt), "", "quota", reset_at=9e9)
    else:
        play >> started(1)
        play.hold = Hold(on="budget", reason="the day's budget is spent") if kept_by == "day" else None
        play >> ended(1) >> sealed(1, pipeline)
    play << "build 1"
    assert play.recorded[-1] == "review error"


def test_another_that_fails_beside_it_still_blocks() -> None:
    play = Playbook(ONE, *attempt(1)) >> ran("lint", tree(1), "fail") >> ran("lint", BASE_TREE, on_base=True)
    play >> ran("tests", tree(1), "fail", "2 failed") >> ran("tests", BASE_TREE, on_base=True) << "run implement#2"
    feedback = play.only(s.RunAttempt).feedback  # type: ignore[attr-defined]
    assert "Gate tests failed" in feedback
    assert "lint" not in feedback


def test_what_an_advisory_one_says_opens_no_other_of_the_same_definition() -> None:
    """One command, twice named: the one that blocks is closed by the run that the other shrugs off."""
    twins = [gate("soft", definition="same", advisory=True), gate("hard", definition="same")]
    play = Playbook(line(stage("implement", "soft", "hard", limit=0), gates=twins), *attempt(1))
    said = {"task": 1, "at": 0, "gate": "soft", "definition": "same", "reason": "exit 1"}
    play >> f.GateRan(**said, tree=tree(1), result="fail")  # type: ignore[arg-type]
    play >> f.GateRan(**said, tree=BASE_TREE, result="pass", on_base=True) << "wait stuck"  # type: ignore[arg-type]
    assert {x.gate.name: x.open for x in play.status.standings} == {"soft": True, "hard": False}


@pytest.mark.parametrize("output", [REJECTS, "no verdict"])
def test_an_advisory_review(output: str) -> None:
    pipeline = line(
        stage("implement", "review", "owner"), gates=[review("review", "critic", advisory=True), human("owner")]
    )
    play = Playbook(pipeline, *attempt(1, pipeline=pipeline))
    for pause in (5, 60, 0):
        if isinstance(play.steps[0], s.RunAttempt):
            play >> reviewed(play.only(s.RunAttempt), output)
            play.later(pause)
    play << "wait person"
    assert play.recorded[-2] in ("review fail", "review error")


def test_an_advisory_reject_is_not_asked_again_for_the_change_that_lands() -> None:
    pipeline = line(stage("implement", "review"), gates=[review("review", "critic", advisory=True)])
    play = Playbook(pipeline, *attempt(1, pipeline=pipeline))
    play >> reviewed(play.only(s.RunAttempt), REJECTS) << "build 1"
    play >> candidate(1, of=1, pipeline=pipeline, changes={"review": "change-1"}) << "land 1"


def test_advisory_secrets() -> None:
    pipeline = line(stage("implement", "secrets"), gates=[secrets(advisory=True)])
    Playbook(pipeline, *attempt(1, pipeline=pipeline)) >> scanned(work(1), "fail") << "build 1"


def test_nobody_need_waive_it_and_it_is_shown_as_what_it_is() -> None:
    play = Playbook(ONE, *attempt(1)) >> ran("tests", tree(1)) >> ran("lint", tree(1), "fail", "3 complaints")
    play >> ran("lint", BASE_TREE, on_base=True) << "build 1"
    standing = Standing(gate=LINT, stage="implement", about="x", work=work(1), verdict="fail")
    assert not is_waivable(play.task, standing)
    with pytest.raises(Refused):
        steering.waive(play.task, "lint", "", Who(name="ann", at=0.0), "why not")
    again = Playbook(ONE, *attempt(1)) >> ran("lint", tree(1), "fail", "3 complaints")
    again >> ran("lint", BASE_TREE, on_base=True)
    assert "advisory gate lint: fail (3 complaints)" in explain(again.task)


@pytest.mark.parametrize("verdict", [None, "running", "waiting"])
def test_without_an_answer_it_is_closed(verdict: str | None) -> None:
    assert not Standing(gate=LINT, stage="s", about="x", work=work(1), verdict=verdict).open  # type: ignore[arg-type]


def test_approves_is_a_pass_like_any_other() -> None:
    pipeline = line(stage("implement", "review"), gates=[review("review", "critic", advisory=True)])
    play = Playbook(pipeline, *attempt(1, pipeline=pipeline))
    play >> reviewed(play.only(s.RunAttempt), APPROVES) << "build 1"
    assert play.recorded == ["review pass"]


def test_waiving_it_is_refused_since_it_never_blocks() -> None:
    play = Playbook(ONE, *attempt(1)) >> ran("tests", tree(1)) >> ran("lint", tree(1), "fail", "3 complaints")
    with pytest.raises(Refused, match="gate lint is advisory: it never blocks") as refused:
        steering.waive(play.task, "lint", "", ANN, "noise")
    assert refused.value.reason == "WRONG_STATE"


def test_waiving_where_the_task_does_not_stand_is_a_wrong_state_and_no_such_gate_is_not_found() -> None:
    play = Playbook(ONE, started(1))
    for named, reason in (("tests", "WRONG_STATE"), ("nope", "NO_SUCH_GATE")):
        with pytest.raises(Refused) as refused:
            steering.waive(play.task, named, "", ANN, "noise")
        assert refused.value.reason == reason
