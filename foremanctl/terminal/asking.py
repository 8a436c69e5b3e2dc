"""What the terminal asks a person in its last lines: a yes or no, or one line of text."""

import asyncio

from prompt_toolkit.application import get_app
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.key_binding import KeyBindings
from prompt_toolkit.key_binding.key_processor import KeyPressEvent
from prompt_toolkit.layout import BufferControl, ConditionalContainer, FormattedTextControl, HSplit, Window
from prompt_toolkit.layout.processors import BeforeInput

from .paint import BOLD, Look, cells, wrap

_ROWS = 4
"""That a question takes at most: of a longer one the middle is left out."""

_WRITING = 20
"""Cells beside the question in which one writes, at least."""


class Asking:
    """One question at a time. While there is one, keys are its answer."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self._turn = asyncio.Lock()
        self._question = ""
        self._answer: asyncio.Future[str | None] | None = None
        self._yes_or_no = False
        self._closed = False
        self.buffer = Buffer(multiline=False, accept_handler=self._accept)
        control = BufferControl(self.buffer, [BeforeInput(self._shown)], key_bindings=self._keys())
        above = Window(FormattedTextControl(self._above), dont_extend_height=True)
        self._last = Window(control, height=1)
        rows = HSplit([ConditionalContainer(above, Condition(lambda: len(self._parts()) > 1)), self._last])
        self.row = ConditionalContainer(rows, Condition(lambda: self.begun))

    @property
    def begun(self) -> bool:
        """There is a question now."""
        return self._answer is not None

    def rows(self, columns: int) -> int:
        """Of the terminal's, how many it takes now."""
        return len(self._parts(columns)) if self.begun else 0

    def close(self) -> None:
        """The person has left: whatever is asked, now and later, is not answered."""
        self._closed = True
        self._give(None)

    async def yes(self, question: str) -> bool:
        """Whether the person pressed `y`; every other key is no."""
        return await self._ask(f"{question} y/n ", "", yes_or_no=True) == "y"

    async def line(self, question: str, text: str) -> str | None:
        """What the person wrote; None if they went back."""
        return await self._ask(question, text, yes_or_no=False)

    async def _ask(self, question: str, text: str, *, yes_or_no: bool) -> str | None:
        async with self._turn:
            if self._closed:
                return None
            self._question = self._look.line(question)
            self._yes_or_no = yes_or_no
            self._answer = asyncio.get_running_loop().create_future()
            self.buffer.text = text
            self.buffer.cursor_position = len(text)
            self._last.horizontal_scroll = 0  # a long answer to the question before has moved it
            try:
                return await self._answer
            finally:
                self._answer = None
                self.buffer.reset()

    def _shown(self) -> StyleAndTextTuples:
        return [(BOLD, self._parts()[-1])]

    def _above(self) -> StyleAndTextTuples:
        return [(BOLD, "\n".join(self._parts()[:-1]))]

    def _parts(self, columns: int = 0) -> list[str]:
        """The question in as many rows as it needs; the answer goes behind the last."""
        width = (columns or get_app().output.get_size().columns) - 1  # the cursor has a cell, too
        parts = list(wrap(self._question, width))
        if not self._yes_or_no and width - cells(parts[-1]) < min(_WRITING, width):
            parts.append("")
        if len(parts) > _ROWS:
            first = parts[: _ROWS - 1]
            first[-1] = self._look.cut(first[-1] + parts[_ROWS - 1], width)
            parts = [*first, parts[-1]]
        return parts

    def _accept(self, buffer: Buffer) -> bool:
        self._give(buffer.text)
        return True

    def _give(self, answer: str | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(answer)

    def _keys(self) -> KeyBindings:
        keys = KeyBindings()
        yes_or_no = Condition(lambda: self._yes_or_no)

        @keys.add("escape", eager=True)
        @keys.add("c-c")
        @keys.add("c-g")
        def _back(_event: KeyPressEvent) -> None:
            self._give(None)

        @keys.add("enter")
        def _done(_event: KeyPressEvent) -> None:
            self.buffer.validate_and_handle()

        @keys.add("<any>", filter=yes_or_no)
        @keys.add("enter", filter=yes_or_no)
        def _yes_or_no(event: KeyPressEvent) -> None:
            self._give("y" if event.data in {"y", "Y"} else "")

        return keys
