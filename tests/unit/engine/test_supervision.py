"""How an attempt is judged: what it cost is known however it ended, and no end is believed while it runs."""

from pathlib import Path
from typing import Any

import pytest

from foremand.agents.port import Job, Usage
from foremand.core.steps import StopAttempt
from foremand.engine.conductor import StepFailed
from foremand.engine.plan import Plan
from foremand.engine.supervision import Supervisor
from foremand.executors import Exit, RunLost

ENDED = Exit(code=None, signal=9, reason="stopped", detail="", running=3.0)


class Executor:
    """Runs that do as they are told here."""

    def __init__(self, state: str, end: Exit | Exception = ENDED) -> None:
        self._state, self._end = state, end

    def state(self, _run: Path) -> str:
        return self._state

    async def stop(self, _run: Path, _reason: str, _grace: float) -> Exit:
        return self._told()

    async def wait(self, _run: Path) -> Exit:
        return self._told()

    def _told(self) -> Exit:
        if isinstance(self._end, Exception):
            raise self._end
        return self._end


class Spent:
    """A reader that has heard of a cost."""

    def usage(self) -> Usage:
        return Usage(cost_usd=0.5, tokens=7, turns=2)


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    job = Job(
        prompt="do",
        stage="implement",
        access="write",
        task=1,
        attempt=1,
        session_id="s",
        home=tmp_path,
        output=tmp_path / "out",
        sandboxed=True,
    )
    return Plan(job=job, wall_clock=None, began=None)


def supervisor(executor: Any) -> Any:
    return Supervisor(None, None, executor, None)  # type: ignore[arg-type]


@pytest.mark.parametrize(("state", "kind"), [("running", "altered"), ("lost", "lost")])
async def test_what_was_spent_counts_however_it_ended(tmp_path: Path, plan: Plan, state: str, kind: str) -> None:
    class Altered:
        async def take(self, *_: Any, **__: Any) -> int:
            return 0

    watched = supervisor(Executor(state, ENDED if kind == "altered" else RunLost(tmp_path, "gone")))
    watched._ledger = type("Ledger", (), {"now": staticmethod(lambda: 0.0)})
    outcome, _, found = await watched._to_the_end(Altered(), Spent(), None, plan, tmp_path / "run")
    assert found == kind
    assert outcome.usage.bound_usd == 0.5


async def test_no_end_is_recorded_of_a_run_whose_lock_is_held(tmp_path: Path) -> None:
    step = StopAttempt(number=1, reason="cancelled", unwatched="why not")
    for executor in (Executor("running"), Executor("lost", OSError("too many open files"))):
        with pytest.raises(StepFailed, match="cannot be ended"):
            await supervisor(executor).give_up(None, step, tmp_path)
