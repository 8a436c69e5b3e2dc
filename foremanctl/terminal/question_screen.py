"""What an agent wants to be allowed, as a screen: all that it would do, and a person's yes or no to it."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime

from foremanctl.asked import left_out
from foremanctl.client import request_id
from foremanctl.exits import Conflict, Failure
from foremanctl.harmless import lines as harmless_lines
from foremanctl.output import age, counted
from foremand.v1 import foremand_pb2 as pb

from .keys import QUESTION, Binding
from .paint import BOLD, DIM, PLAIN, YELLOW, Line, hints, wrap
from .screens import Size, Terminal

_HEAD = 3  # lines above what the agent would do
_FOOT = 2  # and below it
_BEGINNING = 40  # cells of what it would do, where it is named in a line
_EVENTS = 100  # of the task, the last ones: among them who answered
_KEYS = [("y", "allow this once"), ("n", "deny"), ("v", "pager"), ("esc", "back")]


class QuestionScreen:
    """The open questions of one task, the oldest first."""

    def __init__(self, terminal: Terminal, task_id: int) -> None:
        self._terminal = terminal
        self._task = task_id
        self._question: pb.Question | None = None
        self._answered: set[str] = set()  # from here: the model may not know it yet
        self._came_for = ""  # the question that the person opened: every other one took its place unasked
        self._painted = ("", 0)  # which question was, and how wide; the next four are about that
        self._seen: set[int] = set()  # its lines that were in sight
        self._total = 0
        self._top = 0
        self._rows = 1
        self._busy = False

    @property
    def bindings(self) -> Sequence[Binding]:
        """Its keys."""
        return QUESTION

    def lines(self, size: Size) -> list[Line]:
        """The question in full, as much as there is room for."""
        look, columns, question = self._terminal.look, size.columns, self._question
        task = self._terminal.model.tasks.get(self._task)
        if task is None or question is None:
            return [look.fit([(PLAIN, f" {self._task} asks nothing now; esc: back")], columns)]
        body = list(wrap(look.text(question.text), columns - 1))
        if self._painted != (question.key, columns):
            self._painted, self._top, self._seen = (question.key, columns), 0, set()
        self._total, self._rows = len(body), max(1, size.rows - _HEAD - _FOOT)
        self._top = max(0, min(self._top, self._total - self._rows))
        end = min(self._total, self._top + self._rows)
        self._seen.update(range(self._top, end))
        now = datetime.fromtimestamp(self._terminal.model.now, UTC)
        several = len(self._open())
        told = f"?  attempt {question.attempt} asked {age(question.asked_at, now)} ago"
        more = f"; the oldest of {several}" if several > 1 else ""
        link = self._terminal.model.link
        shown: list[Line] = [
            [
                *([(f"{YELLOW} bold reverse", f" {link}... ")] if link else []),
                (BOLD, f" {task.id}  {look.line(task.title)}"),
            ],
            [
                (PLAIN, " may it use "),
                (f"{YELLOW} bold", look.cut(look.line(question.tool), columns // 2)),
                (PLAIN, f"{told}{more}"),
            ],
            [(DIM, look.rule * columns)],
            *([(PLAIN, f" {text}")] for text in body[self._top : end]),
            *([] for _ in range(self._rows - (end - self._top))),
            self._foot(question, end),
            hints(_KEYS, columns),
        ]
        return [look.fit(line, columns) for line in shown]

    def act(self, action: str) -> None:
        """Moves, or answers."""
        steps = {
            "down": 1,
            "up": -1,
            "page-down": self._rows - 1,
            "page-up": 1 - self._rows,
            "top": -self._total,
            "bottom": self._total,
        }
        question = self._question
        if action == "back":
            self._terminal.pop(self)
        elif question is None or self._busy:
            return
        elif action in steps:
            self._top += steps[action]
        elif action == "pager":
            self._terminal.start(self._page(question))
        elif action == "allow" and self._painted[0] != question.key:
            self._terminal.say("look at it first")
        else:
            self._terminal.start(self._answer(question, allow=action == "allow"))
        self._terminal.redraw()

    def pick(self, row: int) -> None:
        """Nothing here can be picked."""

    def changed(self) -> None:
        """Somebody may have answered, or the agent asks more."""
        question = self._question
        if question is not None and question.key not in {each.key for each in self._asked()} | self._answered:
            self._terminal.start(self._tell_who(question))
        self._next()

    def close(self) -> None:
        """The question stays open."""

    def _foot(self, question: pb.Question, end: int) -> Line:
        """What there is beside the lines in sight, which end before `end`."""
        if end < self._total:
            return [(DIM, f" {counted(self._total - end, 'line')} more below")]
        if cut := left_out(question):
            return [(f"{YELLOW} bold", f" that is its end; {cut}")]
        return [(DIM, " that is all of it" if len(self._seen) == self._total else " that is its end")]

    def _asked(self) -> Sequence[pb.Question]:
        task = self._terminal.model.tasks.get(self._task)
        return task.questions if task is not None else ()

    def _open(self) -> list[pb.Question]:
        return [question for question in self._asked() if question.key not in self._answered]

    def _next(self) -> None:
        """The oldest that is open; without any, back to where the person was."""
        waiting = self._open()
        self._question = waiting[0] if waiting else None
        if self._question is None:
            self._terminal.pop(self)
        elif not self._came_for:
            self._came_for = self._question.key

    async def _answer(self, question: pb.Question, *, allow: bool) -> None:
        """Asks for what is still needed, and passes the answer on. Where somebody was faster, that is said."""
        self._busy = True
        terminal = self._terminal
        try:
            message: str | None = ""
            if not allow:
                message = await terminal.line(f"deny {question.tool}; why (may be empty): ")
            elif not await self._is_meant(question):
                return
            if message is not None:
                await self._send(question, allow, message)
                terminal.say(f"{self._task}: {'allowed' if allow else 'denied'} {question.tool}")
        finally:
            self._busy = False

    async def _is_meant(self, question: pb.Question) -> bool:
        """Whether the person allows just this; asked where they cannot know all of it.

        One that has taken another's place wants a word: a `y` too many, or one that is held, must not allow it.
        """
        terminal, unseen = self._terminal, self._total - len(self._seen)
        unknown = [f"you have not seen {counted(unseen, 'line')} of it"] if unseen else []
        unknown += filter(None, [left_out(question)])
        if question.key != self._came_for:
            look = terminal.look
            tool, what = (look.cut(look.line(text.strip()), _BEGINNING) for text in (question.tool, question.text))
            why = "; ".join(["it is another question", *unknown])
            return await terminal.line(f"allow {tool}: {what}? {why}; write yes to allow it: ") == "yes"
        return not unknown or await terminal.confirm(f"{'; '.join(unknown)}; allow it?")

    async def _send(self, question: pb.Question, allow: bool, message: str) -> None:
        self._answered.add(question.key)
        asked = pb.AnswerQuestionRequest(
            request_id=request_id(), id=self._task, question=question.key, allow=allow, message=message
        )
        try:
            await self._terminal.ask("AnswerQuestion", asked)
        except Failure as failure:
            if not isinstance(failure, Conflict):
                self._answered.discard(question.key)  # nobody has answered it
            raise
        finally:
            self._next()

    async def _tell_who(self, question: pb.Question) -> None:
        """Says what became of a question that is not open any more."""
        asked = pb.ListEventsRequest(id=self._task, page_size=_EVENTS)
        page: pb.ListEventsResponse = await self._terminal.ask("ListEvents", asked)
        facts = (json.loads(event.data) for event in page.events if event.type == "QuestionAnswered")
        answer = next((fact for fact in facts if fact["key"] == question.key), None)
        what = f"{self._task}: what was asked for {question.tool}"
        if answer is None:
            self._terminal.say(f"{what} is not asked any more")
        else:
            self._terminal.say(f"{what} was {'allowed' if answer['allow'] else 'denied'} meanwhile by {answer['by']}")

    async def _page(self, question: pb.Question) -> None:
        await self._terminal.page(harmless_lines(question.text))
        if self._painted[0] == question.key:
            self._seen.update(range(self._total))
