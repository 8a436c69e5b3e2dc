"""At landing the gates of the tip's own file apply as well: nobody's old pipeline lands what today's would refuse."""

import pytest
from msgspec.structs import replace
from playbook import (
    ANN,
    APPROVES,
    REJECTS,
    TIP_TREE,
    Playbook,
    attempt,
    candidate,
    commit,
    gate,
    human,
    line,
    protected,
    ran,
    rev,
    review,
    reviewed,
    scanned,
    secrets,
    stage,
    tree,
    work,
)

from foremand.core import commands as c
from foremand.core import facts as f
from foremand.core import steering
from foremand.core import steps as s
from foremand.core.spec import LAND, POLICY_GATE, Floor, Gate, Pipeline, Profile
from foremand.core.verdicts import tips_own

OURS = line(stage("implement", "tests"))
STALE = line(stage("implement", "tests"), on_fail=0)


def named(pipeline: Pipeline, tip: Pipeline, *profiles: str) -> list[str]:
    return [each.name for each in tips_own(pipeline, tip, profiles or ("",), "main")]


class TestWhich:
    def test_what_we_ask_ourselves_is_not_asked_twice(self) -> None:
        assert named(OURS, OURS) == []
        renamed = line(stage("build", "checks"), gates=[gate("checks", definition="definition-of-tests")])
        assert named(OURS, renamed) == [], "the same question by another name"

    def test_what_is_new_or_was_changed(self) -> None:
        stricter = line(
            stage("implement", "tests", "lint"), gates=[gate("tests", definition="stricter")], land=("audit",)
        )
        assert named(OURS, stricter) == ["tests@main", "lint@main", "audit@main"]

    def test_people_are_asked_by_name(self) -> None:
        """Two people's gates may have the same words, and be two people."""
        ours = line(stage("implement", "owner"), gates=[gate("owner", "human", definition="words")])
        theirs = line(
            stage("implement", "owner", "legal"),
            gates=[gate("owner", "human", definition="words"), gate("legal", "human", definition="words")],
        )
        assert named(ours, theirs) == ["legal@main"]

    def test_its_default_profile_holds_where_it_knows_none_of_ours(self) -> None:
        strict = Profile(name="strict", gates={LAND: ("audit",)})
        theirs = line(stage("implement", "tests"), profiles=[strict, Profile(name="loose")], default_profile="strict")
        assert named(OURS, theirs) == named(OURS, theirs, "gone") == ["audit@main"]
        assert named(OURS, theirs, "loose") == []
        assert named(OURS, theirs, "loose", "strict") == ["audit@main"], "raised by its own rules"

    def test_a_default_that_skips_loosens_nothing(self) -> None:
        fast = Profile(name="fast", skip=("check",), gates={LAND: ("audit",)})
        theirs = line(stage("implement", "tests"), stage("check", "lint"), profiles=[fast], default_profile="fast")
        assert named(OURS, theirs) == ["lint@main", "audit@main"]

    def test_a_gate_of_ours_that_stops_nothing_is_no_excuse(self) -> None:
        ours = line(stage("implement", "tests", "lint"), gates=[gate("lint", advisory=True)])
        assert named(ours, line(stage("implement", "tests", "lint"))) == ["lint@main"]

    def test_nor_is_one_that_we_ask_at_its_stage_alone(self) -> None:
        ours = line(stage("implement", "tests", "lint"), gates=[gate("lint", scope="stage")])
        assert named(ours, line(stage("implement", "tests", "lint"))) == ["lint@main"]

    def test_their_stages_gates_and_plans_answers_are_not_asked(self) -> None:
        theirs = line(
            stage("plan", "agreed", access="read"), stage("implement", "red"),
            gates=[human("agreed"), gate("red", scope="stage")],
        )  # fmt: skip
        assert named(OURS, theirs) == []

    def test_their_profiles_hold_as_far_as_they_have_them(self) -> None:
        strict = Profile(name="strict", gates={LAND: ("audit",)})
        assert named(OURS, line(stage("implement", "tests"), profiles=[strict]), "strict") == ["audit@main"]
        assert named(OURS, line(stage("implement", "tests"), profiles=[strict])) == []
        assert named(OURS, line(stage("implement", "tests", "lint")), "gone") == ["lint@main"]

    def test_their_floor_is_a_floor(self) -> None:
        theirs = line(stage("implement", "tests"), floor=Floor(gates=("audit",)))
        (audit,) = tips_own(OURS, theirs, ("",), "main")
        assert (audit.name, audit.floor) == ("audit@main", True)

    def test_what_is_of_their_floor_is_asked_so_also_where_we_ask_it_otherwise(self) -> None:
        theirs = line(stage("implement", "tests"), floor=Floor(gates=("tests",)))
        (tests,) = tips_own(OURS, theirs, ("",), "main")
        assert (tests.name, tests.floor) == ("tests@main", True)
        assert named(line(stage("implement", "tests"), floor=Floor(gates=("tests",))), theirs) == []


