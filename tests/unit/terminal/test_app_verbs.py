"""Keys that ask the daemon for something: asked once, sent once, and what came of it is said."""

from collections.abc import Callable
from typing import Any

import pytest

from foremanctl.exits import Conflict
from foremand.v1 import foremand_pb2 as pb

Make = Callable[..., pb.Task]
At = Callable[..., Any]
ESC = "\x1b"
DOWN = "\x1b[B"


@pytest.mark.parametrize(
    ("keys", "verb", "fields"),
    [
        ("r\r", "RetryTask", {"id": 1, "message": ""}),
        ("rtry the other\r", "RetryTask", {"id": 1, "message": "try the other"}),
        ("cy", "CancelTask", {"id": 1}),
        ("P\b5\r", "PrioritizeTask", {"id": 1, "priority": 5}),
        ("P\b-7\r", "PrioritizeTask", {"id": 1, "priority": -7}),
    ],
)
async def test_a_verb_is_asked_once_and_its_answer_said(
    fake: Any, busy: Make, at: At, keys: str, verb: str, fields: dict[str, Any]
) -> None:
    daemon = fake(busy(1))
    daemon.answers = {verb: busy(1, reason="as you said")}

    async def story(person: Any) -> None:
        await person.sees("> 1")
        person.press(keys)
        await person.until(lambda text: "as you said" in text or "is yours" in text, "says the answer")

    await at(daemon, story)
    ((asked, request),) = daemon.asked
    assert asked == verb
    assert request.request_id
    assert {name: getattr(request, name) for name in fields} == fields


@pytest.mark.parametrize("keys", ["cn", "c\x1b", "c\r", "cq", "r\x1b", "s\r", "s\x1b", "tn"])
async def test_what_is_not_answered_is_not_done(fake: Any, busy: Make, at: At, keys: str) -> None:
    daemon = fake(busy(1), busy(2))

    async def story(person: Any) -> None:
        await person.sees("> 1")
        person.press(keys[0])
        await person.until(lambda _: person.app._asking.begun, "asks")
        person.press(keys[1:])
        await person.until(lambda _: not person.app._asking.begun, "asks no more")
        person.press("j")
        await person.sees("> 2")

    await at(daemon, story)
    assert daemon.asked == []


async def test_what_is_paused_goes_on_by_the_same_key(fake: Any, task: Make, at: At) -> None:
    paused = task(1, waiting_for="paused")
    daemon = fake(paused)
    daemon.answers = {"ResumeTask": task(1, reason="goes on"), "GetTask": pb.TaskDetail(task=paused)}

    async def story(person: Any) -> None:
        await person.sees("p resume")
        person.press("p")
        await person.sees("goes on")

    await at(daemon, story)


async def test_what_works_is_paused(fake: Any, busy: Make, at: At) -> None:
    daemon = fake(busy(1))
    daemon.answers = {"PauseTask": busy(1, reason="stops"), "GetTask": pb.TaskDetail(task=busy(1))}

    async def story(person: Any) -> None:
        await person.sees("> 1")
        person.press("p")
        await person.sees("stops")

    await at(daemon, story)


async def test_what_has_changed_is_neither_paused_nor_resumed(fake: Any, task: Make, at: At) -> None:
    daemon = fake(task(1, waiting_for="quota"))
    paused = task(1, waiting_for="paused", reason="paused by mona")
    daemon.answers = {"ResumeTask": task(1, reason="goes on"), "GetTask": pb.TaskDetail(task=paused)}

    async def story(person: Any) -> None:
        await person.sees("p resume")
        person.press("p")
        await person.sees("nothing was done, it has changed", "paused by mona")

    await at(daemon, story)
    assert [verb for verb, _ in daemon.asked] == ["GetTask"]


async def test_what_the_agent_is_told_and_when_it_hears(fake: Any, busy: Make, at: At) -> None:
    daemon = fake(busy(1))
    daemon.answers = {"SendTask": pb.SendTaskResponse(task=busy(1), when="with its next attempt")}

    async def story(person: Any) -> None:
        await person.sees("> 1")
        person.press("suse the fixture\r")
        await person.sees("1: with its next attempt")

    await at(daemon, story)
    assert daemon.asked[0][1].text == "use the fixture"


