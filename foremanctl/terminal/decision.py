"""The decision screen: what was asked, what was done, who has looked at it, and a person's answer."""

from weakref import WeakKeyDictionary

from .decision_screen import DecisionScreen, Memory
from .screens import Terminal

_MEMORIES: "WeakKeyDictionary[Terminal, dict[int, Memory]]" = WeakKeyDictionary()
"""By terminal and task: as long as the terminal is there."""


def open(terminal: Terminal, task_id: int, answer: str = "") -> None:  # noqa: A001 (decision.open: opens a decision)
    """Shows the decision screen of a task on top of what is shown. `answer`: approve, reject or rework is asked about
    as soon as all of the change is there."""
    memory = _MEMORIES.setdefault(terminal, {}).setdefault(task_id, Memory())
    screen = DecisionScreen(terminal, task_id, memory, answer)
    terminal.push(screen)
    screen.begin()
