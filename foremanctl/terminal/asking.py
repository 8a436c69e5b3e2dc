"""What the terminal asks a person in its last line: a yes or no, or one line of text."""

import asyncio

from prompt_toolkit.buffer import Buffer
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.key_binding import KeyBindings
from prompt_toolkit.key_binding.key_processor import KeyPressEvent
from prompt_toolkit.layout import BufferControl, ConditionalContainer, Window
from prompt_toolkit.layout.processors import BeforeInput

from .paint import BOLD, Look


class Asking:
    """One question at a time. While there is one, keys are its answer."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self._turn = asyncio.Lock()
        self._question = ""
        self._answer: asyncio.Future[str | None] | None = None
        self._yes_or_no = False
        self.buffer = Buffer(multiline=False, accept_handler=self._accept)
        control = BufferControl(self.buffer, [BeforeInput(self._shown)], key_bindings=self._keys())
        self.window = Window(control, height=1)
        self.row = ConditionalContainer(self.window, Condition(lambda: self.begun))

    @property
    def begun(self) -> bool:
        """There is a question now."""
        return self._answer is not None

    async def yes(self, question: str) -> bool:
        """Whether the person pressed `y`; every other key is no."""
        return await self._ask(f"{question} y/n ", "", yes_or_no=True) == "y"

    async def line(self, question: str, text: str) -> str | None:
        """What the person wrote; None if they went back."""
        return await self._ask(question, text, yes_or_no=False)

    async def _ask(self, question: str, text: str, *, yes_or_no: bool) -> str | None:
        async with self._turn:
            self._question = self._look.line(question)
            self._yes_or_no = yes_or_no
            self._answer = asyncio.get_running_loop().create_future()
            self.buffer.text = text
            self.buffer.cursor_position = len(text)
            try:
                return await self._answer
            finally:
                self._answer = None
                self.buffer.reset()

    def _shown(self) -> StyleAndTextTuples:
        return [(BOLD, self._question)]

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
