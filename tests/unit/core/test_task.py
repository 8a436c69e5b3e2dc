"""What each fact means: a table, and the facts that mean nothing where they come."""

import pytest
from msgspec.structs import replace
from playbook import (
    BASE,
    BASE_TREE,
    PLANNED,
    SIMPLE,
    Playbook,
    attempt,
    begun,
    cancelled,
    candidate,
    conflicted,
    ended,
    intended,
    landed,
    ran,
    refused,
    sealed,
    started,
    submitted,
    tree,
    troubled,
    work,
)

from foremand.core import facts as f
from foremand.core.fold import apply, fold
from foremand.core.spec import Limits
from foremand.core.task import Task, run_key

KEY = run_key("definition-of-tests", tree(1))


def after(*facts: f.AnyFact) -> Task:
    """The fold of a started task and these facts."""
    task = fold((submitted(), begun(), *facts))
    assert task is not None
    return task


def said(kind: type[f.Fact], **fields: object) -> f.AnyFact:
    """An answer at the tests' or the person's gate."""
    given = {
        "gate": "final",
        "stage": "land",
        "definition": "definition-of-final",
        "about": "change:1",
        "revision": "r",
    } | fields
    return kind(task=1, at=7.0, **given)  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("story", "means"),
    [
        ((), {"base": BASE, "base_tree": BASE_TREE, "over": None, "limits": Limits(cost_usd=5.0, attempts=12)}),
        ((troubled("seal:1"), troubled("seal:1", "again")), {"trouble": {"seal:1": (2, "again")}}),
        ((troubled("attempt:1"), started(1)), {"trouble": {}, "files": None}),
        ((started(1),), {"attempts": [(1, None, False)]}),
        ((started(1), ended(1, "failed")), {"attempts": [(1, "failed", False)]}),
        ((started(1), ended(1), ended(1, "failed")), {"attempts": [(1, "done", False)]}),
        ((ran("tests", tree(1), "fail"),), {"runs": {KEY: (1, "fail")}, "asked": {KEY: 1}}),
        ((ran("tests", tree(1), "error"),) * 2, {"runs": {KEY: (2, "error")}, "asked": {KEY: 2}}),
        ((said(f.PersonAsked),), {"answers": [("final", "waiting")]}),
        ((said(f.PersonAsked), said(f.Approved, by="ann")), {"answers": [("final", "pass")]}),
        ((said(f.Waived, by="ann", message="flaky"),), {"answers": [("final", "waived")]}),
        ((said(f.VerdictGiven, gate="tests", verdict="fail", reason="x"),), {"answers": [("tests", "fail")]}),
        ((f.TimeCame(task=1, at=0, key="quota#1"),), {"times": ("quota#1",)}),
        ((f.Rejected(task=1, at=0, gate="final", revision="r", by="ann", message=""),), {"ending": "REJECTED"}),
        ((cancelled(),), {"ending": "CANCELLED", "over": None}),
        ((f.TaskEnded(task=1, at=0, state="FAILED", reason="x"),), {"over": "FAILED", "over_reason": "x"}),
        ((candidate(1, of=1),), {"candidates": 1, "candidate": 1}),
        ((candidate(1, of=1), candidate(1, of=2)), {"candidates": 1, "candidate": 1}),
        ((candidate(1, of=1), conflicted(2, of=1)), {"candidates": 2, "candidate": 2}),
        ((candidate(1, of=1), intended(1)), {"intent": 1}),
        ((candidate(1, of=1), intended(1), refused(1)), {"intent": None, "candidate": None}),
        ((candidate(1, of=1), intended(1), refused(1, "blocked", "edits")), {"intent": None, "blocked": "edits"}),
        ((candidate(1, of=1), intended(1), landed(1)), {"intent": None, "over": "LANDED"}),
        ((f.QueueEntered(task=1, at=5.0, candidate=1),), {"queued_at": 5.0}),
        ((f.QueueEntered(task=1, at=5.0, candidate=1), f.QueueLeft(task=1, at=6.0, reason="x")), {"queued_at": None}),
        (
            (f.LimitsChanged(task=1, at=0, limits=Limits(turns=3), by="ann"),),
            {"limits": Limits(cost_usd=5.0, turns=3, attempts=12)},
        ),
        ((f.Prioritized(task=1, at=0, priority=-3, by="ann"),), {"priority": -3}),
    ],
)
def test_what_a_fact_means(story: tuple[f.AnyFact, ...], means: dict[str, object]) -> None:
    task = after(*story)
    assert {name: short(getattr(task, name)) for name in means} == means


