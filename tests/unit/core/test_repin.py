"""A task goes on by today's file."""

import pytest
from msgspec.structs import replace
from playbook import (
    ANN,
    BASE_TREE,
    MACHINES,
    Playbook,
    attempt,
    candidate,
    checkpoint,
    ended,
    gate,
    handed_over,
    human,
    line,
    protected,
    ran,
    read,
    refusal,
    rev,
    review,
    reviewed,
    sealed,
    stage,
    started,
    tree,
    troubled,
    work,
)

from foremand.core import commands as c
from foremand.core import facts as f
from foremand.core import steering
from foremand.core import steps as s
from foremand.core.spec import LAND, Limits, Pipeline, Profile
from foremand.core.steering import Today


def todays(pipeline: Pipeline, play: Playbook, **works: f.Work) -> Today:
    seen = {a.number: a.work for a in play.task.attempts if a.work is not None and not a.void}
    given = {int(name[1:]): each for name, each in works.items()}
    return Today(pipeline=pipeline, digest="today", origin="main", works=seen | given)


class TestRepin:
    """Today's file: what it asks the same stays answered, and nothing else."""

    def test_a_pass_by_the_same_definition_stays(self) -> None:
        new = line(stage("implement", "tests", "lint"))
        play = Playbook(MACHINES, *attempt(1), ran("tests", tree(1))) << "build 1"
        play >> steering.repin(play.task, todays(new, play), ANN) << f"lint on {tree(1)}"

    def test_one_by_another_is_asked_again(self) -> None:
        new = line(stage("implement", "tests"), gates=[gate("tests", definition="stricter")])
        play = Playbook(MACHINES, *attempt(1), ran("tests", tree(1)))
        play >> steering.repin(play.task, todays(new, play), ANN) << f"tests on {tree(1)}"
        assert play.only(s.RunGate).gate.definition == "stricter"  # type: ignore[attr-defined]

    def test_what_a_gate_sees_of_the_work_is_looked_at_anew(self) -> None:
        new = line(stage("implement", "tests", "guard"), gates=[protected("guard", "infra/**")])
        play = Playbook(MACHINES, *attempt(1), ran("tests", tree(1)))
        seen = work(1, new, changes={"tests": "t", "guard": "x"})
        play >> steering.repin(play.task, todays(new, play, n1=seen), ANN) << "run implement#2"
        assert "guard fail" in play.recorded

    def test_work_that_nobody_looked_at_by_the_new_file_is_not_taken_for_clean(self) -> None:
        new = line(stage("implement", "guard"), gates=[protected("guard", "infra/**")])
        play = Playbook(MACHINES, *attempt(1), ran("tests", tree(1)))
        blind = Today(pipeline=new, digest="today", origin="main")
        assert refusal(lambda: steering.repin(play.task, blind, ANN)).reason == "WRONG_STATE"

    def test_nor_work_that_is_being_sealed_by_the_old_one(self) -> None:
        new = line(stage("implement", "guard"), gates=[protected("guard", "infra/**")])
        play = Playbook(MACHINES, started(1), ended(1)) << "seal 1"
        error = refusal(lambda: steering.repin(play.task, todays(new, play), ANN))
        assert (error.reason, "not sealed yet" in error.message) == ("WRONG_STATE", True)
        running = Playbook(MACHINES, started(1))
        assert steering.repin(running.task, todays(new, running), ANN)

    def test_nor_a_candidate_that_is_being_built_by_it(self) -> None:
        new = line(stage("implement", "tests"), land=("audit",))
        play = Playbook(MACHINES, *attempt(1), ran("tests", tree(1))) << "build 1"
        play >> steering.repin(play.task, todays(new, play), ANN) >> candidate(1, of=1) << "build 2"
        play >> candidate(2, of=1) << "tests on tree-on-tip + audit on tree-on-tip"

    def test_one_in_the_queue_is_built_again(self) -> None:
        new = line(stage("implement", "tests"), land=("audit",))
        play = Playbook(MACHINES, *attempt(1), ran("tests", tree(1)), candidate(1, of=1))
        play >> ran("tests", "tree-on-tip") << "land 1"
        play >> steering.repin(play.task, todays(new, play), ANN) << "build 3"
        assert play.task.queued_at is None

    def test_no_limit_rises_by_it(self) -> None:
        new = line(stage("implement", "tests"), limits=Limits(cost_usd=100.0, attempts=100))
        play = Playbook(MACHINES, *attempt(1), ran("tests", tree(1)))
        play >> steering.repin(play.task, todays(new, play), ANN)
        assert play.task.limits == Limits(cost_usd=5.0, attempts=12)

    def test_its_profiles_go_on_and_must_be_there(self) -> None:
        strict = Profile(name="strict", gates={LAND: ("audit",)})
        old = line(stage("implement", "tests"), profiles=[strict])
        play = Playbook(old, *attempt(1, pipeline=old), ran("tests", tree(1)), profile="strict")
        without = line(stage("implement", "tests", "lint"))
        error = refusal(lambda: steering.repin(play.task, todays(without, play), ANN))
        assert (error.reason, "'strict'" in error.message) == ("REPIN_IMPOSSIBLE", True)
        play >> steering.repin(play.task, todays(line(*without.stages, profiles=[strict]), play), ANN)
        assert play.task.pipeline.land.gates == ("audit",)

    @pytest.mark.parametrize(
        "new",
        [
            line(stage("build", "tests")),
            line(stage("implement", access="read"), stage("more", "tests")),
        ],
    )
    def test_the_stages_that_have_run_must_be_there(self, new: Pipeline) -> None:
        play = Playbook(MACHINES, *attempt(1), ran("tests", tree(1)))
        assert refusal(lambda: steering.repin(play.task, todays(new, play), ANN)).reason == "REPIN_IMPOSSIBLE"

    def test_a_new_stage_comes_after_what_has_begun(self) -> None:
        """What it does is a part of what lands, wherever today's file has it."""
        new = line(stage("docs"), stage("implement", "tests"))
        play = Playbook(MACHINES, *attempt(1), ran("tests", tree(1)))
        play >> steering.repin(play.task, todays(new, play), ANN) << "run docs#2"
        assert play.only(s.RunAttempt).entered == rev(1)  # type: ignore[attr-defined]
        play >> attempt(2, "docs") << "build 2"
        assert play.only(s.BuildCandidate).source == rev(2)  # type: ignore[attr-defined]

    def test_a_task_that_was_raised_takes_it_too(self) -> None:
        fast = Profile(name="fast", skip=("plan",))
        old = line(stage("plan", access="read"), stage("implement", "tests"), profiles=[fast, Profile(name="strict")])
        play = Playbook(old, *attempt(1, pipeline=old, raises={"strict": ("a",)}), profile="fast")
        play >> ran("tests", tree(1)) >> read(2, pipeline=old)
        assert [a.stage for a in play.task.attempts] == ["implement", "plan"]
        new = line(*old.stages, land=("audit",), profiles=list(old.profiles.values()))
        play >> steering.repin(play.task, todays(new, play), ANN)
        assert [each.name for each in play.task.pipeline.stages] == ["implement", "plan"]

    def test_a_checkpoint_that_is_gone_is_forgotten_with_its_answers(self) -> None:
        old = line(stage("implement", "tests"), checkpoint("check", "lint", goto="implement"))
        play = Playbook(old, *attempt(1), ran("tests", tree(1)), ran("lint", tree(1))) << "build 1"
        play >> steering.repin(play.task, todays(line(stage("implement", "tests", "fuzz")), play), ANN)
        play >> ran("fuzz", tree(1), "fail") >> ran("fuzz", BASE_TREE, on_base=True) << "run implement#2"

    def test_a_reviewer_at_work_is_stopped_and_another_asked(self) -> None:
        old = line(stage("implement", "review"), gates=[review("review", "critic")])
        play = Playbook(old, *attempt(1, pipeline=old))
        begins, ends = reviewed(play.only(s.RunAttempt))
        new = line(*old.stages, gates=[review("review", "other", definition="another")])
        play >> begins >> steering.repin(play.task, todays(new, play), ANN)
        play << "supervise implement#2 critic for review + stop 2"
        play >> ends << "run implement#3 other for review"

    def test_a_gates_run_under_way_is_not_taken_up_where_the_gate_is_gone(self) -> None:
        new = line(stage("implement", "lint"))
        play = Playbook(MACHINES, *attempt(1)) << f"tests on {tree(1)}"
        play >> steering.repin(play.task, todays(new, play), ANN) << f"lint on {tree(1)}"

    def test_nor_at_landing_where_it_was_stopped_with_its_candidate(self) -> None:
        """How a stopped run ended says nothing of the work: taken up again it would be an error, then a fail."""
        play = Playbook(MACHINES, *attempt(1), ran("tests", tree(1)), candidate(1, of=1)) << "tests on tree-on-tip"
        stopped = play.only(s.RunGate)
        begins = f.GateStarted(
            task=1, at=0.0, gate="tests", definition="definition-of-tests", tree="tree-on-tip", run="run-1"
        )
        new = line(stage("implement", "tests"), land=("audit",))
        play >> begins >> steering.repin(play.task, todays(new, play), ANN) >> candidate(3, of=1)
        again = next(step for step in play.steps if isinstance(step, s.RunGate) and step.gate.name == "tests")
        assert again.key != stopped.key

    def test_an_agent_at_work_is_watched_while_an_earlier_stage_is_asked_more(self) -> None:
        old = line(stage("implement", "tests"), stage("harden", "fuzz"), gates=[human("owner")])
        play = Playbook(old, *attempt(1), ran("tests", tree(1)), started(2, "harden", entered=rev(1)))
        new = line(stage("implement", "tests", "lint", "owner"), stage("harden", "fuzz"), gates=[human("owner")])
        play >> steering.repin(play.task, todays(new, play, n1=work(1, new)), ANN)
        play << f"lint on {tree(1)} + supervise harden#2"
        play >> ran("lint", tree(1)) << "wait person + supervise harden#2"
        for _ in range(3):
            play >> troubled("attempt:2")
        play << "wait trouble"
        play >> c.retry(play.task, ANN) >> ended(2) >> sealed(2)
        play >> c.approve(play.task, "", rev(1), ANN) << f"fuzz on {tree(2)}"

    def test_nothing_new(self) -> None:
        play = Playbook(MACHINES)
        same = Today(pipeline=MACHINES, digest="hash", origin="main")
        assert refusal(lambda: steering.repin(play.task, same, ANN)).reason == "NOTHING_NEW"

    def test_a_persons_yes_stays_about_its_change(self) -> None:
        old = line(stage("implement", "tests", "owner"), gates=[human("owner")])
        play = Playbook(old, *attempt(1, pipeline=old), ran("tests", tree(1)))
        play >> c.approve(play.task, "", rev(1), ANN) << "build 1"
        new = line(*old.stages, gates=[human("owner")], land=("audit",))
        play >> steering.repin(play.task, todays(new, play), ANN) << "build 2"
        other = line(*old.stages, gates=[gate("owner", "human", definition="other words")])
        play >> steering.repin(play.task, replace(todays(other, play), digest="another day"), ANN)
        play << "wait person"

    def test_not_while_a_person_works_on_what_it_does_not_have(self) -> None:
        play = Playbook(MACHINES)
        handed_over(play)
        error = refusal(lambda: steering.repin(play.task, todays(line(stage("build", "tests")), play), ANN))
        assert error.reason == "REPIN_IMPOSSIBLE"
