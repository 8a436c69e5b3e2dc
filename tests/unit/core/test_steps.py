"""What is wanted next, situation by situation."""

import pytest
from playbook import (
    ANN,
    BASE,
    BASE_TREE,
    PLANNED,
    SIMPLE,
    TIP,
    Playbook,
    attempt,
    begun,
    cancelled,
    candidate,
    commit,
    conflicted,
    ended,
    gate,
    human,
    intended,
    landed,
    line,
    ran,
    read,
    rev,
    sealed,
    stage,
    started,
    tree,
    troubled,
)

from foremand.core import facts as f
from foremand.core import steps as s
from foremand.core.commands import approve, retry
from foremand.core.spec import Limits


def test_the_whole_way_of_a_task() -> None:
    play = Playbook(None) << "start"
    assert (play.status.state, play.status.reason) == ("QUEUED", "waits to start")
    play >> begun() << "run implement#1"
    assert (play.status.state, play.status.reason) == ("QUEUED", "waits for an agent slot")
    play >> started(1) << "supervise implement#1"
    assert (play.status.state, play.status.stage) == ("RUNNING", "implement")
    play >> ended(1) << "seal 1"
    play >> sealed(1) << f"tests on {tree(1)}"
    assert play.status.reason == "implement: tests runs"
    play >> ran("tests", tree(1)) << "build 1"
    assert (play.status.state, play.status.stage) == ("LANDING", "land")
    play >> candidate(1, of=1) << "tests on tree-on-tip"
    play >> ran("tests", "tree-on-tip") << "wait person"
    assert (play.status.state, play.status.reason) == ("WAITING", "approve final?")
    assert play.status.revision == commit(1)
    play >> approve(play.task, "final", commit(1), ANN) << "build 2"
    play >> candidate(2, of=1, by=("ann",)) << "land 2"
    play >> intended(2) << "land 2"
    assert (play.status.state, play.status.reason) == ("LANDING", "lands")
    play >> landed(2) << ""
    assert play.status.state == "LANDED"
    assert play.task.landed_commit == commit(2)
    assert play.recorded == ["tests pass", "tests pass", "ask final", "QueueEntered"]


def test_the_first_attempt_finds_the_base() -> None:
    step = Playbook().only(s.RunAttempt)
    assert (step.files, step.entered, step.resumes, step.feedback) == (BASE, BASE, None, "")


def test_a_failed_gate_comes_back_to_the_same_session_with_its_output() -> None:
    play = Playbook(SIMPLE, *attempt(1)) >> ran("tests", tree(1), "fail", "exit 1", "E  assert 1 == 2\n")
    play << f"tests on {BASE_TREE}"
    assert play.only(s.RunGate).on_base
    play >> ran("tests", BASE_TREE, on_base=True) << "run implement#2"
    step = play.only(s.RunAttempt)
    assert step.resumes == "session-1"
    assert step.files is None, "the files stay as the last attempt left them"
    assert step.entered == BASE, "a retry replaces the failed attempt"
    assert "Gate tests failed: exit 1" in step.feedback
    assert "E  assert 1 == 2" in step.feedback
    assert "already red" not in step.feedback
    play >> (started(2), ended(2), sealed(2)) << f"tests on {tree(2)}"
    play >> ran("tests", tree(2)) << "build 1"


def test_a_fresh_session_where_the_pipeline_says_so() -> None:
    pipeline = line(stage("implement", "tests", session="fresh"))
    play = Playbook(pipeline, *attempt(1)) >> ran("tests", tree(1), "fail") >> ran("tests", BASE_TREE, on_base=True)
    assert play.only(s.RunAttempt).resumes is None


def test_a_session_that_crashes_when_resumed_is_not_resumed_again() -> None:
    play = Playbook(SIMPLE, *attempt(1)) >> ran("tests", tree(1), "fail") >> ran("tests", BASE_TREE, on_base=True)
    play >> (started(2, resumes="session-1", session="session-1"), ended(2, "crashed", "no such session"), sealed(2))
    play << "run implement#3"
    assert play.only(s.RunAttempt).resumes is None


def test_the_limit_used_up_is_stuck_with_the_last_feedback() -> None:
    play = Playbook()
    for number in (1, 2, 3):
        play >> attempt(number) >> ran("tests", tree(number), "fail", f"{number} failed")
        play >> ran("tests", BASE_TREE, on_base=True) if number == 1 else play
    play << "wait stuck"
    assert play.status.state == "WAITING"
    assert "3 failed" in play.status.reason
    assert "sent back 2 of 2 times" in play.status.reason


