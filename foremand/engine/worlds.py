"""What other tasks' facts mean for one: its turn to land, the tasks it comes after, the rest of the day's budget."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

from foremand.core.budget import Day, hold, left, spent
from foremand.core.needs import dependents, needs
from foremand.core.steps import World
from foremand.core.task import Task
from foremand.settings import Settings

from .ledger import Ledger


class Worlds:
    """Makes the world of each task, and has those looked at again whose world has changed."""

    def __init__(self, ledger: Ledger, settings: Settings) -> None:
        self._ledger = ledger
        self._limit = settings.daily_cost_usd
        self._free = frozenset(name for name, account in settings.agents.items() if account.billing == "subscription")
        self._counted: dict[int, tuple[int, int]] = {}
        self._since: float | None = None
        self._money: dict[int, tuple[float, float]] = {}
        self._today: Day | None = None
        self._over: set[int] = set()
        self._look: Callable[[int], None] = lambda _task: None
        ledger.listen(self._changed)

    def start(self, look: Callable[[int], None]) -> None:
        """Call `look` with the id of every task whose world may be another."""
        self._look = look
        self._over = {task.id for task in self._ledger.all() if task.over is not None}
        if self._limit is not None:
            self._at_midnight()

    def of(self, task: Task) -> World:
        """The world of this task as it is now."""
        held = needs(task, self._ledger.known())
        turn = self._ledger.is_head(task.id)
        if self._limit is None or task.excused:
            return World(queue_turn=turn, hold=held)
        day = self._day()
        return World(queue_turn=turn, hold=held or hold(day), left_usd=left(day), free=self._free)

    def today(self) -> tuple[float, float | None]:
        """What has been spent today, in US dollars, and what may be; None: no bound."""
        return self._day().spent, self._limit

    def _day(self) -> Day:
        """The sum of what is known of each task: its attempts are only gone through when one begins or ends."""
        since = self._midnight().timestamp()
        if since != self._since:
            self._since = since
            self._money.clear()
            for task in self._ledger.all():
                self._count(task, since)
        if self._today is None:
            used, reserved = (sum(each) for each in zip((0.0, 0.0), *self._money.values(), strict=True))
            self._today = Day(limit=self._limit or 0.0, spent=used, reserved=reserved)
        return self._today

    def _count(self, task: Task, since: float) -> None:
        self._today = None
        self._money[task.id] = spent((task,), since, self._free)
        if self._money[task.id] == (0.0, 0.0):
            del self._money[task.id]

    def _midnight(self) -> datetime:
        """When this day began here."""
        now = datetime.fromtimestamp(self._ledger.now()).astimezone()
        return now.replace(hour=0, minute=0, second=0, microsecond=0)

    def _at_midnight(self) -> None:
        self._look_at_all()
        wait = (self._midnight() + timedelta(days=1)).timestamp() - self._ledger.now()
        asyncio.get_running_loop().call_later(max(1.0, wait + 1.0), self._at_midnight)

    def _changed(self, task_id: int) -> None:
        task = self._ledger[task_id]
        if (task.over is not None) != (task_id in self._over):
            self._over ^= {task_id}
            for other in dependents(task_id, self._ledger.known()):
                self._look(other)
        runs = (len(task.attempts), sum(attempt.outcome is not None for attempt in task.attempts))
        if self._counted.get(task_id) != runs:
            self._counted[task_id] = runs
            if self._since is not None:
                self._count(task, self._since)
            if self._limit is not None:
                self._look_at_all()

    def _look_at_all(self) -> None:
        for task in tuple(self._ledger.all()):
            if task.over is None:
                self._look(task.id)
