"""The pipelines that walks go through: from hardly a gate to profiles, reviewers and a floor."""

from msgspec.structs import replace
from playbook import checkpoint, gate, human, line, protected, review, secrets, stage

from foremand.core.spec import LAND, POLICY_GATE, Floor, Limits, Pipeline, Profile

PATHS = {"docs": "docs/", "owner": "src/b.py", "guard": "docs/y.md", POLICY_GATE: ".foremand/"}
"""What each gate with paths sees: the start of a path."""

RAISES = {"strict": "src/c.py"}
"""What raises a task to each profile: the start of a path."""

LIMITS = Limits(cost_usd=20.0, attempts=12)

PLAIN = line(stage("implement", "tests"), limits=LIMITS)
GUARDED = line(
    stage("plan", "plan-ok", access="read"),
    stage("implement", "tests", "docs", "owner"),
    stage("harden", "tests", "lint", goto="implement", limit=1, allow_empty=True),
    gates=[
        human("plan-ok"),
        gate("docs", "command", "docs/**"),
        human("owner", "src/b.py"),
        human(POLICY_GATE, ".foremand/**"),
        human("final"),
    ],
    land=("audit", POLICY_GATE, "final"),
    limits=LIMITS,
)
LEAST = line(stage("draft", "lint"), stage("implement", "docs", "tests"), gates=[gate("docs", "command", "docs/**")])
JUDGED = line(
    stage("design", "agreed", access="read"),
    checkpoint("sound", "plan-ok", goto="design"),
    stage("implement", "tests", "review", others=("spare",)),
    checkpoint("check", "red", "fuzz", goto="implement", limit=1),
    gates=[
        review("agreed", "critic", advisory=True),
        human("plan-ok"),
        review("review", "critic", "judge", "third", quorum=2),
        gate("red", scope="stage"),
        gate("fuzz", flaky_retries=2),
    ],
    limits=Limits(cost_usd=20.0, attempts=36),
)
STRICT = line(
    stage("draft"),
    stage("implement", "secrets", "guard", "style"),
    stage("harden", "tests", goto="implement", limit=1, allow_empty=True),
    gates=[
        secrets(),
        protected("guard", "docs/y.md"),
        gate("style", advisory=True),
        human("owner", "src/b.py"),
        review("second", "critic", "judge", quorum=1),
        human(POLICY_GATE, ".foremand/**"),
    ],
    land=("audit", POLICY_GATE),
    profiles=[
        Profile(name="fast", skip=("harden",)),
        Profile(
            name="strict",
            gates={"implement": ("owner",), LAND: ("second",)},
            limits=Limits(attempts=32),
            paths=("src/c.py",),
        ),
    ],
    floor=Floor(gates=("audit",), limits=Limits(attempts=40)),
    limits=Limits(cost_usd=20.0, attempts=36),
)
PIPELINES = (PLAIN, GUARDED, LEAST, JUDGED, STRICT)
TIPS_OWN = (
    (gate("late@main"),),
    (human("legal@main"),),
    (gate("late@main", floor=True), human("owner@main", "src/b.py")),
)
"""What the tip's own file may ask besides."""

JUDGES = frozenset({"critic", "judge", "third"})
"""Agents that review, and must never write."""


def todays(pipeline: Pipeline) -> Pipeline:
    """The pipeline's file as somebody has changed it since: another tests gate, and one more at landing."""
    changed = replace(pipeline.gates["tests"], definition="todays-definition-of-tests")
    gates = pipeline.gates | {"tests": changed, "today": gate("today")}
    return replace(pipeline, gates=gates, land=replace(pipeline.land, gates=(*pipeline.land.gates, "today")))
