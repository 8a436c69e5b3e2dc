"""The full-screen application: screens on a stack, keys to the one on top, and the daemon's news to the model."""

import asyncio
import base64
import signal
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, Protocol, TypeVar

from google.protobuf.message import Message
from prompt_toolkit.application import Application
from prompt_toolkit.filters import Condition
from prompt_toolkit.input import Input
from prompt_toolkit.key_binding import KeyBindings
from prompt_toolkit.key_binding.key_processor import KeyPress, KeyPressEvent
from prompt_toolkit.layout import HSplit, Layout
from prompt_toolkit.mouse_events import MouseEvent, MouseEventType
from prompt_toolkit.output import ColorDepth, Output

from foremanctl.exits import Failure

from . import outside, verbs
from .asking import Asking
from .floor_screen import FloorScreen
from .help import HelpScreen
from .keys import EVERYWHERE, action_of
from .model import Event, Model, Selected, Ticked, next_for_you, reduce
from .pace import Pace
from .paint import BOLD, RED, Line, Look
from .pane import Pane
from .screens import Screen, Size

T = TypeVar("T")

_KEY_SECONDS = 0.01
_TICK_SECONDS = 5.0
_SCROLL = 3  # lines

_NAMED = (
    *("enter", "tab", "s-tab", "escape", "up", "down", "left", "right", "pageup", "pagedown", "home", "end"),
    *("backspace", "delete", "insert"),
    *(f"f{number}" for number in range(1, 13)),
    *(f"c-{letter}" for letter in "abcdefghklnopqrstuvwxyz"),  # c-i, c-j and c-m are tab and enter
)
_ALIASES = {" ": "space", "c-i": "tab", "c-m": "enter", "c-j": "enter", "c-h": "backspace"}


class Daemon(Protocol):
    """Where the news comes from and the answers go."""

    async def run(self, tell: Callable[[Event], None]) -> None: ...
    async def ask(self, verb: str, request: Message) -> Any: ...
    def stream(self, verb: str, request: Message) -> AsyncIterator[Any]: ...


