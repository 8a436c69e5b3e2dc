"""What people may ask, where, and what is refused with which way on."""

import pytest
from msgspec.structs import replace
from playbook import (
    ANN,
    BASE_TREE,
    PLANNED,
    SIMPLE,
    Playbook,
    attempt,
    begun,
    cancelled,
    candidate,
    ended,
    human,
    intended,
    landed,
    line,
    ran,
    read,
    refusal,
    refused,
    rev,
    sealed,
    stage,
    started,
    tree,
)

from foremand.core import commands as c
from foremand.core import facts as f
from foremand.core import steering
from foremand.core import steps as s
from foremand.core.spec import Limits
from foremand.core.why import commands as ways
from foremand.core.why import explain

TWO = line(stage("implement", "tests", "owner", "legal"), gates=[human("owner"), human("legal")])


def asked() -> Playbook:
    """Two people's gates stand open on the first attempt's revision."""
    return Playbook(TWO, *attempt(1, pipeline=TWO), ran("tests", tree(1))) << "wait person"


def stuck(pipeline: object = None) -> Playbook:
    """The only stage has used up its limit."""
    play = Playbook()
    for number in (1, 2, 3):
        play >> attempt(number) >> ran("tests", tree(number), "fail", f"{number} failed")
        play >> ran("tests", BASE_TREE, on_base=True)
    return play << "wait stuck"


class TestApprove:
    def test_one_gate(self) -> None:
        play = asked()
        (fact,) = c.approve(play.task, "owner", rev(1), ANN, "fine")
        assert isinstance(fact, f.Approved)
        assert (fact.gate, fact.about, fact.by, fact.message) == ("owner", "change:change-1", "ann", "fine")
        play >> fact << "wait person"
        assert play.status.reason == "approve legal?"

    def test_all_that_stand_open(self) -> None:
        play = asked()
        play >> c.approve(play.task, "", rev(1), ANN) << "build 1"
        assert [d.gate for d in play.task.decisions] == ["owner", "legal"]

    @pytest.mark.parametrize("digits", [7, 12, 40])
    def test_the_start_of_a_revision_is_enough(self, digits: int) -> None:
        assert c.approve(asked().task, "", rev(1)[:digits].upper(), ANN)

    @pytest.mark.parametrize("revision", ["", "01ace0", rev(2), rev(1) + "0", "0000000"])
    def test_no_other_revision_is(self, revision: str) -> None:
        assert refusal(lambda: c.approve(asked().task, "", revision, ANN)).reason in (
            "REVISION_MISSING",
            "STALE_REVISION",
        )

    def test_the_first_of_two_wins(self) -> None:
        play = asked()
        play >> c.approve(play.task, "owner", rev(1), ANN)
        second = refusal(lambda: c.approve(play.task, "owner", rev(1), ANN))
        assert (second.reason, "approved by ann" in second.message) == ("ALREADY_ANSWERED", True)

    def test_a_machines_gate_is_nobodys_to_approve(self) -> None:
        assert refusal(lambda: c.approve(asked().task, "tests", rev(1), ANN)).reason == "GATE_NOT_OPEN"
        play = Playbook(SIMPLE, *attempt(1))
        forged = f.Approved(
            task=1,
            at=0,
            gate="tests",
            stage="implement",
            definition="definition-of-tests",
            about=f"tree:{tree(1)}",
            revision=rev(1),
            by="ann",
        )
        play >> forged << f"tests on {tree(1)}"

    def test_a_machine_does_not_open_a_persons_gate(self) -> None:
        play = asked()
        for gate in ("owner", "legal"):
            play >> f.VerdictGiven(
                task=1,
                at=0,
                gate=gate,
                stage="implement",
                definition=f"definition-of-{gate}",
                about="change:change-1",
                revision=rev(1),
                verdict="pass",
                reason="",
            )
        play << "wait person"

    @pytest.mark.parametrize("story", [(), (started(1),), attempt(1)])
    def test_where_nothing_is_asked(self, story: tuple[f.AnyFact, ...]) -> None:
        assert refusal(lambda: c.approve(Playbook(SIMPLE, *story).task, "", rev(1), ANN)).reason == "WRONG_STATE"

    def test_an_earlier_revision_of_the_same_task(self) -> None:
        play = asked()
        play >> c.rework(play.task, rev(1), ANN, "simpler") >> attempt(2, pipeline=TWO) >> ran("tests", tree(2))
        play << "wait person"
        assert refusal(lambda: c.approve(play.task, "", rev(1), ANN)).reason == "STALE_REVISION"
        assert c.approve(play.task, "", rev(2), ANN)