def at_landing(*gates: Gate, pipeline: Pipeline = OURS, **fields: object) -> Playbook:
    """The candidate stands on a tip whose own file has these gates too."""
    play = Playbook(pipeline, *attempt(1, pipeline=pipeline), ran("tests", tree(1))) << "build 1"
    changes = {"tests": "t"} | {each.name: f"change-of-{each.name}" for each in gates if not each.paths}
    play >> candidate(1, of=1, pipeline=pipeline, gates=gates, **({"changes": changes} | fields))
    return play >> ran("tests", "tree-on-tip")


class TestEachKindCloses:
    def test_command(self) -> None:
        play = at_landing(gate("audit@main"), pipeline=STALE) << "audit@main on tree-on-tip"
        play >> ran("audit@main", "tree-on-tip", "fail") >> ran("audit@main", TIP_TREE, on_base=True) << "wait stuck"

    def test_secrets(self) -> None:
        made = work(1, commits=(rev(1), commit(1)))
        play = at_landing(secrets("keys@main"), pipeline=STALE) >> scanned(made, "fail", name="keys@main")
        play << "wait stuck"

    def test_protected(self) -> None:
        guard = protected("guard@main", "infra/**")
        at_landing(guard, pipeline=STALE, changes={"tests": "t", "guard@main": "x"}) << "wait stuck"
        at_landing(guard, pipeline=STALE, changes={"tests": "t"}) << "land 1"

    def test_review(self) -> None:
        pipeline = replace(STALE, agents={**STALE.agents, "critic": replace(STALE.agents["coder"], name="critic")})
        play = at_landing(review("review@main", "critic"), pipeline=pipeline) << "run land#2 critic for review@main"
        play >> reviewed(play.only(s.RunAttempt), REJECTS) << "wait stuck"
        yes = at_landing(review("review@main", "critic"), pipeline=pipeline)
        yes >> reviewed(yes.only(s.RunAttempt), APPROVES) << "land 1"

    def test_review_by_an_agent_that_our_pipeline_lacks(self) -> None:
        play = at_landing(review("review@main", "stranger")) << "wait error"
        assert "foremanctl repin 1" in play.status.reason

    def test_review_by_an_entry_that_wrote_it(self) -> None:
        play = at_landing(review("review@main", "coder")) << "wait error"
        assert "nobody reviews their own work" in play.status.reason

    def test_human(self) -> None:
        play = at_landing(human("legal@main")) << "wait person"
        assert play.status.reason == "approve legal@main?"
        play >> c.approve(play.task, "legal@main", commit(1), ANN) << "build 2"


def test_an_advisory_one_is_shown_and_stops_nothing() -> None:
    play = at_landing(gate("lint@main", advisory=True)) >> ran("lint@main", "tree-on-tip", "fail")
    play >> ran("lint@main", TIP_TREE, on_base=True) << "land 1"


def test_a_person_waives_or_asks_again() -> None:
    play = at_landing(gate("audit@main"), pipeline=STALE) >> ran("audit@main", "tree-on-tip", "fail")
    play >> ran("audit@main", TIP_TREE, on_base=True) << "wait stuck"
    again = Playbook(STALE)
    again.facts = play.facts.copy()
    again >> c.retry(again.task, ANN, gate="audit@main") << "audit@main on tree-on-tip"
    play >> steering.waive(play.task, "audit@main", commit(1), ANN, "known") << "land 1"


def test_the_next_tip_may_ask_for_something_else() -> None:
    play = at_landing(gate("audit@main")) >> ran("audit@main", "tree-on-tip") << "land 1"
    play >> f.LandingIntended(task=1, at=0, candidate=1, old="t", new=commit(1))
    play >> f.LandingRefused(task=1, at=0, candidate=1, kind="moved", reason="moved") << "build 2"
    play >> candidate(2, of=1, gates=(gate("fuzz@main"),)) << "fuzz@main on tree-on-tip"


@pytest.mark.parametrize("kind", ["command", "human"])
def test_nobody_answers_for_another_kind(kind: str) -> None:
    """A machine never opens a person's gate, nor a person a machine's by approving it."""
    play = at_landing(gate("extra@main", kind))
    said = {"task": 1, "at": 0, "gate": "extra@main", "stage": LAND, "definition": "definition-of-extra@main"}
    about = {"command": "tree:tree-on-tip", "human": "change:change-of-extra@main"}[kind]
    before = play.steps
    if kind == "human":
        play >> f.VerdictGiven(**said, about=about, revision=commit(1), verdict="pass", reason="")  # type: ignore[arg-type]
    else:
        play >> f.Approved(**said, about=about, revision=commit(1), by="ann")  # type: ignore[arg-type]
    assert play.steps == before


def test_the_policy_gate_is_asked_by_either_file() -> None:
    policy = gate(POLICY_GATE, "human", ".foremand/**")
    ours = line(stage("implement", "tests"), gates=[policy], land=(POLICY_GATE,))
    assert named(ours, ours) == []
    assert named(OURS, ours) == [f"{POLICY_GATE}@main"]
