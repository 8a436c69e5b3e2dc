"""A red gate that a person lets pass, with a reason."""

import pytest
from playbook import (
    ANN,
    BASE,
    BASE_TREE,
    ONCE,
    SIMPLE,
    TIP_TREE,
    Playbook,
    attempt,
    candidate,
    commit,
    human,
    line,
    ran,
    refusal,
    rev,
    stage,
    stuck,
    tree,
)

from foremand.core import commands as c
from foremand.core import steering
from foremand.core import steps as s
from foremand.core.spec import LAND


class TestWaive:
    def test_the_gate_that_refused_on_this_revision(self) -> None:
        play = stuck()
        play >> steering.waive(play.task, "tests", rev(1), ANN, "known flake") << "build 1"
        assert play.task.decisions[-1].decision == "waived"

    @pytest.mark.parametrize("kind", ["error", "fail"])
    def test_refused_or_without_an_answer(self, kind: str) -> None:
        play = Playbook(ONCE, *attempt(1))
        for pause in (10, 10, 10):
            if isinstance(play.steps[0], s.RunGate):
                play >> ran("tests", tree(1), kind) >> ran("tests", BASE_TREE, kind, on_base=True)  # type: ignore[arg-type]
                play.later(pause)
        assert play.status.state == "WAITING"
        play >> steering.waive(play.task, "tests", "", ANN, "why") << "build 1"

    def test_one_at_a_time(self) -> None:
        pipeline = line(stage("implement", "tests", "lint", limit=0))
        play = Playbook(pipeline, *attempt(1))
        for name in ("tests", "lint"):
            play >> ran(name, tree(1), "fail") >> ran(name, BASE_TREE, on_base=True)
        play >> steering.waive(play.task, "tests", rev(1), ANN, "why") << "wait stuck"
        play >> steering.waive(play.task, "lint", rev(1), ANN, "why") << "build 1"

    def test_what_cannot_be_waived(self) -> None:
        play = stuck()
        assert refusal(lambda: steering.waive(play.task, "tests", rev(1), ANN, " ")).reason == "MESSAGE_MISSING"
        assert refusal(lambda: steering.waive(play.task, "tests", rev(2), ANN, "x")).reason == "STALE_REVISION"
        assert refusal(lambda: steering.waive(play.task, "lint", rev(1), ANN, "x")).reason == "NO_SUCH_GATE"
        person = Playbook(SIMPLE, *attempt(1), ran("tests", tree(1)), candidate(1, of=1))
        person >> ran("tests", "tree-on-tip") << "wait person"
        for name in ("final", "tests"):
            assert refusal(lambda name=name: steering.waive(person.task, name, "", ANN, "x")).reason == "WRONG_STATE"

    def test_a_second_revision_is_asked_again(self) -> None:
        play = stuck()
        play >> steering.waive(play.task, "tests", rev(1), ANN, "why") >> c.cancel(play.task, ANN)
        play >> c.retry(play.task, ANN, stage="implement") << "run implement#2"
        play >> attempt(2, tree=tree(1)) << f"tests on {tree(1)}"

    def test_at_landing_the_same_files_on_the_same_base_are_that_revision(self) -> None:
        play = stuck()
        play >> steering.waive(play.task, "tests", rev(1), ANN, "why")
        play >> candidate(1, of=1, tip=BASE, base_tree=BASE_TREE, tree=tree(1)) << "land 1"

    def test_other_files_are_not_and_go_to_the_person_not_to_the_agent(self) -> None:
        play = stuck()
        play >> steering.waive(play.task, "tests", rev(1), ANN, "why") >> candidate(1, of=1)
        play >> ran("tests", "tree-on-tip", "fail") >> ran("tests", TIP_TREE, on_base=True) << "wait stuck"
        assert "waived for another revision" in play.status.reason
        play >> steering.waive(play.task, "tests", commit(1), ANN, "that too") << "land 1"

    def test_what_landing_says_of_the_same_tree_does_not_undo_it(self) -> None:
        """Another base, the same files: asked again there, and still waived at its stage."""
        play = stuck()
        play >> steering.waive(play.task, "tests", rev(1), ANN, "why") >> candidate(1, of=1, tree=tree(1))
        play << f"tests on {TIP_TREE}"
        play >> ran("tests", TIP_TREE, on_base=True) << "wait stuck"
        assert play.status.stage == LAND
        play >> steering.waive(play.task, "tests", commit(1), ANN, "that too") << "land 1"

    def test_a_newer_candidate_of_it_is_the_persons_to_judge_again(self) -> None:
        pipeline = line(stage("implement", "tests", limit=0), gates=[human("final")], land=("final",))
        play = stuck(pipeline)
        play >> steering.waive(play.task, "tests", rev(1), ANN, "why") >> candidate(1, of=1, pipeline=pipeline)
        play >> ran("tests", "tree-on-tip", "fail") >> ran("tests", TIP_TREE, on_base=True) << "wait stuck"
        play >> steering.waive(play.task, "tests", commit(1), ANN, "that too") << "wait person"
        play >> c.approve(play.task, "", commit(1), ANN) << "build 2"
        play >> candidate(2, of=1, pipeline=pipeline, by=("ann",)) << "wait stuck"
        assert play.task.sent_back == {}, "an agent is not to undo what a person let pass"
        play >> steering.waive(play.task, "tests", commit(2), ANN, "once more") << "land 2"