def short(value: object) -> object:
    """A field in a few words."""
    match value:
        case dict():
            return {key: _short_of(each) for key, each in value.items()}
        case tuple() if value and not isinstance(value[0], str):
            return [_short_of(each) for each in value]
    return _short_of(value)


def _short_of(each: object) -> object:
    for names in (
        ("number", "outcome", "void"),
        ("tries", "result"),
        ("count", "reason"),
        ("gate", "verdict"),
    ):
        if all(hasattr(each, name) for name in names):
            return tuple(getattr(each, name) for name in names)
    for name in ("state", "candidate", "number"):
        if hasattr(each, name):
            return getattr(each, name)
    return each


OUT_OF_PLACE = [
    begun(PLANNED, base="0" * 40),
    f.StartRefused(task=1, at=0, reason="late"),
    submitted(title="again"),
    started(3),
    started(2, "nowhere"),
    ended(7),
    sealed(7),
    said(f.VerdictGiven, gate="tests", stage="nowhere", verdict="pass", reason=""),
    said(f.VerdictGiven, verdict="pass", reason=""),
    said(f.Approved, gate="tests", by="ann"),
    f.SentBack(task=1, at=0, stage="implement", to="nowhere", feedback=""),
    intended(1),
    refused(1),
    candidate(2, of=1),
]


@pytest.mark.parametrize("fact", OUT_OF_PLACE, ids=lambda fact: type(fact).__name__)
def test_a_fact_out_of_place_changes_nothing(fact: f.AnyFact) -> None:
    before = after(started(1))
    assert apply(before, fact) == replace(before, updated_at=max(before.updated_at, fact.at))


def test_nothing_is_sealed_before_its_agent_has_ended() -> None:
    assert after(started(1), sealed(1)).attempts[0].work is None


def test_before_the_start_little_can_happen() -> None:
    for fact in (*attempt(1), ran("tests", tree(1)), candidate(1, of=1), landed(1)):
        task = fold((submitted(), fact))
        assert task == fold((submitted(),))


def test_there_is_no_task_before_its_submission() -> None:
    assert fold((begun(), cancelled())) is None


def test_time_only_goes_forward() -> None:
    task = fold((submitted(), replace(begun(), at=50.0), replace(started(1), at=20.0)))
    assert task is not None
    assert task.updated_at == 50.0


def test_going_back_keeps_green_runs_and_the_bases() -> None:
    runs = (
        ran("tests", tree(1)),
        ran("lint", tree(1), "fail"),
        ran("lint", BASE_TREE, "fail", on_base=True),
        ran("slow", tree(1), "error"),
    )
    back = f.SentBack(task=1, at=0, stage="implement", to="implement", feedback="x")
    kept = after(*attempt(1), *runs, back).runs
    assert set(kept) == {KEY, run_key("definition-of-lint", BASE_TREE)}


def test_a_cost_unknown_is_none_and_bounded() -> None:
    play = Playbook(SIMPLE, started(1), ended(1, "failed", usage=f.Usage(cost_usd=0.5)), sealed(1))
    assert (play.task.cost_usd, play.task.cost_bound) == (0.5, 0.5)
    play >> (started(2), ended(2, "failed", usage=f.Usage(bound_usd=2.0)), sealed(2))
    assert (play.task.cost_usd, play.task.cost_bound) == (None, 2.5)


def test_work_is_as_it_was_sealed() -> None:
    assert after(*attempt(1)).attempts[0].work == work(1)
