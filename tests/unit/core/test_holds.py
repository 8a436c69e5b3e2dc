"""What other tasks' facts hold up: those it comes after, and the day's budget. Nothing new begins, nothing is lost."""

import pytest
from msgspec.structs import replace
from playbook import (
    ANN,
    APPROVES,
    BASE_TREE,
    SIMPLE,
    Playbook,
    attempt,
    begun,
    cancelled,
    ended,
    line,
    ran,
    review,
    reviewed,
    sealed,
    stage,
    started,
    submitted,
    tree,
)

from foremand.core import commands as c
from foremand.core import facts as f
from foremand.core import steering
from foremand.core import steps as s
from foremand.core.budget import Day, hold, left, spent
from foremand.core.fold import fold
from foremand.core.needs import dependents, needs
from foremand.core.task import Hold, Task
from foremand.core.why import commands, explain

NEEDS = Hold(on="needs", reason="comes after 7")
SPENT = Hold(on="budget", reason="the day's budget of $20.00 is spent")


def held(play: Playbook, by: Hold | None) -> Playbook:
    """The world has this hold from now on."""
    play.hold = by
    play.later(0)
    return play


class TestHeld:
    def test_before_the_start_nothing_is_pinned(self) -> None:
        play = held(Playbook(None, after=(7,)), NEEDS) << "wait needs"
        assert (play.status.state, play.status.reason) == ("WAITING", "comes after 7")
        assert play.recorded == ["held: comes after 7"]

    def test_it_is_written_down_once(self) -> None:
        play = held(Playbook(None), NEEDS)
        for _ in range(3):
            held(play, NEEDS)
        assert play.recorded == ["held: comes after 7"]
        held(play, Hold(on="needs", reason="needs 7 (REJECTED)")) << "wait needs"
        assert play.status.reason == "needs 7 (REJECTED)"

    def test_when_it_is_let_go_it_goes_on(self) -> None:
        play = held(held(Playbook(None), NEEDS), None) << "start"
        assert play.recorded[-1] == "Released"
        assert play.status.state == "QUEUED"

    def test_no_attempt_is_begun(self) -> None:
        play = held(Playbook(), SPENT) << "wait budget"
        held(play, None) << "run implement#1"

    def test_no_reviewer_either(self) -> None:
        pipeline = line(stage("implement", "review"), gates=[review("review", "critic")])
        play = held(Playbook(pipeline, *attempt(1, pipeline=pipeline)), SPENT) << "wait budget"
        held(play, None) >> reviewed(play.only(s.RunAttempt), APPROVES) << "build 1"

    def test_what_runs_goes_on_to_its_end_and_is_judged(self) -> None:
        play = held(Playbook(line(stage("implement", "tests")), started(1)), SPENT) << "supervise implement#1"
        play >> ended(1) << "seal 1"
        play >> sealed(1) << f"tests on {tree(1)}"
        play >> ran("tests", tree(1)) << "build 1"
        assert play.task.held is None, "money is asked about where it would be spent"

    def test_refused_work_waits_with_its_feedback(self) -> None:
        play = held(Playbook(None) >> begun() >> attempt(1), SPENT) >> ran("tests", tree(1), "fail", "2 failed")
        play >> ran("tests", BASE_TREE, on_base=True) << "wait budget"
        held(play, None) << "run implement#2"
        assert "2 failed" in play.only(s.RunAttempt).feedback  # type: ignore[attr-defined]

    @pytest.mark.parametrize("hold", [NEEDS, SPENT])
    def test_cancel_ends_it(self, hold: Hold) -> None:
        held(Playbook(None), hold) >> cancelled() << ""

    def test_a_limit_of_its_own_is_no_hold(self) -> None:
        play = held(Playbook(), SPENT)
        with pytest.raises(c.Refused):
            c.retry(play.task, ANN)

    def test_one_task_may_be_sent_past_the_days_budget(self) -> None:
        play = held(Playbook(), SPENT)
        play >> steering.resume(play.task, ANN)
        assert play.task.excused

    def test_what_the_day_leaves_bounds_the_attempt(self) -> None:
        play = Playbook()
        play.left_usd = 0.5
        assert play.only(s.RunAttempt).cost_usd == 0.5  # type: ignore[attr-defined]
        play.left_usd = 50.0
        assert play.only(s.RunAttempt).cost_usd == 5.0  # type: ignore[attr-defined]

    def test_an_agent_whose_use_is_no_money_is_not_held_up_by_it(self) -> None:
        play = Playbook(None)
        play.free, play.left_usd = frozenset({"coder"}), 0.0
        held(play, SPENT) << "start"
        play >> begun() << "run implement#1"
        assert play.only(s.RunAttempt).cost_usd == 5.0  # type: ignore[attr-defined]
        held(play, NEEDS) << "wait needs"

    def test_another_one_is_although_the_user_has_such_agents(self) -> None:
        play = Playbook()
        play.free = frozenset({"somebody"})
        held(play, SPENT) << "wait budget"


