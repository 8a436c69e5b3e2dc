"""Answers on the decision screen: two keys each, bound to what is shown, and the first one wins."""

import asyncio

import pytest
from deciding import LATER, ONE, TWO, FakeTerminal, Person, detail

from foremanctl import exits
from foremanctl.terminal.decision_screen import Memory
from foremanctl.terminal.model import Model
from foremand.v1 import foremand_pb2 as pb


async def test_two_keys_approve_just_what_was_shown(person: Person) -> None:
    person.terminal.answers = [True]
    await person.press("a")
    assert person.terminal.questions == ["approve owner at 111111111111, 2 files +2 -1?"]
    ((verb, request),) = person.terminal.asked
    assert (verb, request.id, request.gate, request.revision) == ("ApproveTask", 12, "owner", ONE)
    assert request.request_id
    assert person.terminal.said == ["then it may land on main", "approved owner of 12 at 111111111111"]
    assert not person.terminal.screens
    assert person.memory.looked == ONE


async def test_one_key_approves_nothing(person: Person) -> None:
    person.terminal.answers = [False]
    await person.press("a")
    assert person.terminal.asked == []
    assert person.terminal.said[-1] == "nothing was sent"
    assert person.terminal.screens


async def test_every_gate_that_was_named_is_answered_and_no_other(person: Person) -> None:
    person.terminal.detail.task.gates.add(name="security", kind="human", stage="land", verdict="waiting", revision=ONE)
    person.terminal.detail.task.gates.add(name="later", kind="human", stage="land", revision=ONE)
    again = Person(person.terminal, person.memory)
    await again.rest()
    again.terminal.answers = [True]
    await again.press("a")
    assert [request.gate for _, request in again.terminal.asked] == ["owner", "security"]


async def test_a_stale_approval_is_refused_said_and_what_changed_is_shown(person: Person) -> None:
    await person.press("n", "N", "j", "j", "j")
    person.terminal.answers = ["why 3?"]
    await person.press("c")
    person.terminal.refusals = [exits.Conflict("task 12 is at revision 222222222222 now, not at 111111111111")]
    person.terminal.detail = detail(TWO, at="2026-01-01T00:00:01.000Z")
    person.terminal.patches[""] = LATER
    person.terminal.answers = [True]
    await person.press("a")
    assert person.terminal.said[-1] == (
        "! task 12 is at revision 222222222222 now, not at 111111111111; this is what has changed since"
    )
    assert [(each.since, each.since_approval) for each in person.terminal.diffs[-2:]] == [("", False), (ONE, False)]
    assert person.seen()[1].startswith(" since you looked at 111111111111 alone  revision 222222222222")
    assert person.here().startswith("M src/a.py")
    assert person.sees("+two = 4")
    assert person.sees("-two = 3")
    assert not person.sees("ci.yml  +1")
    # Nothing that was said is lost: its line is gone, so it is said of the earlier revision.
    assert "src/a.py, line 2:\n> two = 3\nwhy 3?" in person.memory.comments.message(TWO)
    person.terminal.answers = [True]
    await person.press("a")
    assert person.terminal.asked[-1][1].revision == TWO
    assert not person.terminal.screens


async def test_work_that_moves_under_the_eyes_is_not_put_under_them(person: Person) -> None:
    person.terminal.detail = detail(TWO, at="2026-01-01T00:00:01.000Z")
    person.terminal.model = Model(tasks={12: person.terminal.detail.task})
    person.screen.changed()
    await person.rest()
    assert person.seen()[1] == " it is at 222222222222 now, this is 111111111111: d shows what changed"
    assert person.seen()[-1].startswith(" d what changed  c comment")
    await person.press("G")
    assert person.sees("+two = 3")
    await person.press("a")  # it is not even asked: what is shown is old
    assert (person.terminal.questions, person.terminal.asked) == ([], [])
    assert "not at 111111111111 any more" in person.terminal.said[-1]
    assert person.sees("+two = 4")


