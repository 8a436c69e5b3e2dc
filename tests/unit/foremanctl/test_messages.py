"""What people sent, and who heard it."""

import json
from typing import Any

from foremanctl.messages import heard, record, told
from foremand.v1 import foremand_pb2 as pb


def event(type_: str, at: str = "2026-01-01T10:00:00Z", **data: Any) -> pb.Event:
    return pb.Event(seq=1, at=at, task=12, type=type_, data=json.dumps(data).encode())


def said(message: str, key: str = "") -> pb.Event:
    return event("Said", by="ann", message=message, key=key)


def begins(number: int, **data: Any) -> pb.Event:
    return event("AttemptStarted", at="2026-01-01T10:05:00Z", number=number, **data)


def test_what_nobody_has_heard_is_not_heard() -> None:
    (message,) = heard([], [begins(1), said("look here", "k1")])
    assert record(message) == {
        "by": "ann",
        "at": "2026-01-01T10:00:00Z",
        "message": "look here",
        "attempt": None,
        "heard_at": None,
    }
    assert "no attempt has heard it yet: look here" in told(message)


def test_the_one_that_works_hears_what_is_said_to_it_and_nothing_else() -> None:
    first, second = heard([], [begins(1), said("one", "k1"), said("two", "k2"), event("Heard", number=1, key="k2")])
    assert first.attempt == 0
    assert (second.attempt, second.begun) == (1, False)
    assert "attempt 1 heard it as it worked: two" in told(second)


def test_the_next_attempt_begins_with_what_nobody_heard() -> None:
    events = [begins(1), said("one", "k1"), event("Heard", number=1, key="k1"), said("two"), begins(2)]
    first, second = heard([], events)
    assert (first.attempt, second.attempt, second.begun) == (1, 2, True)
    assert record(second)["heard_at"] == "2026-01-01T10:05:00Z"
    assert "attempt 2 began with it" in told(second)


def test_neither_a_reviewer_nor_a_person_is_told() -> None:
    (message,) = heard([], [said("one"), begins(2, gate="review"), begins(3, by="ann")])
    assert message.attempt == 0
    (message,) = heard([message], [begins(4, gate="", by="")])
    assert message.attempt == 4


def test_what_was_said_is_one_harmless_line() -> None:
    (message,) = heard([], [said("one\ntwo\x1b[2J")])
    assert told(message).endswith(": one two\\x1b[2J")