class TestRetry:
    """`retry` drops a need; nothing else does."""

    def test_where_it_waits_for_one(self) -> None:
        play = held(Playbook(None, after=(7,)), Hold(on="needs", reason="needs 7 (REJECTED)"))
        play >> c.retry(play.task, ANN)
        assert play.task.after == ()
        held(play, None) << "start"

    def test_a_cancelled_task_that_lives_again_still_comes_after_the_others(self) -> None:
        play = held(Playbook(None, after=(7,)), NEEDS) >> cancelled() << ""
        play >> c.retry(play.task, ANN) << "wait needs"
        assert play.task.after == (7,)
        play >> c.retry(play.task, ANN)
        assert play.task.after == ()

    def test_one_that_has_begun_long_ago_has_no_need_left(self) -> None:
        task = Playbook(after=(7,)).task
        assert needs(task, {}) is None


def task(number: int, *, over: str = "", after: tuple[int, ...] = ()) -> Task:
    """Another task, over like this."""
    facts: list[f.AnyFact] = [submitted(after=after)]
    if over == "LANDED":
        facts += [begun(), f.Landed(task=1, at=1.0, commit="c")]
    elif over:
        facts.append(f.TaskEnded(task=1, at=1.0, state=over, reason="r"))  # type: ignore[arg-type]
    made = fold(facts)
    assert made is not None
    return made


class TestNeeds:
    @pytest.mark.parametrize(
        ("others", "reason"),
        [
            ({7: "LANDED", 8: "LANDED"}, None),
            ({7: "", 8: "LANDED"}, "comes after 7"),
            ({7: "", 8: ""}, "comes after 7, 8"),
            ({7: "REJECTED", 8: "LANDED"}, "needs 7 (REJECTED)"),
            ({7: "FAILED", 8: "CANCELLED"}, "needs 7 (FAILED), 8 (CANCELLED)"),
            ({7: "", 8: "CANCELLED"}, "needs 8 (CANCELLED)"),
            ({8: "LANDED"}, "comes after 7"),
        ],
    )
    def test_only_landing_is_enough(self, others: dict[int, str], reason: str | None) -> None:
        known = {number: task(number, over=over) for number, over in others.items()}
        found = needs(task(9, after=(7, 8)), known)
        assert (found.reason if found else None) == reason
        assert found is None or found.on == "needs"

    def test_nobody_else_is_held(self) -> None:
        assert needs(task(9), {}) is None

    def test_who_is_to_be_looked_at_when_one_ends(self) -> None:
        tasks = {1: task(1, after=(7,)), 2: task(2, after=(7,), over="CANCELLED"), 3: task(3)}
        assert dependents(7, tasks) == (1,)


class TestBudget:
    """An unknown cost counts by its bound, and what runs has its share promised."""

    @staticmethod
    def worked(**usage: object) -> Task:
        return Playbook(None, begun(), started(1), ended(1, usage=f.Usage(**usage))).task  # type: ignore[arg-type]

    def test_what_has_been_spent_since(self) -> None:
        tasks = [self.worked(cost_usd=1.0), self.worked(bound_usd=2.5), self.worked(cost_usd=0.5, bound_usd=9.0)]
        assert spent(tasks, 0.0) == (4.0, 0.0)
        assert spent(tasks, 1000.0) == (4.0, 0.0)
        assert spent(tasks, 1000.1) == (0.0, 0.0)
        assert spent(tasks, 0.0, free=("coder",)) == (0.0, 0.0)

    def test_what_runs_is_promised_whenever_it_began(self) -> None:
        running = Playbook(None, begun(), started(1, reserved_usd=3.0)).task
        assert spent([running], 9e9) == (0.0, 3.0)

    @pytest.mark.parametrize(
        ("used", "reserved", "rest", "reason"),
        [
            (0.0, 0.0, 10.0, None),
            (4.0, 5.0, 1.0, None),
            (10.0, 0.0, 0.0, "the day's budget of $10.00 is spent"),
            (11.0, 0.0, 0.0, "the day's budget of $10.00 is spent"),
            (4.0, 6.0, 0.0, "the day's budget of $10.00 is promised to agents that run"),
            (4.0, 9.0, 0.0, "the day's budget of $10.00 is promised to agents that run"),
        ],
    )
    def test_what_is_left(self, used: float, reserved: float, rest: float, reason: str | None) -> None:
        day = Day(limit=10.0, spent=used, reserved=reserved)
        found = hold(day)
        assert (left(day), found.reason if found else None) == (rest, reason)


def test_a_retry_is_offered_only_where_what_it_comes_after_has_ended() -> None:
    waits = held(Playbook(None, after=(7,)), NEEDS)
    assert "foremanctl retry 1" not in commands(waits.task, waits.status)
    over = held(waits, Hold(on="needs", reason="needs 7 (REJECTED)"))
    assert "foremanctl retry 1" in commands(over.task, over.status)


def test_what_waits_for_a_slot_names_who_is_at_work_and_how_to_go_first() -> None:
    waits, works = Playbook(SIMPLE), Playbook(SIMPLE, started(1))
    assert waits.status.state == "QUEUED"
    busy = replace(works.task, id=9)
    assert "agents are at work on 9; priority 0 (the higher goes first)" in explain(waits.task, [waits.task, busy])
    assert commands(waits.task, waits.status)[0] == "foremanctl priority 1 1"
    assert not any("at work" in said for said in explain(works.task, [busy]))
