"""What the terminal knows: a value, and what each thing that happens makes of it. No I/O, no clock.

`reduce(model, event) -> model` is told of the daemon's stream (`Began`, `Changed`), of the connection (`Lost`,
`Back`), of the time (`Ticked`), and of what keys ask of the floor (`Moved`, `Selected`, `Viewed`).
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from foremanctl.fleet import rank
from foremanctl.harmless import line
from foremanctl.records import state
from foremanctl.states import BY_YOU, ENDED, needs_person
from foremand.v1 import foremand_pb2 as pb

RECENT_SECONDS = 12 * 3600.0
"""How long a task that has ended stays on the floor without being asked for."""

Order = Literal["need", "newest", "cost", "change"]
ORDERS: tuple[Order, ...] = ("need", "newest", "cost", "change")


class Floor(Struct, frozen=True, kw_only=True):
    """How a person looks at the floor. `words`: all of them must be found in a task; `history`: also what ended long
    ago."""

    selected: int = 0
    order: Order = "need"
    by_repo: bool = False
    history: bool = False
    words: str = ""


class Model(Struct, frozen=True, kw_only=True):
    """All tasks as they are now, and how a person looks at them.

    `cursor` is -1 before the first snapshot. `shown` are the ids on the floor, in order. `link` is empty while the
    daemon is heard, else what is done about it. `calls` counts how often a task began to need a person; `now` is Unix
    time.
    """

    tasks: Mapping[int, pb.Task] = {}
    cursor: int = -1
    link: str = "connecting"
    info: pb.ServerInfo | None = None
    now: float = 0.0
    calls: int = 0
    floor: Floor = Floor()
    shown: tuple[int, ...] = ()

    @property
    def selected(self) -> pb.Task | None:
        """The task on which the floor's keys act."""
        return self.tasks.get(self.floor.selected)


class Began(Struct, frozen=True):
    """A snapshot: all tasks there are."""

    cursor: int
    tasks: Sequence[pb.Task]


class Changed(Struct, frozen=True):
    """A batch of events: the tasks that are others now."""

    cursor: int
    tasks: Sequence[pb.Task]


class Lost(Struct, frozen=True):
    """The daemon is not heard."""

    link: str = "reconnecting"


class Back(Struct, frozen=True):
    """The daemon is heard again, or told how it is."""

    info: pb.ServerInfo


class Ticked(Struct, frozen=True):
    """Time has passed."""

    now: float


class Moved(Struct, frozen=True):
    """The selection goes so many lines down, or up."""

    by: int


class Selected(Struct, frozen=True):
    """This task is selected."""

    task: int


class Viewed(Struct, frozen=True):
    """The floor is looked at in another way."""

    floor: Floor


Event = Began | Changed | Lost | Back | Ticked | Moved | Selected | Viewed


def reduce(model: Model, event: Event) -> Model:
    """What the model is after this."""
    match event:
        case Began(cursor, tasks):
            return _told(model, cursor, {task.id: task for task in tasks})
        case Changed(cursor, tasks):
            if cursor < model.cursor:  # under the same one comes what others change about a task
                return model
            return _told(model, cursor, {**model.tasks, **{task.id: task for task in tasks}} if tasks else model.tasks)
        case Lost(link):
            return replace(model, link=link)
        case Back(info):
            return replace(model, link="", info=info)
        case Ticked(now):
            return _arranged(replace(model, now=now))
        case Moved(by):
            return _select(model, _neighbour(model, by))
        case Selected(task):
            return _select(model, task) if task in model.tasks else model
        case Viewed(floor):
            return _arranged(replace(model, floor=floor))


def next_for_you(model: Model) -> int | None:
    """The task after the selected one that needs a person, around the end; None if none does."""
    needing = [id_ for id_ in model.shown if asks(model.tasks[id_])]
    if not needing:
        return None
    here = model.shown.index(model.floor.selected) if model.floor.selected in model.shown else -1
    places = {id_: place for place, id_ in enumerate(model.shown)}
    return next((id_ for id_ in needing if places[id_] > here), needing[0])


def asks(task: pb.Task) -> bool:
    """Something is asked of a person: it waits for one, and not because they chose so."""
    return needs_person(task) and task.waiting_for not in BY_YOU


def _told(model: Model, cursor: int, tasks: Mapping[int, pb.Task]) -> Model:
    if tasks is model.tasks:
        return replace(model, cursor=cursor)
    # What asked before the first snapshot is no news.
    calls = sum(
        1
        for id_, task in tasks.items()
        if model.cursor >= 0 and task is not (before := model.tasks.get(id_)) and asks(task) and not _asked(before)
    )
    return _arranged(replace(model, cursor=cursor, tasks=tasks, calls=model.calls + calls))


def _asked(task: pb.Task | None) -> bool:
    return task is not None and asks(task)


def _arranged(model: Model) -> Model:
    """With the floor's order as it must be, and something selected where there is something."""
    floor = model.floor
    words = floor.words.casefold().split()
    tasks = [task for task in model.tasks.values() if _is_shown(task, model, words)]
    tasks.sort(key=_KEYS[floor.order])
    if floor.by_repo:
        tasks.sort(key=lambda task: task.repo)
    shown = tuple(task.id for task in tasks)
    if floor.selected not in model.tasks or floor.selected not in shown:
        # The one that took its place, so that a person who answers one after the other stays where they are.
        place = model.shown.index(floor.selected) if floor.selected in model.shown else 0
        floor = replace(floor, selected=shown[min(place, len(shown) - 1)] if shown else 0)
    return replace(model, shown=shown, floor=floor)


def _is_shown(task: pb.Task, model: Model, words: Sequence[str]) -> bool:
    if words:
        text = f"{task.id} {task.title} {state(task)} {task.reason} {task.repo} {task.stage} {task.profile}".casefold()
        return all(word in text for word in words)
    return model.floor.history or task.state not in ENDED or _seconds(task.updated_at) > model.now - RECENT_SECONDS


def _seconds(at: str) -> float:
    try:
        return datetime.fromisoformat(at).timestamp()
    except ValueError:
        return 0.0


_KEYS: dict[Order, Callable[[pb.Task], tuple[float, ...]]] = {
    "need": lambda task: (rank(task), -task.priority, task.id if task.state not in ENDED else -task.id),
    "newest": lambda task: (-task.id,),
    "cost": lambda task: (-task.cost_usd, task.id),
    "change": lambda task: (-(task.added + task.removed), task.id),
}


def _neighbour(model: Model, by: int) -> int:
    if not model.shown:
        return 0
    here = model.shown.index(model.floor.selected) if model.floor.selected in model.shown else 0
    return model.shown[max(0, min(len(model.shown) - 1, here + by))]


def _select(model: Model, task: int) -> Model:
    return replace(model, floor=replace(model.floor, selected=task))


def described(floor: Floor) -> str:
    """How the floor is looked at, where that is not as usual: `by cost, "export"`."""
    parts = ["by repository"] if floor.by_repo else []
    parts += [] if floor.order == "need" else [f"by {floor.order}" if floor.order != "newest" else "newest first"]
    parts += ["with all that ended"] if floor.history else []
    parts += [f'only "{line(floor.words)}"'] if floor.words else []
    return ", ".join(parts)
