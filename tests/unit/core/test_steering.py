"""What people do with a task beside answering gates: hold it, tell it things, work on it by hand, change its rules."""

import pytest
from msgspec.structs import replace
from playbook import (
    ANN,
    BASE,
    BASE_TREE,
    PLANNED,
    SIMPLE,
    TIP,
    TIP_TREE,
    Playbook,
    attempt,
    begun,
    candidate,
    checkpoint,
    commit,
    conflicted,
    ended,
    gate,
    human,
    intended,
    line,
    protected,
    ran,
    read,
    rev,
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

from foremand.core import commands as c
from foremand.core import facts as f
from foremand.core import steering
from foremand.core import steps as s
from foremand.core.landing import intend
from foremand.core.limits import allowance
from foremand.core.spec import LAND, Limits, Pipeline, Profile
from foremand.core.steering import Today

ONCE = line(stage("implement", "tests", limit=0))
MACHINES = line(stage("implement", "tests"))


def refusal(ask: object) -> c.Refused:
    with pytest.raises(c.Refused) as caught:
        ask()  # type: ignore[operator]
    return caught.value


def handed_over(play: Playbook) -> Playbook:
    """The person has the workspace."""
    play >> steering.take(play.task, ANN) << "hand over"
    return play >> f.HandedOver(task=1, at=0.0, path="/w/1/tree") << "wait taken"


def stuck(pipeline: Pipeline = ONCE) -> Playbook:
    play = Playbook(pipeline, *attempt(1, pipeline=pipeline)) >> ran("tests", tree(1), "fail", "2 failed")
    return play >> ran("tests", BASE_TREE, on_base=True) << "wait stuck"


class TestPriority:
    def test_it_is_the_submissions_until_a_person_says_another(self) -> None:
        play = Playbook(SIMPLE)
        assert play.task.priority == 0
        play >> steering.prioritize(play.task, 5, ANN)
        assert play.task.priority == 5
        play >> started(1) >> steering.prioritize(play.task, -1, ANN)
        assert play.task.priority == -1

    def test_before_the_start_and_after_a_retry_it_holds(self) -> None:
        play = Playbook(None)
        play >> steering.prioritize(play.task, 5, ANN) >> begun()
        assert play.task.priority == 5
        play >> c.cancel(play.task, ANN)
        assert play.task.over == "CANCELLED"
        play >> c.retry(play.task, ANN)
        assert (play.task.over, play.task.priority) == (None, 5)

    def test_what_it_is_already_is_no_fact(self) -> None:
        play = Playbook(SIMPLE)
        assert steering.prioritize(play.task, 0, ANN) == ()
        play >> steering.prioritize(play.task, 5, ANN)
        assert steering.prioritize(play.task, 5, ANN) == ()

    def test_nothing_of_the_work_changes(self) -> None:
        play = Playbook(SIMPLE, started(1))
        before = play.steps
        play >> steering.prioritize(play.task, 5, ANN)
        assert play.steps == before


class TestPause:
    def test_an_agent_is_interrupted_sealed_and_its_session_kept(self) -> None:
        play = Playbook(SIMPLE, started(1))
        play >> steering.pause(play.task, ANN) << "supervise implement#1 + stop 1"
        play >> ended(1, "stopped") << "seal 1"
        play >> sealed(1) << "wait paused"
        assert (play.status.state, play.status.reason) == ("WAITING", "paused by ann")
        play >> steering.resume(play.task, ANN) << "run implement#2"
        step = play.only(s.RunAttempt)
        assert isinstance(step, s.RunAttempt)
        assert (step.resumes, step.files, step.feedback) == ("session-1", None, "")
        assert play.task.sent_back == {}, "nobody is charged"

    def test_what_it_had_done_when_it_ended_by_itself_counts(self) -> None:
        play = Playbook(SIMPLE, started(1))
        play >> steering.pause(play.task, ANN) >> (ended(1), sealed(1)) << "wait paused"
        play >> steering.resume(play.task, ANN) << f"tests on {tree(1)}"

    def test_before_the_start_and_before_a_slot(self) -> None:
        for play, then in ((Playbook(None), "start"), (Playbook(SIMPLE), "run implement#1")):
            play >> steering.pause(play.task, ANN) << "wait paused"
            play >> steering.resume(play.task, ANN) << then

    def test_a_gates_run_that_it_stopped_is_never_taken_up(self) -> None:
        """Its process was killed: what it left would read as an error."""
        play = Playbook(SIMPLE, *attempt(1))
        first = play.only(s.RunGate)
        play >> f.GateStarted(task=1, at=0, gate="tests", definition="definition-of-tests", tree=tree(1), run="tests-1")
        play >> steering.pause(play.task, ANN) << "wait paused"
        play >> steering.resume(play.task, ANN) << f"tests on {tree(1)}"
        assert play.only(s.RunGate).key != first.key

    def test_a_run_that_has_answered_is_kept(self) -> None:
        pipeline = line(stage("implement", "tests", "lint"))
        play = Playbook(pipeline, *attempt(1), ran("tests", tree(1)))
        play >> steering.pause(play.task, ANN) << "wait paused"
        play >> steering.resume(play.task, ANN) << f"lint on {tree(1)}"

    def test_it_is_not_given_back_by_time(self) -> None:
        play = Playbook(SIMPLE)
        play >> steering.pause(play.task, ANN)
        play.later(1e9) << "wait paused"

    def test_a_cancel_still_ends_it(self) -> None:
        play = Playbook(SIMPLE, started(1))
        play >> steering.pause(play.task, ANN) >> c.cancel(play.task, ANN) << "supervise implement#1 + stop 1"
        play >> (ended(1, "stopped"), sealed(1)) << ""

    def test_a_seal_that_cannot_be_made_does_not_keep_it_running(self) -> None:
        play = Playbook(SIMPLE, started(1))
        play >> steering.pause(play.task, ANN) >> ended(1, "stopped")
        for _ in range(3):
            play.later(10) >> troubled("seal:1")
        play << "wait paused"

    def test_what_was_never_sealed_is_left_alone_once_another_works_there(self) -> None:
        """A late seal would take the newer agent's files for the older one's, as it writes them."""
        play = Playbook(SIMPLE, started(1))
        play >> steering.pause(play.task, ANN) >> ended(1, "stopped")
        for _ in range(3):
            play.later(10) >> troubled("seal:1")
        play >> steering.resume(play.task, ANN) << "run implement#2"
        play >> started(2) << "supervise implement#2"
        play >> (ended(2), sealed(2)) << f"tests on {tree(2)}"


class TestSay:
    def test_it_opens_the_next_attempt_once(self) -> None:
        play = Playbook(SIMPLE, started(1))
        play >> steering.say(play.task, "use a set", ANN) >> steering.say(play.task, "and test it", ANN)
        play >> (ended(1), sealed(1)) >> ran("tests", tree(1), "fail", "2 failed")
        play >> ran("tests", BASE_TREE, on_base=True) << "run implement#2"
        heard = play.only(s.RunAttempt).feedback  # type: ignore[attr-defined]
        assert heard.index("2 failed") < heard.index("use a set") < heard.index("and test it")
        play >> attempt(2) >> ran("tests", tree(2), "fail", "3 failed") << "run implement#3"
        assert "use a set" not in play.only(s.RunAttempt).feedback  # type: ignore[attr-defined]

    def test_a_reviewer_does_not_take_it_away(self) -> None:
        pipeline = line(stage("implement", "review"), stage("harden"), gates=[review("review", "critic")])
        play = Playbook(pipeline, started(1))
        play >> steering.say(play.task, "mind the docs", ANN) >> (ended(1), sealed(1, pipeline))
        assert "mind" not in play.only(s.RunAttempt).feedback  # type: ignore[attr-defined]
        play >> reviewed(play.only(s.RunAttempt)) << "run harden#3"
        assert "mind the docs" in play.only(s.RunAttempt).feedback  # type: ignore[attr-defined]

    @pytest.mark.parametrize("text", ["", "  \n"])
    def test_nothing_is_not_sent(self, text: str) -> None:
        assert refusal(lambda: steering.say(Playbook(SIMPLE, started(1)).task, text, ANN)).reason == "MESSAGE_MISSING"


class TestTake:
    def test_the_agent_is_stopped_sealed_and_the_workspace_handed_over_as_it_is(self) -> None:
        play = Playbook(SIMPLE, started(1))
        play >> steering.take(play.task, ANN) << "supervise implement#1 + stop 1"
        play >> ended(1, "stopped") << "seal 1"
        play >> sealed(1) << "hand over"
        step = play.only(s.HandOver)
        assert isinstance(step, s.HandOver)
        assert (step.files, step.entered) == (None, BASE)
        play >> f.HandedOver(task=1, at=0.0, path="/w/1/tree") << "wait taken"
        assert (play.status.state, play.status.reason) == ("WAITING", "taken by ann")

    @pytest.mark.parametrize("pipeline", [None, SIMPLE])
    def test_before_anybody_worked_it_is_the_base(self, pipeline: Pipeline | None) -> None:
        play = Playbook(pipeline)
        play >> steering.take(play.task, ANN)
        if pipeline is None:
            play << "start"
            play >> begun()
        play << "hand over"
        assert play.only(s.HandOver).files == BASE  # type: ignore[attr-defined]

    def test_in_a_conflict_it_is_the_merge_on_the_tip(self) -> None:
        pipeline = line(stage("implement", "tests"), on_conflict=0)
        play = Playbook(pipeline, *attempt(1), ran("tests", tree(1)), conflicted(1, of=1)) << "wait stuck"
        play >> steering.take(play.task, ANN) << "hand over"
        step = play.only(s.HandOver)
        assert isinstance(step, s.HandOver)
        assert (step.files, step.entered, play.task.base) == ("tree-with-markers", TIP, TIP)
        play >> f.HandedOver(task=1, at=0.0, path="/w")
        play >> steering.give(play.task, "", ANN, rework=False) >> sealed(2, base=TIP, base_tree=TIP_TREE)
        play >> ran("tests", tree(2)) << "build 2"

    def test_it_leaves_the_queue(self) -> None:
        play = Playbook(MACHINES, *attempt(1), ran("tests", tree(1)), candidate(1, of=1))
        play >> ran("tests", "tree-on-tip") << "land 1"
        handed_over(play)
        assert play.recorded[-1] == "QueueLeft"
        assert play.task.queued_at is None

    def test_no_landing_is_intended_any_more(self) -> None:
        """The two may meet: whoever is written down first goes first."""
        play = Playbook(MACHINES, *attempt(1), ran("tests", tree(1)), candidate(1, of=1))
        play >> ran("tests", "tree-on-tip")
        step = play.only(s.Land)
        assert isinstance(step, s.Land)
        assert intend(play.task, step, 0.0)
        play >> steering.take(play.task, ANN)
        assert intend(play.task, step, 0.0) == ()

    def test_nor_of_one_that_was_paused(self) -> None:
        play = Playbook(MACHINES, *attempt(1), ran("tests", tree(1)), candidate(1, of=1))
        play >> ran("tests", "tree-on-tip")
        step = play.only(s.Land)
        assert isinstance(step, s.Land)
        play >> f.Paused(task=1, at=0.0, by="ann")
        assert intend(play.task, step, 0.0) == ()

    def test_and_once_it_is_intended_nobody_takes_it(self) -> None:
        play = Playbook(MACHINES, *attempt(1), ran("tests", tree(1)), candidate(1, of=1))
        play >> ran("tests", "tree-on-tip") >> intended(1)
        assert refusal(lambda: steering.take(play.task, ANN)).reason == "TASK_LANDING"

    def test_one_person_has_it(self) -> None:
        play = handed_over(stuck())
        bob = c.Who(name="bob", at=0.0)
        assert "taken by ann" in refusal(lambda: steering.take(play.task, bob)).message

    def test_what_was_paused_is_taken_all_the_same(self) -> None:
        play = Playbook(SIMPLE)
        play >> steering.pause(play.task, ANN)
        handed_over(play)

    def test_no_money_is_asked_for(self) -> None:
        play = Playbook(line(stage("implement", "tests"), limits=Limits(attempts=1)), *attempt(1))
        play >> ran("tests", tree(1), "fail") >> ran("tests", BASE_TREE, on_base=True) << "wait budget"
        handed_over(play)
        play >> steering.give(play.task, "", ANN, rework=False) >> sealed(2) >> ran("tests", tree(2)) << "build 1"


class TestGive:
    def test_what_they_left_is_sealed_as_theirs_and_judged_like_anyones(self) -> None:
        play = handed_over(stuck())
        play >> steering.give(play.task, "by hand", ANN, rework=False) << "seal 2"
        theirs = play.task.attempts[-1]
        assert (theirs.by, theirs.agent, theirs.stage, theirs.entered) == ("ann", "", "implement", BASE)
        assert (theirs.output, play.task.cost_usd) == ("by hand", None)
        play >> sealed(2) << f"tests on {tree(2)}"
        play >> ran("tests", tree(2)) << "build 1"
        assert [a.void for a in play.task.attempts] == [True, False]

    def test_a_refusal_goes_back_to_the_agent(self) -> None:
        play = handed_over(Playbook(MACHINES, *attempt(1)))
        play >> steering.give(play.task, "", ANN, rework=False) >> sealed(2)
        play >> ran("tests", tree(2), "fail", "2 failed") >> ran("tests", BASE_TREE, on_base=True) << "run implement#3"
        step = play.only(s.RunAttempt)
        assert isinstance(step, s.RunAttempt)
        assert (step.agent, step.resumes) == ("coder", "session-1")

    def test_work_that_equals_what_was_there_is_no_change(self) -> None:
        play = handed_over(Playbook(SIMPLE, *attempt(1)))
        play >> steering.give(play.task, "", ANN, rework=False) >> sealed(2, changed=False, tree=BASE_TREE)
        play << "run implement#3"

    def test_rework_hands_their_files_to_the_agent_with_their_words(self) -> None:
        play = handed_over(stuck())
        play >> steering.give(play.task, "the rest of the API", ANN, rework=True) << "seal 2"
        play >> sealed(2) << "run implement#3"
        step = play.only(s.RunAttempt)
        assert isinstance(step, s.RunAttempt)
        assert (step.files, step.resumes) == (None, "session-1")
        assert "the rest of the API" in step.feedback
        assert play.task.attempts[1].void, "what they left is kept, and not judged"

    def test_what_was_said_to_the_agent_is_not_said_to_the_person(self) -> None:
        play = Playbook(SIMPLE, started(1))
        play >> steering.say(play.task, "use tabs", ANN) >> steering.take(play.task, ANN)
        play >> (ended(1, "stopped"), sealed(1)) >> f.HandedOver(task=1, at=0.0, path="/there")
        play >> steering.give(play.task, "the rest", ANN, rework=True) >> sealed(2) << "run implement#3"
        assert play.only(s.RunAttempt).feedback.count("use tabs") == 1  # type: ignore[attr-defined]

    def test_rework_needs_words(self) -> None:
        play = handed_over(stuck())
        assert refusal(lambda: steering.give(play.task, " ", ANN, rework=True)).reason == "MESSAGE_MISSING"

    def test_not_before_it_was_handed_over(self) -> None:
        play = stuck()
        assert refusal(lambda: steering.give(play.task, "", ANN, rework=False)).reason == "NOT_TAKEN"
        play >> steering.take(play.task, ANN)
        error = refusal(lambda: steering.give(play.task, "", ANN, rework=False))
        assert "made ready" in error.message

    def test_nobodys_answer_to_what_was_before_counts_for_it(self) -> None:
        pipeline = line(stage("implement", "tests", "owner"), gates=[human("owner")])
        play = Playbook(pipeline, *attempt(1, pipeline=pipeline), ran("tests", tree(1)))
        play >> c.approve(play.task, "", rev(1), ANN) << "build 1"
        handed_over(play)
        play >> steering.give(play.task, "", ANN, rework=False)
        play >> sealed(2, pipeline, tree=tree(1), changes={"tests": "t", "owner": "change-1"}) << "wait person"

    def test_later_stages_begin_anew(self) -> None:
        pipeline = line(stage("implement", "tests"), stage("harden", "lint", limit=0, goto="implement"))
        play = Playbook(pipeline, *attempt(1), ran("tests", tree(1)), *attempt(2, "harden"))
        play >> ran("lint", tree(2), "fail") >> ran("lint", BASE_TREE, on_base=True) << "wait stuck"
        handed_over(play)
        assert play.task.taken_stage == "harden"
        play >> steering.give(play.task, "", ANN, rework=False) >> sealed(3) << f"lint on {tree(3)}"

    def test_at_landing_they_stand_for_the_last_writer(self) -> None:
        play = Playbook(SIMPLE, *attempt(1), ran("tests", tree(1)), candidate(1, of=1)) >> ran("tests", "tree-on-tip")
        handed_over(play << "wait person")
        play >> steering.give(play.task, "", ANN, rework=False) >> sealed(2) >> ran("tests", tree(2)) << "build 2"

    def test_before_the_start_for_the_first_that_an_agent_does(self) -> None:
        stages = (stage("draft"), checkpoint("check", "lint", goto="draft"), stage("implement", "tests"))
        pipeline = line(*stages, profiles=[Profile(name="fast", skip=("draft",))])
        play = Playbook(None, profile="fast")
        play >> steering.take(play.task, ANN) >> begun(pipeline) >> f.HandedOver(task=1, at=0.0, path="/w")
        play >> steering.give(play.task, "", ANN, rework=False) << "seal 1"
        play >> sealed(1) << f"tests on {tree(1)}"

    def test_a_plan_by_hand_is_what_they_say(self) -> None:
        play = Playbook(PLANNED)
        handed_over(play)
        play >> steering.give(play.task, "First this, then that.", ANN, rework=False)
        play >> sealed(1, PLANNED, changed=False, tree=BASE_TREE, changes={}) << "wait person"
        assert play.task.attempts[0].output == "First this, then that."

    def test_what_a_person_did_is_no_agents_run(self) -> None:
        play = handed_over(stuck())
        play >> steering.give(play.task, "", ANN, rework=False)
        assert getattr(allowance(play.task), "cost_usd", None) is not None
        twice = replace(ONCE, limits=Limits(attempts=2))
        play = handed_over(stuck(twice))
        play >> steering.give(play.task, "go on", ANN, rework=True) >> sealed(2) << "run implement#3"

    def test_cancel_keeps_what_they_did(self) -> None:
        """Nobody's work is lost by a cancel: not a person's either (I4)."""
        play = handed_over(stuck())
        play >> c.cancel(play.task, ANN) << "seal 2"
        play >> sealed(2) << ""
        assert (play.status.state, play.task.attempts[-1].by) == ("CANCELLED", "ann")
        play >> c.retry(play.task, ANN) << f"tests on {tree(2)}"


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


def test_flattened_secrets_of_a_taken_task_stay_behind() -> None:
    pipeline = line(stage("draft"), stage("implement", "secrets", limit=0), gates=[secrets()])
    play = Playbook(pipeline, *attempt(1, "draft", pipeline), *attempt(2, pipeline=pipeline, commits=(rev(1), rev(2))))
    play >> scanned(work(2, commits=(rev(1), rev(2))), "fail") << "wait stuck"
    handed_over(play)
    play >> steering.give(play.task, "", ANN, rework=False)
    assert play.task.attempts[-1].entered == BASE
