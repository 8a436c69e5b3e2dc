"""Events in words: every kind of fact has its own."""

import re
import typing
from typing import Any

import msgspec
import pytest

from foremanctl.telling import SAYINGS, Phrase, told
from foremand.core import facts

KINDS: dict[str, Any] = {kind.__name__: kind for kind in typing.get_args(facts.AnyFact)}
SHA = "0123456789abcdef0123456789abcdef01234567"


def test_every_kind_of_fact_is_told_and_nothing_else() -> None:
    assert set(SAYINGS) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_told_is_a_field_of_the_fact(kind: str) -> None:
    known = {field.name: field for field in msgspec.structs.fields(KINDS[kind])}
    for phrase in SAYINGS[kind]:
        for name, inner in fields(phrase):
            assert name in known, (kind, name)
            if inner:
                assert inner in typing.cast(Any, known[name].type).__struct_fields__, (kind, name, inner)


def fields(phrase: Phrase) -> set[tuple[str, str]]:
    """The fields that a phrase names, with the field of theirs."""
    asked, words = phrase if isinstance(phrase, tuple) else ("", phrase)
    named = {(name, inner) for name, inner in re.findall(r"\{(\w+)(?:\[(\w+)\])?[^}]*\}", words)}
    flag, _, inner = asked.removeprefix("!").rstrip("]").partition("[")
    return named | ({(flag, inner)} if asked else set())


@pytest.mark.parametrize(
    ("kind", "given", "words"),
    [
        (
            "TaskSubmitted",
            {"by": "ann", "title": "Fix it", "into": "main", "after": [3, 4], "priority": 0, "profile": ""},
            "ann submits: Fix it, to land on main, after 3, 4",
        ),
        (
            "AttemptStarted",
            {"number": 2, "stage": "implement", "agent": "claude", "gate": "", "by": "", "resumes": None},
            "attempt 2, implement: claude begins",
        ),
        (
            "AttemptStarted",
            {"number": 3, "stage": "implement", "agent": "sec", "gate": "review", "by": ""},
            "attempt 3, a review for review: sec begins",
        ),
        (
            "AttemptEnded",
            {"number": 2, "outcome": "done", "exit_code": 0, "reason": "", "usage": {"cost_usd": None, "turns": 4}},
            "attempt 2: done, exit 0, 4 turns",
        ),
        (
            "AttemptEnded",
            {"number": 2, "outcome": "limit", "reason": "cost_usd", "usage": {"cost_usd": 0.5, "turns": 4}},
            "attempt 2: limit, $0.50, 4 turns, cost_usd",
        ),
        (
            "WorkSealed",
            {"number": 1, "work": {"revision": SHA, "files": 2, "added": 7, "removed": 0}, "changed": True},
            "attempt 1 left 0123456789ab, 2 files +7 -0 in all",
        ),
        ("QuestionAnswered", {"by": "ann", "allow": False, "message": "no"}, "ann denies it: no"),
        (
            "LimitsChanged",
            {"by": "ann", "limits": {"cost_usd": 10.0, "turns": None, "attempts": 5}},
            "ann sets limits: cost_usd=10, attempts=5",
        ),
        (
            "CandidateConflicted",
            {"number": 1, "source": SHA, "tip": SHA, "paths": ["a", "b", "c", "d"]},
            "candidate 1: 0123456789ab conflicts with 0123456789ab in a, b, c and 1 more",
        ),
        ("Released", {}, "is held up no longer"),
        ("Landed", {"commit": SHA, "reason": ""}, "landed as 0123456789ab"),
    ],
)
def test_a_fact_in_words(kind: str, given: dict[str, Any], words: str) -> None:
    assert told(kind, given) == words


def test_a_kind_of_a_later_version_is_told_by_its_fields() -> None:
    assert told("Blessed", {"by": "ann", "at_length": {"x": 1}, "times": 3, "why": ""}) == "by=ann times=3"


@pytest.mark.parametrize("kind", KINDS)
def test_no_kind_breaks_where_another_version_left_fields_out(kind: str) -> None:
    assert "{" not in told(kind, {})
    assert "{" not in told(kind, {"usage": None, "work": "x", "running": "long"})


def test_what_foreign_text_could_do_it_does_not() -> None:
    shown = told("Said", {"by": "ann", "message": "x\x1b[2J\n{by} " + "y" * 500})
    assert "\x1b" not in shown
    assert "\n" not in shown
    assert len(shown) < 100


def test_what_is_one_is_not_many() -> None:
    said = told("AttemptEnded", {"number": 1, "outcome": "done", "usage": {"turns": 1}})
    assert said.endswith("1 turn")
    work = {"revision": "abc", "files": 1, "added": 2, "removed": 0}
    assert "1 file +2 -0" in told("WorkSealed", {"number": 1, "work": work, "changed": True})
