"""The floor as a screen: what its keys do, and where it is scrolled to."""

from collections.abc import Sequence

from msgspec.structs import replace

from . import verbs
from .floor import body_rows, entries, first_row, lines
from .keys import FLOOR, Binding
from .model import ORDERS, Floor, Moved, Selected, Viewed
from .paint import Line
from .screens import Size, Terminal

_HEAD = 2  # lines above the first task


class FloorScreen:
    """All tasks."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._top = 0
        self._rows = 1  # of tasks, when it was painted last

    @property
    def bindings(self) -> Sequence[Binding]:
        """The floor's keys."""
        return FLOOR

    def lines(self, size: Size) -> list[Line]:
        """As it is now, the selected task in sight."""
        model = self._terminal.model
        self._rows = body_rows(size.rows)
        found = entries(model)
        place = found.index(model.floor.selected) if model.floor.selected in found else 0
        self._top = first_row(len(found), place, self._rows, self._top)
        if self._top == place > 0 and isinstance(found[place - 1], str):
            self._top -= 1  # the repository above its first task
        return lines(model, self._terminal.look, size.rows, size.columns, self._top)

    def act(self, action: str) -> None:
        """Moves, looks in another way, or acts on the selected task."""
        terminal = self._terminal
        if (by := self._steps().get(action)) is not None:
            terminal.tell(Moved(by))
        elif action == "filter":
            terminal.start(self._filter())
        elif (floor := _viewed(terminal.model.floor, action)) is not None:
            terminal.tell(Viewed(floor))
        elif (task := terminal.model.selected) is not None:
            if action == "open":
                self._open(task.id)
            else:
                terminal.start(verbs.VERBS[action](terminal, task.id))

    def pick(self, row: int) -> None:
        """A click selects a task; on the selected one it opens it."""
        found = entries(self._terminal.model)
        place = self._top + row - _HEAD
        if row >= _HEAD and row < _HEAD + self._rows and place < len(found):
            task = found[place]
            if task == self._terminal.model.floor.selected:
                self._open(task)
            elif isinstance(task, int):
                self._terminal.tell(Selected(task))

    def changed(self) -> None:
        """It is painted from the model alone."""

    def close(self) -> None:
        """Nothing was begun."""

    def _steps(self) -> dict[str, int]:
        page, everything = max(1, self._rows - 1), len(self._terminal.model.shown)
        return {
            "down": 1,
            "up": -1,
            "page-down": page,
            "page-up": -page,
            "top": -everything,
            "bottom": everything,
        }

    async def _filter(self) -> None:
        floor = self._terminal.model.floor
        words = await self._terminal.line("/", floor.words)
        if words is not None:
            self._terminal.tell(Viewed(replace(self._terminal.model.floor, words=words)))

    def _open(self, task: int) -> None:
        from .task_screen import TaskScreen  # the larger half, which is wanted only now

        self._terminal.push(TaskScreen(self._terminal, task))


def _viewed(floor: Floor, action: str) -> Floor | None:
    match action:
        case "order":
            return replace(floor, order=ORDERS[(ORDERS.index(floor.order) + 1) % len(ORDERS)])
        case "by-repo":
            return replace(floor, by_repo=not floor.by_repo)
        case "history":
            return replace(floor, history=not floor.history)
        case "clear":
            return Floor(selected=floor.selected)
        case _:
            return None
