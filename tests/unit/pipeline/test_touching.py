"""What is told of one change: the profile it is raised to, and why each gate is asked or not."""

from collections.abc import Callable

import pytest

from foremand.core.spec import Pipeline
from foremand.pipeline import touching
from foremand.pipeline.paths import matches_any

RISK = (
    "version = 1",
    """version = 1
[gate.api]
kind = "human"
paths = ["api/"]
[gate.db]
kind = "protected"
paths = ["db/"]
[gate.scan]
kind = "secrets"
[profile.loose]
skip = ["plan"]
[profile.strict]
gates = {implement = ["scan"], land = ["db"]}
paths = ["pay/"]""",
)


@pytest.fixture
def follow(read: Callable[..., Pipeline], bend: Callable[..., str]) -> Callable[..., touching.Course]:
    def course(*files: str, profile: str = "") -> touching.Course:
        pipeline = read(bend(RISK, ('gates = ["boss"]', 'gates = ["boss", "api"]')))
        rules = touching.rules_of(pipeline)
        matched = {globs: tuple(f for f in files if any(matches_any(g, [f]) for g in globs)) for globs in rules}
        return touching.follow(pipeline, profile, files, matched)

    return course


def asked(course, stage):
    return {each.gate.name: each.applies for name, gates in course.stages if name == stage for each in gates}


def test_a_gate_applies_where_its_paths_are_touched(follow):
    assert asked(follow("src/a.py"), "land") == {"tests": True, "boss": True, "api": False, "foremand-policy": False}
    assert asked(follow("api/a.py", ".foremand/pipeline.toml"), "land") == {
        "tests": True,
        "boss": True,
        "api": True,
        "foremand-policy": True,
    }


def test_a_change_is_raised_by_its_files(follow):
    course = follow("pay/charge.py", "src/a.py", profile="loose")
    assert [(each.profile, each.files) for each in course.raised] == [("strict", ("pay/charge.py",))]
    assert [name for name, _ in course.stages] == ["plan", "implement", "land"], "strict skips no plan"
    assert asked(course, "implement") == {"tests": True, "scan": True}
    assert follow("src/a.py", profile="loose").raised == ()
    assert [name for name, _ in follow("src/a.py", profile="loose").stages] == ["implement", "land"]


def test_nothing_is_raised_to_where_it_is(follow):
    assert follow("pay/x.py", profile="strict").raised == ()


def test_in_words(follow):
    assert touching.in_words(follow("api/a", "api/b", "api/c", "pay/d", "pay/e")) == """\
The change touches 5 files: api/a, api/b, api/c and 2 more.
It is raised to the profile strict (pay/): pay/d, pay/e.

plan asks nothing

implement asks:
     gate tests: make test
       applies to every change
     gate scan: no secret in what would land
       applies to every change

landing asks:
     gate tests: make test
       applies to every change
     gate scan: no secret in what would land
       applies to every change
     gate db: nothing touches db/
       passes: the change touches none of it
     gate boss: a person
       applies to every change
     gate api: a person, if the change touches api/
       applies: the change touches api/a, api/b, api/c
     gate foremand-policy: a person, if the change touches .foremand/** /.foremand
       is skipped: the change touches none of its paths
"""  # fmt: skip


def test_what_is_protected_is_said_to_refuse(follow):
    text = touching.in_words(follow("db/x.sql", profile="strict"))
    assert "refuses: the change touches db/x.sql" in text
    assert text.startswith("The change touches 1 file: db/x.sql.\nIts profile is strict.\n")


def test_as_data(follow):
    data = touching.as_data(follow("pay/x"))
    assert data["raised"] == [{"profile": "strict", "paths": ["pay/"], "files": ["pay/x"]}]
    [api] = [gate for stage in data["stages"] for gate in stage["gates"] if gate["name"] == "api"]
    assert (api["applies"], api["paths"], api["files"]) == (False, ["api/"], [])
    assert api["reason"] == "is skipped: the change touches none of its paths"


def test_an_empty_change_applies_nothing_by_path(follow):
    assert touching.in_words(follow()).startswith("The change touches 0 files: nothing.\n")
