"""One task as a screen: what is painted where, and what its keys do."""

from collections.abc import Coroutine, Sequence
from typing import Any

from msgspec.structs import replace

from foremanctl.harmless import lines as harmless_lines
from foremand.v1 import foremand_pb2 as pb

from . import verbs
from .keys import TASK, Binding
from .model import Selected
from .paint import DIM, PLAIN, Line, hints
from .screens import Size, Terminal, Work
from .scroll import Place, View, scrolled, visible
from .task import gates, why
from .task_change import Change
from .task_head import TABS, attempts, costs, head, questions, tabs, told_of
from .task_keys import keys_now
from .task_reader import Reader, facts
from .task_search import find

_WIDE = 200  # columns of a text that is not shown here

_LOW = 14
"""Rows of a terminal below which what is read matters more than what it costs."""


class TaskScreen:
    """One task."""

    def __init__(self, terminal: Terminal, task: int) -> None:
        self._terminal = terminal
        self._id = task
        self._reader = Reader(terminal, task)
        self._change = Change(terminal, task)
        self._detail: pb.TaskDetail | None = None
        self._explanation: pb.Explanation | None = None
        self._seen: pb.Task | None = None  # as it was when the details were asked for
        self._view = View()
        self._tab = "output"
        self._tops = {"diff": 0, "gates": 0, "why": 0}
        self._rows = 1  # of the body
        self._columns = 80
        self._tabs_row = 0
        self._works: list[Work] = []

    @property
    def bindings(self) -> Sequence[Binding]:
        """The task's keys."""
        return TASK

    # Painting

    def lines(self, size: Size) -> list[Line]:
        """As it is now."""
        terminal = self._terminal
        look, columns = terminal.look, size.columns
        task = terminal.model.tasks.get(self._id)
        if task is None:
            word = f" task {self._id} ..." if terminal.model.cursor < 0 else f" there is no task {self._id}; esc: back"
            return [look.fit([(PLAIN, word)], columns)]
        above = self._above(task, size)
        below = [look.fit([(DIM, f" {self._standing()}")], columns), hints(keys_now(task), columns)]
        self._tabs_row = len(above) - 1
        self._columns, self._rows = columns, max(1, size.rows - len(above) - len(below))
        body = self._body()[: self._rows]
        body += [[] for _ in range(self._rows - len(body))]
        return [*above, *body, *below]

    def _above(self, task: pb.Task, size: Size) -> list[Line]:
        look, columns = self._terminal.look, size.columns
        lines = head(self._terminal.model, task, look, columns)
        asked = questions(task, look, columns)
        if size.rows < _LOW:
            return [*lines, *asked[:1], tabs(self._tab, self._told(), look, columns)]
        lines += [*asked, costs(task, self._detail, look, columns)]
        if self._detail is not None and len(self._detail.attempts) > 1:
            lines.append(attempts(self._detail.attempts, self._reader.attempt, look, columns))
        return [*lines, tabs(self._tab, self._told(), look, columns)]

    def _body(self) -> list[Line]:
        if self._tab == "output":
            transcript = self._reader.transcript
            if not transcript.shown:
                word = "nothing has been said yet" if transcript.loaded else "..."
                return [[(DIM, f" {word}")]]
            return visible(transcript, self._view, self._terminal.look, self._rows, self._columns)
        if self._tab == "diff":
            lines, self._tops["diff"] = self._change.lines(
                self._tops["diff"], self._rows, self._columns, self._terminal.look
            )
            return lines
        whole = self._whole(self._columns)
        top = self._tops[self._tab] = max(0, min(self._tops[self._tab], len(whole) - self._rows))
        return whole[top : top + self._rows]

    def _whole(self, columns: int) -> list[Line]:
        if self._detail is None:
            return [[(DIM, " ...")]]
        if self._tab == "gates":
            return gates(self._detail, self._terminal.look, columns, unfolded=self._view.unfolded)
        return why(self._explanation, self._detail, self._terminal.look, columns)

    def _told(self) -> str:
        attempt = self._attempt()
        if self._tab != "output" or attempt is None:
            return ""
        return told_of(attempt, self._terminal.model.now)

    def _standing(self) -> str:
        if self._tab != "output" or self._view.place is None:
            return "follows what is said" if self._tab == "output" and self._is_running() else ""
        more = "more was said below; " if self._reader.transcript.after or self._is_running() else ""
        return f"{more}f or G goes to the end"

    def _is_running(self) -> bool:
        attempt = self._attempt()
        return attempt is not None and not attempt.outcome

    def _attempt(self) -> pb.Attempt | None:
        known = self._detail.attempts if self._detail is not None else ()
        return next((each for each in known if each.number == self._reader.attempt), None)

    # Keys

    def act(self, action: str) -> None:
        """Moves, looks elsewhere, or acts on the task."""
        terminal = self._terminal
        steps = {"down": 1, "up": -1, "page-down": self._rows - 1, "page-up": 1 - self._rows}
        if action in steps:
            self._scroll(steps[action])
        elif action in verbs.VERBS:
            if self._id in terminal.model.tasks:
                terminal.start(verbs.VERBS[action](terminal, self._id))
        else:
            self._look(action)
        terminal.redraw()

    def _look(self, action: str) -> None:
        match action:
            case "back":
                self._terminal.tell(Selected(self._id))
                self._terminal.pop(self)
            case "tab-next" | "tab-previous":
                by = 1 if action == "tab-next" else -1
                self._tab = TABS[(TABS.index(self._tab) + by) % len(TABS)]
                self._work(self._fetch())
            case "attempt-next" | "attempt-previous":
                self._switch(1 if action == "attempt-next" else -1)
            case "bottom" | "follow":
                self._end()
            case "top":
                self._begin()
            case "fold":
                self._view = replace(self._view, unfolded=not self._view.unfolded)
            case "search":
                self._work(self._search())
            case "search-next":
                self._work(self._find())
            case "pager" | "editor":
                self._work(self._read(action))

    def pick(self, row: int) -> None:
        """A click on the tabs' line goes to the next one."""
        if row == self._tabs_row:
            self.act("tab-next")

    def _scroll(self, by: int) -> None:
        if self._tab != "output":
            self._tops[self._tab] += by
            return
        transcript = self._reader.transcript
        place, edge = scrolled(transcript, self._view, self._terminal.look, self._rows, self._columns, by)
        self._view = replace(self._view, place=place)
        if edge == "top" and transcript.before:
            self._work(self._reader.scrolled(earlier=True))
        elif edge == "bottom" and transcript.after:
            self._work(self._reader.scrolled(earlier=False))

    def _begin(self) -> None:
        if self._tab != "output":
            self._tops[self._tab] = 0
        elif self._reader.transcript.before:
            self._work(self._first())
        else:
            self._view = replace(self._view, place=Place(0))

    async def _first(self) -> None:
        if await self._reader.first():
            self._view = replace(self._view, place=Place(0))
            self._terminal.redraw()

    def _end(self) -> None:
        if self._tab != "output":
            self._tops[self._tab] = 10**9
            return
        self._view = replace(self._view, place=None)
        if self._reader.transcript.after:
            self._open(self._reader.attempt)

    def _switch(self, by: int) -> None:
        numbers = [each.number for each in self._detail.attempts] if self._detail is not None else []
        if self._reader.attempt not in numbers:
            return
        place = numbers.index(self._reader.attempt) + by
        if 0 <= place < len(numbers):
            self._tab = "output"
            self._open(numbers[place])
        else:
            self._terminal.say("there is no later attempt" if by > 0 else "this is the first attempt")

    async def _search(self) -> None:
        words = await self._terminal.line("search: ", self._view.words)
        if words is not None:
            self._view = replace(self._view, words=words)
            await self._find()

    async def _find(self) -> None:
        if not self._view.words:
            return
        self._tab = "output"
        attempt = self._reader.attempt
        found = await find(self._reader, self._view)
        if found is not None:
            self._view = found
        elif self._reader.attempt == attempt:
            self._terminal.say(f"{self._view.words!r} is not found above")
        self._terminal.redraw()

    async def _read(self, where: str) -> None:
        """What is looked at, in full, in a program of the person's own."""
        text = await self._text()
        if where == "pager":
            await self._terminal.page(text)
        elif await self._terminal.edit(text, ".txt") is not None:
            self._terminal.say("what was written there is not kept: s tells the agent something")

    async def _text(self) -> str:
        if self._tab == "output":
            return harmless_lines((await self._reader.whole()).decode(errors="backslashreplace"))
        if self._tab == "diff":
            return self._change.text()
        return "\n".join("".join(part for _, part in line) for line in self._whole(_WIDE)) + "\n"

    # Reading

    def changed(self) -> None:
        """Asks for the details again when the task is another."""
        task = self._terminal.model.tasks.get(self._id)
        if task is None or task is self._seen:
            return
        first, self._seen = self._seen is None, task
        if first:
            self._work(self._follow())
        if first or (task.attempt and not self._reader.attempt):  # that it began may have been no news any more
            self._open(task.attempt)
        self._work(self._fetch())

    def close(self) -> None:
        """Ends what it reads."""
        for work in self._works:
            work.cancel()

    def _work(self, work: Coroutine[Any, Any, None]) -> None:
        self._works = [each for each in self._works if not each.done()]
        self._works.append(self._terminal.start(work))

    async def _fetch(self) -> None:
        self._detail = await self._terminal.ask("GetTask", pb.GetTaskRequest(id=self._id))
        if self._tab == "diff":
            await self._change.load(self._detail.task.revision)
        if self._tab == "why":
            self._explanation = await self._terminal.ask("ExplainTask", pb.ExplainTaskRequest(id=self._id))
        self._terminal.redraw()

    def _open(self, attempt: int) -> None:
        """Looks at the end of an attempt's transcript."""
        self._reader.open(attempt)
        self._view = View(unfolded=self._view.unfolded, words=self._view.words)
        self._work(self._reader.load())

    async def _follow(self) -> None:
        """Hears the task for as long as the screen is open; its next attempt is turned to by whoever follows."""
        async for events in self._reader.news():
            for type_, data in facts(events):
                follows = self._view.place is None and not self._reader.is_running
                self._reader.know((type_, data))
                if type_ == "AttemptStarted" and follows:
                    self._open(int(str(data.get("number", self._reader.attempt))))
            self._reader.grow(events, keep_top=self._view.place is not None)
