"""Strictness that follows risk: profiles add gates and lower limits; a task is only ever raised, on its real change."""

from itertools import permutations

import pytest
from msgspec.structs import replace
from playbook import (
    ANN,
    BASE_TREE,
    Playbook,
    attempt,
    begun,
    candidate,
    checkpoint,
    commit,
    gate,
    human,
    line,
    ran,
    read,
    rev,
    stage,
    tree,
)

from foremand.core import commands as c
from foremand.core import facts as f
from foremand.core import steering
from foremand.core import steps as s
from foremand.core.profiles import caps, effective, lowest
from foremand.core.spec import LAND, Floor, Limits, Pipeline, Profile
from foremand.core.task import Hold
from foremand.core.verdicts import gates_at

FAST = Profile(name="fast", skip=("plan", "harden"))
STRICT = Profile(
    name="strict",
    gates={"implement": ("owner",), LAND: ("audit",)},
    limits=Limits(cost_usd=2.0, attempts=8),
    paths=("pay/**",),
)
SAFE = Profile(name="safe", gates={"implement": ("fuzz",)}, skip=("harden",), limits=Limits(cost_usd=3.0, turns=50))
LINE = line(
    stage("plan", "plan-ok", access="read"),
    stage("implement", "tests"),
    stage("harden", "lint"),
    gates=[human("plan-ok"), human("owner")],
    profiles=[FAST, STRICT, SAFE],
)


def names(pipeline: Pipeline) -> dict[str, tuple[str, ...]]:
    """The gates of each stage, and those that `[land]` names."""
    return {each.name: each.gates for each in pipeline.stages} | {LAND: pipeline.land.gates}


class TestEffective:
    """What profiles make of a pipeline."""

    def test_none_changes_nothing(self) -> None:
        for none in ([], [""], ["", ""], ["nowhere"]):
            assert effective(LINE, none) == LINE

    def test_gates_are_added_stages_skipped_limits_lowered(self) -> None:
        assert names(effective(LINE, ["strict"])) == {
            "plan": ("plan-ok",),
            "implement": ("tests", "owner"),
            "harden": ("lint",),
            LAND: ("audit",),
        }
        assert names(effective(LINE, ["fast"])) == {"implement": ("tests",), LAND: ()}
        assert effective(LINE, ["strict"]).limits == Limits(cost_usd=2.0, attempts=8)
        assert effective(LINE, ["safe"]).limits == Limits(cost_usd=3.0, turns=50, attempts=12)

    def test_several_have_all_gates_skip_what_all_skip_and_the_lowest_limits(self) -> None:
        for order in permutations(["fast", "strict", "safe"]):
            made = effective(LINE, order)
            assert {name: set(gates) for name, gates in names(made).items()} == {
                "plan": {"plan-ok"},
                "implement": {"tests", "owner", "fuzz"},
                "harden": {"lint"},
                LAND: {"audit"},
            }
            assert made.limits == Limits(cost_usd=2.0, turns=50, attempts=8)
        assert [each.name for each in effective(LINE, ["fast", "safe"]).stages] == ["plan", "implement"]

    def test_who_began_without_a_profile_skips_nothing_ever(self) -> None:
        assert [each.name for each in effective(LINE, ["", "fast"]).stages] == ["plan", "implement", "harden"]

    @pytest.mark.parametrize("more", [["strict"], ["safe"], ["strict", "safe"]])
    @pytest.mark.parametrize("before", [[""], ["fast"], ["fast", "safe"]])
    def test_more_profiles_never_loosen(self, before: list[str], more: list[str]) -> None:
        old, new = effective(LINE, before), effective(LINE, [*before, *more])
        assert {each.name for each in old.stages} <= {each.name for each in new.stages}
        for name, gates in names(old).items():
            assert set(gates) <= set(names(new)[name])
        assert lowest(old.limits, new.limits) == new.limits
        assert {each.name for each in gates_at(old, LAND)} <= {each.name for each in gates_at(new, LAND)}

    def test_work_never_goes_back_to_a_skipped_stage(self) -> None:
        pipeline = line(
            stage("draft"), stage("implement", "tests", goto="draft"), profiles=[Profile(name="p", skip=("draft",))]
        )
        assert effective(pipeline, ["p"]).stage("implement").on_fail.goto == "implement"
        back = replace(pipeline.land.on_fail, goto="draft")
        made = effective(replace(pipeline, land=replace(pipeline.land, on_fail=back, on_conflict=back)), ["p"])
        assert (made.land.on_fail.goto, made.land.on_conflict.goto) == ("implement", "implement")

    def test_nor_to_a_checkpoint_which_has_nobody_to_put_it_right(self) -> None:
        stages = (stage("draft"), stage("implement", "tests"), checkpoint("check", "lint", goto="draft"))
        pipeline = line(*stages, profiles=[Profile(name="p", skip=("draft",))])
        assert effective(pipeline, ["p"]).stage("check").on_fail.goto == "implement"

    def test_the_caps_are_the_floors_and_the_profiles(self) -> None:
        pipeline = replace(LINE, floor=Floor(limits=Limits(turns=9, cost_usd=9.0)))
        assert caps(pipeline, ["strict", "", "nowhere"]) == Limits(cost_usd=2.0, attempts=8, turns=9)


