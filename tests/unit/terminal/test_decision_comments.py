"""Comments made on the decision screen: on lines, on files, on all of it, here or in the editor."""

import pytest
from deciding import ONE, Person

from foremanctl import exits


async def test_comments_are_sent_word_for_word_and_stay_until_they_are(person: Person) -> None:
    words = "  why `3`? $HOME {{ task }} ümlaut"
    person.terminal.answers = [words, "split this", "In all: fine", True]
    await person.press("n", "N", "j", "j", "j", "c", "C", "g", "c")
    assert person.terminal.questions == ["src/a.py, line 2: []", "src/a.py: []", "the whole work: []"]
    assert person.sees("In all: fine")
    assert person.sees("* split this")
    assert person.seen()[1].endswith("3 comments")
    person.terminal.pop(person.screen)
    again = Person(person.terminal, person.memory)
    await again.rest()
    assert again.sees("* split this")
    person.terminal.refusals = [exits.Unreachable("no daemon answers", lost=True)]
    with pytest.raises(exits.Unreachable):
        await again.press("w")
    assert len(person.memory.comments) == 3
    person.terminal.works.clear()
    person.terminal.answers = [True]
    await again.press("w")
    assert person.terminal.questions[-1] == "send 12 back at 111111111111 with 3 comments?"
    verb, request = person.terminal.asked[-1]
    assert (verb, request.revision) == ("ReworkTask", ONE)
    assert request.message == (f"In all: fine\n\nsrc/a.py:\nsplit this\n\nsrc/a.py, line 2:\n> two = 3\n{words}")
    assert len(person.memory.comments) == 0
    assert not person.terminal.screens


async def test_comments_can_be_changed_and_taken_back_where_they_stand(person: Person) -> None:
    person.terminal.answers = ["first", "second", ""]
    await person.press("n", "N", "j", "j", "j", "c", "j", "c")
    assert person.here().strip() == "* second"
    assert person.terminal.questions[-1] == "src/a.py, line 2: [first]"
    await person.press("c")
    assert len(person.memory.comments) == 0
    person.terminal.answers = ["third", None]
    await person.press("c", "c")
    assert [each.text for each in person.memory.comments.on(ONE)] == ["third"]
    await person.press("D")
    assert len(person.memory.comments) == 0
    await person.press("D")
    assert person.terminal.said[-1] == "nothing was said here"


async def test_without_comments_rework_opens_the_editor_on_the_change(person: Person) -> None:
    person.terminal.edits = [lambda text: text.replace("> +two = 3\n", "> +two = 3\nwhy 3?\n\nReally?\n")]
    person.terminal.answers = [False]
    await person.press("w")
    assert person.terminal.asked == []
    assert person.sees("* why 3?")
    person.terminal.edits = [lambda text: f"{text}!"]
    await person.press("g", "n", "N", "j", "j", "j", "c")  # it has several lines: the editor again
    person.terminal.answers = [True]
    await person.press("w")
    assert person.terminal.asked[-1][1].message == "src/a.py, line 2:\n> two = 3\nwhy 3?\n\nReally?!"


async def test_an_editor_that_is_left_without_a_word_sends_nothing(person: Person) -> None:
    person.terminal.edits = [lambda _: None, lambda text: text + "\n"]
    await person.press("w", "w")
    assert person.terminal.said == ["nothing was written", "nothing was written"]
    assert person.terminal.questions == []