@pytest.mark.parametrize("outcome", ["failed", "crashed", "limit"])
def test_an_attempt_that_failed_is_charged(outcome: f.OutcomeKind) -> None:
    play = Playbook(SIMPLE, started(1), ended(1, outcome, "exit 3"), sealed(1)) << "run implement#2"
    assert play.task.sent_back == {"implement": 1}
    assert "exit 3" in play.only(s.RunAttempt).feedback


def test_no_change_is_a_fail_unless_allowed() -> None:
    facts = (started(1), ended(1), sealed(1, changed=False, tree=BASE_TREE))
    play = Playbook(SIMPLE, *facts) << "run implement#2"
    assert "no change" in play.only(s.RunAttempt).feedback
    assert play.task.sent_back == {"implement": 1}
    Playbook(line(stage("implement", "tests", allow_empty=True)), *facts) << f"tests on {BASE_TREE}"


def test_a_reading_stage_that_changed_files_gets_them_back_as_they_were() -> None:
    play = Playbook(PLANNED, started(1, "plan"), ended(1), sealed(1, PLANNED)) << "run plan#2"
    step = play.only(s.RunAttempt)
    assert "may only read" in step.feedback
    assert step.files == BASE


def test_a_reading_stage_gets_back_the_merge_it_was_given() -> None:
    play = Playbook(line(stage("plan", access="read"), stage("implement", "tests"), goto="plan"), *read(1))
    play >> attempt(2) >> ran("tests", tree(2)) << "build 1"
    play >> conflicted(1, of=2) << "run plan#3"
    assert (play.only(s.RunAttempt).files, play.only(s.RunAttempt).entered) == ("tree-with-markers", TIP)
    play >> (started(3, "plan", entered=TIP), ended(3), sealed(3, PLANNED)) << "run plan#4"
    assert play.only(s.RunAttempt).files == "tree-with-markers"


class TestErrors:
    """An `error` is no answer: tried twice again, then a person's."""

    def test_with_a_base_that_gives_none_either(self) -> None:
        play = Playbook(SIMPLE, *attempt(1)) >> ran("tests", tree(1), "error", "program not found: pytest")
        play << f"tests on {BASE_TREE}"
        play >> ran("tests", BASE_TREE, "error", on_base=True) << "wake + wait backoff"
        assert play.status.state == "RUNNING"
        play.later(0.9) << "wake + wait backoff"
        play.later(0.1) << f"tests on {tree(1)}"
        play >> ran("tests", tree(1), "error") << "wake + wait backoff"
        play.later(5) << f"tests on {tree(1)}"
        play >> ran("tests", tree(1), "error", "program not found: pytest") << "wait error"
        assert play.status.reason == "error: tests: program not found: pytest; the same on the base"
        assert play.task.sent_back == {}, "never charged to the agent"

    def test_with_a_base_that_passes_it_is_the_works_fail(self) -> None:
        play = Playbook(SIMPLE, *attempt(1)) >> ran("tests", tree(1), "error", "timed out after 900 s")
        play >> ran("tests", BASE_TREE, on_base=True) << "run implement#2"
        assert "timed out" in play.only(s.RunAttempt).feedback
        assert play.task.sent_back == {"implement": 1}

    def test_a_second_try_that_answers_is_an_answer(self) -> None:
        play = Playbook(SIMPLE, *attempt(1)) >> ran("tests", tree(1), "error")
        play >> ran("tests", BASE_TREE, "error", on_base=True)
        play.later(1) >> ran("tests", tree(1)) << "build 1"

    def test_each_try_is_a_run_of_its_own(self) -> None:
        play = Playbook(SIMPLE, *attempt(1))
        keys = [play.only(s.RunGate).key]
        play >> ran("tests", tree(1), "error") >> ran("tests", BASE_TREE, "error", on_base=True)
        keys.append(play.later(1).only(s.RunGate).key)
        play >> ran("tests", tree(1), "error")
        keys.append(play.later(5).only(s.RunGate).key)
        play >> ran("tests", tree(1), "error") << "wait error"
        play >> retry(play.task, ANN) << f"tests on {tree(1)}"
        keys.append(play.only(s.RunGate).key)
        assert len(set(keys)) == 4

    def test_foremands_own_trouble_is_tried_again_too(self) -> None:
        play = Playbook() >> troubled("attempt:1") << "wake + wait backoff"
        play.later(1) << "run implement#1"
        play >> troubled("attempt:1") << "wake + wait backoff"
        play.later(1) << "wake + wait backoff"
        play.later(4) << "run implement#1"
        play >> troubled("attempt:1", "no space left on device") << "wait trouble"
        assert play.status.reason == "error: no space left on device"

    @pytest.mark.parametrize(
        ("story", "step"),
        [
            ((), "attempt:1"),
            ((started(1), ended(1)), "seal:1"),
            ((*attempt(1), ran("tests", tree(1))), "candidate:1"),
            ((started(1),), "attempt:1"),
        ],
    )
    def test_whatever_the_step_a_person_is_asked_after_three(self, story: tuple[f.AnyFact, ...], step: str) -> None:
        play = Playbook(SIMPLE, *story)
        for _ in range(3):
            play.later(10) >> troubled(step)
        play << "wait trouble"

    def test_a_gate_that_foremand_cannot_run(self) -> None:
        play = Playbook(SIMPLE, *attempt(1))
        for _ in range(3):
            play.later(10) >> troubled(play.only(s.RunGate).key)
        play << "wait trouble"

    def test_a_start_that_succeeds_forgets_its_trouble(self) -> None:
        play = Playbook(None) >> troubled("start") >> begun() << "run implement#1"
        assert play.task.trouble == {}

    def test_filtered_files_are_a_persons(self) -> None:
        play = Playbook(SIMPLE, started(1), ended(1), sealed(1, filtered=("a.psd",))) << "wait error"
        assert "filter driver" in play.status.reason
        assert "a.psd" in play.status.reason


