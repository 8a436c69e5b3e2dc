"""One task in the terminal: its words as they come, page by page, and what its tabs tell."""

import json
import re
from collections.abc import Callable
from typing import Any

from foremanctl.exits import Unreachable
from foremanctl.terminal.model import Lost
from foremand.v1 import foremand_pb2 as pb

Make = Callable[..., pb.Task]
At = Callable[..., Any]
ESC = "\x1b"
DOWN = "\x1b[B"


async def test_a_task_is_followed_until_one_scrolls(room: Any, busy: Make, at: At) -> None:
    daemon = room(busy(1, attempt=1), words=30)

    async def story(person: Any) -> None:
        await person.sees("word 30.", "follows what is said")
        daemon.says(31)
        await person.sees("word 31.")
        person.press("k")
        await person.misses("word 31.")
        daemon.says(32)
        await person.sees("word 30.", "more was said below")
        person.press("f")
        await person.sees("word 32.", "follows")

    await at(daemon, story, task=1)


def first(text: str) -> int:
    """The number of the first word in sight."""
    found = re.search(r"^word ([0-9]+)", text, re.MULTILINE)
    return int(found[1]) if found else 0


async def test_a_long_transcript_comes_page_by_page(room: Any, busy: Make, at: At) -> None:
    daemon = room(busy(1, attempt=1), words=5000)

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


async def test_a_search_goes_through_all_of_it(room: Any, busy: Make, at: At) -> None:
    daemon = room(busy(1, attempt=1), words=2000)

    async def story(person: Any) -> None:
        await person.sees("word 2000.")
        person.press("/word 77.\r")
        await person.sees("word 77.")
        person.press("N")
        await person.sees("'word 77.' is not found above")

    await at(daemon, story, task=1)


async def test_a_stream_that_breaks_goes_on_where_it_was(room: Any, busy: Make, at: At) -> None:
    daemon = room(busy(1, attempt=1))

    async def story(person: Any) -> None:
        await person.sees("word 3.")
        daemon.says(4)
        daemon.watched.put_nowait(Unreachable("gone", lost=True))
        daemon.tell(Lost())
        await person.sees("word 4.", "reconnecting")
        daemon.says(4, 5)
        text = await person.sees("word 5.")
        assert text.count("word 4.") == 1

    await at(daemon, story, task=1)
    watched = [request.after for verb, request in daemon.asked if verb == "Watch"]
    assert watched == [3, 4]


async def test_the_next_attempt_is_followed(room: Any, busy: Make, at: At) -> None:
    daemon = room(busy(1, attempt=1))
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


async def test_tabs_tell_gates_and_reasons(room: Any, task: Make, at: At) -> None:
    daemon = room(task(1, attempt=1, gates=[pb.Gate(name="tests", stage="implement", verdict="pass")]))

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
