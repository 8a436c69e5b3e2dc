"""The day's money is promised before an agent starts, and the same dollar never twice."""

import asyncio
from typing import Any

import pytest

from foremand.agents.port import Job
from foremand.core.steps import RunAttempt
from foremand.core.task import Task
from foremand.engine.attempts import Attempts
from foremand.engine.plan import Plan
from foremand.engine.worlds import Worlds
from foremand.settings import Settings


@pytest.mark.parametrize(("planned", "begun"), [(1.0, 1), (0.6, 1), (0.5, 2)])
async def test_of_two_that_were_planned_with_the_same_money_one_begins(
    an_estate: Any, planned: float, begun: int
) -> None:
    async with an_estate() as estate:
        nothing: Any = None
        worlds = Worlds(estate.ledger, Settings(daily_cost_usd=1.0))
        attempts = Attempts(estate.places, estate.ledger, *[nothing] * 7, worlds.of)

        async def begin(task: Task) -> Task | None:
            step = RunAttempt(number=1, stage="implement", agent="hand", entered=task.base)
            return await attempts._begun(task, step, plan(task))

        def plan(task: Task) -> Plan:
            folder = estate.places.workspace(task.id)
            job = Job(
                prompt="do",
                stage="implement",
                access="write",
                task=task.id,
                attempt=1,
                session_id="s",
                home=folder,
                output=folder / "out",
                sandboxed=True,
                budget_usd=planned,
            )
            return Plan(job=job, wall_clock=None, began=None)

        tasks = [await estate.begin(number) for number in (1, 2)]
        done = await asyncio.gather(*map(begin, tasks))
        assert sum(task is not None for task in done) == begun
        assert sum(len(task.attempts) for task in estate.ledger.all()) == begun
