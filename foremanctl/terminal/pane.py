"""Lines straight into a screen's cells.

prompt-toolkit's own way makes every cell anew for every picture and notes where each came from. Here a line that was
there before costs nothing: most of a picture is what the picture before it was.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import lru_cache

from prompt_toolkit.layout import UIContent, UIControl, Window
from prompt_toolkit.layout.mouse_handlers import MouseHandlers
from prompt_toolkit.layout.screen import Char, Screen, WritePosition
from prompt_toolkit.mouse_events import MouseEvent

from .paint import Fragment, Line

_KEPT = 1000  # lines whose cells are kept

_char = lru_cache(maxsize=20_000)(Char)


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


@lru_cache(maxsize=_KEPT)
def _cells(line: tuple[Fragment, ...], width: int) -> defaultdict[int, Char]:
    """The cells of a line. What has no width of its own goes to the character before it."""
    cells: defaultdict[int, Char] = defaultdict(lambda: _char(" ", ""))
    column = last = 0
    for style, text in line:
        for letter in text:
            char = _char(letter, style)
            if char.width == 0:
                if column:
                    cells[last] = _char(cells[last].char + letter, cells[last].style)
                continue
            if column + char.width > width:
                return cells
            last = column
            cells[column] = char
            for beside in range(column + 1, column + char.width):
                cells[beside] = _char("", "")
            column += char.width
    return cells
