"""Which tasks look different although nothing of their own has happened: for what others did."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from foremand.core import queue
from foremand.core.needs import dependents
from foremand.core.task import Task

from .ledger import Ledger
from .overlaps import Overlaps

Hearer = Callable[[int], None]


class Neighbours:
    """Tells of a task whose place in the queue, needs or overlaps another one may have changed.

    It may tell of one that looks as before: who shows it compares.
    """

    def __init__(self, ledger: Ledger, overlaps: Overlaps) -> None:
        self._ledger = ledger
        self._stood: dict[int, tuple[object, ...]] = {}
        self._hearers: list[Hearer] = []
        ledger.listen(self._changed)
        overlaps.listen(self._tell)

    @contextmanager
    def told_to(self, hearer: Hearer) -> Iterator[None]:
        """Call `hearer` with such a task's id, as long as the block lasts. It must not wait."""
        self._hearers.append(hearer)
        try:
            yield
        finally:
            self._hearers.remove(hearer)

    def _changed(self, number: int) -> None:
        task = self._ledger[number]
        stands = (task.queued_at, task.intent is None, task.over)
        if self._stood.get(number) == stands:
            return
        self._stood[number] = stands
        if not self._hearers:
            return
        for other in (*self._line(task), *dependents(number, self._ledger.known())):
            self._tell(other)

    def _line(self, task: Task) -> tuple[int, ...]:
        """Who stands in the queue that the task may have entered, left or reordered."""
        return tuple(each.id for each in queue.order(self._ledger.all(), queue.target(task)))

    def _tell(self, number: int) -> None:
        for hearer in tuple(self._hearers):
            hearer(number)