class TestReject:
    def test_at_a_gate(self) -> None:
        play = asked()
        play >> c.reject(play.task, rev(1), ANN, "not this way") << ""
        assert (play.status.state, play.status.reason) == ("REJECTED", "rejected by ann: not this way")

    def test_where_it_is_stuck(self) -> None:
        play = stuck()
        play >> c.reject(play.task, "", ANN) << ""
        assert play.status.state == "REJECTED"

    def test_a_stale_revision(self) -> None:
        assert refusal(lambda: c.reject(asked().task, rev(2), ANN)).reason == "STALE_REVISION"
        assert refusal(lambda: c.reject(stuck().task, rev(1), ANN)).reason == "STALE_REVISION"
        assert c.reject(stuck().task, rev(3), ANN)

    def test_elsewhere(self) -> None:
        assert refusal(lambda: c.reject(Playbook().task, "", ANN)).reason == "WRONG_STATE"


class TestRework:
    def test_sends_back_with_the_persons_words_uncharged(self) -> None:
        play = asked()
        play >> c.rework(play.task, rev(1), ANN, "use a set") << "run implement#2"
        step = play.only(s.RunAttempt)
        assert "use a set" in step.feedback
        assert step.resumes == "session-1"
        assert play.task.sent_back == {}
        assert play.task.decisions[-1].decision == "rework"

    def test_grants_the_limit_again(self) -> None:
        play = stuck()
        play >> c.rework(play.task, "", ANN, "look at rounding") << "run implement#4"
        for number in (4, 5, 6):
            play >> attempt(number) >> ran("tests", tree(number), "fail")
        play << "wait stuck"

    def test_a_plan(self) -> None:
        play = Playbook(PLANNED, *read(1))
        play >> c.rework(play.task, "", ANN, "smaller steps") << "run plan#2"
        play >> read(2) << "wait person"
        assert play.recorded[-1] == "ask plan-ok", "another plan, another question"

    def test_without_words(self) -> None:
        assert refusal(lambda: c.rework(asked().task, rev(1), ANN, " \n")).reason == "MESSAGE_MISSING"


class TestCancel:
    def test_over_is_over(self) -> None:
        play = asked() >> cancelled()
        assert refusal(lambda: c.cancel(play.task, ANN)).reason == "TASK_OVER"

    def test_once(self) -> None:
        play = Playbook(SIMPLE, started(1), cancelled())
        for ask in (
            lambda: c.cancel(play.task, ANN),
            lambda: c.approve(play.task, "", rev(1), ANN),
            lambda: c.reject(play.task, "", ANN),
        ):
            assert refusal(ask).reason == "TASK_ENDING"

    def test_the_moment_of_landing(self) -> None:
        pipeline = line(stage("implement", "tests"))
        play = Playbook(pipeline, *attempt(1), ran("tests", tree(1)), candidate(1, of=1), ran("tests", "tree-on-tip"))
        assert c.cancel(play.task, ANN)
        play >> intended(1)
        assert refusal(lambda: c.cancel(play.task, ANN)).reason == "TASK_LANDING"
        play >> refused(1)
        assert c.cancel(play.task, ANN)

    def test_a_landing_that_failed_is_first_settled_by_another_try(self) -> None:
        """The branch may hold the work: nothing else may be done with it before that is known (I5)."""
        pipeline = line(stage("implement", "tests"))
        play = Playbook(pipeline, *attempt(1), ran("tests", tree(1)), candidate(1, of=1), ran("tests", "tree-on-tip"))
        play >> intended(1)
        for tried in range(3):
            play >> f.Troubled(task=1, at=0, step="land:1", reason="gone")
            assert play.status.waiting_for == ("trouble" if tried == 2 else "backoff")
            for ask in (
                lambda: c.cancel(play.task, ANN),
                lambda: c.retry(play.task, ANN, stage="implement"),
                lambda: c.retry(play.task, ANN, gate="tests"),
                lambda: c.retry(play.task, ANN, fresh=True),
                lambda: c.retry(play.task, ANN, message="again"),
            ):
                error = refusal(ask)
                assert (error.reason, error.hint) == ("TASK_LANDING", "foremanctl retry 1")
            assert "foremanctl cancel 1" not in ways(play.task, play.status)
            play.later(10)
        play >> c.retry(play.task, ANN) << "land 1"
        play >> landed(1)
        assert play.status.state == "LANDED"

    def test_before_the_start(self) -> None:
        play = Playbook(None)
        play >> c.cancel(play.task, ANN) << ""


