"""The decision screen's keys as a terminal sends them, through the whole application, with a daemon that is made up."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from foremanctl.exits import Conflict
from foremand.v1 import foremand_pb2 as pb

REVISION = "1" * 40
CHANGE = b"diff --git a/a.py b/a.py\nindex 1..2 100644\n--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-two = 2\n+two = 3\n"


@pytest.fixture
def daemon(fake: Any, task: Callable[..., pb.Task]) -> Any:
    """A daemon with one task, which waits for its owner."""
    gate = pb.Gate(name="owner", kind="human", stage="land", verdict="waiting", revision=REVISION)
    asked = task(12, stage="land", revision=REVISION, gates=[gate])

    class Deciding(fake):  # type: ignore[misc]
        async def stream(self, verb: str, request: Any) -> AsyncIterator[Any]:
            if verb != "GetDiff":
                async for each in super().stream(verb, request):
                    yield each
                return
            yield pb.DiffChunk(data=CHANGE, base="b" * 40, revision=REVISION)

    made = Deciding(asked)
    made.answers = {
        "GetTask": pb.TaskDetail(task=asked, prompt="Add it."),
        "ExplainTask": pb.Explanation(),
        **dict.fromkeys(("ApproveTask", "RejectTask", "ReworkTask"), asked),
    }
    return made


def answered(daemon: Any) -> list[tuple[str, Any]]:
    return [(verb, request) for verb, request in daemon.asked if verb in ("ApproveTask", "RejectTask", "ReworkTask")]


async def opened(person: Any) -> None:
    await person.sees("1 needs you")
    person.press("d")
    await person.sees("to decide", "M a.py  +1 -1")


async def test_a_asks_once_and_y_is_yes(daemon: Any, at: Any) -> None:
    async def story(person: Any) -> None:
        await opened(person)
        person.press("a")
        await person.sees("approve owner at 111111111111", "y/n", "then it may land on")
        person.press("n")
        await person.sees("nothing was sent")
        assert answered(daemon) == []
        person.press("ay")
        await person.sees("approved owner of 12 at 111111111111", "1 needs you")

    await at(daemon, story)
    ((verb, request),) = answered(daemon)
    assert (verb, request.gate, request.revision) == ("ApproveTask", "owner", REVISION)


async def test_from_the_floor_two_keys_decide_with_the_change_in_sight(daemon: Any, at: Any) -> None:
    async def story(person: Any) -> None:
        await person.sees("1 needs you")
        person.press("a")
        await person.sees("to decide", "M a.py", "approve owner at 111111111111", "y/n")
        person.press("n")
        await person.sees("nothing was sent")
        person.press("\x1b")
        await person.sees("1 needs you")
        person.press("a")
        await person.sees("y/n")
        person.press("y")
        await person.sees("approved owner of 12", "1 needs you")

    await at(daemon, story)
    ((verb, request),) = answered(daemon)
    assert (verb, request.gate, request.revision) == ("ApproveTask", "owner", REVISION)


async def test_a_yes_before_the_question_is_none(daemon: Any, at: Any) -> None:
    async def story(person: Any) -> None:
        await person.sees("1 needs you")
        person.press("ay")
        await person.sees("to decide", "y/n")
        person.press("n")
        await person.sees("nothing was sent")

    await at(daemon, story)
    assert answered(daemon) == []


async def test_from_a_task_x_asks_why_and_once_more(daemon: Any, at: Any) -> None:
    daemon.answers["ListEvents"] = pb.ListEventsResponse()

    async def story(person: Any) -> None:
        await person.sees("12  Add /v2/export")
        person.press("x")
        await person.sees("to decide", "reject 12; why? ")
        person.press("not this year\r")
        await person.sees("reject 12 at 111111111111?", "y/n")
        person.press("y")
        await person.sees("rejected 12")

    await at(daemon, story, task=12)
    assert [(verb, request.message) for verb, request in answered(daemon)] == [("RejectTask", "not this year")]


async def test_w_opens_the_editor_with_the_change_quoted(daemon: Any, at: Any) -> None:
    quoted: list[str] = []

    async def edit(text: str, suffix: str = ".md") -> str:
        quoted.append(text)
        return text.replace("> +two = 3\n", "> +two = 3\nwhy 3?\n")

    async def story(person: Any) -> None:
        await person.sees("1 needs you")
        person.app.edit = edit
        person.press("w")
        await person.sees("* why 3?", "send 12 back at 111111111111 with 1 comment?", "y/n")
        person.press("y")
        await person.sees("sent 12 back with 1 comment")

    await at(daemon, story)
    assert "> -two = 2\n> +two = 3\n" in quoted[0]
    assert [(verb, request.message) for verb, request in answered(daemon)] == [
        ("ReworkTask", "a.py, line 1:\n> two = 3\nwhy 3?")
    ]


async def test_d_just_looks(daemon: Any, at: Any) -> None:
    async def story(person: Any) -> None:
        await opened(person)
        text = await person.sees("a approve")
        assert "y/n" not in text

    await at(daemon, story)


async def test_the_same_key_twice_approves_nothing(daemon: Any, at: Any) -> None:
    async def story(person: Any) -> None:
        await opened(person)
        for keys in ("aa", "a\r", "a\x03", "a "):
            person.press(keys)
            await person.sees("nothing was sent")
            person.press("j")
            await person.misses("nothing was sent")

    await at(daemon, story)
    assert answered(daemon) == []


async def test_a_reason_and_a_second_key_reject(daemon: Any, at: Any) -> None:
    async def story(person: Any) -> None:
        await opened(person)
        person.press("xnot this year\r")
        await person.sees("12 ends; its work is kept", "reject 12 at 111111111111?")
        person.press("y")
        await person.sees("rejected 12")

    await at(daemon, story)
    ((verb, request),) = answered(daemon)
    assert (verb, request.message, request.revision) == ("RejectTask", "not this year", REVISION)


async def test_comments_outlive_the_screen_and_a_refusal(daemon: Any, at: Any) -> None:
    daemon.answers["ReworkTask"] = Conflict("gate owner was answered already: approved by tim")

    async def story(person: Any) -> None:
        await opened(person)
        person.press("nNjj")
        person.press("cwhy 3? ü\r")
        await person.sees("* why 3? ü", "1 comment")
        person.press("Ckeep this\r")
        await person.sees("2 comments")
        person.press("\x1b")
        await person.sees("1 needs you")
        await opened(person)
        await person.sees("2 comments")
        person.press("wy")
        await person.sees("answered already: approved by tim", "2 comments")
        daemon.answers["ReworkTask"] = pb.Task()
        person.press("wy")
        await person.sees("sent 12 back with 2 comments")

    await at(daemon, story)
    assert answered(daemon)[-1][1].message == "a.py:\nkeep this\n\na.py, line 1:\n> two = 3\nwhy 3? ü"


async def test_every_key_is_explained(daemon: Any, at: Any) -> None:
    async def story(person: Any) -> None:
        await opened(person)
        person.press("?")
        await person.sees("approve what is shown; asks once", "send it back with your comments")

    await at(daemon, story, rows=60)
