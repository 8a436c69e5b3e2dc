"""Lines straight into a screen's cells.

prompt-toolkit's own way makes every cell anew for every picture, notes where each came from, and compares and writes
them letter by letter. Here a line that was there before costs nothing, and what stands together in one style is one
thing: a whole new page takes a tenth of the time.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import lru_cache

from prompt_toolkit.layout import UIContent, UIControl, Window
from prompt_toolkit.layout.mouse_handlers import MouseHandlers
from prompt_toolkit.layout.screen import Char, Screen, WritePosition
from prompt_toolkit.mouse_events import MouseEvent

from .paint import Fragment, Line

_KEPT = 500  # lines whose cells are kept

_RUNS = re.compile("[ -~]+|[^ -~]")

_char = lru_cache(maxsize=20_000)(Char)

_COVERED = _char("", "")
"""A cell that the one before it takes too. It differs from all that can be seen: what comes there next is written."""


class Pane(Window):
    """Shows what `lines` gives, and tells `mouse` what the mouse does there."""

    def __init__(self, lines: Callable[[], Sequence[Line]], mouse: Callable[[MouseEvent], None]) -> None:
        super().__init__(_Focus(), always_hide_cursor=True)
        self._lines = lines
        self._mouse = mouse

    def write_to_screen(
        self,
        screen: Screen,
        mouse_handlers: MouseHandlers,
        write_position: WritePosition,
        parent_style: str,  # noqa: ARG002 (prompt-toolkit's signature)
        erase_bg: bool,  # noqa: ARG002
        z_index: int | None,  # noqa: ARG002
    ) -> None:
        """Paints it, from the first column on."""
        end = write_position.ypos + write_position.height
        for row, line in zip(range(write_position.ypos, end), self._lines(), strict=False):
            screen.data_buffer[row] = _cells(tuple(line), write_position.width)
        for row in range(write_position.ypos, end):
            mouse_handlers.mouse_handlers[row] = defaultdict(lambda: self._clicked)
        screen.height = max(screen.height, end)
        screen.visible_windows_to_write_positions[self] = write_position

    def _clicked(self, event: MouseEvent) -> None:
        self._mouse(event)


class _Focus(UIControl):
    """What has the keys."""

    def is_focusable(self) -> bool:
        return True

    def create_content(self, width: int, height: int) -> UIContent:  # noqa: ARG002 (prompt-toolkit's signature)
        return UIContent(show_cursor=False)


class _Run(Char):
    """Letters that are written together, in the first of the cells that they take."""

    __slots__ = ()

    def __init__(self, text: str, style: str, width: int) -> None:
        self.char = text
        self.style = style
        self.width = width  # Char would measure it, and remember every text there ever was


@lru_cache(maxsize=_KEPT)
def _cells(line: tuple[Fragment, ...], width: int) -> defaultdict[int, Char]:
    """The cells of a line. What has no width of its own goes to the letter before it."""
    cells: defaultdict[int, Char] = defaultdict(lambda: _char(" ", ""))
    column = last = 0
    for style, letters in ((style, letters) for style, text in line for letters in _RUNS.findall(text)):
        if _is_plain(letters):
            char: Char = _Run(letters[: width - column], style, min(len(letters), width - column))
        else:
            char = _char(letters, style)
            if char.width == 0:
                if 0 < column < width:  # in the last cell a terminal gives it to the letter before that one
                    before = cells[last]
                    cells[last] = _Run(before.char + letters, before.style, before.width)
                continue
        if column == width or column + char.width > width:
            return cells
        last = column
        cells.update(dict.fromkeys(range(column, column + char.width), _COVERED))
        cells[column] = char
        column += char.width
    return cells


def _is_plain(letters: str) -> bool:
    return len(letters) > 1 or " " <= letters <= "~"