class TestStarting:
    def test_by_the_profile_asked_for_else_by_the_default(self) -> None:
        assert Playbook(LINE, profile="fast").status.stage == "implement"
        assert Playbook(replace(LINE, default_profile="fast")).status.stage == "implement"
        assert Playbook(replace(LINE, default_profile="fast"), profile="strict").task.profile == "strict"
        assert Playbook(LINE).task.profile == ""

    def test_no_limit_above_its_profiles_or_the_floors(self) -> None:
        assert Playbook(LINE, profile="strict", limits=Limits(cost_usd=50.0)).task.limits.cost_usd == 2.0
        assert Playbook(LINE, profile="strict", limits=Limits(cost_usd=1.0)).task.limits.cost_usd == 1.0
        floor = replace(LINE, floor=Floor(limits=Limits(turns=10)))
        assert Playbook(floor, limits=Limits(turns=99)).task.limits.turns == 10

    def test_what_a_person_set_before_is_capped_at_the_start_too(self) -> None:
        play = Playbook(None) >> f.LimitsChanged(task=1, at=0, limits=Limits(turns=99), by="ann")
        play >> begun(replace(LINE, floor=Floor(limits=Limits(turns=10))))
        assert play.task.limits.turns == 10


RAISES = {"raises": {"strict": ("pay/a.py",)}}