def test_already_red_on_the_base_stays_a_fail_and_is_said() -> None:
    play = Playbook(SIMPLE, *attempt(1)) >> ran("tests", tree(1), "fail", "exit 1")
    play >> ran("tests", BASE_TREE, "fail", on_base=True) << "run implement#2"
    assert f"already red on BASE {BASE[:12]}" in play.only(s.RunAttempt).feedback


def test_the_base_is_asked_once() -> None:
    play = Playbook(SIMPLE, *attempt(1)) >> ran("tests", tree(1), "fail") >> ran("tests", BASE_TREE, on_base=True)
    play >> attempt(2) >> ran("tests", tree(2), "fail") << "run implement#3"


def test_a_gate_whose_paths_are_untouched_is_skipped() -> None:
    pipeline = line(stage("implement", "tests", "docs"), gates=[gate("docs", "command", "docs/**")])
    play = Playbook(pipeline, *attempt(1, pipeline=pipeline)) << f"tests on {tree(1)}"
    assert play.recorded == ["docs skipped"]
    play >> ran("tests", tree(1)) << "build 1"


def test_a_gate_whose_paths_are_touched_is_not() -> None:
    pipeline = line(stage("implement", "docs"), gates=[gate("docs", "command", "docs/**")])
    Playbook(pipeline, *attempt(1, changes={"docs": "x"})) << f"docs on {tree(1)}"


def test_a_skip_is_no_answer_for_the_same_tree_on_another_base() -> None:
    docs = gate("docs", "command", "docs/**")
    pipeline = line(stage("draft", "docs", "tests"), stage("implement", "docs", "tests"), gates=[docs])
    play = Playbook(pipeline, *attempt(1, "draft")) >> ran("tests", tree(1))
    same = {"tree": tree(1), "base": TIP, "base_tree": "tree-tip", "changes": {"docs": "reverted", "tests": "x"}}
    play >> (started(2, "implement"), ended(2), sealed(2, **same)) << f"docs on {tree(1)}"


def test_machines_are_asked_at_once_and_people_only_after_all_have_passed() -> None:
    play = Playbook(PLANNED, *read(1))
    play << "wait person"
    play >> approve(play.task, "", rev(1), ANN) >> attempt(2, pipeline=PLANNED) << f"tests on {tree(2)}"
    assert not any(name == "ask owner" for name in play.recorded)
    play >> ran("tests", tree(2)) << "wait person"
    assert play.recorded[-1] == "ask owner"
    play >> approve(play.task, "owner", rev(2), ANN) << "run harden#3"
    play >> attempt(3, "harden", PLANNED) << f"tests on {tree(3)} + lint on {tree(3)}"
    play >> ran("lint", tree(3)) << f"tests on {tree(3)}"
    play >> ran("tests", tree(3)) << "build 1"