class TestRetry:
    def test_stuck_goes_on_with_the_last_feedback_and_a_hint(self) -> None:
        play = stuck()
        play >> c.retry(play.task, ANN, message="see round()") << "run implement#4"
        feedback = play.only(s.RunAttempt).feedback
        assert "3 failed" in feedback
        assert "see round()" in feedback
        assert play.task.granted == {"implement": 2}

    def test_an_error_is_asked_again_from_the_start(self) -> None:
        play = Playbook(SIMPLE, *attempt(1))
        play >> ran("tests", tree(1), "error") >> ran("tests", BASE_TREE, "error", on_base=True)
        play.later(1) >> ran("tests", tree(1), "error")
        play.later(5) >> ran("tests", tree(1), "error") << "wait error"
        play >> c.retry(play.task, ANN) << f"tests on {tree(1)}"
        play >> ran("tests", tree(1)) << "build 1"

    def test_one_gate_that_failed_is_asked_again_on_the_same_work(self) -> None:
        play = stuck()
        before = {play_step.key for play_step in play.steps}
        play >> c.retry(play.task, ANN, gate="tests") << f"tests on {tree(3)}"
        assert play.only(s.RunGate).number == 2
        assert before == {"wait"}
        play >> ran("tests", tree(3)) << "build 1"

    def test_a_run_that_a_cancel_stopped_is_never_taken_up(self) -> None:
        play = Playbook(SIMPLE, *attempt(1))
        first = play.only(s.RunGate)
        begun_run = f.GateStarted(
            task=1, at=0, gate="tests", definition=first.gate.definition, tree=first.tree, run="tests-1"
        )
        play >> begun_run << f"tests on {tree(1)}"
        assert play.only(s.RunGate).key == first.key, "a restart takes up the run"
        play >> cancelled()
        play >> c.retry(play.task, ANN) << f"tests on {tree(1)}"
        assert play.only(s.RunGate).key != first.key

    def test_denied_resumes_the_session(self) -> None:
        play = Playbook(SIMPLE, started(1), ended(1, "denied"), sealed(1))
        play >> c.retry(play.task, ANN) << "run implement#2"
        assert play.only(s.RunAttempt).resumes == "session-1"

    def test_fresh_lays_the_revision_entered_and_begins_a_session(self) -> None:
        play = stuck()
        play >> c.retry(play.task, ANN, fresh=True) << "run implement#4"
        step = play.only(s.RunAttempt)
        assert (step.files, step.resumes) == (play.task.base, None)

    def test_an_earlier_stage_by_name(self) -> None:
        play = Playbook(PLANNED, *read(1))
        play >> c.approve(play.task, "", rev(1), ANN)
        for number in (2, 3, 4):
            play >> attempt(number, pipeline=PLANNED) >> ran("tests", tree(number), "fail")
            play >> ran("tests", BASE_TREE, on_base=True)
        play << "wait stuck"
        play >> c.retry(play.task, ANN, stage="plan", fresh=True) << "run plan#5"
        assert play.only(s.RunAttempt).files == play.task.base
        assert play.task.granted == {"implement": 2}, "granted where it was stuck"

    @pytest.mark.parametrize("state", ["cancelled", "rejected"])
    def test_an_ended_task_lives_again_with_its_work(self, state: str) -> None:
        play = asked()
        play >> (cancelled() if state == "cancelled" else c.reject(play.task, rev(1), ANN, "too long")) << ""
        play >> c.retry(play.task, ANN)
        if state == "cancelled":
            play << "wait person"
        else:
            play << "run implement#2"
            assert "too long" in play.only(s.RunAttempt).feedback
        assert play.task.over is None

    @pytest.mark.parametrize("how", [{"gate": "tests"}, {"stage": "implement"}, {}])
    def test_a_rejected_task_can_be_answered_again(self, how: dict[str, str]) -> None:
        play = Playbook(SIMPLE, *attempt(1), ran("tests", tree(1)), candidate(1, of=1), ran("tests", "tree-on-tip"))
        play << "wait person"
        play >> c.reject(play.task, play.status.revision, ANN, "no") << ""
        play >> c.retry(play.task, ANN, **how)  # type: ignore[arg-type]
        if "gate" not in how:
            play << "run implement#2"
            return
        play << "wait person"
        assert [s.verdict for s in play.status.standings] == ["pass", "waiting"]
        for ask in (
            lambda: c.reject(play.task, play.status.revision, ANN),
            lambda: c.rework(play.task, play.status.revision, ANN, "more"),
        ):
            assert ask()
        play >> c.approve(play.task, "", play.status.revision, ANN) << "build 2"

    def test_a_reject_of_an_earlier_stage_is_forgotten_too(self) -> None:
        play = Playbook(PLANNED, *read(1))
        play >> c.reject(play.task, rev(1), ANN, "no") << ""
        play >> c.retry(play.task, ANN, stage="implement") << "wait person"
        assert c.approve(play.task, "plan-ok", rev(1), ANN)

    def test_a_refused_start(self) -> None:
        play = Playbook(None) >> f.StartRefused(task=1, at=0, reason="no branch")
        play >> c.retry(play.task, ANN) << "start"
        play >> begun() << "run implement#1"

    def test_a_stopped_attempt_is_followed_by_another_in_its_session(self) -> None:
        play = Playbook(SIMPLE, started(1), cancelled(), ended(1, "stopped"), sealed(1)) << ""
        play >> c.retry(play.task, ANN) << "run implement#2"
        assert play.only(s.RunAttempt).resumes == "session-1"

    def test_quota_now_rather_than_later(self) -> None:
        play = Playbook(SIMPLE, started(1), ended(1, "quota", reset_at=9e9), sealed(1))
        play >> c.retry(play.task, ANN) << "run implement#2"

    @pytest.mark.parametrize("story", [(), (started(1),), attempt(1)])
    def test_nothing_to_retry(self, story: tuple[f.AnyFact, ...]) -> None:
        error = refusal(lambda: c.retry(Playbook(SIMPLE, *story).task, ANN))
        assert (error.reason, bool(error.hint)) == ("WRONG_STATE", True)

    def test_what_is_not_there(self) -> None:
        assert refusal(lambda: c.retry(stuck().task, ANN, stage="deploy")).reason == "NO_SUCH_STAGE"
        assert refusal(lambda: c.retry(stuck().task, ANN, gate="deploy")).reason == "NO_SUCH_GATE"

    def test_landed(self) -> None:
        pipeline = line(stage("implement", "tests"))
        play = Playbook(pipeline, *attempt(1), ran("tests", tree(1)), candidate(1, of=1), ran("tests", "tree-on-tip"))
        play >> intended(1) >> landed(1)
        assert refusal(lambda: c.retry(play.task, ANN)).reason == "TASK_OVER"


