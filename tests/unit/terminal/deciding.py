"""A decision screen without a terminal: a daemon that answers as told, and a person who presses keys and reads."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

from foremanctl import exits
from foremanctl.terminal.decision_keys import DECISION
from foremanctl.terminal.decision_screen import DecisionScreen, Memory
from foremanctl.terminal.keys import action_of
from foremanctl.terminal.model import Model
from foremanctl.terminal.paint import Look, width_of
from foremanctl.terminal.screens import Size
from foremand.v1 import foremand_pb2 as pb

ONE, TWO = "1" * 40, "2" * 40


def a_file(path: str, *lines: str) -> bytes:
    head = f"diff --git a/{path} b/{path}\nindex 1..2 100644\n--- a/{path}\n+++ b/{path}\n@@ -1,1 +1,9 @@\n"
    return (head + "".join(f"{line}\n" for line in lines)).encode()


CHANGE = a_file("src/a.py", " one", "-two = 2", "+two = 3") + a_file(".github/workflows/ci.yml", "+on: push")
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

    def pop(self, screen: Any) -> None:
        if screen in self.screens:
            self.screens.remove(screen)
            screen.close()

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

    def __init__(self, terminal: FakeTerminal, memory: Memory | None = None, answer: str = "") -> None:
        self.terminal = terminal
        self.memory = memory = memory or Memory()
        self.size = Size(40, 100)
        self.screen = DecisionScreen(terminal, 12, memory, answer)
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