def test_a_red_gate_waits_for_the_others_answers_and_asks_no_person() -> None:
    pipeline = line(stage("implement", "tests", "lint", "owner"), gates=[human("owner")])
    play = Playbook(pipeline, *attempt(1)) >> ran("tests", tree(1), "fail", "2 failed")
    play << f"tests on {BASE_TREE} + lint on {tree(1)}"
    play >> ran("tests", BASE_TREE, on_base=True) << f"lint on {tree(1)}"
    play >> ran("lint", tree(1), "fail", "E501") << f"lint on {BASE_TREE}"
    play >> ran("lint", BASE_TREE, on_base=True) << "run implement#2"
    assert "2 failed" in play.only(s.RunAttempt).feedback
    assert "E501" in play.only(s.RunAttempt).feedback
    assert "ask owner" not in play.recorded


def test_two_gates_of_one_definition_run_once() -> None:
    twins = [gate("tests", definition="same"), gate("again", definition="same")]
    play = Playbook(line(stage("implement", "tests", "again"), gates=twins), *attempt(1))
    assert len(play.steps) == 1


def test_two_gates_that_wait_are_one_wait() -> None:
    pipeline = line(stage("implement", "tests", "lint"))
    play = Playbook(pipeline, *attempt(1))
    for name in ("tests", "lint"):
        play >> ran(name, tree(1), "error") >> ran(name, BASE_TREE, "error", on_base=True)
    play << "wake + wake + wait backoff"
    play.later(1) << f"tests on {tree(1)} + lint on {tree(1)}"


def test_a_plan_waits_for_its_person_and_its_answer_is_about_the_plan() -> None:
    play = Playbook(PLANNED, *read(1)) << "wait person"
    assert play.task.answers[-1].about == f"revision:{rev(1)}"
    play >> approve(play.task, "plan-ok", rev(1), ANN) << "run implement#2"
    assert play.only(s.RunAttempt).entered == rev(1)


def test_going_back_to_an_earlier_stage_voids_it_and_all_after_it() -> None:
    play = Playbook(PLANNED, *read(1))
    play >> approve(play.task, "", rev(1), ANN) >> attempt(2, pipeline=PLANNED) >> ran("tests", tree(2))
    play >> approve(play.task, "", rev(2), ANN) >> attempt(3, "harden", PLANNED)
    play >> ran("lint", tree(3), "fail") >> ran("tests", tree(3)) >> ran("lint", BASE_TREE, on_base=True)
    play << "run implement#4"
    assert [a.void for a in play.task.attempts] == [False, True, True]
    assert [a.gate for a in play.task.answers] == ["plan-ok"], "the plan's answer stands, the later ones are void"
    assert play.task.sent_back == {"harden": 1}
    assert play.only(s.RunAttempt).entered == rev(1)
    play >> (started(4), ended(4), sealed(4, PLANNED, tree=tree(2), changes={"owner": "change-2"}))
    play << "wait person"
    assert play.recorded[-2:] == ["tests pass", "ask owner"], "a green run is used again, a person's void answer is not"


