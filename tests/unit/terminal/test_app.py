"""The terminal without a screen: keys as a terminal sends them, and what could be read then."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from foremanctl.exits import Conflict, Denied, Unreachable
from foremanctl.terminal.app import App
from foremanctl.terminal.model import Lost
from foremand.v1 import foremand_pb2 as pb

Make = Callable[..., pb.Task]
At = Callable[..., Any]
ESC = "\x1b"
DOWN = "\x1b[B"


def said(*numbers: int, attempt: int = 1) -> list[pb.Event]:
    """What an agent said."""
    return [
        pb.Event(
            seq=number,
            type="AgentEvent",
            attempt=attempt,
            data=json.dumps({"kind": "text", "text": f"word {number}."}).encode(),
        )
        for number in numbers
    ]


def room(fake: Any, *tasks: pb.Task, words: int = 3) -> Any:
    """A daemon with tasks of which each has one attempt, that said so many words."""
    daemon = fake(*tasks)
    known = {task.id: task for task in tasks}
    spoken = said(*range(1, words + 1))

    def events(request: pb.ListEventsRequest) -> pb.ListEventsResponse:
        if not request.attempt:
            return pb.ListEventsResponse(cursor=words)
        if request.HasField("after"):
            rest = [event for event in spoken if event.seq > request.after]
            return pb.ListEventsResponse(events=rest[:400], more=len(rest) > 400, cursor=words)
        rest = [event for event in spoken if not request.before or event.seq < request.before]
        return pb.ListEventsResponse(events=rest[-400:], more=len(rest) > 400, cursor=words)

    def detail(request: pb.GetTaskRequest) -> pb.TaskDetail:
        attempt = pb.Attempt(number=1, stage="implement", agent="claude")
        return pb.TaskDetail(task=known[request.id], attempts=[attempt])

    daemon.answers = {
        "GetTask": detail,
        "ListEvents": events,
        "ExplainTask": lambda _: pb.Explanation(lines=["because"]),
    }
    return daemon


async def test_moving_and_leaving(fake: Any, busy: Make, at: At) -> None:
    async def story(person: Any) -> None:
        await person.sees("> 1")
        person.press("j")
        await person.sees("> 2")
        person.press(DOWN)
        await person.sees("> 3")
        person.press("k")
        await person.sees("> 2")
        person.press("G")
        await person.sees("> 3")
        person.press("q")
        await person.until(lambda _: not person.app._app.is_running, "is left")

    await at(fake(busy(1), busy(2), busy(3)), story)


async def test_a_filter_is_typed_ahead(fake: Any, busy: Make, at: At) -> None:
    async def story(person: Any) -> None:
        await person.sees("> 1")
        person.press("/two\r")
        text = await person.misses("title one")
        assert "title two" in text
        assert 'only "two"' in text
        person.press(ESC)
        await person.sees("title one", "title two")

    await at(fake(busy(1, title="title one"), busy(2, title="title two")), story)


async def test_help_tells_all_keys_of_the_screen(fake: Any, busy: Make, at: At) -> None:
    async def story(person: Any) -> None:
        await person.sees("> 1")
        person.press("?")
        await person.sees("show only tasks with these words", "detach; nothing is stopped")
        person.press(ESC)
        await person.sees("> 1")

    await at(fake(busy(1)), story, rows=50)


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


async def test_the_id_goes_to_the_clipboard(fake: Any, busy: Make, at: At) -> None:
    async def story(person: Any) -> None:
        await person.sees(">17")
        person.press("y")
        await person.sees("17 copied")
        assert person.output.raw == "\x1b]52;c;MTc=\x07"

    await at(fake(busy(17)), story)


async def test_it_rings_when_somebody_begins_to_need_you(fake: Any, busy: Make, task: Make, at: At) -> None:
    daemon = fake(busy(1), task(2))

    async def story(person: Any) -> None:
        await person.sees("1 needs you")
        assert person.output.rang == 0
        daemon.change(task(1))
        await person.sees("2 need you")
        assert person.output.rang == 1
        daemon.change(busy(1))
        await person.sees("1 needs you")
        assert person.output.rang == 1

    await at(daemon, story)


async def test_tab_goes_to_the_next_that_needs_you(fake: Any, busy: Make, task: Make, at: At) -> None:
    daemon = room(fake, busy(1), task(2, attempt=1), task(3, attempt=1))

    async def story(person: Any) -> None:
        await person.sees("> 2")
        person.press("\t")
        await person.sees("> 3")
        person.press("\r")
        await person.sees(" 3  Add /v2/export", "word 3.")
        person.press("\t")
        await person.sees(" 2  Add /v2/export", "word 3.")
        person.press(ESC)
        await person.sees("> 2", "ID  STATE")

    await at(daemon, story)


async def test_a_task_is_followed_until_one_scrolls(fake: Any, busy: Make, at: At) -> None:
    daemon = room(fake, busy(1, attempt=1), words=30)

    async def story(person: Any) -> None:
        await person.sees("word 30.", "follows what is said")
        daemon.watched.put_nowait(pb.WatchResponse(cursor=31, events=said(31)))
        await person.sees("word 31.")
        person.press("k")
        await person.misses("word 31.")
        daemon.watched.put_nowait(pb.WatchResponse(cursor=32, events=said(32)))
        await person.sees("word 30.", "more was said below")
        person.press("f")
        await person.sees("word 32.", "follows")

    await at(daemon, story, task=1)


def first(text: str) -> int:
    """The number of the first word in sight."""
    found = re.search(r"^word ([0-9]+)", text, re.MULTILINE)
    return int(found[1]) if found else 0


async def test_a_long_transcript_comes_page_by_page(fake: Any, busy: Make, at: At) -> None:
    daemon = room(fake, busy(1, attempt=1), words=5000)

    async def story(person: Any) -> None:
        await person.sees("word 5000.")
        pages = [r for v, r in daemon.asked if v == "ListEvents" and r.attempt]
        assert len(pages) == 1, "one page is enough to begin"
        for _ in range(30):
            person.press("\x1b[5~")
        await person.until(lambda text: 0 < first(text) < 4600, "shows what was not in the first page")
        person.press("g")
        await person.sees("word 1.")
        for _ in range(30):
            person.press(" ")
        await person.until(lambda text: first(text) > 400, "shows what was not in the first page")
        person.press("G")
        await person.sees("word 5000.", "follows")

    await at(daemon, story, task=1)
    pages = [r for v, r in daemon.asked if v == "ListEvents" and r.attempt]
    assert len(pages) < 8


async def test_a_search_goes_through_all_of_it(fake: Any, busy: Make, at: At) -> None:
    daemon = room(fake, busy(1, attempt=1), words=2000)

    async def story(person: Any) -> None:
        await person.sees("word 2000.")
        person.press("/word 77.\r")
        await person.sees("word 77.")
        person.press("N")
        await person.sees("'word 77.' is not found above")

    await at(daemon, story, task=1)


async def test_a_stream_that_breaks_goes_on_where_it_was(fake: Any, busy: Make, at: At) -> None:
    daemon = room(fake, busy(1, attempt=1))

    async def story(person: Any) -> None:
        await person.sees("word 3.")
        daemon.watched.put_nowait(pb.WatchResponse(cursor=4, events=said(4)))
        daemon.watched.put_nowait(Unreachable("gone", lost=True))
        daemon.tell(Lost())
        await person.sees("word 4.", "reconnecting")
        daemon.watched.put_nowait(pb.WatchResponse(cursor=5, events=said(4, 5)))
        text = await person.sees("word 5.")
        assert text.count("word 4.") == 1

    await at(daemon, story, task=1)
    watched = [request.after for verb, request in daemon.asked if verb == "Watch"]
    assert watched == [3, 4]


async def test_the_next_attempt_is_followed(fake: Any, busy: Make, at: At) -> None:
    daemon = room(fake, busy(1, attempt=1))
    facts = [
        ("AttemptEnded", {"number": 1}),
        ("SentBack", {"feedback": "tests fail"}),
        ("AttemptStarted", {"number": 2}),
    ]
    events = [pb.Event(seq=n, type=type_, data=json.dumps(data).encode()) for n, (type_, data) in enumerate(facts, 4)]

    async def story(person: Any) -> None:
        await person.sees("word 3.")
        daemon.watched.put_nowait(pb.WatchResponse(cursor=6, events=events))
        await person.sees("< told before this attempt:", "  tests fail")

    await at(daemon, story, task=1)


async def test_tabs_tell_gates_and_reasons(fake: Any, task: Make, at: At) -> None:
    daemon = room(fake, task(1, attempt=1, gates=[pb.Gate(name="tests", stage="implement", verdict="pass")]))

    async def story(person: Any) -> None:
        await person.sees("word 3.")
        person.press("\x1b[C\x1b[C")
        await person.sees("tests", "pass")
        person.press("\x1b[C")
        await person.sees("because")
        person.press("\x1b[C")
        await person.sees("word 3.")

    await at(daemon, story, task=1)


async def test_a_task_that_is_not_there_is_said(fake: Any, busy: Make, at: At) -> None:
    async def story(person: Any) -> None:
        await person.sees("there is no task 99")
        person.press(ESC)
        await person.sees("> 1")

    await at(fake(busy(1)), story, task=99)


async def test_a_daemon_that_does_not_want_us_ends_it(fake: Any, at: At) -> None:
    daemon = fake()

    async def refuse(tell: Any) -> None:
        raise Denied("the daemon refuses this caller")

    daemon.run = refuse

    async def story(person: Any) -> None:
        await person.until(lambda _: not person.app._app.is_running, "ends")

    with pytest.raises((Denied, BaseExceptionGroup)):
        await at(daemon, story)


async def test_the_mouse_selects_and_opens(fake: Any, busy: Make, at: At) -> None:
    daemon = room(fake, busy(1, attempt=1), busy(2, attempt=1))

    async def story(person: Any) -> None:
        await person.sees("> 1")
        screen = person.app._screens[-1]
        screen.pick(3)
        await person.sees("> 2")
        screen.pick(0)
        screen.pick(15)
        screen.pick(3)
        await person.sees(" 2  Fix #412 rounding", "word 3.")

    await at(daemon, story)


def test_an_app_is_a_terminal() -> None:
    from foremanctl.terminal.screens import Terminal

    wanted = {name for name in vars(Terminal) if not name.startswith("_")}
    assert wanted - {"model", "look", "drafts"} <= set(dir(App))


async def test_of_a_question_without_end_both_ends_are_asked(fake: Any, busy: Make, at: At) -> None:
    async def story(person: Any) -> None:
        await person.sees("> 1")
        person.press("c")
        await person.sees("y/n")
        asking = person.app._asking
        assert asking.rows(50) == 4
        assert len(person.app.lines()) == 16
        parts = asking._parts(50)
        assert parts[0].startswith("cancel 1 (xx")
        assert parts[2].endswith("…")
        assert parts[3].endswith("y/n ")
        person.press("n")
        await person.misses("y/n")
        assert asking.rows(50) == 0

    await at(fake(busy(1, title="xx " * 2000)), story, columns=50, rows=20)


def bottom(person: Any) -> str:
    """What is really painted in the last row."""
    screen = person.app._app.renderer.last_rendered_screen
    if screen is None:
        return ""
    row = screen.data_buffer[person.output._size.rows - 1]
    return "".join(row[column].char for column in range(person.output._size.columns)).rstrip()


async def test_every_question_is_read_from_its_beginning(fake: Any, busy: Make, at: At) -> None:
    async def story(person: Any) -> None:
        await person.sees("> 1")
        person.press("/" + "x" * 90)
        await person.until(lambda _: "xxx" in bottom(person) and "/" not in bottom(person), "has scrolled")
        person.press(ESC)
        await person.until(lambda _: not person.app._asking.begun, "asks no more")
        person.press("P")
        await person.until(lambda _: bottom(person).startswith("priority of 1 ("), "asks from the beginning")
        person.press(ESC)
        await person.until(lambda _: not person.app._asking.begun, "asks no more")
        person.press("c")
        await person.until(lambda _: bottom(person).startswith("cancel 1 ("), "asks from the beginning")
        person.press("n")
        await person.until(lambda _: not person.app._asking.begun, "asks no more")

    await at(fake(busy(1)), story, columns=80)


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


async def test_keys_of_the_screen_below_do_nothing_in_help(fake: Any, busy: Make, at: At) -> None:
    async def story(person: Any) -> None:
        await person.sees("> 1")
        person.press("?")
        await person.sees("more below")
        person.press("n\tc")
        person.press("G")
        text = await person.misses("more below")
        assert "a new task, in $EDITOR" in text
        person.press("g")
        await person.sees("more below")
        person.press("q")
        await person.sees("> 1")

    await at(fake(busy(1)), story, columns=50, rows=20)
