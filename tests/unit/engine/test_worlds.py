"""The day's money is summed from what is known of each task: nobody's attempts are gone through in vain."""

from typing import Any

import pytest
from msgspec.structs import replace
from playbook import SIMPLE, Playbook, attempt, started

from foremand.core import budget
from foremand.core import facts as f
from foremand.core.task import Task
from foremand.engine import worlds as module
from foremand.engine.worlds import Worlds
from foremand.settings import Settings

DAY = 86_400.0
NOON = 20_000.5 * DAY


class Ledger:
    """Tasks, and who is told of them."""

    def __init__(self, *tasks: Task) -> None:
        self.clock = NOON
        self._tasks = {task.id: task for task in tasks}
        self._tell: Any = None

    def listen(self, tell: Any) -> None:
        self._tell = tell

    def __getitem__(self, number: int) -> Task:
        return self._tasks[number]

    def all(self) -> Any:
        return self._tasks.values()

    def known(self) -> Any:
        return self._tasks

    def is_head(self, _task: int) -> bool:
        return False

    def now(self) -> float:
        return self.clock

    def becomes(self, task: Task) -> None:
        self._tasks[task.id] = task
        self._tell(task.id)


def spent(number: int, usd: float) -> Task:
    """A task whose only agent has cost this much."""
    (done,) = Playbook(SIMPLE, *attempt(1)).task.attempts
    done = replace(done, usage=f.Usage(cost_usd=usd), ended_at=NOON)
    return replace(Playbook(SIMPLE).task, id=number, attempts=(done,))


def begun(task: Task, reserved: float) -> Task:
    """Another agent of it runs, to which this much is promised."""
    (running,) = Playbook(SIMPLE, started(1)).task.attempts
    return replace(task, attempts=(*task.attempts, replace(running, number=2, reserved_usd=reserved)))


def ended(task: Task, usd: float) -> Task:
    """The agent has cost this much."""
    last = replace(task.attempts[-1], outcome="done", usage=f.Usage(cost_usd=usd), ended_at=NOON)
    return replace(task, attempts=(*task.attempts[:-1], last))


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The tasks whose attempts were gone through, one after the other."""
    seen: list[int] = []

    def watched(tasks: Any, *rest: Any) -> Any:
        known = list(tasks)
        seen.extend(task.id for task in known)
        return budget.spent(known, *rest)

    monkeypatch.setattr(module, "spent", watched)
    return seen


def test_one_agent_has_all_tasks_looked_at_and_the_attempts_of_one_summed(counted: list[int]) -> None:
    ledger: Any = Ledger(*(spent(number, 0.25) for number in range(1, 101)))
    worlds = Worlds(ledger, Settings(daily_cost_usd=100.0))
    looked: list[int] = []
    worlds._look = looked.append
    assert worlds.of(ledger[1]).left_usd == 75.0
    assert len(counted) == 100, "once, at the first look"

    for now, left in ((begun(ledger[7], 1.5), 73.5), (ended(begun(ledger[7], 1.5), 0.5), 74.5)):
        counted.clear()
        looked.clear()
        ledger.becomes(now)
        assert len(looked) == 100, "what others may spend is another"
        assert {worlds.of(ledger[number]).left_usd for number in looked} == {left}
        assert counted == [7]

    looked.clear()
    ledger.becomes(replace(ledger[7], paused="ann"))  # no agent begins or ends
    assert looked == []
    assert worlds.today() == (25.5, 100.0)


@pytest.mark.parametrize("limit", [None, 100.0])
def test_what_was_spent_yesterday_is_no_more(counted: list[int], limit: float | None) -> None:
    ledger: Any = Ledger(spent(1, 2.0), spent(2, 3.0))
    worlds = Worlds(ledger, Settings(daily_cost_usd=limit))
    assert worlds.today() == (5.0, limit)
    ledger.becomes(ended(begun(ledger[1], 1.0), 4.0))
    assert worlds.today() == (9.0, limit)
    ledger.clock += DAY
    counted.clear()
    assert worlds.today() == (0.0, limit)
    assert sorted(counted) == [1, 2]
