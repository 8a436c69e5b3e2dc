"""The decision screen without a terminal: what it looks like, where keys go, and what becomes of answers."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import pytest

from foremanctl import exits
from foremanctl.terminal.comments import Comment, Place
from foremanctl.terminal.decision_cursor import in_sight
from foremanctl.terminal.decision_keys import DECISION
from foremanctl.terminal.decision_page import Page, Spot
from foremanctl.terminal.decision_screen import DecisionScreen, Memory
from foremanctl.terminal.decision_view import page_width, tree_width
from foremanctl.terminal.decision_words import Note, Section
from foremanctl.terminal.keys import action_of
from foremanctl.terminal.model import Model
from foremanctl.terminal.paint import Look, width_of
from foremanctl.terminal.patch import Patch
from foremanctl.terminal.screens import Size
from foremand.v1 import foremand_pb2 as pb

ONE, TWO = "1" * 40, "2" * 40


def a_file(path: str, *lines: str) -> bytes:
    head = f"diff --git a/{path} b/{path}\nindex 1..2 100644\n--- a/{path}\n+++ b/{path}\n@@ -1,1 +1,9 @@\n"
    return (head + "".join(f"{line}\n" for line in lines)).encode()


CHANGE = a_file("src/a.py", " one", "-two = 2", "+two = 3") + a_file(".github/workflows/ci.yml", "+on: push") * 1
LATER = a_file("src/a.py", " one", "-two = 2", "+two = 4")
BETWEEN = a_file("src/a.py", "-two = 3", "+two = 4")


def detail(revision: str = ONE, at: str = "2026-01-01T00:00:00.000Z", **more: Any) -> pb.TaskDetail:
    given: dict[str, Any] = {"state": pb.WAITING, "waiting_for": "person", "reason": "approve owner?"} | more
    approvals = given.pop("approvals", [])
    gates = given.pop(
        "gates",
        [
            pb.Gate(name="tests", kind="command", stage="land", verdict="pass", revision=revision, reason="48 passed"),
            pb.Gate(name="owner", kind="human", stage="land", verdict="waiting", revision=revision),
        ],
    )
    task = pb.Task(
        id=12, title="Export", stage="land", into="main", revision=revision, files=2, added=2, removed=1, gates=gates,
        updated_at=at, **given,
    )  # fmt: skip
    return pb.TaskDetail(task=task, prompt="Add an export.", approvals=approvals)


class FakeTerminal:
    """Answers as it is told. `asked` are the calls that would have changed something."""

    def __init__(self) -> None:
        self.model = Model()
        self.look = Look()
        self.drafts: dict[str, str] = {}
        self.detail = detail()
        self.patches = {"": CHANGE, ONE: BETWEEN, "approved": BETWEEN}
        self.refusals: list[exits.Failure] = []
        self.asked: list[tuple[str, Any]] = []
        self.diffs: list[pb.GetDiffRequest] = []
        self.said: list[str] = []
        self.questions: list[str] = []
        self.answers: list[Any] = []
        self.edits: list[Callable[[str], str | None]] = []
        self.pages: list[str] = []
        self.screens: list[DecisionScreen] = []
        self.works: list[asyncio.Task[None]] = []
        self.held: asyncio.Event | None = None
        self.begun = asyncio.Event()

    async def ask(self, verb: str, request: Any) -> Any:
        if verb == "GetTask":
            copy = pb.TaskDetail()
            copy.CopyFrom(self.detail)
            return copy
        if verb == "ExplainTask":
            return pb.Explanation(lines=["why"])
        self.asked.append((verb, request))
        if self.refusals:
            raise self.refusals.pop(0)
        return pb.Task(id=12)

    async def stream(self, verb: str, request: Any) -> AsyncIterator[Any]:
        assert verb == "GetDiff"
        self.diffs.append(request)
        data = self.patches["approved" if request.since_approval else request.since]
        base = request.since or "b" * 40
        yield pb.DiffChunk(base=base, revision=self.detail.task.revision)
        for start in range(0, len(data), 50):
            yield pb.DiffChunk(data=data[start : start + 50], base=base, revision=self.detail.task.revision)
            self.begun.set()
            if self.held is not None:
                await self.held.wait()

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        self.works.append(asyncio.get_running_loop().create_task(work))
        return self.works[-1]

    def push(self, screen: Any) -> None:
        self.screens.append(screen)

    def pop(self) -> None:
        self.screens.pop().close()

    def redraw(self) -> None:
        pass

    def tell(self, event: Any) -> None:
        pass

    def say(self, text: str, *, bad: bool = False) -> None:
        self.said.append(f"! {text}" if bad else text)

    async def confirm(self, question: str) -> bool:
        self.questions.append(question)
        return bool(self.answers.pop(0))

    async def line(self, question: str, text: str = "") -> str | None:
        self.questions.append(f"{question}[{text}]")
        return self.answers.pop(0)  # type: ignore[no-any-return]

    async def edit(self, text: str, suffix: str = ".md") -> str | None:
        return self.edits.pop(0)(text)

    def copy(self, text: str) -> None:
        pass

    async def page(self, text: str) -> None:
        self.pages.append(text)


class Person:
    """Who sits before it: presses keys, and reads."""

    def __init__(self, terminal: FakeTerminal, memory: Memory) -> None:
        self.terminal = terminal
        self.memory = memory
        self.size = Size(40, 100)
        self.screen = DecisionScreen(terminal, 12, memory)
        terminal.push(self.screen)
        self.screen.changed()
        self.screen.begin()

    async def rest(self) -> None:
        while working := [work for work in self.terminal.works if not work.done()]:
            await asyncio.wait(working)
        for work in self.terminal.works:
            if not work.cancelled() and work.exception() is not None:
                raise work.exception()  # type: ignore[misc]
        self.seen()

    async def press(self, *keys: str) -> None:
        for key in keys:
            action = action_of(key, DECISION)
            assert action is not None, key
            self.screen.act(action)
            await self.rest()

    def seen(self) -> list[str]:
        lines = self.screen.lines(self.size)
        assert len(lines) <= self.size.rows
        assert all(width_of(line) <= self.size.columns for line in lines)
        return ["".join(text for _, text in line).rstrip() for line in lines]

    def sees(self, text: str) -> bool:
        return text in "\n".join(self.seen())

    def here(self) -> str:
        """The line on which the cursor is."""
        for line in self.screen.lines(self.size):
            if any("reverse" in style for style, _ in line):
                return "".join(text for style, text in line if "reverse" in style).rstrip()
        return ""


@pytest.fixture
async def person() -> Person:
    made = Person(FakeTerminal(), Memory())
    await made.rest()
    return made


async def test_it_opens_with_what_is_to_be_decided(person: Person) -> None:
    seen = person.seen()
    assert seen[0] == " 12  approve owner?  Export"
    assert seen[1] == " revision 111111111111  2 files +2 -1"
    for text in ("to decide", "owner (land)", "asked", "Add an export.", "+ tests (command) pass: 48 passed"):
        assert person.sees(text)
    assert person.sees("M .github/workflows/ci.yml: CI")
    assert seen[-1].startswith(" a approve  w rework  x reject  c comment")


@pytest.mark.parametrize("size", [Size(20, 50), Size(24, 80), Size(50, 160), Size(3, 10), Size(1, 1)])
async def test_it_fits_everywhere_and_has_a_tree_where_there_is_room(person: Person, size: Size) -> None:
    person.size = size
    await person.press("G", "g", "n", "f", "escape", "l")
    assert bool(tree_width(size)) == (size.columns >= 80)
    assert page_width(size) <= size.columns


async def test_keys_go_from_file_to_file_and_from_hunk_to_hunk(person: Person) -> None:
    await person.press("n")
    assert person.here().startswith("M src/a.py  +1 -1")
    await person.press("n")
    assert person.here().startswith("M .github/workflows/ci.yml  +1 -0  ! CI")
    await person.press("n")
    assert person.here().startswith("M .github/workflows/ci.yml")
    await person.press("p", "N")
    assert person.here().startswith("@@")
    await person.press("j", "j")
    assert person.here().endswith("-two = 2")
    await person.press("N", "N")
    assert person.here().startswith("@@ -1,1 +1,9 @@")
    await person.press("P")
    assert person.here().startswith("@@")
    await person.press("g")
    assert person.here() == "to decide"
    await person.press("G")
    assert person.here().endswith("+on: push")


async def test_the_tree_is_another_way_to_a_file(person: Person) -> None:
    assert person.sees("M a.py")
    assert person.sees("  M!ci.yml")
    await person.press("f", "G")
    assert "M!ci.yml" in person.here()
    await person.press("enter")
    assert person.here().startswith("M .github/workflows/ci.yml")
    person.size = Size(20, 50)
    assert not person.sees("M a.py")
    await person.press("f", "g")
    assert person.sees("M a.py")
    await person.press("escape")
    assert not person.sees("M a.py")
    assert person.terminal.screens


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


async def test_comments_are_sent_word_for_word_and_stay_until_they_are(person: Person) -> None:
    words = "  why `3`? $HOME {{ task }} ümlaut"
    person.terminal.answers = [words, "split this", "In all: fine", True]
    await person.press("n", "N", "j", "j", "j", "c", "C", "g", "c")
    assert person.terminal.questions == ["src/a.py, line 2: []", "src/a.py: []", "the whole work: []"]
    assert person.sees("In all: fine")
    assert person.sees("* split this")
    assert person.seen()[1].endswith("3 comments")
    person.terminal.pop()
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
        pb.Gate(name="lint", kind="command", stage="land", verdict="error", revision=ONE),
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
    terminal.answers = ["lint", "see #88"]
    await person.press("W")
    assert terminal.questions[-2:] == [
        "waive which of tests, lint? [tests]",
        "waive lint at 111111111111, because: []",
    ]
    ((verb, request),) = terminal.asked
    assert (verb, request.gate, request.message, request.revision) == ("WaiveTask", "lint", "see #88", ONE)


async def test_where_nothing_refused_nothing_can_be_waived(person: Person) -> None:
    await person.press("W")
    assert person.terminal.said == ["! no gate of task 12 has refused: there is nothing to waive"]


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


async def test_the_pager_has_all_of_it_and_nothing_that_acts(person: Person) -> None:
    person.terminal.detail.prompt = "\x1b[2J" + "x" * 10_000 + "\n" + "y\n" * 1000
    person.terminal.patches[""] = CHANGE + a_file("evil", "+\x1b[31mred")
    again = Person(person.terminal, person.memory)
    await again.rest()
    await again.press("e")
    (text,) = person.terminal.pages
    assert "\x1b" not in text
    assert "x" * 10_000 in text
    assert text.count("  y\n") == 1000
    assert "+\\x1b[31mred" in text


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


async def test_no_answer_before_all_of_the_change_is_here() -> None:
    terminal = FakeTerminal()
    terminal.held = asyncio.Event()
    person = Person(terminal, Memory())
    await terminal.begun.wait()
    person.screen.act("approve")
    await asyncio.sleep(0)
    assert "more is coming" in person.seen()[1]
    terminal.held.set()
    await person.rest()
    assert terminal.said == ["not all of the change is here yet: wait a moment"]
    assert (terminal.questions, terminal.asked) == ([], [])


async def test_a_hundred_thousand_lines_are_shown_at_once() -> None:
    loop = asyncio.get_running_loop()
    patch = Patch.of(b"".join(a_file(f"d{n // 20}/f{n}.py", *(["-x = 1", "+x = 2", " y"] * 333)) for n in range(100)))
    assert len(patch) > 100_000
    page = Page([Section("asked", [Note("x")])], patch, [], 100, Look())
    began = loop.time()
    row = page.row_of(Spot("line", 99, len(patch) - 1))
    shown = [page.line(each, 0, both=True) for each in range(row - 49, row + 1)]
    assert loop.time() - began < 0.25
    assert "".join(text for _, text in shown[-1]).endswith(" y")
    assert page.spot(row) == Spot("line", 99, len(patch) - 1)


def test_rows_and_spots_are_each_others_inverse() -> None:
    said = [Comment(ONE, Place("src/a.py", 2), "here\nand here"), Comment(ONE, Place("src/a.py"), "file")]
    page = Page([Section("asked", [Note("x")])], Patch.of(b"Foreword.\n" + CHANGE), said, 80, Look())
    for row in range(len(page)):
        spot = page.spot(row)
        if spot.kind != "foreword":
            assert page.row_of(spot) == row, spot
    gone = page.row_of(Spot("words", 0, 6, 0))  # a comment that was taken back: the line it stood under
    assert page.spot(gone) == Spot("line", 0, 6)


def test_the_cursor_is_always_in_sight() -> None:
    for rows in (0, 1, 5, 100):
        for height in (1, 3, 50):
            for row in range(rows):
                for top in (0, 2, 99):
                    found = in_sight(row, top, rows, height)
                    assert found <= row < found + height
