"""What a screen is, and what it may ask of the terminal that it stands on."""

from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from typing import Any, NamedTuple, Protocol

from google.protobuf.message import Message

from .keys import Binding
from .model import Event, Model
from .paint import Line, Look


class Size(NamedTuple):
    """Of a terminal, in cells."""

    rows: int
    columns: int


class Screen(Protocol):
    """Something that fills the terminal. The one on top is shown and has the keys."""

    @property
    def bindings(self) -> Sequence[Binding]:
        """Its keys; what `?` shows of it."""
        ...

    def lines(self, size: Size) -> list[Line]:
        """What it looks like now: at most `size.rows` lines of at most `size.columns` cells. No I/O."""
        ...

    def act(self, action: str) -> None:
        """Does what the key for `action` stands for. What takes time is started with `Terminal.start`."""
        ...

    def pick(self, row: int) -> None:
        """The mouse was clicked on this row, counted from 0."""
        ...

    def changed(self) -> None:
        """The terminal's model is another one: fetch again what has grown stale."""
        ...

    def close(self) -> None:
        """It is shown no more: end what it has begun."""
        ...


class Terminal(Protocol):
    """What screens may ask for."""

    @property
    def model(self) -> Model:
        """All tasks as they are now, and how the connection is."""
        ...

    @property
    def drafts(self) -> dict[str, str]:
        """What people wrote and could not send yet, by any name."""
        ...

    def tell(self, event: Event) -> None:
        """Makes of the model what this makes of it."""
        ...

    async def until(self, true: Callable[[Model], bool]) -> None:
        """Waits until the model is so, over any restart of the daemon."""
        ...

    @property
    def look(self) -> Look:
        """Which characters may be used."""
        ...

    async def ask(self, verb: str, request: Message) -> Any:
        """One call, one answer. Raises `exits.Failure`, also when the daemon has gone away."""
        ...

    def stream(self, verb: str, request: Message) -> AsyncIterator[Any]:
        """One call, many answers. Raises `exits.Failure`; one that is `lost` may be asked again."""
        ...

    def start(self, work: Coroutine[Any, Any, None]) -> "Work":
        """Does something beside the screen. A `Failure` that it raises is said in words."""
        ...

    def push(self, screen: Screen) -> None:
        """Shows another screen on top."""
        ...

    def pop(self, screen: Screen) -> None:
        """Takes `screen` away, and shows what is below it. One that is on top of it stays; nothing happens if it is
        gone already."""
        ...

    def redraw(self) -> None:
        """What is shown has changed."""
        ...

    def say(self, text: str, *, bad: bool = False) -> None:
        """One line for the person, until the next key."""
        ...

    async def confirm(self, question: str) -> bool:
        """Asks once: `y` is yes, everything else no."""
        ...

    async def line(self, question: str, text: str = "") -> str | None:
        """Asks for one line, with `text` to begin with. None if the person goes back."""
        ...

    async def edit(self, text: str, suffix: str = ".md") -> str | None:
        """Opens the person's $EDITOR on `text`; what they saved, None if they saved nothing else."""
        ...

    def copy(self, text: str) -> None:
        """Puts a short text into the clipboard of the person's terminal, where that can be done (OSC 52)."""
        ...

    async def page(self, text: str) -> None:
        """Shows a long text, made harmless before, in the person's $PAGER."""
        ...


class Work(Protocol):
    """Something that was started."""

    def done(self) -> bool:
        """It has ended."""
        ...

    def cancel(self) -> object:
        """Ends it; nothing is said."""
        ...
