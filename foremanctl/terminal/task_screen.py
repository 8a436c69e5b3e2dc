"""One task as a screen: it reads what is looked at, a page at a time, and follows what is said."""

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from foremanctl.exits import Failure
from foremanctl.harmless import lines as harmless_lines
from foremand.v1 import foremand_pb2 as pb

from . import transcript as t
from . import verbs
from .keys import TASK, Binding
from .model import Selected
from .paint import DIM, PLAIN, Line, hints
from .screens import Size, Terminal, Work
from .scroll import Place, View, holds, scrolled, visible
from .task import TABS, feedback_of, gates, head, tabs, told_of, why

_PAGE = 400
_CHROME = 5  # lines that are not the body
_RETRY_SECONDS = 0.2

_TELLING = frozenset({"SentBack", "Said", "AttemptStarted", "AttemptEnded"})

_KEYS = [
    ("esc", "back"),
    ("a", "decide"),
    ("s", "send"),
    ("[ ]", "attempt"),
    ("left right", "tab"),
    ("/", "search"),
    ("z", "fold"),
    ("f", "follow"),
    ("q", "detach"),
]


class TaskScreen:
    """One task."""

    def __init__(self, terminal: Terminal, task: int) -> None:
        self._terminal = terminal
        self._id = task
        self._detail: pb.TaskDetail | None = None
        self._explanation: pb.Explanation | None = None
        self._seen: pb.Task | None = None  # as it was when the details were asked for
        self._facts: list[tuple[str, dict[str, object]]] = []
        self._transcript = t.Transcript(attempt=0)
        self._view = View()
        self._tab = "output"
        self._tops = {"gates": 0, "why": 0}
        self._size = Size(24, 80)
        self._paging = False
        self._works: list[Work] = []

    @property
    def bindings(self) -> Sequence[Binding]:
        """The task's keys."""
        return TASK

    # Painting

    def lines(self, size: Size) -> list[Line]:
        """As it is now."""
        self._size = size
        terminal, columns = self._terminal, size.columns
        look = terminal.look
        task = terminal.model.tasks.get(self._id)
        if task is None:
            word = f" task {self._id} ..." if terminal.model.cursor < 0 else f" there is no task {self._id}; esc: back"
            return [look.fit([(PLAIN, word)], columns)]
        body = self._body(columns)[: self._rows]
        body += [[] for _ in range(self._rows - len(body))]
        return [
            *head(terminal.model, task, look, columns),
            tabs(self._tab, self._told(), look, columns),
            *body,
            look.fit([(DIM, f" {self._standing()}")], columns),
            hints(_KEYS, columns),
        ]

    @property
    def _rows(self) -> int:
        return max(1, self._size.rows - _CHROME)

    def _body(self, columns: int) -> list[Line]:
        if self._tab == "output":
            if not self._transcript.shown:
                word = "nothing has been said yet" if self._transcript.loaded else "..."
                return [[(DIM, f" {word}")]]
            return visible(self._transcript, self._view, self._terminal.look, self._rows, columns)
        whole = self._whole(columns)
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
        if self._tab != "output" or attempt is None or self._detail is None:
            return ""
        return told_of(attempt, self._terminal.model.now)

    def _standing(self) -> str:
        if self._tab != "output" or self._view.place is None:
            return "follows what is said" if self._tab == "output" and self._is_running() else ""
        more = "more was said below; " if self._transcript.after or self._is_running() else ""
        return f"{more}f or G goes to the end"

    def _is_running(self) -> bool:
        attempt = self._attempt()
        return attempt is not None and not attempt.outcome

    def _attempt(self) -> pb.Attempt | None:
        attempts = self._detail.attempts if self._detail is not None else ()
        return next((each for each in attempts if each.number == self._transcript.attempt), None)

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
                self._terminal.pop()
            case "tab-next" | "tab-previous":
                by = 1 if action == "tab-next" else -1
                self._tab = TABS[(TABS.index(self._tab) + by) % len(TABS)]
                self._fetch()
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
            case "pager":
                self._work(self._page())

    def pick(self, row: int) -> None:
        """A click on the tabs' line goes to the next one."""
        if row == 2:
            self.act("tab-next")

    def _scroll(self, by: int) -> None:
        if self._tab != "output":
            self._tops[self._tab] += by
            return
        look, columns = self._terminal.look, self._size.columns
        place, edge = scrolled(self._transcript, self._view, look, self._rows, columns, by)
        self._view = replace(self._view, place=place)
        if edge == "top" and self._transcript.before:
            self._more(earlier=True)
        elif edge == "bottom" and self._transcript.after:
            self._more(earlier=False)

    def _begin(self) -> None:
        if self._tab != "output":
            self._tops[self._tab] = 0
        elif self._transcript.before:
            self._work(self._first())
        else:
            self._view = replace(self._view, place=Place(0))

    def _end(self) -> None:
        if self._tab != "output":
            self._tops[self._tab] = 10**9
            return
        self._view = replace(self._view, place=None)
        if self._transcript.after:
            self._open(self._transcript.attempt)

    def _switch(self, by: int) -> None:
        attempts = [each.number for each in self._detail.attempts] if self._detail is not None else []
        if self._transcript.attempt not in attempts:
            return
        place = attempts.index(self._transcript.attempt) + by
        if 0 <= place < len(attempts):
            self._tab = "output"
            self._open(attempts[place])
        else:
            self._terminal.say("there is no later attempt" if by > 0 else "this is the first attempt")

    # Reading

    def changed(self) -> None:
        """Asks for the details again when the task is another."""
        task = self._terminal.model.tasks.get(self._id)
        if task is None or task is self._seen:
            return
        first, self._seen = self._seen is None, task
        if first:
            self._open(task.attempt)
            self._work(self._follow())
        self._fetch()

    def close(self) -> None:
        """Ends what it reads."""
        for work in self._works:
            work.cancel()

    def _work(self, work: Coroutine[Any, Any, None]) -> None:
        self._works = [each for each in self._works if not each.done()]
        self._works.append(self._terminal.start(work))

    def _fetch(self) -> None:
        self._work(self._details())

    async def _details(self) -> None:
        self._detail = await self._terminal.ask("GetTask", pb.GetTaskRequest(id=self._id))
        if self._tab == "why":
            self._explanation = await self._terminal.ask("ExplainTask", pb.ExplainTaskRequest(id=self._id))
        self._terminal.redraw()

    def _open(self, attempt: int) -> None:
        """Looks at the end of an attempt's transcript."""
        self._transcript = t.Transcript(attempt=attempt)
        self._view = View(unfolded=self._view.unfolded, words=self._view.words)
        self._head()
        if attempt:
            self._work(self._load(attempt))
        else:
            self._transcript = replace(self._transcript, loaded=True)

    async def _load(self, attempt: int) -> None:
        page = await self._ask(attempt)
        if self._transcript.attempt == attempt and not self._transcript.loaded:
            entries = t.entries_of(page.events, attempt)
            self._transcript = t.begun(self._transcript, entries, more=page.more, cursor=page.cursor)
            self._terminal.redraw()

    async def _ask(self, attempt: int, *, before: int = 0, after: int | None = None) -> pb.ListEventsResponse:
        request = pb.ListEventsRequest(id=self._id, attempt=attempt, before=before, after=after, page_size=_PAGE)
        page: pb.ListEventsResponse = await self._terminal.ask("ListEvents", request)
        return page

    def _more(self, *, earlier: bool) -> None:
        if not self._paging and self._transcript.entries:
            self._paging = True
            self._work(self._page_in(earlier=earlier))

    async def _page_in(self, *, earlier: bool) -> None:
        """A further page above or below what is here."""
        had = self._transcript
        try:
            if earlier:
                page = await self._ask(had.attempt, before=had.entries[0].seq)
            else:
                page = await self._ask(had.attempt, after=had.entries[-1].seq)
        finally:
            self._paging = False
        if self._transcript.attempt == had.attempt:
            put = t.earlier if earlier else t.later
            self._transcript = put(self._transcript, t.entries_of(page.events, had.attempt), more=page.more)
            self._terminal.redraw()

    async def _first(self) -> None:
        """The beginning, without all that lies between."""
        attempt = self._transcript.attempt
        page = await self._ask(attempt, after=0)
        if self._transcript.attempt == attempt:
            entries = tuple(t.entries_of(page.events, attempt))
            self._transcript = replace(self._transcript, entries=entries, before=False, after=page.more, loaded=True)
            self._view = replace(self._view, place=Place(0))
            self._terminal.redraw()

    async def _follow(self) -> None:
        """Hears the task for as long as the screen is open, over restarts of the daemon."""
        cursor: int | None = None
        while True:
            try:
                cursor = await self._past() if cursor is None else cursor
                request = pb.WatchRequest(task=self._id, agent_events=True, after=cursor)
                async for response in self._terminal.stream("Watch", request):
                    cursor = response.cursor
                    self._hear(response.events)
            except Failure as failure:
                if not failure.lost:
                    raise
            await asyncio.sleep(_RETRY_SECONDS)

    async def _past(self) -> int:
        """All facts so far; the cursor to hear on from."""
        self._facts = []
        after, more = 0, True
        while more:
            request = pb.ListEventsRequest(id=self._id, after=after, page_size=1000)
            page: pb.ListEventsResponse = await self._terminal.ask("ListEvents", request)
            self._facts += _facts(page.events)
            more = page.more
            after = page.events[-1].seq if page.events else after
        self._head()
        self._terminal.redraw()
        return page.cursor

    def _hear(self, events: Sequence[pb.Event]) -> None:
        attempt = self._transcript.attempt
        for type_, data in _facts(events):
            follows = self._view.place is None and not self._is_running_now(attempt)
            self._facts.append((type_, data))
            if type_ == "AttemptStarted" and follows:
                attempt = int(str(data.get("number", attempt)))
                self._open(attempt)
        entries = t.entries_of(events, attempt)
        if entries:
            self._transcript = t.grown(self._transcript, entries, keep_top=self._view.place is not None)
            self._terminal.redraw()

    def _is_running_now(self, attempt: int) -> bool:
        """Of the facts alone: the details may lag behind."""
        numbers = [data.get("number") for type_, data in self._facts if type_ == "AttemptEnded"]
        return attempt > 0 and attempt not in numbers

    def _head(self) -> None:
        told = feedback_of(self._facts, self._transcript.attempt)
        entries = (t.Entry(0, "told", f"told before this attempt:\n{told}"),) if told else ()
        self._transcript = replace(self._transcript, head=entries)

    # Searching

    async def _search(self) -> None:
        words = await self._terminal.line("search: ", self._view.words)
        if words is not None:
            self._view = replace(self._view, words=words)
            await self._find()

    async def _find(self) -> None:
        """Goes to the next place above where the words stand, page after page."""
        words = self._view.words
        if not words:
            return
        self._tab = "output"
        attempt = self._transcript.attempt
        limit = self._view.place.seq if self._view.place is not None else None
        while self._transcript.attempt == attempt:
            found = [
                entry
                for entry in self._transcript.shown
                if (limit is None or entry.seq < limit) and holds(entry, words)
            ]
            if found:
                unfolded = self._view.unfolded or found[-1].kind == "tool_result"
                self._view = replace(self._view, place=Place(found[-1].seq), unfolded=unfolded)
                break
            if not self._transcript.before:
                self._terminal.say(f"{words!r} is not found above")
                break
            limit = self._transcript.entries[0].seq
            await self._page_in(earlier=True)
        self._terminal.redraw()

    async def _page(self) -> None:
        """What is looked at, in full, in the pager."""
        if self._tab == "output":
            request = pb.ReadLogRequest(id=self._id, attempt=self._transcript.attempt)
            chunks = [chunk.data async for chunk in self._terminal.stream("ReadLog", request)]
            text = harmless_lines(b"".join(chunks).decode(errors="backslashreplace"))
        else:
            text = "\n".join("".join(part for _, part in line) for line in self._whole(200))
        await self._terminal.page(text)


def _facts(events: Iterable[pb.Event]) -> list[tuple[str, dict[str, object]]]:
    """Those of the task's own events that tell what its agents were told."""
    return [
        (event.type, msgspec.json.decode(event.data, type=dict[str, object]))
        for event in events
        if event.type in _TELLING
    ]