class App:
    """A `Terminal`. `task`: opened at once; `bell`: ring when somebody begins to be needed."""

    def __init__(
        self,
        daemon: Daemon,
        look: Look,
        *,
        color: bool,
        bell: bool,
        task: int | None = None,
        source: Input | None = None,
        output: Output | None = None,
    ) -> None:
        self.model = Model(now=time.time())
        self.look = look
        self.drafts: dict[str, str] = {}
        self._bell = bell
        self._notice: tuple[str, bool] | None = None
        self._due: asyncio.TimerHandle | None = None
        self._pace = Pace()
        self._typed: deque[KeyPress] = deque()
        self._held = False
        self._news = asyncio.Event()
        self._waiting: set[asyncio.Task[Any] | None] = set()
        self._answering = False
        self._asking = Asking(look)
        self._screens: list[Screen] = [FloorScreen(self)]
        self._begin = task
        self._daemon = daemon
        self._window = Pane(self.lines, self.mouse)
        self._app: Application[None] = Application(
            Layout(HSplit([self._window, self._asking.row]), focused_element=self._window),
            key_bindings=self._keys(),
            full_screen=True,
            mouse_support=Condition(lambda: not self._asking.begun),
            min_redraw_interval=_KEY_SECONDS,
            color_depth=ColorDepth.DEPTH_4_BIT if color else ColorDepth.DEPTH_1_BIT,
            input=source,
            output=output,
        )
        self._app.ttimeoutlen = 0.05  # a lone Escape is soon known to be one

    async def run(self) -> None:
        """Until the person detaches. Raises the Failure that ended it otherwise."""
        for number in (signal.SIGTERM, signal.SIGHUP):  # the terminal is left as it was found
            asyncio.get_running_loop().add_signal_handler(number, self._leave)
        try:
            async with asyncio.TaskGroup() as self._group:
                beside = [self._group.create_task(w) for w in (self._daemon.run(self.tell), self._tick())]
                if self._begin is not None:
                    self.push(self._task(self._begin))
                await self._app.run_async(set_exception_handler=False)
                self._asking.close()
                while self._screens:
                    self._screens.pop().close()
                for work in filter(None, (*beside, *self._waiting)):
                    work.cancel()
        except* Failure as failures:
            raise _first(failures) from None

    # What screens ask for

    async def ask(self, verb: str, request: Message) -> Any:
        """One call, one answer."""
        return await self._daemon.ask(verb, request)

    def stream(self, verb: str, request: Message) -> AsyncIterator[Any]:
        """One call, many answers."""
        return self._daemon.stream(verb, request)

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Does something beside the screen; a failure is said."""
        return self._group.create_task(self._guarded(work))

    def push(self, screen: Screen) -> None:
        """Shows another screen on top."""
        self._screens.append(screen)
        screen.changed()
        self.redraw()

    def pop(self, screen: Screen) -> None:
        """Takes a screen away, wherever it is; never the floor."""
        if screen in self._screens[1:]:
            self._screens.remove(screen)
            screen.close()
            self._screens[-1].changed()
        self.redraw()

    def tell(self, event: Event) -> None:
        """Makes of the model what this makes of it."""
        before, self.model = self.model, reduce(self.model, event)
        if self.model is before:
            return
        self._news.set()
        if self.model.calls > before.calls and self._bell:
            self._app.output.bell()
        self._screens[-1].changed()
        self._soon()

    async def until(self, true: Callable[[Model], bool]) -> None:
        """Waits until the model is so."""
        waiting = asyncio.current_task()
        self._waiting.add(waiting)  # nobody who leaves is kept by it
        try:
            while not true(self.model):
                self._news.clear()
                await self._news.wait()
        finally:
            self._waiting.discard(waiting)

    def redraw(self) -> None:
        """What is shown has changed."""
        self._soon()

    def say(self, text: str, *, bad: bool = False) -> None:
        """One line, until the next key."""
        self._notice = (self.look.line(text), bad)
        self._app.invalidate()

    async def confirm(self, question: str) -> bool:
        """Asks once."""
        return await self._focused(self._asking.yes(question))

    async def line(self, question: str, text: str = "") -> str | None:
        """Asks for one line."""
        return await self._focused(self._asking.line(question, text))

    async def edit(self, text: str, suffix: str = ".md") -> str | None:
        """Opens $EDITOR."""
        return await outside.edit(text, suffix)

    async def page(self, text: str) -> None:
        """Opens $PAGER."""
        await outside.page(text)

    def copy(self, text: str) -> None:
        """Puts a text into the clipboard of the terminal."""
        self._app.output.write_raw(f"\x1b]52;c;{base64.b64encode(text.encode()).decode()}\x07")
        self._app.output.flush()

    # Keys

    def press(self, key: str) -> None:
        """What a key does, by its name."""
        self._notice = None
        screen = self._screens[-1]
        action = action_of(key, (*screen.bindings, *(() if isinstance(screen, HelpScreen) else EVERYWHERE)))
        match action:
            case None:
                return
            case "detach":
                self._leave()
            case "help":
                self.push(HelpScreen(self, (*screen.bindings, *EVERYWHERE)))
            case "repaint":
                self._app.renderer.clear()
            case "new":
                self.start(verbs.new(self))
            case "next":
                self._next()
            case _:
                screen.act(action)

    def _leave(self) -> None:
        if self._app.is_running and not self._app.is_done:
            self._app.exit()

    def _next(self) -> None:
        task = next_for_you(self.model)
        if task is None:
            return self.say("nobody needs you now")
        self.tell(Selected(task))
        if len(self._screens) > 1:  # from one task to the next, without the floor in between
            while len(self._screens) > 1:
                self._screens.pop().close()
            self.push(self._task(task))
        return None

    def _task(self, task: int) -> Screen:
        from .task_screen import TaskScreen  # the larger half, which is wanted only now

        return TaskScreen(self, task)

    def mouse(self, event: MouseEvent) -> None:
        """What the mouse does."""
        screen = self._screens[-1]
        if event.event_type == MouseEventType.SCROLL_DOWN:
            for _ in range(_SCROLL):
                screen.act("down")
        elif event.event_type == MouseEventType.SCROLL_UP:
            for _ in range(_SCROLL):
                screen.act("up")
        elif event.event_type == MouseEventType.MOUSE_UP:
            screen.pick(event.position.y)

    def _keys(self) -> KeyBindings:
        keys = KeyBindings()

        def press(event: KeyPressEvent) -> None:
            key = event.key_sequence[0]
            if self._held or self._typed:
                self._typed.append(key)
            else:
                self._take(key)

        # While some are held, later ones must not overtake them.
        free = Condition(lambda: not self._answering and (not self._asking.begun or self._held or bool(self._typed)))
        for name in _NAMED:
            keys.add(name, filter=free, eager=name == "escape")(press)
        keys.add("<any>", filter=free)(press)
        return keys

    def _take(self, key: KeyPress) -> None:
        """Does what a key is for. Those behind it are held until what it began has come to its question, if it has
        one: so what is typed ahead of a question is its answer."""
        name = str(getattr(key.key, "value", key.key))
        self.press(_ALIASES.get(name, name))
        self._held = True
        asyncio.get_running_loop().call_soon(self._release)

    def _release(self) -> None:
        self._held = False
        while self._typed and not self._held:
            key = self._typed.popleft()
            if self._asking.begun:
                self._answering = True
                self._app.key_processor.feed(key)
                self._app.key_processor.process_keys()
                self._answering = False
            else:
                self._take(key)
            self._app.invalidate()

    # Painting

    def lines(self) -> list[Line]:
        """All that stands above the question, if there is one."""
        size = self._app.output.get_size()
        rows = size.rows - self._asking.rows(size.columns)
        lines = self._screens[-1].lines(Size(rows, size.columns))[:rows]
        if self._notice is not None:
            text, bad = self._notice
            lines[-1:] = [self.look.fit([(f"{RED} bold" if bad else BOLD, f" {text}")], size.columns)]
        self._pace.painted(time.monotonic())
        if self._due is not None:  # all news is in it
            self._due.cancel()
            self._due = None
        return lines

    def _soon(self) -> None:
        if self._due is None and self._app.is_running:
            wait = self._pace.wait(time.monotonic())
            self._due = asyncio.get_running_loop().call_later(wait, self._now)

    def _now(self) -> None:
        self._due = None
        self._app.invalidate()

    async def _tick(self) -> None:
        while True:
            self.tell(Ticked(time.time()))
            await asyncio.sleep(_TICK_SECONDS)

    async def _focused(self, asking: Coroutine[Any, Any, T]) -> T:
        self._app.layout.focus(self._asking.buffer)
        self._app.invalidate()
        try:
            return await asking
        finally:
            self._app.layout.focus(self._window)
            self._app.invalidate()

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Failure as failure:
            self.say("; ".join(filter(None, (failure.what, failure.why, failure.hint))), bad=True)


def _first(failures: BaseExceptionGroup[Failure]) -> Failure:
    first = failures.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