async def test_whoever_was_first_is_named(person: Person) -> None:
    first = pb.Approval(gate="owner", decision="approved", revision=ONE, by="tim", at="2026-01-01T00:00:00Z")
    landing = {"state": pb.LANDING, "waiting_for": "", "reason": "lands", "approvals": [first]}
    gates = [pb.Gate(name="owner", kind="human", stage="land", verdict="pass", revision=ONE)]
    person.terminal.refusals = [exits.Conflict("gate owner was answered already: approved by tim")]
    person.terminal.answers = [True]

    async def too_late(question: str) -> bool:
        person.terminal.detail = detail(at="2026-01-01T00:00:01.000Z", gates=gates, **landing)
        return True

    person.terminal.confirm = too_late  # type: ignore[method-assign]
    await person.press("a")
    assert person.terminal.said[-1].startswith("! gate owner was answered already: approved by tim; tim approved owner")
    assert person.seen()[0] == " 12  LANDING: lands  Export"
    assert person.seen()[1].startswith(" answered: tim approved owner ")
    assert person.terminal.screens
    await person.press("a")
    assert person.terminal.said[-1].startswith("! no gate of task 12 asks a person; lands")


async def test_an_answer_elsewhere_is_seen_without_a_key(person: Person) -> None:
    first = pb.Approval(gate="owner", decision="rejected", revision=ONE, by="tim", at="2026-01-01T00:00:00Z")
    person.terminal.detail = detail(
        at="2026-01-01T00:00:01.000Z",
        state=pb.REJECTED,
        waiting_for="",
        reason="rejected by tim",
        gates=[],
        approvals=[first],
    )
    person.terminal.model = Model(tasks={12: person.terminal.detail.task})
    person.screen.changed()
    await person.rest()
    assert person.seen()[0] == " 12  REJECTED: rejected by tim  Export"
    assert person.seen()[1].startswith(" answered: tim rejected owner ")
    asked = len(person.terminal.works)
    person.screen.changed()
    assert len(person.terminal.works) == asked, "nothing changed, so nothing is fetched"


async def test_rejecting_asks_why_and_once_more(person: Person) -> None:
    person.terminal.answers = [None]
    await person.press("x")
    person.terminal.answers = ["  "]
    await person.press("x")
    person.terminal.answers = ["not this year", False]
    await person.press("x")
    assert person.terminal.asked == []
    person.terminal.answers = ["not this year", True]
    await person.press("x")
    ((verb, request),) = person.terminal.asked
    assert (verb, request.message, request.revision) == ("RejectTask", "not this year", ONE)


async def test_waiving_names_gate_and_revision_and_wants_a_reason() -> None:
    terminal = FakeTerminal()
    gates = [
        pb.Gate(name="tests", kind="command", stage="land", verdict="fail", revision=ONE),
        pb.Gate(name="lint", kind="command", stage="land", verdict="error", revision=ONE, reason="exit 3"),
    ]
    terminal.detail = detail(waiting_for="stuck", reason="stuck: tests", gates=gates)
    person = Person(terminal, Memory())
    await person.rest()
    assert person.seen()[-1].startswith(" w rework  x reject  W waive")
    terminal.answers = ["nosuch"]
    await person.press("W")
    assert terminal.said[-1] == "! no gate 'nosuch' has refused"
    terminal.answers = ["lint", " "]
    await person.press("W")
    assert terminal.asked == []
    terminal.answers = ["lint", "see #88", False]
    await person.press("W")
    assert terminal.asked == []
    terminal.answers = ["lint", "see #88", True]
    await person.press("W")
    assert terminal.questions[-3:] == [
        "waive which of tests, lint? [tests]",
        "waive lint at 111111111111, because: []",
        "waive lint of 12 at 111111111111?",
    ]
    assert "error: exit 3" in terminal.said
    ((verb, request),) = terminal.asked
    assert (verb, request.gate, request.message, request.revision) == ("WaiveTask", "lint", "see #88", ONE)


async def test_where_nothing_refused_nothing_can_be_waived(person: Person) -> None:
    await person.press("W")
    assert person.terminal.said == ["! no gate of task 12 has refused: there is nothing to waive"]


async def test_what_the_person_came_for_is_asked_once_the_change_is_here() -> None:
    terminal = FakeTerminal()
    terminal.held = asyncio.Event()
    person = Person(terminal, answer="approve")
    await terminal.begun.wait()
    assert "more is coming" in person.seen()[1]
    assert terminal.questions == [], "nobody is asked about what they cannot see"
    terminal.answers = [True]
    terminal.held.set()
    await person.rest()
    assert terminal.questions == ["approve owner at 111111111111, 2 files +2 -1?"]
    assert [verb for verb, _ in terminal.asked] == ["ApproveTask"]
    assert not terminal.screens


