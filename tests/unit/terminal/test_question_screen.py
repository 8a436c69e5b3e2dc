"""What an agent asks, and a person's yes or no to it: seen in full, answered once, and whoever was first is named."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from foremanctl.exits import Conflict, Unreachable
from foremanctl.terminal.model import Lost
from foremand.v1 import foremand_pb2 as pb

Make = Callable[..., pb.Task]
At = Callable[..., Any]
ESC = "\x1b"


def asks(key: str, text: str = "rm -r build", tool: str = "Bash") -> pb.Question:
    return pb.Question(key=key, tool=tool, text=text, attempt=2, asked_at="2027-01-15T07:56:00.000Z")


@pytest.fixture
def waiting(task: Make) -> Make:
    """Makes tasks whose agent asks something."""

    def make(number: int = 12, *questions: pb.Question) -> pb.Task:
        return task(number, waiting_for="question", reason="claude asks: Bash: rm -r build", questions=questions)

    return make


async def test_it_is_shown_and_allowed_with_one_key(fake: Any, waiting: Make, at: At) -> None:
    daemon = fake(waiting(12, asks("k-1")))
    daemon.answers = {"AnswerQuestion": waiting(12)}

    async def story(person: Any) -> None:
        await person.sees(">12", "Q answer")
        person.press("Q")
        await person.sees("12  Add /v2/export", "may it use Bash?  attempt 2 asked", "rm -r build", "y allow this once")
        person.press("y")
        await person.sees("12: allowed Bash", ">12")

    await at(daemon, story)
    ((verb, request),) = daemon.asked
    assert (verb, request.id, request.question, request.allow) == ("AnswerQuestion", 12, "k-1", True)
    assert request.request_id


@pytest.mark.parametrize(("typed", "message"), [("use make clean\r", "use make clean"), ("\r", "")])
async def test_a_no_may_have_its_reason(fake: Any, waiting: Make, at: At, typed: str, message: str) -> None:
    daemon = fake(waiting(12, asks("k-1")))
    daemon.answers = {"AnswerQuestion": waiting(12)}

    async def story(person: Any) -> None:
        await person.sees(">12")
        person.press(f"Qn{typed}")
        await person.sees("12: denied Bash")

    await at(daemon, story)
    ((_, request),) = daemon.asked
    assert (request.allow, request.message) == (False, message)


@pytest.mark.parametrize("keys", [f"n{ESC}", ESC, "j", "\r", "x", "a"])
async def test_every_other_key_answers_nothing(fake: Any, waiting: Make, at: At, keys: str) -> None:
    daemon = fake(waiting(12, asks("k-1")))

    async def story(person: Any) -> None:
        await person.sees(">12")
        person.press("Q")
        await person.sees("allow this once")
        person.press(keys[0])
        if keys[1:]:
            await person.until(lambda _: person.app._asking.begun, "asks why")
            person.press(keys[1:])
            await person.until(lambda _: not person.app._asking.begun, "asks no more")
        person.press("?")
        await person.sees("esc goes back")

    await at(daemon, story)
    assert daemon.asked == []


async def test_of_several_the_oldest_is_first_and_the_next_follows(fake: Any, waiting: Make, at: At) -> None:
    first, second = asks("k-1", "make one"), asks("k-2", "make two", tool="WebFetch")
    daemon = fake(waiting(12, first, second))
    daemon.answers = {"AnswerQuestion": waiting(12, second)}

    async def story(person: Any) -> None:
        await person.sees(">12")
        person.press("Q")
        await person.sees("make one", "the oldest of 2")
        person.press("y")
        await person.sees("make two", "may it use WebFetch")
        daemon.change(waiting(12, second))
        person.press("nno\r")
        await person.sees(">12", "denied WebFetch")

    await at(daemon, story)
    assert [(request.question, request.allow) for _, request in daemon.asked] == [("k-1", True), ("k-2", False)]


async def test_who_was_first_is_named_while_one_looks(fake: Any, waiting: Make, busy: Make, at: At) -> None:
    daemon = fake(waiting(12, asks("k-1")))
    answered = {"key": "k-1", "allow": False, "by": "mona"}
    events = [
        pb.Event(seq=4, type="QuestionAnswered", data=json.dumps({**answered, "key": "k-0", "by": "bob"}).encode()),
        pb.Event(seq=5, type="QuestionAnswered", data=json.dumps(answered).encode()),
    ]
    daemon.answers = {"ListEvents": pb.ListEventsResponse(events=events)}

    async def story(person: Any) -> None:
        await person.sees(">12")
        person.press("Q")
        await person.sees("allow this once")
        daemon.change(busy(12))
        await person.sees(">12", "was denied meanwhile by mona")

    await at(daemon, story)
    assert [verb for verb, _ in daemon.asked] == ["ListEvents"]


async def test_what_is_withdrawn_is_said_and_the_next_is_shown(fake: Any, waiting: Make, at: At) -> None:
    first, second = asks("k-1", "make one"), asks("k-2", "make two")
    daemon = fake(waiting(12, first, second))
    daemon.answers = {"ListEvents": pb.ListEventsResponse()}

    async def story(person: Any) -> None:
        await person.sees(">12")
        person.press("Q")
        await person.sees("make one")
        daemon.change(waiting(12, second))
        await person.sees("make two", "is not asked any more")

    await at(daemon, story)


async def test_an_answer_that_comes_second_is_refused_and_says_so(fake: Any, waiting: Make, at: At) -> None:
    daemon = fake(waiting(12, asks("k-1")))
    daemon.answers = {"AnswerQuestion": Conflict("this question was answered already: denied by mona")}

    async def story(person: Any) -> None:
        await person.sees(">12")
        person.press("Q")
        await person.sees("may it use Bash", "rm -r build")
        person.press("y")
        await person.sees(">12", "answered already: denied by mona")

    await at(daemon, story)


async def test_an_answer_that_did_not_arrive_may_be_given_again(fake: Any, waiting: Make, at: At) -> None:
    daemon = fake(waiting(12, asks("k-1")))
    daemon.answers = {"AnswerQuestion": Unreachable("no daemon answers", lost=True)}

    async def story(person: Any) -> None:
        await person.sees(">12")
        person.press("Q")
        await person.sees("may it use Bash", "rm -r build")
        person.press("y")
        await person.sees("no daemon answers", "may it use Bash")
        daemon.answers = {"AnswerQuestion": waiting(12)}
        person.press("y")
        await person.sees("12: allowed Bash", ">12")

    await at(daemon, story)


async def test_what_has_not_been_seen_is_asked_about_once(fake: Any, waiting: Make, at: At) -> None:
    long = "\n".join(f"line {number}" for number in range(1, 61))
    daemon = fake(waiting(12, asks("k-1", long)))
    daemon.answers = {"AnswerQuestion": waiting(12)}

    async def story(person: Any) -> None:
        await person.sees(">12")
        person.press("Q")
        await person.sees("line 1", "lines more below")
        person.press("y")
        await person.sees("you have not seen", "lines of it; allow it?")
        person.press("n")
        await person.misses("allow it?")
        assert daemon.asked == []
        person.press("G")
        await person.sees("line 60", "that is its end")
        person.press("y")
        await person.sees("you have not seen 22 lines of it; allow it?")
        person.press("n")
        await person.misses("allow it?")
        person.press("k" * 18)
        await person.sees("line 24", "line 42", "18 lines more below")
        person.press("k" * 6)
        await person.sees("line 18", "line 36", "24 lines more below")
        person.press("G")
        await person.sees("line 60", "that is all of it")
        person.press("y")
        await person.sees("12: allowed Bash")

    await at(daemon, story, rows=24)


@pytest.mark.parametrize("text", ["rm -r build", "\n".join(map(str, range(300)))])
async def test_what_was_never_painted_is_not_allowed(fake: Any, waiting: Make, at: At, text: str) -> None:
    daemon = fake(waiting(12, asks("k-1", text)))

    async def story(person: Any) -> None:
        await person.sees(">12")
        person.press("Qy")
        await person.sees("may it use Bash", "look at it first")

    await at(daemon, story)
    assert daemon.asked == []


async def test_what_was_never_painted_can_be_denied(fake: Any, waiting: Make, at: At) -> None:
    daemon = fake(waiting(12, asks("k-1")))
    daemon.answers = {"AnswerQuestion": waiting(12)}

    async def story(person: Any) -> None:
        await person.sees(">12")
        person.press("Qn\r")
        await person.sees("12: denied Bash")

    await at(daemon, story)


async def test_a_key_that_is_held_allows_one_question_alone(fake: Any, waiting: Make, at: At) -> None:
    first, second = asks("k-1", "ls"), asks("k-2", "rm -rf /")
    daemon = fake(waiting(12, first, second))
    daemon.answers = {"AnswerQuestion": waiting(12, second)}

    async def story(person: Any) -> None:
        await person.sees(">12")
        person.press("Q")
        await person.sees("ls", "the oldest of 2")
        for _ in range(5):
            person.press("y")
            await person.sees("rm -rf /")
        await person.sees("allow Bash: rm -rf /? it is another question; write yes to allow it: ", "yyy")
        person.press("\r")
        await person.misses("write yes")
        assert [request.question for _, request in daemon.asked] == ["k-1"]
        person.press("y")
        await person.sees("write yes to allow it")
        person.press("yes\r")
        await person.sees(">12")

    await at(daemon, story)
    assert [(request.question, request.allow) for _, request in daemon.asked] == [("k-1", True), ("k-2", True)]


async def test_what_takes_the_place_of_one_that_another_answered_wants_a_word(fake: Any, waiting: Make, at: At) -> None:
    long = "rm -rf /\n" * 60
    daemon = fake(waiting(12, asks("k-1"), asks("k-2", long)))
    daemon.answers = {"ListEvents": pb.ListEventsResponse()}

    async def story(person: Any) -> None:
        await person.sees(">12")
        person.press("Q")
        await person.sees("may it use Bash", "rm -r build")
        daemon.change(waiting(12, asks("k-2", long)))
        await person.sees("rm -rf /")
        person.press("y")
        await person.sees("allow Bash: rm -rf /", "it is another question; you have not seen", "write yes")
        person.press(ESC)
        await person.misses("write yes")

    await at(daemon, story)
    assert [verb for verb, _ in daemon.asked] == ["ListEvents"]


async def test_what_is_left_out_is_said_and_asked_about(fake: Any, waiting: Make, at: At) -> None:
    question = asks("k-1", "make\n… 84000 characters left out …\n# all")
    question.omitted = 84_000
    daemon = fake(waiting(12, question))
    daemon.answers = {"AnswerQuestion": waiting(12)}

    async def story(person: Any) -> None:
        await person.sees(">12")
        person.press("Q")
        text = await person.sees("# all", "that is its end; 84000 characters of it are not shown")
        assert "that is all of it" not in text
        person.press("y")
        await person.sees("84000 characters of it are not shown; allow it?")
        assert daemon.asked == []
        person.press("y")
        await person.sees("12: allowed Bash")

    await at(daemon, story)


async def test_in_another_width_nothing_was_seen_yet(fake: Any, waiting: Make, at: At) -> None:
    daemon = fake(waiting(12, asks("k-1", "word " * 500)))

    async def story(person: Any) -> None:
        await person.sees(">12")
        person.press("Q")
        await person.sees("lines more below")
        person.press("G")
        await person.sees("that is all of it")
        person.output._size = person.output._size._replace(columns=200)
        await person.sees("that is all of it")
        person.output._size = person.output._size._replace(columns=100)
        await person.sees("lines more below")
        person.press("y")
        await person.sees("you have not seen")
        person.press("n")
        await person.misses("you have not seen")

    await at(daemon, story, rows=24)
    assert daemon.asked == []


async def test_help_that_was_opened_meanwhile_stays(fake: Any, waiting: Make, at: At) -> None:
    daemon = fake(waiting(12, asks("k-1")))
    answered = asyncio.Event()

    async def ask(verb: str, _request: Any) -> pb.Task:
        assert verb == "AnswerQuestion"
        await answered.wait()
        return waiting(12)

    daemon.ask = ask

    async def story(person: Any) -> None:
        await person.sees(">12")
        person.press("Q")
        await person.sees("may it use Bash", "rm -r build")
        person.press("y?")
        await person.sees("esc goes back")
        answered.set()
        await person.sees("12: allowed Bash")
        person.press("k")
        await person.sees("esc goes back", "allow it, this once")
        person.press(ESC)
        await person.sees(">12")

    await at(daemon, story)


async def test_nothing_that_an_agent_writes_breaks_the_screen(fake: Any, waiting: Make, at: At) -> None:
    hostile = "echo \x1b[2J\x1b]52;c;aGk=\x07 \u202egnp.exe\u2066 \u0300" + "\u0301" * 50 + "\n" + "x" * 100_000
    daemon = fake(waiting(12, asks("k-1", hostile, tool="Ba\x1b[31msh")))

    async def story(person: Any) -> None:
        await person.sees(">12")
        person.press("Q")
        text = await person.sees("allow this once")
        assert not set(text) & set("\x1b\x07\u202e\u2066")
        assert "\\x1b[2J" in text
        assert len(text.splitlines()) <= 24

    await at(daemon, story)


async def test_in_a_small_window_the_tool_and_the_keys_are_there(fake: Any, waiting: Make, at: At) -> None:
    daemon = fake(waiting(12, asks("k-1", "\n".join("ab")), asks("k-2")))

    async def story(person: Any) -> None:
        await person.sees(">12")
        person.press("Q")
        text = await person.sees("may it use Bash?", "y allow this once", "1 line more below")
        assert max(map(len, text.splitlines())) <= 50
        daemon.tell(Lost())
        await person.sees("reconnecting... ", "may it use Bash?")

    await at(daemon, story, rows=6, columns=50)


async def test_where_nothing_is_asked_that_is_said(fake: Any, busy: Make, at: At) -> None:
    async def story(person: Any) -> None:
        await person.sees("> 1")
        person.press("Q")
        await person.sees("1 asks nothing")

    await at(fake(busy(1)), story)