class TestRaising:
    """Decided on the real change after every seal, recorded, and never undone."""

    def planned(self, **submit: object) -> Playbook:
        play = Playbook(LINE, *read(1, pipeline=LINE), **submit)
        return play >> c.approve(play.task, "", rev(1), ANN) << "run implement#2"

    def test_by_a_seal_before_any_of_its_gates_is_asked(self) -> None:
        play = self.planned() >> attempt(2, pipeline=LINE, **RAISES) << f"tests on {tree(2)}"
        assert play.recorded[-1] == "raise to strict"
        assert play.task.profiles == ("", "strict")
        assert (play.task.profile, play.task.raised_by) == ("strict", ("pay/a.py",))
        assert play.task.limits == Limits(cost_usd=2.0, attempts=8)
        play >> ran("tests", tree(2)) << "wait person"
        assert play.status.reason == "approve owner?"

    def test_once(self) -> None:
        play = self.planned() >> attempt(2, pipeline=LINE, **RAISES) >> ran("tests", tree(2), "fail")
        play >> ran("tests", BASE_TREE, on_base=True) >> attempt(3, pipeline=LINE, **RAISES)
        assert play.recorded.count("raise to strict") == 1

    def test_work_without_it_later_lowers_nothing(self) -> None:
        play = self.planned() >> attempt(2, pipeline=LINE, **RAISES) >> ran("tests", tree(2), "fail")
        play >> ran("tests", BASE_TREE, on_base=True) >> attempt(3, pipeline=LINE) >> ran("tests", tree(3))
        play << "wait person"
        assert play.task.profiles == ("", "strict")

    def test_stages_that_not_all_skip_run_next(self) -> None:
        play = Playbook(LINE, *attempt(1, pipeline=LINE, **RAISES), profile="fast") << f"tests on {tree(1)}"
        play >> ran("tests", tree(1)) << "wait person"
        play >> c.approve(play.task, "", rev(1), ANN) << "run plan#2"
        assert play.only(s.RunAttempt).entered == rev(1)  # type: ignore[attr-defined]
        assert [each.name for each in play.task.pipeline.stages] == ["implement", "plan", "harden"]

    def test_gates_added_to_a_stage_that_is_passed_are_asked_at_landing(self) -> None:
        play = self.planned() >> attempt(2, pipeline=LINE) >> ran("tests", tree(2)) << "run harden#3"
        play >> attempt(3, "harden", LINE, **RAISES) << f"lint on {tree(3)}"
        assert play.task.pipeline.stage("implement").gates == ("tests",)
        assert play.task.pipeline.land.gates == ("audit", "owner")
        play >> ran("lint", tree(3)) << "build 2"
        play >> candidate(2, of=3, pipeline=LINE)
        for name in ("tests", "lint", "audit"):
            play >> ran(name, "tree-on-tip")
        play << "wait person"
        assert play.status.reason == "approve owner?"

    def test_by_the_change_as_it_would_land(self) -> None:
        play = self.planned() >> attempt(2, pipeline=LINE) >> ran("tests", tree(2))
        play >> attempt(3, "harden", LINE) >> ran("lint", tree(3)) << "build 1"
        play >> candidate(1, of=3, pipeline=LINE, **RAISES)
        assert play.recorded[-1] == "raise to strict"
        play << "build 3"  # what the tip asks of this profile is looked at anew
        play >> candidate(3, of=3, pipeline=LINE, **RAISES)
        for name in ("tests", "lint", "audit"):
            play >> ran(name, "tree-on-tip")
        play << "wait person"

    def test_in_the_queue_before_it_lands(self) -> None:
        pipeline = line(stage("implement", "tests"), profiles=[replace(STRICT, gates={LAND: ("audit",)})])
        play = Playbook(pipeline, *attempt(1, pipeline=pipeline), ran("tests", tree(1)))
        play >> candidate(1, of=1, pipeline=pipeline, **RAISES) << "build 3"
        play >> candidate(3, of=1, pipeline=pipeline, **RAISES) << "tests on tree-on-tip + audit on tree-on-tip"

    def test_a_candidate_that_is_being_built_meanwhile_is_of_the_old_rules(self) -> None:
        pipeline = line(stage("implement", "tests"), profiles=[STRICT])
        play = Playbook(pipeline, *attempt(1, pipeline=pipeline), ran("tests", tree(1)))
        play >> f.ProfileRaised(task=1, at=0, profile="strict", revision=rev(1), paths=()) >> candidate(1, of=1)
        assert play.task.candidate is None

    def test_only_to_what_the_pipeline_has(self) -> None:
        play = self.planned() >> attempt(2, pipeline=LINE, raises={"gone": ("x",)}) << f"tests on {tree(2)}"
        assert play.task.profiles == ("",)

    def test_to_several_one_after_the_other(self) -> None:
        both = {"raises": {"strict": ("pay/a.py",), "safe": ("x",)}}
        play = self.planned() >> attempt(2, pipeline=LINE, **both)
        assert play.recorded[-2:] == ["raise to strict", "raise to safe"]
        assert play.task.pipeline.stage("implement").gates == ("tests", "owner", "fuzz")

    def test_a_checkpoint_that_is_passed_stays_where_it_was(self) -> None:
        """It judged what was before it: "the new tests must still fail" cannot be asked of what made them pass."""
        red = gate("red", scope="stage")
        stages = (stage("write-tests"), checkpoint("red-first", "red", goto="write-tests"), stage("implement", "tests"))
        pipeline = line(*stages, gates=[red, human("owner")], profiles=[STRICT])
        play = Playbook(pipeline, *attempt(1, "write-tests", pipeline)) >> ran("red", tree(1)) << "run implement#2"
        play >> attempt(2, pipeline=pipeline, **RAISES) << f"tests on {tree(2)}"
        assert [each.name for each in play.task.pipeline.stages] == ["write-tests", "red-first", "implement"]
        play >> ran("tests", tree(2)) << "wait person"

    def test_a_lower_limit_may_be_reached_by_it(self) -> None:
        strict = replace(STRICT, limits=Limits(attempts=1))
        pipeline = line(stage("implement", "tests"), gates=[human("owner")], profiles=[strict])
        play = Playbook(pipeline, *attempt(1, pipeline=pipeline, **RAISES)) >> ran("tests", tree(1), "fail")
        play >> ran("tests", BASE_TREE, on_base=True) << "wait budget"


