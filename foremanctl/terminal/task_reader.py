"""One task's transcripts as somebody reads them: the pages that are looked at, and what is said now. No painting."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence

import msgspec
from msgspec.structs import replace

from foremanctl.exits import Failure
from foremand.v1 import foremand_pb2 as pb

from . import transcript as t
from .screens import Terminal
from .task import feedback_of

Fact = tuple[str, dict[str, object]]
"""One of the task's own events: its type, and its fields."""

_PAGE = 400
_RETRY_SECONDS = 0.2

_TELLING = frozenset({"SentBack", "Said", "AttemptStarted", "AttemptEnded"})


class Reader:
    """What one attempt's agent said, as far as it is here; `transcript` is another value whenever there is more."""

    def __init__(self, terminal: Terminal, task: int) -> None:
        self._terminal = terminal
        self._id = task
        self._facts: list[Fact] = []
        self._paging = False
        self.transcript = t.Transcript(attempt=0)

    @property
    def attempt(self) -> int:
        """Whose transcript it is; 0 before there is any."""
        return self.transcript.attempt

    @property
    def is_running(self) -> bool:
        """Whether the attempt runs, of the facts alone: the task's details may lag behind."""
        numbers = [data.get("number") for type_, data in self._facts if type_ == "AttemptEnded"]
        return self.attempt > 0 and self.attempt not in numbers

    def open(self, attempt: int) -> None:
        """Turns to another attempt, of which nothing is here yet: `load` it."""
        self.transcript = t.Transcript(attempt=attempt, loaded=attempt == 0)
        self._head()

    async def load(self) -> None:
        """The end of the transcript."""
        attempt = self.attempt
        if not attempt:
            return
        page = await self._ask(attempt)
        if self.attempt == attempt and not self.transcript.loaded:
            entries = t.entries_of(page.events, attempt)
            self.transcript = t.begun(self.transcript, entries, more=page.more, cursor=page.cursor)
            self._terminal.redraw()

    async def scrolled(self, *, earlier: bool) -> None:
        """A further page, as somebody scrolls: one at a time, however often they ask."""
        if self._paging or not self.transcript.entries:
            return
        self._paging = True
        try:
            await self.page(earlier=earlier)
        finally:
            self._paging = False

    async def page(self, *, earlier: bool) -> None:
        """A further page above or below what is here."""
        had = self.transcript
        if earlier:
            page = await self._ask(had.attempt, before=had.entries[0].seq)
        else:
            page = await self._ask(had.attempt, after=had.entries[-1].seq)
        if self.attempt == had.attempt:
            put = t.earlier if earlier else t.later
            self.transcript = put(self.transcript, t.entries_of(page.events, had.attempt), more=page.more)
            self._terminal.redraw()

    async def first(self) -> bool:
        """The beginning, without all that lies between; whether it is still wanted."""
        attempt = self.attempt
        page = await self._ask(attempt, after=0)
        if self.attempt != attempt:
            return False
        entries = tuple(t.entries_of(page.events, attempt))
        self.transcript = replace(self.transcript, entries=entries, before=False, after=page.more, loaded=True)
        return True

    async def news(self) -> AsyncIterator[Sequence[pb.Event]]:
        """What is said and done from now on, over restarts of the daemon. The facts so far are known first."""
        cursor: int | None = None
        while True:
            try:
                cursor = await self._past() if cursor is None else cursor
                request = pb.WatchRequest(task=self._id, agent_events=True, after=cursor)
                async for response in self._terminal.stream("Watch", request):
                    cursor = response.cursor
                    yield response.events
            except Failure as failure:
                if not failure.lost:
                    raise
            await asyncio.sleep(_RETRY_SECONDS)

    def know(self, fact: Fact) -> None:
        """One more fact."""
        self._facts.append(fact)

    def grow(self, events: Sequence[pb.Event], *, keep_top: bool) -> None:
        """What the agent said now. `keep_top`: somebody reads above."""
        entries = t.entries_of(events, self.attempt)
        if entries:
            self.transcript = t.grown(self.transcript, entries, keep_top=keep_top)
            self._terminal.redraw()

    async def whole(self) -> bytes:
        """All of it, as lines to be read."""
        request = pb.ReadLogRequest(id=self._id, attempt=self.attempt)
        return b"".join([chunk.data async for chunk in self._terminal.stream("ReadLog", request)])

    async def _past(self) -> int:
        """All facts so far; the cursor to hear on from."""
        self._facts = []
        after, more = 0, True
        while more:
            request = pb.ListEventsRequest(id=self._id, after=after, page_size=1000)
            page: pb.ListEventsResponse = await self._terminal.ask("ListEvents", request)
            self._facts += facts(page.events)
            more = page.more
            after = page.events[-1].seq if page.events else after
        self._head()
        self._terminal.redraw()
        return page.cursor

    def _head(self) -> None:
        told = feedback_of(self._facts, self.attempt)
        entries = (t.Entry(0, "told", f"told before this attempt:\n{told}"),) if told else ()
        self.transcript = replace(self.transcript, head=entries)

    async def _ask(self, attempt: int, *, before: int = 0, after: int | None = None) -> pb.ListEventsResponse:
        request = pb.ListEventsRequest(id=self._id, attempt=attempt, before=before, after=after, page_size=_PAGE)
        page: pb.ListEventsResponse = await self._terminal.ask("ListEvents", request)
        return page


def facts(events: Iterable[pb.Event]) -> list[Fact]:
    """Those of the task's own events that tell what its agents were told."""
    return [
        (event.type, msgspec.json.decode(event.data, type=dict[str, object]))
        for event in events
        if event.type in _TELLING
    ]
