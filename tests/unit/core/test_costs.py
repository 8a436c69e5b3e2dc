"""What agents have cost, put together."""

import pytest
from playbook import submitted

from foremand.core.costs import KEYS, Cost, Key, costs
from foremand.core.facts import Usage
from foremand.core.spec import Limits
from foremand.core.task import Attempt, Task

DAY = 86400.0


def day_of(at: float) -> str:
    return f"day {at // DAY:.0f}"


def attempt(agent: str, ended_at: float | None, cost_usd: float | None, tokens: int = 10, by: str = "") -> Attempt:
    return Attempt(
        number=1,
        stage="implement",
        agent=agent,
        entered="",
        started_at=0.0,
        session_id="",
        ended_at=ended_at,
        usage=Usage(cost_usd=cost_usd, tokens=tokens),
        by=by,
    )


def task(number: int, repo: str, *attempts: Attempt) -> Task:
    return Task(
        id=number, submitted=submitted(repo=repo), limits=Limits(), created_at=0.0, updated_at=0.0, attempts=attempts
    )


TASKS = (
    task(1, "/shop", attempt("claude", 10.0, 0.5), attempt("claude", DAY + 5, 0.25), attempt("codex", DAY + 9, None)),
    task(2, "/api", attempt("claude", DAY + 7, 1.0), attempt("claude", None, None)),
    task(3, "/api", attempt("", DAY + 8, 0.0, by="ann")),
)
"""Four attempts have ended, one of unknown cost; one runs, one was a person's."""


def told(since: float, *by: Key) -> dict[object, tuple[float | None, float, int, int]]:
    found = costs(TASKS, since, by, day_of)
    names = [tuple(getattr(cost, key) for key in by) for cost in found]
    return {
        name[0] if len(name) == 1 else name: (cost.cost_usd, cost.known_usd, cost.attempts, cost.unknown)
        for name, cost in zip(names, found, strict=True)
    }


def test_by_day() -> None:
    assert told(0.0, "day") == {"day 0": (0.5, 0.5, 1, 0), "day 1": (None, 1.25, 3, 1)}


def test_by_agent_repository_and_task() -> None:
    assert told(0.0, "agent") == {"claude": (1.75, 1.75, 3, 0), "codex": (None, 0.0, 1, 1)}
    assert told(0.0, "repo") == {"/api": (1.0, 1.0, 1, 0), "/shop": (None, 0.75, 3, 1)}
    assert told(0.0, "task") == {1: (None, 0.75, 3, 1), 2: (1.0, 1.0, 1, 0)}


def test_an_unknown_cost_is_never_0() -> None:
    assert all(cost.cost_usd is None for cost in costs(TASKS, 0.0, KEYS, day_of) if cost.unknown)
    assert any(cost.unknown and not cost.known_usd for cost in costs(TASKS, 0.0, KEYS, day_of))
    assert Cost(attempts=1).cost_usd == 0.0


@pytest.mark.parametrize(("since", "attempts"), [(0.0, 4), (10.0, 4), (10.1, 3), (DAY + 9, 1), (DAY + 9.1, 0)])
def test_only_what_ended_since_counts(since: float, attempts: int) -> None:
    assert sum(cost.attempts for cost in costs(TASKS, since, ("task",), day_of)) == attempts


def test_the_names_stand_in_the_order_asked_for() -> None:
    assert list(told(0.0, "repo", "day")) == [("/api", "day 1"), ("/shop", "day 0"), ("/shop", "day 1")]
    assert sum(cost.tokens for cost in costs(TASKS, 0.0, ("repo", "day"), day_of)) == 40


def test_what_was_not_asked_for_is_empty() -> None:
    assert {(cost.day, cost.agent, cost.repo, cost.task) for cost in costs(TASKS, DAY, ("agent",), day_of)} == {
        ("", "claude", "", 0),
        ("", "codex", "", 0),
    }
    assert costs((), 0.0, ("day",), day_of) == ()