class TestFloor:
    """What no profile may go below."""

    FLOORED = line(
        stage("implement", "tests"),
        stage("harden", "audit", limit=0),
        gates=[human("legal")],
        floor=Floor(gates=("audit", "legal"), limits=Limits(cost_usd=4.0, attempts=10)),
        profiles=[Profile(name="loose", skip=("harden",))],
    )

    @pytest.mark.parametrize("profile", ["", "loose"])
    def test_its_gates_are_asked_at_every_landing(self, profile: str) -> None:
        pipeline = effective(self.FLOORED, [profile])
        assert {each.name for each in gates_at(pipeline, LAND)} == {"tests", "audit", "legal"}

    def test_nobody_waives_its_gate(self) -> None:
        play = Playbook(self.FLOORED, *attempt(1, pipeline=self.FLOORED), ran("tests", tree(1)))
        play >> attempt(2, "harden", self.FLOORED) >> ran("audit", tree(2), "fail")
        play >> ran("audit", BASE_TREE, on_base=True) << "wait stuck"
        with pytest.raises(c.Refused) as caught:
            steering.waive(play.task, "audit", rev(2), ANN, "please")
        assert caught.value.reason == "FLOOR_GATE"

    def test_nor_where_only_the_tips_file_has_the_floor(self) -> None:
        pipeline = line(stage("implement", "tests"), on_fail=0)
        audit = gate("audit@main", floor=True)
        play = Playbook(pipeline, *attempt(1, pipeline=pipeline), ran("tests", tree(1)))
        (
            play
            >> candidate(1, of=1, pipeline=pipeline, gates=(audit,))
            >> ran("tests", "tree-on-tip")
            >> ran("audit@main", "tree-on-tip", "fail")
        )
        play >> ran("audit@main", "tree-tip", on_base=True) << "wait stuck"
        with pytest.raises(c.Refused) as caught:
            steering.waive(play.task, "audit@main", commit(1), ANN, "please")
        assert caught.value.reason == "FLOOR_GATE"

    @pytest.mark.parametrize("limits", [Limits(cost_usd=4.01), Limits(attempts=11), Limits(turns=5, attempts=99)])
    def test_nobody_raises_a_limit_above_it(self, limits: Limits) -> None:
        play = Playbook(self.FLOORED)
        with pytest.raises(c.Refused) as caught:
            steering.limit(play.task, limits, ANN)
        assert caught.value.reason == "LIMIT_ABOVE_FLOOR"
        assert steering.limit(play.task, Limits(cost_usd=4.0, attempts=10, turns=1000), ANN)

    def test_a_task_that_began_below_may_go_up_to_it(self) -> None:
        play = Playbook(self.FLOORED, limits=Limits(attempts=1)) >> attempt(1) >> ran("tests", tree(1), "fail")
        play >> ran("tests", BASE_TREE, on_base=True) << "wait budget"
        play >> steering.limit(play.task, Limits(attempts=10), ANN) << "run implement#2"


def test_a_task_that_is_held_is_raised_all_the_same() -> None:
    play = Playbook(LINE, profile="fast")
    play.hold = Hold(on="budget", reason="spent")
    play >> attempt(1, pipeline=LINE, **RAISES) << f"tests on {tree(1)}"
    assert "raise to strict" in play.recorded