def test_why_names_the_gate_the_attempt_and_the_command() -> None:
    play = asked()
    told = "\n".join(explain(play.task))
    assert "task 1 is WAITING: approve owner, legal?" in told
    assert "gate tests: pass" in told
    assert "gate owner: waiting" in told
    assert f"foremanctl approve 1 --revision {rev(1)[:12]}" in ways(play.task, play.status)


@pytest.mark.parametrize(
    ("play", "first"),
    [
        (stuck(), "foremanctl logs 1 --gate tests"),
        (Playbook(SIMPLE, started(1), ended(1, "denied"), sealed(1)), "foremanctl retry 1"),
        (Playbook(SIMPLE, cancelled()), "foremanctl retry 1"),
        (Playbook(SIMPLE, started(1)), "foremanctl logs 1 -f"),
    ],
)
def test_every_standstill_has_a_way_on(play: Playbook, first: str) -> None:
    assert ways(play.task, play.status)[0] == first


class TestLimit:
    @staticmethod
    def used_up() -> Playbook:
        """The only run that the limit allows is over, and its work was refused."""
        play = Playbook() >> f.LimitsChanged(task=1, at=1.0, limits=Limits(attempts=1), by="ann")
        play >> attempt(1) >> ran("tests", tree(1), "fail", "1 failed") >> ran("tests", BASE_TREE, on_base=True)
        return play << "wait budget"

    def test_a_raised_limit_lets_the_task_go_on(self) -> None:
        play = self.used_up()
        play >> steering.limit(play.task, Limits(attempts=3), ANN) << "run implement#2"

    @pytest.mark.parametrize("limits", [Limits(), Limits(cost_usd=0), Limits(attempts=-1)])
    def test_nonsense_is_refused(self, limits: Limits) -> None:
        assert refusal(lambda: steering.limit(self.used_up().task, limits, ANN)).reason == "LIMIT_INVALID"

    def test_a_task_that_is_over_has_no_limits(self) -> None:
        task = (self.used_up() >> cancelled()).task
        assert refusal(lambda: steering.limit(task, Limits(attempts=3), ANN)).reason == "TASK_OVER"

    def test_retry_alone_does_not_help_and_says_what_does(self) -> None:
        refused = refusal(lambda: c.retry(self.used_up().task, ANN))
        assert refused.reason == "WRONG_STATE"
        assert "limit" in refused.hint


