"""Limits, times, states, prompts: small things with many edges."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from foremanctl import texts
from foremanctl.exits import Exit, Usage
from foremanctl.limits import parse, shown
from foremanctl.output import age, clock, span
from foremanctl.states import exit_of, needs_person, worst
from foremand.v1 import foremand_pb2 as pb


def test_limits_are_in_seconds_and_dollars() -> None:
    limits = parse(["wall_clock=90s", "cost_usd=.5", "attempts=3", "cost_usd=7", "turns=40"])
    assert limits == pb.Limits(wall_clock=90, cost_usd=7, attempts=3, turns=40)
    assert parse(["wall_clock=2h"]).wall_clock == 7200
    assert parse(["tokens=2000000", "stall=20m"]) == pb.Limits(tokens=2_000_000, stall=1200)
    assert parse([]) == pb.Limits()


def test_a_limit_with_a_slip_is_named() -> None:
    with pytest.raises(Usage, match="did you mean 'attempts'"):
        parse(["atempts=3"])


@pytest.mark.parametrize("limit", ["turns=²", "turns=1_000", "cost_usd=inf", "cost_usd=-1", "wall_clock=1.5h", "x"])
def test_what_is_no_limit_is_refused(limit: str) -> None:
    with pytest.raises(Usage):
        parse([limit])


@pytest.mark.parametrize(
    ("seconds", "shown"), [(-5, "0s"), (0.9, "0s"), (59, "59s"), (60, "1m"), (7199, "1h"), (86400 * 3, "3d")]
)
def test_a_span_is_in_its_largest_unit(seconds: float, shown: str) -> None:
    assert span(seconds) == shown


def test_ages_of_times_and_of_none() -> None:
    now = datetime(2026, 1, 1, 12, tzinfo=UTC)
    assert age("2026-01-01T11:56:00Z", now) == "4m"
    assert age("2026-01-01T11:56:00", now) == "4m"
    assert age("", now) == "-"
    assert clock("soon") == "soon"


@pytest.mark.parametrize(
    ("state", "waiting_for", "code"),
    [
        (pb.LANDED, "", Exit.OK),
        (pb.RUNNING, "", Exit.OK),
        (pb.FAILED, "", Exit.NOT_LANDED),
        (pb.REJECTED, "", Exit.NOT_LANDED),
        (pb.CANCELLED, "", Exit.CANCELLED),
        (pb.WAITING, "person", Exit.NEEDS_PERSON),
        (pb.WAITING, "stuck", Exit.NEEDS_PERSON),
        (pb.WAITING, "error", Exit.NEEDS_PERSON),
        (pb.WAITING, "budget", Exit.NEEDS_PERSON),
        (pb.WAITING, "needs", Exit.NEEDS_PERSON),
        (pb.WAITING, "paused", Exit.NEEDS_PERSON),
        (pb.WAITING, "something of a later version", Exit.NEEDS_PERSON),
        (pb.WAITING, "quota", Exit.OK),
        (pb.WAITING, "", Exit.OK),
    ],
)
def test_where_a_task_stands_as_an_exit_code(state: pb.TaskState, waiting_for: str, code: Exit) -> None:
    task = pb.Task(state=state, waiting_for=waiting_for)
    assert exit_of(task) is code
    assert needs_person(task) is (code is Exit.NEEDS_PERSON)


def test_of_several_the_worst_counts() -> None:
    assert worst([]) is Exit.OK
    assert worst([Exit.OK, Exit.NEEDS_PERSON]) is Exit.NEEDS_PERSON
    assert worst([Exit.NEEDS_PERSON, Exit.NOT_LANDED, Exit.CANCELLED]) is Exit.NOT_LANDED


@pytest.mark.parametrize("text", ["", " \n", "a\0b", "\ud800"])
def test_what_is_not_written_is_refused(text: str) -> None:
    with pytest.raises(Usage):
        texts.written(text, "the prompt")


def test_text_and_file_are_not_both(tmp_path: Path) -> None:
    with pytest.raises(Usage, match="not both"):
        texts.prompt("x", "y")
    with pytest.raises(Usage, match="cannot be read"):
        texts.prompt(None, str(tmp_path))


def test_limits_are_shown_as_they_are_given() -> None:
    given = ["cost_usd=2.5", "tokens=2000000", "turns=40", "wall_clock=90m", "stall=45s", "attempts=3"]
    assert shown(parse(given)) == " ".join(given)
    assert shown(pb.Limits()) == ""
    assert shown(parse(["wall_clock=120s"])) == "wall_clock=2m"
    assert parse(shown(parse(given)).split()) == parse(given)
