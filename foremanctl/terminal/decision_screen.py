"""The decision screen: its keys, what they ask of the daemon, and what is made of its answers."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from foremanctl import harmless
from foremanctl.exits import Conflict, NotFound, Usage
from foremand.v1 import foremand_pb2 as pb

from . import decision_answers as answers
from .comments import Comments
from .decision_brief import brief
from .decision_cursor import Cursor, choose, enter, move
from .decision_fetch import Fetched, View, Wanted, fetch
from .decision_keys import DECISION
from .decision_page import Page, Spot
from .decision_talk import Talk
from .decision_view import HEAD, Shown, height, last_answer, lines, moved, page_width
from .decision_words import Note, Section
from .keys import Binding
from .paint import DIM, Line
from .patch_tree import Row, tree
from .screens import Size, Terminal

_ANSWERS: dict[str, answers.Answer] = {
    "approve": answers.approve,
    "rework": answers.rework,
    "reject": answers.reject,
    "waive": answers.waive,
}


@dataclass
class Memory:
    """What outlives the screen: what a person has said of a task, and the revision that they have seen."""

    comments: Comments = field(default_factory=Comments)
    looked: str = ""


class DecisionScreen:
    """One task's change, to be answered for."""

    def __init__(self, terminal: Terminal, task_id: int, kept: Memory, answer: str = "") -> None:
        self._terminal = terminal
        self._task = task_id
        self._kept = kept
        self._looked = kept.looked
        self._answer_first = answer  # what the person came for
        self._answer_about = ""  # the revision of which they saw a part by then
        self._found: Fetched | None = None
        self._latest = pb.TaskDetail()
        self._size = Size(24, 80)
        self._page: Page | None = None
        self._tree: list[Row] = []
        self._told: tuple[object, list[Section]] = (None, [])
        self._cursor = Cursor()
        self._fetching: Any = None
        self._spot: tuple[Spot, int] | None = None  # where to go on, once the page is made anew
        self._heard = 0  # answers that there were when this was fetched
        self._busy = False
        self._stood: object = None

    @property
    def bindings(self) -> Sequence[Binding]:
        """Its keys."""
        return DECISION

    def begin(self) -> None:
        """Fetches what is to be decided."""
        self._fetch("whole", self._looked)

    def close(self) -> None:
        """What was seen is remembered: next time what is new can be told."""
        if self._fetching is not None:
            self._fetching.cancel()
        if self._found is not None and self._found.complete:
            self._kept.looked = self._found.known.revision

    def lines(self, size: Size) -> list[Line]:
        """As it is now."""
        if self._found is None:
            return [[(DIM, f" {self._task}: what it changed is fetched ...")]]
        if page_width(size) != page_width(self._size):
            self._stale()
        self._size = size
        return lines(self._shown(self._found), self._terminal.look, size)

    def pick(self, row: int) -> None:
        """A click goes to that line."""
        if self._found is not None and HEAD <= row < HEAD + height(self._size):
            page = self._shown(self._found).page
            self._cursor.row = min(len(page) - 1, self._cursor.top + row - HEAD)
            self._terminal.redraw()

    def changed(self) -> None:
        """The task may have moved on, or somebody may have answered."""
        task = self._terminal.model.tasks.get(self._task)
        if task is None:
            return
        stands = (task.state, task.reason, task.revision, [(gate.name, gate.verdict) for gate in task.gates])
        if stands != self._stood:
            self._stood = stands
            self._terminal.start(self._refresh())

    def act(self, action: str) -> None:
        """What a key does."""
        cursor = self._cursor
        if action == "back":
            if cursor.in_tree:
                cursor.in_tree = False
            else:
                return self._terminal.pop(self)
        elif self._busy:
            return None
        elif action in _ANSWERS and not (self._found and self._found.complete):
            self._answer_first, self._answer_about = action, self._revision()
            self._terminal.say("not all of the change is here yet: it is asked as soon as it is")
        elif self._found is None:
            return None
        elif self._moves(self._found, action):
            pass
        elif action == "difference":
            self._difference(self._found)
        else:
            self._terminal.start(self._alone(self._found, action))
        return self._terminal.redraw()

    def _moves(self, found: Fetched, action: str) -> bool:
        shown = self._shown(found)
        if action == "tree":
            if found.shown.files:
                enter(self._cursor, shown.tree, shown.page.spot(self._cursor.row).file)
        elif action == "enter":
            if self._cursor.in_tree:
                choose(self._cursor, shown.page, shown.tree)
        else:
            return move(self._cursor, action, shown.page, shown.tree, height(self._size))
        return True

    async def _alone(self, found: Fetched, action: str) -> None:
        """One thing at a time: no key may answer twice."""
        self._busy = True
        try:
            await self._do(found, action)
        finally:
            self._busy = False
            self._stale()
            if self._found is not None and self._found.complete:
                self._begin_answer(self._found)
            self._terminal.redraw()

    async def _do(self, found: Fetched, action: str) -> None:
        talk = Talk(self._terminal, found, self._kept.comments)
        match action:
            case "comment":
                await talk.comment(self._shown(found).page.spot(self._cursor.row))
            case "comment-file":
                await talk.comment(Spot("file", max(0, self._shown(found).page.spot(self._cursor.row).file)))
            case "comment-remove":
                talk.remove(self._shown(found).page.spot(self._cursor.row))
            case "comment-editor":
                await talk.write()
            case "pager":
                await self._terminal.page(self._text(found))
            case "editor":
                if await self._terminal.edit(self._text(found), ".diff") is not None:
                    self._terminal.say("what was written there is not kept: E and w are for that")
            case _:
                await self._answer(found, action)

    async def _answer(self, found: Fetched, action: str) -> None:
        comments = self._kept.comments
        if not self._is_shown(found):
            return None
        try:
            answers.expected(action, found.known.task)
            if action == "rework" and not len(comments):
                if not await Talk(self._terminal, found, comments).write():
                    return None
                self._stale()
                if not self._is_shown(found):
                    return None
            said = await _ANSWERS[action](self._terminal, found.known, comments)
        except (Conflict, NotFound, Usage) as failure:
            return await self._refused(found, failure)
        if said:
            self._terminal.pop(self)
        return self._terminal.say(said or "nothing was sent")

    def _is_shown(self, found: Fetched) -> bool:
        """Whether an answer would be about how the task stands; says it where it would not."""
        known = found.known
        if moved(known, self._latest):
            self._fetch("looked", known.revision)
            self._terminal.say(f"it is not at {known.revision[:12]} any more: this is what has changed", bad=True)
            return False
        return True

    async def _refused(self, found: Fetched, failure: Conflict | NotFound | Usage) -> None:
        """What the daemon said, who was first, and what has changed. Comments stay."""
        known = found.known
        await self._refresh()
        told = "; ".join(filter(None, (failure.what, failure.why, last_answer(self._latest, self._heard))))
        if moved(known, self._latest):
            self._fetch("looked", known.revision)
            told += "; this is what has changed since"
        self._terminal.say(told, bad=True)

    async def _refresh(self) -> None:
        """How the task stands now. The change that is shown stays, whatever has become of it."""
        self._latest = await self._terminal.ask("GetTask", pb.GetTaskRequest(id=self._task))
        found = self._found
        if found is not None and not moved(found.known, self._latest):
            found.known = replace(found.known, detail=self._latest)
            self._stale()
        self._terminal.redraw()

    def _difference(self, found: Fetched) -> None:
        """The next way to look at the change: what is new since then, and at the end all of it again."""
        known = found.known
        if moved(known, self._latest):
            return self._fetch("looked", known.revision)
        views: list[View] = ["whole"]
        if self._looked not in ("", known.revision):
            views.append("looked")
        if any(said.decision == "approved" and said.revision != known.revision for said in known.detail.approvals):
            views.append("approved")
        if len(views) == 1:
            return self._terminal.say("you have not looked at an earlier revision, and nobody has approved one")
        place = views.index(found.view) + 1 if found.view in views else 0
        return self._fetch(views[place % len(views)], self._looked)

    def _fetch(self, view: View, since: str) -> None:
        if self._fetching is not None:
            self._fetching.cancel()
        self._looked = since

        def grown(found: Fetched) -> None:
            if found is not self._found:
                self._page = self._spot = None
                self._cursor = Cursor()
                self._found, self._heard = found, len(found.known.detail.approvals)
                self._latest = max(self._latest, found.known.detail, key=lambda each: each.task.updated_at)
            self._stale()
            if found.complete:
                self._kept.comments.carry(found.known.revision, found.whole)
                if view != "whole" and self._cursor.row == 0 and found.shown.files:
                    self._cursor.row = self._cursor.top = self._shown(found).page.file_row(0)
                self._begin_answer(found)
            self._terminal.redraw()

        self._fetching = self._terminal.start(fetch(self._terminal, Wanted(self._task, view, since), grown))

    def _begin_answer(self, found: Fetched) -> None:
        """The answer for which the person came, once what it is about can be seen."""
        if not self._answer_first or self._busy:
            return
        action, self._answer_first = self._answer_first, ""
        if self._answer_about in ("", found.known.revision):
            self._terminal.start(self._alone(found, action))
        else:
            self._terminal.say(f"it is not at {self._answer_about[:12]} any more: this is another change", bad=True)

    def _revision(self) -> str:
        return "" if self._found is None else self._found.known.revision

    def _shown(self, found: Fetched) -> Shown:
        if self._page is None:
            said = self._kept.comments.on(found.known.revision)
            self._page = Page(self._sections(found), found.shown, said, page_width(self._size), self._terminal.look)
            self._tree = tree(found.shown.files)
            if self._spot is not None:
                spot, below = self._spot
                self._cursor.row = self._page.row_of(spot)
                self._cursor.top = max(0, self._cursor.row - below)
            self._cursor.tree_row = min(self._cursor.tree_row, max(0, len(self._tree) - 1))
        return Shown(found, self._latest, self._page, self._tree, self._kept.comments, self._cursor, self._heard)

    def _stale(self) -> None:
        """The page is made anew before it is looked at; the cursor stays with what it is on."""
        if self._page is not None:
            self._spot = (self._page.spot(self._cursor.row), self._cursor.row - self._cursor.top)
            self._page = None

    def _sections(self, found: Fetched) -> list[Section]:
        comments, revision = self._kept.comments, found.known.revision
        said = [Note(each.text) for each in comments.on(revision) if not each.place.path]
        if others := comments.elsewhere(revision):
            said.append(Note(f"and {len(others)} about lines of earlier revisions, which are sent as well", "dim"))
        mine = [Section("what you say", said)] if said else []
        return [*self._brief(found), *mine]

    def _brief(self, found: Fetched) -> list[Section]:
        """Made once for each thing that was told: it looks at every file. Those that are still coming are left out."""
        known = found.known
        key = (id(known), found.complete)
        if self._told[0] != key:
            self._told = (key, brief(known if found.complete else replace(known, files=())))
        return self._told[1]

    def _text(self, found: Fetched) -> str:
        parts = []
        for section in self._sections(found):
            parts += [section.title, *(f"  {note.text}" for note in section.notes), ""]
        return harmless.lines("\n".join(parts)) + "\n" + "".join(harmless.stream(found.shown.text()))
