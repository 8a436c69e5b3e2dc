"""What the decision screen shows is of one revision, and what is new since somebody looked can be told."""

from typing import Any

from deciding import LATER, ONE, TWO, FakeTerminal, Person, detail

from foremanctl.terminal.comments import Comment, Place
from foremanctl.terminal.decision_screen import Memory
from foremand.v1 import foremand_pb2 as pb


async def test_what_is_new_since_the_last_look_is_a_key_away() -> None:
    terminal, memory = FakeTerminal(), Memory(looked=ONE)
    memory.comments.put(Comment(ONE, Place("src/a.py", 1), "keep", "one"))
    terminal.detail = detail(TWO)
    terminal.patches[""] = LATER
    person = Person(terminal, memory)
    await person.rest()
    assert person.sees("it has changed since you looked at 111111111111: d shows only that")
    assert [each.revision for each in memory.comments.on(TWO)] == [TWO]
    await person.press("d")
    assert person.sees("since you looked at 111111111111 alone")
    assert person.sees("-two = 3")
    await person.press("n", "N", "j")
    assert person.here().endswith("-two = 3")
    await person.press("c")
    assert "this line was removed since then" in terminal.said[-1]
    await person.press("d")
    assert not person.sees("since you looked at 111111111111 alone")


async def test_without_an_earlier_look_there_is_nothing_to_compare(person: Person) -> None:
    await person.press("d")
    assert person.terminal.said == ["you have not looked at an earlier revision, and nobody has approved one"]


async def test_since_an_approval_too() -> None:
    terminal = FakeTerminal()
    said = pb.Approval(gate="owner", decision="approved", revision=TWO, by="tim", at="2026-01-01T00:00:00Z")
    terminal.detail = detail(approvals=[said])
    person = Person(terminal, Memory())
    await person.rest()
    await person.press("d")
    assert terminal.diffs[-1].since_approval
    assert person.seen()[1].startswith(" since the approval of ")


async def test_a_change_of_two_revisions_is_never_shown_as_one() -> None:
    terminal = FakeTerminal()
    was_asked = terminal.ask

    async def ask(verb: str, request: Any) -> Any:
        answer = await was_asked(verb, request)
        if verb == "ExplainTask" and not terminal.diffs:
            terminal.detail = detail(TWO, at="2026-01-01T00:00:01.000Z")  # it moves before the patch is asked for
        return answer

    terminal.ask = ask  # type: ignore[method-assign]
    person = Person(terminal, Memory())
    await person.rest()
    assert person.sees("revision 222222222222")
    assert len(terminal.diffs) == 2