async def test_one_key_breaks_off_what_it_is_at(fake: Any, busy: Make, at: At) -> None:
    daemon = fake(busy(1))
    daemon.answers = {"SendTask": pb.SendTaskResponse(task=busy(1), when="the agent is interrupted")}

    async def story(person: Any) -> None:
        await person.sees("> 1")
        person.press("Sread it again\r")
        await person.sees("1: the agent is interrupted")
        person.press("sby the way\r")
        await person.until(lambda _: len(daemon.asked) == 2, "tells the other too")

    await at(daemon, story)
    assert [(request.text, request.interrupt) for _, request in daemon.asked] == [
        ("read it again", True),
        ("by the way", False),
    ]


@pytest.mark.parametrize("typed", ["high", "1.5", "99999999999", "--"])
async def test_what_is_no_priority_is_said_and_not_sent(fake: Any, busy: Make, at: At, typed: str) -> None:
    daemon = fake(busy(1))

    async def story(person: Any) -> None:
        await person.sees("> 1")
        person.press(f"P\b{typed}\r")
        await person.sees(typed)
        await person.until(lambda text: "priority of" not in text, "says so")
        await person.sees("whole number") if not typed.isdigit() else await person.sees("more than")

    await at(daemon, story)
    assert daemon.asked == []


async def test_a_refusal_is_said_and_nothing_ends(fake: Any, busy: Make, at: At) -> None:
    daemon = fake(busy(1), busy(2))
    refusal = Conflict("task 1 is not running", hint="foremanctl why 1")
    daemon.answers = {"PauseTask": refusal, "GetTask": pb.TaskDetail(task=busy(1))}

    async def story(person: Any) -> None:
        await person.sees("> 1")
        person.press("p")
        await person.sees("task 1 is not running; foremanctl why 1")
        person.press("j")
        await person.misses("task 1 is not running")

    await at(daemon, story)


async def test_where_to_work_by_hand_is_said_when_it_is_known(fake: Any, busy: Make, at: At) -> None:
    daemon = fake(busy(1))
    daemon.answers = {"TakeTask": busy(1, reason="stops: taken by mona")}

    async def story(person: Any) -> None:
        await person.sees("> 1")
        person.press("ty")
        await person.sees("1 is yours once its agent has stopped")
        daemon.change(busy(1, state=pb.WAITING, waiting_for="taken", workspace="/w/1/tree"))
        await person.sees("1 is yours, t gives it back: /w/1/tree")
        person.press("j")
        await person.sees("t give")

    await at(daemon, story)


async def test_who_waits_for_a_workspace_can_leave(fake: Any, busy: Make, at: At) -> None:
    daemon = fake(busy(1))
    daemon.answers = {"TakeTask": busy(1)}

    async def story(person: Any) -> None:
        await person.sees("> 1")
        person.press("ty")
        await person.sees("1 is yours once its agent has stopped")
        person.press("q")
        await person.until(lambda _: not person.app._app.is_running, "is left")

    await at(daemon, story)


async def test_limits_are_edited_and_what_is_wrong_is_mended(fake: Any, busy: Make, at: At) -> None:
    daemon = fake(busy(1))
    detail = pb.TaskDetail(task=busy(1), limits=pb.Limits(cost_usd=5, attempts=12))
    daemon.answers = {"GetTask": detail, "LimitTask": busy(1, reason="as you said")}

    async def story(person: Any) -> None:
        await person.sees("> 1")
        person.press("L")
        await person.sees("stall=", "cost_usd=5 attempts=12")
        person.press("0 stall=x\r")
        await person.sees("this is no length of time", "attempts=120 stall=x")
        person.press("\b9m\r")
        await person.sees("as you said")

    await at(daemon, story)
    request = daemon.asked[-1][1]
    assert request.limits == pb.Limits(attempts=120, stall=540)