class TestServiceAway:
    """What says nothing about the work is tried again, uncharged, in the same session."""

    def test_quota_waits_until_its_reset(self) -> None:
        play = Playbook(SIMPLE, started(1), ended(1, "quota", "usage limit reached", reset_at=5000.0), sealed(1))
        play << "wake + wait quota"
        assert (play.status.state, play.status.reason) == ("WAITING", "usage limit reached")
        assert play.only(s.WakeAt).at == 5000.0
        play.later(3999) << "wake + wait quota"
        play.later(1) << "run implement#2"
        assert play.only(s.RunAttempt).resumes == "session-1"
        assert play.task.sent_back == {}

    def test_quota_without_a_reset_is_tried_again_by_and_by(self) -> None:
        play = Playbook(SIMPLE, started(1), ended(1, "quota", "429"), sealed(1)) << "wake + wait quota"
        assert play.status.reason == "429; tries again"
        play.later(60) << "run implement#2"

    def test_quota_with_a_reset_in_the_past_is_not_hammered(self) -> None:
        play = Playbook(SIMPLE, started(1), ended(1, "quota", reset_at=1.0), sealed(1)) << "wake + wait quota"
        play.later(5) << "run implement#2"

    def test_unavailable_is_tried_three_times(self) -> None:
        play = Playbook()
        for number, pause in ((1, 5), (2, 60)):
            play >> (started(number), ended(number, "unavailable", "529 overloaded"), sealed(number))
            play << "wake + wait backoff"
            play.later(pause) << f"run implement#{number + 1}"
        play >> (started(3), ended(3, "unavailable", "529 overloaded"), sealed(3)) << "wait error"
        assert play.task.sent_back == {}

    def test_a_quota_before_does_not_count_as_unavailable(self) -> None:
        play = Playbook()
        for number in (1, 2):
            play >> (started(number), ended(number, "quota", reset_at=play.now + 50), sealed(number))
            play.later(50)
        play >> (started(3), ended(3, "unavailable"), sealed(3)) << "wake + wait backoff"

    def test_a_lost_run_begins_again_at_once(self) -> None:
        play = Playbook(SIMPLE, started(1), ended(1, "lost"), sealed(1)) << "run implement#2"
        assert play.task.sent_back == {}
        play >> (started(2), ended(2, "lost"), sealed(2), started(3), ended(3, "lost"), sealed(3)) << "wait error"

    def test_the_feedback_is_not_lost_with_the_run(self) -> None:
        play = Playbook(SIMPLE, *attempt(1)) >> ran("tests", tree(1), "fail", "2 failed")
        play >> ran("tests", BASE_TREE, on_base=True) >> (started(2), ended(2, "lost"), sealed(2))
        assert "2 failed" in play.only(s.RunAttempt).feedback

    @pytest.mark.parametrize("outcome", ["denied", "missing", "altered"])
    def test_what_only_a_person_can_mend(self, outcome: f.OutcomeKind) -> None:
        play = Playbook(SIMPLE, started(1), ended(1, outcome, "invalid API key"), sealed(1)) << "wait error"
        assert play.status.reason == "error: invalid API key"


def bounded(**limits: object) -> Playbook:
    return Playbook(line(stage("implement", "tests"), limits=Limits(**limits)))  # type: ignore[arg-type]


class TestLimits:
    """A limit that is reached starts nothing more, and says so."""

    def spend(self, play: Playbook, **fields: object) -> Playbook:
        return play >> (started(1), ended(1, "failed", **fields), sealed(1))

    def test_cost(self) -> None:
        play = self.spend(bounded(cost_usd=1.0), usage=f.Usage(cost_usd=0.4)) << "run implement#2"
        assert play.only(s.RunAttempt).cost_usd == pytest.approx(0.6)
        play >> (started(2), ended(2, "failed", usage=f.Usage(cost_usd=0.6)), sealed(2)) << "wait budget"
        assert play.status.reason == "limit cost_usd: $1.00 of $1.00 is spent"

    def test_unknown_cost_counts_as_its_upper_bound_never_as_zero(self) -> None:
        play = self.spend(bounded(cost_usd=1.0), usage=f.Usage(cost_usd=None, bound_usd=1.5)) << "wait budget"
        assert "up to $1.50" in play.status.reason
        assert play.task.cost_usd is None

    def test_turns(self) -> None:
        play = self.spend(bounded(turns=10), usage=f.Usage(turns=4)) << "run implement#2"
        assert play.only(s.RunAttempt).turns == 6
        self.spend(bounded(turns=4), usage=f.Usage(turns=4)) << "wait budget"

    def test_wall_clock_counts_what_ran(self) -> None:
        play = bounded(wall_clock=100.0) >> attempt(1)
        play >> f.GateRan(
            task=1,
            at=0,
            gate="tests",
            definition="definition-of-tests",
            tree=tree(1),
            result="fail",
            reason="",
            running=20,
            setup_running=10,
        )
        play >> ran("tests", BASE_TREE, on_base=True)
        assert play.only(s.RunAttempt).wall_clock == 70.0
        play >> (started(2, setup_running=40.0), ended(2, "failed", running=30.0), sealed(2)) << "wait budget"
        waited = bounded(wall_clock=100.0).later(1e6)
        assert waited.only(s.RunAttempt).wall_clock == 100.0

    def test_attempts(self) -> None:
        self.spend(bounded(attempts=1)) << "wait budget"

    def test_the_stages_own_limit_is_lower(self) -> None:
        pipeline = line(stage("implement", "tests", limits=Limits(cost_usd=0.5, turns=3)), limits=Limits(cost_usd=2.0))
        step = Playbook(pipeline).only(s.RunAttempt)
        assert (step.cost_usd, step.turns, step.wall_clock) == (0.5, 3, None)

    def test_what_the_submit_asked_for_goes_before_the_file(self) -> None:
        play = Playbook(SIMPLE, limits=Limits(cost_usd=0.1))
        assert play.task.limits == Limits(cost_usd=0.1, attempts=12)

    def test_what_a_person_set_before_the_start_holds(self) -> None:
        play = Playbook(None) >> f.LimitsChanged(task=1, at=0, limits=Limits(turns=3), by="ann") >> begun()
        assert play.task.limits == Limits(cost_usd=5.0, turns=3, attempts=12)