class TestRetryWithAnotherAgent:
    """`retry --agent`: who does the stage that is run again."""

    PIPELINE = line(
        stage("plan", access="read"), stage("implement", "tests"), stage("second", "lint", agent="other", limit=0)
    )

    def stuck(self) -> Playbook:
        play = Playbook(self.PIPELINE, *read(1, pipeline=self.PIPELINE), *attempt(2), ran("tests", tree(2)))
        (
            play
            >> (started(3, "second", agent="other"), ended(3), sealed(3))
            >> ran("lint", tree(3), "fail")
            >> ran("lint", BASE_TREE, on_base=True)
        )
        return play << "wait stuck"

    def test_where_it_stands(self) -> None:
        play = self.stuck()
        play >> c.retry(play.task, ANN, agent="coder") << "run second#4"
        step = play.only(s.RunAttempt)
        assert isinstance(step, s.RunAttempt)
        assert (step.agent, step.resumes) == ("coder", None), "another agent has no session to go on with"

    def test_at_the_stage_that_is_named(self) -> None:
        play = self.stuck()
        play >> c.retry(play.task, ANN, stage="implement", agent="other") << "run implement#4"
        assert play.only(s.RunAttempt).agent == "other"  # type: ignore[attr-defined]

    def test_at_landing_the_stage_that_it_goes_back_to(self) -> None:
        pipeline = line(stage("implement", "tests"), land=("audit", "spare"), on_fail=0)
        pipeline = replace(pipeline, agents={**self.PIPELINE.agents})
        play = Playbook(pipeline, *attempt(1), ran("tests", tree(1)), candidate(1, of=1), ran("tests", "tree-on-tip"))
        play >> ran("spare", "tree-on-tip") >> ran("audit", "tree-on-tip", "fail")
        play >> ran("audit", "tree-tip", on_base=True) << "wait stuck"
        play >> c.retry(play.task, ANN, agent="other") << "run implement#2"
        assert play.only(s.RunAttempt).agent == "other"  # type: ignore[attr-defined]

    def test_nobody_of_that_name_and_nobody_at_landing(self) -> None:
        assert refusal(lambda: c.retry(self.stuck().task, ANN, agent="nobody")).reason == "NO_SUCH_AGENT"
        pipeline = line(stage("implement", "tests"), land=("audit",), on_fail=0)
        play = Playbook(pipeline, *attempt(1), ran("tests", tree(1)), candidate(1, of=1), ran("tests", "tree-on-tip"))
        play >> ran("audit", "tree-on-tip", "fail") >> ran("audit", "tree-tip", on_base=True) << "wait stuck"
        assert refusal(lambda: c.retry(play.task, ANN, gate="audit", agent="coder")).reason == "NO_AGENT_HERE"