async def test_an_answer_before_all_of_the_change_is_here_is_asked_once_it_is() -> None:
    terminal = FakeTerminal()
    terminal.held = asyncio.Event()
    person = Person(terminal)
    await terminal.begun.wait()
    person.screen.act("approve")
    assert terminal.said == ["not all of the change is here yet: it is asked as soon as it is"]
    assert terminal.questions == []
    terminal.answers = [True]
    terminal.held.set()
    await person.rest()
    assert terminal.questions == ["approve owner at 111111111111, 2 files +2 -1?"]
    assert [verb for verb, _ in terminal.asked] == ["ApproveTask"]


async def test_an_answer_before_the_change_moved_is_no_answer_to_what_it_became() -> None:
    terminal = FakeTerminal()
    terminal.held = asyncio.Event()
    person = Person(terminal)
    await terminal.begun.wait()
    person.screen.act("approve")
    terminal.detail = detail(TWO, at="2026-01-01T00:00:01.000Z")
    terminal.held.set()
    await person.rest()
    assert person.sees("revision 222222222222")
    assert terminal.said[-1] == "! it is not at 111111111111 any more: this is another change"
    assert (terminal.questions, terminal.asked) == ([], [])


async def test_what_was_to_be_asked_waits_for_the_comment_that_is_written_meanwhile() -> None:
    terminal = FakeTerminal()
    terminal.held = asyncio.Event()
    written = asyncio.Event()

    async def line(question: str, text: str = "") -> str | None:
        await written.wait()
        return "why?"

    terminal.line = line  # type: ignore[method-assign]
    person = Person(terminal)
    await terminal.begun.wait()
    person.screen.act("approve")
    person.screen.act("comment")
    terminal.answers = [False]
    terminal.held.set()
    while "more is coming" in person.seen()[1]:  # noqa: ASYNC110 - no event tells
        await asyncio.sleep(0)
    assert terminal.questions == []
    written.set()
    await person.rest()
    assert terminal.questions == ["approve owner at 111111111111, 2 files +2 -1?"]


async def test_it_is_asked_once_and_not_again_with_every_look() -> None:
    terminal = FakeTerminal()
    terminal.patches[TWO] = LATER
    terminal.answers = [False]
    person = Person(terminal, Memory(looked=TWO), "approve")
    await person.rest()
    assert len(terminal.questions) == 1
    await person.press("d", "d")
    assert len(terminal.questions) == 1
    assert terminal.screens


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("approve", "! no gate of task 12 asks a person; claude works"),
        ("reject", "! task 12 asks nobody for an answer now; claude works"),
        ("rework", "! task 12 asks nobody for an answer now; claude works"),
    ],
)
async def test_where_nothing_is_asked_it_is_said_before_anything_is_written(answer: str, said: str) -> None:
    terminal = FakeTerminal()
    terminal.detail = detail(state=pb.RUNNING, waiting_for="", reason="claude works", gates=[])
    await Person(terminal, answer=answer).rest()
    assert terminal.said == [said]
    assert (terminal.questions, terminal.asked) == ([], [])
    assert terminal.screens, "the change is there to be looked at"


async def test_what_is_stuck_can_be_sent_back_and_rejected() -> None:
    terminal = FakeTerminal()
    terminal.detail = detail(waiting_for="stuck", reason="stuck: tests", gates=[])
    terminal.answers = ["never mind", True]
    await Person(terminal, answer="reject").rest()
    assert [verb for verb, _ in terminal.asked] == ["RejectTask"]


async def test_work_that_moved_while_the_editor_was_open_is_not_sent_back_unseen(person: Person) -> None:
    def write(text: str) -> str:
        person.screen._latest = detail(TWO, at="2026-01-01T00:00:01.000Z")
        person.terminal.detail = detail(TWO, at="2026-01-01T00:00:01.000Z")
        return f"Not so.\n{text}"

    person.terminal.edits = [write]
    await person.press("w")
    assert (person.terminal.questions, person.terminal.asked) == ([], [])
    assert "not at 111111111111 any more" in person.terminal.said[-1]
    assert [each.text for each in person.memory.comments.on(TWO)] == ["Not so."], "what was written is kept"