class TestEnding:
    def test_an_attempt_that_cannot_be_watched_is_ended_without(self) -> None:
        play = Playbook(SIMPLE, started(1), cancelled())
        for _ in range(2):
            play >> troubled("attempt:1", "its plan is gone") << "wake + wait backoff + stop 1"
            play.later(10) << "supervise implement#1 + stop 1"
        play >> troubled("attempt:1", "its plan is gone") << "stop 1"
        assert play.only(s.StopAttempt).unwatched == "its plan is gone"
        play >> ended(1, "lost") << "seal 1"
        play >> sealed(1) << ""
        assert play.status.state == "CANCELLED"

    def test_a_run_that_cannot_be_ended_is_for_a_person(self) -> None:
        play = Playbook(SIMPLE, started(1), *[troubled("attempt:1")] * 3, cancelled()) << "stop 1"
        for _ in range(3):
            play.later(10) >> troubled("stop:1", "its lock is held")
        play.later(10) << "wait trouble"
        assert (play.status.state, play.status.reason) == ("WAITING", "error: its lock is held")
        play >> retry(play.task, ANN) << "supervise implement#1"

    """What a person stops ends cleanly: stopped, sealed, over."""

    def test_a_running_agent_is_stopped_and_its_work_kept(self) -> None:
        play = Playbook(SIMPLE, started(1), cancelled()) << "supervise implement#1 + stop 1"
        assert play.status.reason == "stops: cancelled by ann"
        play >> ended(1, "stopped") << "seal 1"
        play >> sealed(1) << ""
        assert (play.status.state, play.status.reason) == ("CANCELLED", "cancelled by ann")

    def test_a_seal_that_cannot_be_made_does_not_keep_the_task_alive(self) -> None:
        play = Playbook(SIMPLE, started(1), ended(1), cancelled()) << "seal 1"
        play >> troubled("seal:1") << "wake + wait backoff"
        play.later(1) >> troubled("seal:1")
        play.later(5) >> troubled("seal:1") << ""
        assert play.status.state == "CANCELLED"

    @pytest.mark.parametrize(
        "story",
        [
            None,
            (),
            attempt(1),
            (*attempt(1), ran("tests", tree(1))),
            (*attempt(1), ran("tests", tree(1)), candidate(1, of=1)),
            (*attempt(1), ran("tests", tree(1), "fail"), ran("tests", BASE_TREE, "error", on_base=True)),
            (started(1), ended(1, "denied"), sealed(1)),
            (started(1), ended(1, "quota", reset_at=9e9), sealed(1)),
        ],
    )
    def test_wherever_it_stands_cancel_ends_it_at_once(self, story: tuple[f.AnyFact, ...] | None) -> None:
        play = (Playbook(None) if story is None else Playbook(SIMPLE, *story)) >> cancelled() << ""
        assert play.status.state == "CANCELLED"

    def test_nothing_is_begun_any_more(self) -> None:
        play = Playbook(SIMPLE, *attempt(1), cancelled())
        assert play.recorded[-1] == "TaskEnded"


def test_a_start_refused_is_over() -> None:
    play = Playbook(None) >> f.StartRefused(task=1, at=0, reason="no branch 'main'") << ""
    assert (play.status.state, play.status.reason) == ("FAILED", "no branch 'main'")


def test_an_agent_that_is_gone_back_on_ends_before_another_begins() -> None:
    play = Playbook(SIMPLE, started(1))
    for _ in range(3):
        play.later(10) >> troubled("attempt:1")
    play << "wait trouble"
    play >> retry(play.task, ANN, fresh=True) << "supervise implement#1 + stop 1"
    play >> ended(1, "stopped") << "seal 1"
    play >> sealed(1) << "run implement#2"
    assert play.only(s.RunAttempt).files == BASE


def test_a_workspace_that_is_set_up_is_not_said_to_wait_for_a_slot() -> None:
    play = Playbook(SIMPLE)
    assert (play.status.state, play.status.reason) == ("QUEUED", "waits for an agent slot")
    play >> f.Preparing(task=1, at=0, number=1)
    assert (play.status.state, play.status.reason) == ("RUNNING", "implement: its workspace is set up")
