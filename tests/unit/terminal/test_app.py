"""The terminal without a screen: keys as a terminal sends them, and what could be read then."""

from collections.abc import Callable
from typing import Any

import pytest

from foremanctl.exits import Denied
from foremanctl.terminal.app import App
from foremand.v1 import foremand_pb2 as pb

Make = Callable[..., pb.Task]
At = Callable[..., Any]
ESC = "\x1b"
DOWN = "\x1b[B"


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


async def test_tab_goes_to_the_next_that_needs_you(room: Any, busy: Make, task: Make, at: At) -> None:
    daemon = room(busy(1), task(2, attempt=1), task(3, attempt=1))

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


async def test_a_daemon_that_does_not_want_us_ends_it(fake: Any, at: At) -> None:
    daemon = fake()

    async def refuse(tell: Any) -> None:
        raise Denied("the daemon refuses this caller")

    daemon.run = refuse

    async def story(person: Any) -> None:
        await person.until(lambda _: not person.app._app.is_running, "ends")

    with pytest.raises((Denied, BaseExceptionGroup)):
        await at(daemon, story)


async def test_the_mouse_selects_and_opens(room: Any, busy: Make, at: At) -> None:
    daemon = room(busy(1, attempt=1), busy(2, attempt=1))

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
