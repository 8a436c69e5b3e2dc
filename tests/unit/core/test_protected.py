"""Protected files: a change that touches one is refused, without anything being run."""

import pytest
from msgspec.structs import replace
from playbook import ANN, BASE_TREE, Playbook, attempt, candidate, commit, human, line, protected, ran, rev, stage, tree

from foremand.core import facts as f
from foremand.core import steering
from foremand.core import steps as s
from foremand.core.spec import Pipeline

ONE = line(stage("implement", "guard"), gates=[protected("guard", "infra/**")])
CLEAN = {"changes": {}}
TOUCHES = {"changes": {"guard": "change-1"}, "touched": {"guard": ("infra/a.tf", "infra/b.tf")}}


def made(*, touches: bool, pipeline: Pipeline = ONE, number: int = 1) -> Playbook:
    return Playbook(pipeline, *attempt(number, pipeline=pipeline, **(TOUCHES if touches else CLEAN)))


def test_what_touches_none_of_them_passes_at_once() -> None:
    play = made(touches=False) << "build 1"
    assert play.recorded == ["guard pass"]


def test_what_touches_one_goes_back_with_its_name() -> None:
    play = made(touches=True) << "run implement#2"
    assert play.recorded == ["guard fail", "implement back to implement"]
    feedback = play.only(s.RunAttempt).feedback  # type: ignore[attr-defined]
    assert "must not be touched: infra/a.tf, infra/b.tf" in feedback


def test_it_closes_whatever_is_known_of_the_files() -> None:
    """That the gate sees a change is enough; the names are for people."""
    play = Playbook(ONE, *attempt(1, pipeline=ONE, changes={"guard": "x"})) << "run implement#2"
    assert play.recorded[0] == "guard fail"


def test_many_are_counted_and_all_of_them_told_to_the_agent() -> None:
    files = tuple(f"infra/{number}" for number in range(5))
    play = Playbook(ONE, *attempt(1, pipeline=ONE, changes={"guard": "x"}, touched={"guard": files}))
    feedback = play.only(s.RunAttempt).feedback  # type: ignore[attr-defined]
    assert "infra/0, infra/1, infra/2 and 2 more" in feedback
    assert "infra/4" in feedback


def test_one_without_paths_guards_everything() -> None:
    pipeline = line(stage("implement", "guard"), gates=[protected("guard")])
    Playbook(pipeline, *attempt(1, pipeline=pipeline)) << "run implement#2"


def test_its_paths_do_not_say_where_it_applies() -> None:
    """For other gates `paths` that match nothing mean `skipped`; here it is a pass, and recorded as such."""
    play = made(touches=False)
    assert [answer.verdict for answer in play.task.answers] == ["pass"]


def test_the_same_tree_on_another_base_is_another_change() -> None:
    pipeline = line(stage("draft", "guard"), stage("implement", "guard"), gates=[protected("guard", "infra/**")])
    play = Playbook(pipeline, *attempt(1, "draft", pipeline, **CLEAN))
    play >> attempt(2, pipeline=pipeline, tree=tree(1), base="other", base_tree="other", **TOUCHES)
    assert play.recorded[-2:] == ["guard fail", "implement back to implement"]


def test_no_machine_is_hidden_by_it_and_nobody_is_asked() -> None:
    pipeline = line(
        stage("implement", "guard", "tests", "owner"), gates=[protected("guard", "infra/**"), human("owner")]
    )
    play = Playbook(pipeline, *attempt(1, pipeline=pipeline, **(TOUCHES | {"changes": {"guard": "x", "owner": "y"}})))
    play << f"tests on {tree(1)}"
    play >> ran("tests", tree(1)) << "run implement#2"
    assert "ask owner" not in play.recorded


def test_at_landing_it_is_about_what_lands() -> None:
    play = made(touches=False) >> candidate(1, of=1, pipeline=ONE, **TOUCHES) << "run implement#2"
    assert play.task.sent_back == {"land": 1}
    made(touches=False) >> candidate(1, of=1, pipeline=ONE, **CLEAN) << "land 1"


def test_a_waiver_holds_for_the_very_change_and_for_no_other() -> None:
    pipeline = line(stage("implement", "guard", limit=0), gates=[protected("guard", "infra/**")], on_fail=1)
    play = made(touches=True, pipeline=pipeline) << "wait stuck"
    play >> steering.waive(play.task, "guard", rev(1), ANN, "the new region") << "build 1"
    same = play.facts.copy()
    play >> candidate(1, of=1, pipeline=pipeline, **TOUCHES) << "land 1"
    other = Playbook(pipeline)
    other.facts = same
    other >> candidate(1, of=1, pipeline=pipeline, changes={"guard": "another"}, touched=TOUCHES["touched"])
    other << "wait stuck"
    assert "waived for another revision" in other.status.reason
    other >> steering.waive(other.task, "guard", commit(1), ANN, "that too") << "land 1"


def test_advisory_is_shown_and_lets_pass() -> None:
    guard = protected("guard", "infra/**", advisory=True)
    play = made(touches=True, pipeline=line(stage("implement", "guard"), gates=[guard])) << "build 1"
    assert play.recorded == ["guard fail"]


@pytest.mark.parametrize("verdict", ["pass", "skipped"])
def test_an_answer_about_another_diff_opens_nothing(verdict: f.Verdict) -> None:
    play = Playbook(ONE)
    said = f.VerdictGiven(
        task=1,
        at=0,
        gate="guard",
        stage="implement",
        definition="definition-of-guard",
        about=f"diff:{BASE_TREE}..{tree(9)}",
        revision=rev(1),
        verdict=verdict,
        reason="",
    )
    play >> said >> replace(said, about=f"tree:{tree(1)}") >> attempt(1, pipeline=ONE, **TOUCHES) << "run implement#2"
