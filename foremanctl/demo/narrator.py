"""Tells the morning as it happens: one line for each event that a person would want to hear of.

The lines come from `foremanctl events --format jsonl` and from nowhere else; an event that is not known here is
passed over. Colour only tells the tasks apart, and only on a terminal.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TextIO

from foremanctl import harmless

COLOURS = {"bug fix": "33", "feature": "36", "upgrade": "35", "you": "1"}
Event = Mapping[str, Any]


class Narrator:
    """Writes the story to `out`. `names` gives each task its name, once it has an id."""

    def __init__(self, out: TextIO) -> None:
        self.names: dict[int, str] = {}
        self._out = out
        self._kept: list[str] | None = None
        self._last_seq = 0
        self._news = asyncio.Condition()
        self._patience: Callable[[], None] | None = None
        self._began = time.monotonic()
        self._colour = out.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"

    async def hear(self, event: Event) -> None:
        """Tells of one event, if there is something to tell."""
        async with self._news:
            self._last_seq = max(self._last_seq, int(event.get("seq", 0)))
            self._news.notify_all()
        if self._patience is not None:
            self._patience()
        name = self.names.get(event.get("task", 0))
        tell = TELLERS.get(event.get("type", ""))
        if name is None or tell is None:
            return
        for line in tell(event):
            self.tell(name, harmless.line(line))  # agents and gates wrote parts of it

    @asynccontextmanager
    async def patience(self, seconds: float) -> AsyncIterator[None]:
        """Bounds the block: TimeoutError once no event has come for so long."""
        async with asyncio.timeout(seconds) as bound:

            def go_on() -> None:
                if not bound.expired():
                    bound.reschedule(asyncio.get_running_loop().time() + seconds)

            self._patience = go_on
            try:
                yield
            finally:
                self._patience = None

    async def heard(self, seq: int, patience: float = 20.0) -> bool:
        """Whether the event `seq` was heard, now or within `patience` seconds."""
        try:
            async with asyncio.timeout(patience), self._news:
                await self._news.wait_for(lambda: self._last_seq >= seq)
        except TimeoutError:
            return False
        return True

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keeps the story until the block ends: something else has the terminal."""
        self._kept = []
        try:
            yield
        finally:
            kept, self._kept = self._kept, None
            for text in kept:
                self.say(text)

    def tell(self, who: str, line: str) -> None:
        """One line of the story."""
        elapsed = time.monotonic() - self._began
        self.say(f"{elapsed:5.1f}s  {self._paint(f'{who:<8}', COLOURS.get(who, '0'))}  {line}")

    def command(self, *arguments: str) -> None:
        """A command that the person types, shown as typed."""
        typed = " ".join(_quote(argument) for argument in arguments)
        self.tell("you", self._paint(f"$ foremanctl {typed}", "1"))

    def say(self, text: str = "") -> None:
        """Any text, a line or more."""
        if self._kept is not None:
            self._kept.append(text)
            return
        self._out.write(text + "\n")
        self._out.flush()

    def _paint(self, text: str, colour: str) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self._colour else text


def _quote(argument: str) -> str:
    return f'"{argument}"' if " " in argument or not argument else argument


def _started(event: Event) -> list[str]:
    where = "in the sandbox" if event.get("sandboxed") else "unsandboxed: bubblewrap cannot run here"
    return [f"starts in a workspace of its own, {where}"]


def _attempt_started(event: Event) -> list[str]:
    return [f"{event.get('stage')}: an agent sets out (attempt {event.get('number')})"]


def _attempt_ended(event: Event) -> list[str]:
    output = str(event.get("output") or event.get("reason") or "").strip().splitlines()
    return [f"the agent says: {output[-1]}"] if output else ["the agent is done"]


def _verdict(event: Event) -> list[str]:
    gate, verdict = event.get("gate"), event.get("verdict")
    if verdict in {"pass", "skipped"}:
        return [f"gate {gate}: {verdict}" + (" (no file that it watches)" if verdict == "skipped" else "")]
    return [
        f"gate {gate}: {str(verdict).upper()}, {event.get('reason')}",
        f"    to see it: foremanctl logs {event.get('task')} --gate {gate}",
    ]


def _sent_back(event: Event) -> list[str]:
    failures = [line for line in str(event.get("feedback", "")).splitlines() if line.startswith("FAIL:")]
    told = failures[0].partition(" (")[0] if failures else "see foremanctl show"
    return [f"back to {event.get('to')}, with the end of the gate's output: {told}"]


def _asked(event: Event) -> list[str]:
    return [
        f"WAITS for a person at {event.get('gate')}: {event.get('message') or 'approve?'}",
        f"    to see why: foremanctl why {event.get('task')}",
    ]


def _candidate(event: Event) -> list[str]:
    return [f"stands as one commit on the tip of main ({str(event.get('tip'))[:7]})"]


def _landed(event: Event) -> list[str]:
    return [f"LANDED as {str(event.get('commit'))[:7]}", f"    to see it: foremanctl show {event.get('task')}"]


TELLERS: dict[str, Callable[[Event], list[str]]] = {
    "TaskStarted": _started,
    "AttemptStarted": _attempt_started,
    "AttemptEnded": _attempt_ended,
    "VerdictGiven": _verdict,
    "SentBack": _sent_back,
    "PersonAsked": _asked,
    "Approved": lambda event: [f"approved at {event.get('gate')} by {event.get('by')}"],
    "Rejected": lambda event: [f"rejected at {event.get('gate')} by {event.get('by')}: {event.get('message')}"],
    "CandidateBuilt": _candidate,
    "LandingRefused": lambda event: [f"main did not move: {event.get('reason')}"],
    "Troubled": lambda event: [f"trouble in {event.get('step')}: {event.get('reason')}"],
    "StartRefused": lambda event: [f"cannot start: {event.get('reason')}"],
    "Landed": _landed,
    "TaskEnded": lambda event: [f"{event.get('state')}: {event.get('reason')}; its work is kept"],
}
