"""All keys of the screen below."""

from collections.abc import Sequence

from .keys import Binding, bind, explained
from .paint import BOLD, DIM, PLAIN, Line, padded
from .screens import Size, Terminal

_BINDINGS = (
    bind("escape ? q enter c-c", "back", "back"),
    bind("j down", "down", "down"),
    bind("k up", "up", "up"),
)


class HelpScreen:
    """What each key does."""

    def __init__(self, terminal: Terminal, bindings: Sequence[Binding]) -> None:
        self._terminal = terminal
        self._rows = explained(bindings)
        self._top = 0

    @property
    def bindings(self) -> Sequence[Binding]:
        """To scroll and to go back."""
        return _BINDINGS

    def lines(self, size: Size) -> list[Line]:
        """Keys and words, one a line."""
        self._top = max(0, min(self._top, len(self._rows) - (size.rows - 2)))
        width = max(len(keys) for keys, _ in self._rows)
        shown = self._rows[self._top : self._top + size.rows - 2]
        fit = self._terminal.look.fit
        body: list[Line] = [[(BOLD, f"  {padded(keys, width)}"), (PLAIN, f"  {help_}")] for keys, help_ in shown]
        foot: Line = [(DIM, " esc goes back; nothing you do here stops a task unless it says so")]
        return [fit(line, size.columns) for line in ([(BOLD, " keys")], *body, foot)]

    def act(self, action: str) -> None:
        """Scrolls, or goes back."""
        if action == "back":
            self._terminal.pop()
        else:
            self._top += 1 if action == "down" else -1
            self._terminal.redraw()

    def pick(self, row: int) -> None:
        """Nothing here can be picked."""

    def changed(self) -> None:
        """Keys do not change."""

    def close(self) -> None:
        """Nothing was begun."""
