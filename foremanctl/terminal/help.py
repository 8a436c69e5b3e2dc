"""All keys of the screen below."""

from collections.abc import Sequence

from foremanctl.output import counted

from .keys import MOVING, Binding, bind, explained
from .paint import BOLD, DIM, PLAIN, Line, padded, wrap
from .screens import Size, Terminal

_BINDINGS = (
    bind("escape ? q enter c-c", "back", "back"),
    *MOVING,
    bind("c-l", "repaint", "paint the screen again"),
)

_END = "Nothing you do here stops a task unless it says so."


class HelpScreen:
    """What each key does."""

    def __init__(self, terminal: Terminal, bindings: Sequence[Binding]) -> None:
        self._terminal = terminal
        self._rows = explained(bindings)
        self._top = 0
        self._room = 1  # of keys, when they were painted last

    @property
    def bindings(self) -> Sequence[Binding]:
        """To scroll and to go back: keys of the screen below do nothing here, which tells of them."""
        return _BINDINGS

    def lines(self, size: Size) -> list[Line]:
        """Keys and their words, which go on below each other where there is no room beside the keys."""
        width = max(len(keys) for keys, _ in self._rows) + 4
        whole: list[Line] = []
        for keys, help_ in self._rows:
            first, *rest = wrap(help_, size.columns - width)
            whole.append([(BOLD, f"  {padded(keys, width - 4)}"), (PLAIN, f"  {first}")])
            whole += [[(PLAIN, " " * width + text)] for text in rest]
        whole += [[], *([(DIM, f"  {text}")] for text in wrap(_END, size.columns - 2))]
        self._room = room = max(1, size.rows - 2)
        self._top = max(0, min(self._top, len(whole) - room))
        below = len(whole) - room - self._top
        foot: Line = [(DIM, f" {counted(below, 'line')} more below; esc goes back" if below > 0 else " esc goes back")]
        fit = self._terminal.look.fit
        return [fit(line, size.columns) for line in ([(BOLD, " keys")], *whole[self._top : self._top + room], foot)]

    def act(self, action: str) -> None:
        """Scrolls, or goes back."""
        if action == "back":
            self._terminal.pop(self)
        else:
            page = max(1, self._room - 1)
            steps = {"down": 1, "up": -1, "page-down": page, "page-up": -page, "top": -(10**6), "bottom": 10**6}
            self._top += steps[action]
            self._terminal.redraw()

    def pick(self, row: int) -> None:
        """Nothing here can be picked."""

    def changed(self) -> None:
        """Keys do not change."""

    def close(self) -> None:
        """Nothing was begun."""
