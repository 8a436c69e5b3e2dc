"""The keys, as data: what each does, by which name, and on which screen."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Binding:
    """Keys that do the same. Names are prompt-toolkit's (`down`, `c-c`, `j`); `help` is what `?` says of them."""

    keys: tuple[str, ...]
    action: str
    help: str


def bind(keys: str, action: str, help_: str) -> Binding:
    """A binding; `keys` are parted by blanks."""
    return Binding(tuple(keys.split()), action, help_)


EVERYWHERE = (
    bind("?", "help", "all keys of this screen"),
    bind("q c-c", "detach", "detach; nothing is stopped"),
    bind("tab", "next", "the next task that needs you"),
    bind("n", "new", "a new task, in $EDITOR"),
    bind("c-l", "repaint", "paint the screen again"),
)

MOVING = (
    bind("j down", "down", "down"),
    bind("k up", "up", "up"),
    bind("pagedown c-f space", "page-down", "a page down"),
    bind("pageup c-b", "page-up", "a page up"),
    bind("g home", "top", "to the beginning"),
    bind("G end", "bottom", "to the end"),
)

VERBS = (
    bind("a", "approve", "approve: shows the change and asks once"),
    bind("x", "reject", "reject: shows the change, asks why and once more"),
    bind("w", "rework", "send back: opens $EDITOR with the change quoted, asks once"),
    bind("d", "diff", "look at the change"),
    bind("s", "send", "tell the agent something, between two steps of its work"),
    bind("S", "interrupt", "break off what the agent is at, and tell it something"),
    bind("Q", "question", "look at what the agent asks, to allow or deny it"),
    bind("p", "pause", "pause, or resume what is paused"),
    bind("r", "retry", "try again"),
    bind("t", "take", "stop the agent and work on by hand; then again: give it back"),
    bind("c", "cancel", "cancel; asks once"),
    bind("L", "limit", "set a limit anew"),
    bind("P", "priority", "set the priority anew: the higher has the next free slot"),
    bind("y", "copy", "copy the id"),
)

FLOOR = (
    *MOVING,
    bind("enter l right", "open", "open the task"),
    bind("/", "filter", "show only tasks with these words"),
    bind("o", "order", "another order: who needs you, newest, cost, change"),
    bind("b", "by-repo", "by repository"),
    bind("h", "history", "also what ended long ago"),
    bind("escape", "clear", "show all again"),
    *VERBS,
)

TASK = (
    *MOVING,
    bind("escape", "back", "back"),
    bind("right l", "tab-next", "output, diff, gates, why"),
    bind("left", "tab-previous", "and back: why, gates, diff, output"),
    bind("]", "attempt-next", "the next attempt"),
    bind("[", "attempt-previous", "the attempt before"),
    bind("f", "follow", "follow what is said; scrolling up stops that"),
    bind("z", "fold", "show what tools answered in full, or folded"),
    bind("/", "search", "search backwards"),
    bind("N", "search-next", "search on"),
    bind("e", "editor", "this text in $EDITOR"),
    bind("v", "pager", "this text in $PAGER"),
    *VERBS,
)

QUESTION = (
    bind("y", "allow", "allow it, this once"),
    bind("n", "deny", "deny it; asks why, which the agent hears"),
    *MOVING,
    bind("v", "pager", "all of it in $PAGER"),
    bind("escape", "back", "back; the question stays open"),
)


def action_of(key: str, bindings: Iterable[Binding]) -> str | None:
    """What a key does; None where it does nothing. The first binding wins."""
    return next((binding.action for binding in bindings if key in binding.keys), None)


_SHOWN = {
    "pagedown": "PgDn",
    "pageup": "PgUp",
    "escape": "esc",
    "down": "Down",
    "up": "Up",
    "left": "Left",
    "right": "Right",
    "home": "Home",
    "end": "End",
}


def shown(binding: Binding) -> str:
    """Its keys as a person reads them: `j Down`."""
    return " ".join(_SHOWN.get(key, f"Ctrl-{key[2:].upper()}" if key.startswith("c-") else key) for key in binding.keys)


def explained(bindings: Sequence[Binding]) -> list[tuple[str, str]]:
    """Keys and what they do, in order; each where it is bound first."""
    taken: set[str] = set()
    rows = []
    for binding in bindings:
        keys = tuple(key for key in binding.keys if key not in taken)
        taken.update(keys)
        if keys:
            rows.append((shown(replace(binding, keys=keys)), binding.help))
    return rows
