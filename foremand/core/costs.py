"""What agents have cost: the attempts that have ended, put together by whatever people ask for."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Literal

from msgspec import Struct

from .task import Attempt, Task

Key = Literal["day", "agent", "repo", "task"]
KEYS: tuple[Key, ...] = ("day", "agent", "repo", "task")


class Cost(Struct, frozen=True, kw_only=True):
    """What `attempts` cost together. What was not asked for by its name is empty.

    `known_usd` is what is known of it; with `unknown` attempts whose cost is not, it is only the least it can be.
    """

    day: str = ""
    agent: str = ""
    repo: str = ""
    task: int = 0
    known_usd: float = 0.0
    tokens: int = 0
    attempts: int = 0
    unknown: int = 0

    @property
    def cost_usd(self) -> float | None:
        """US dollars; None as soon as one attempt's are unknown, never 0 for it."""
        return None if self.unknown else self.known_usd


def costs(tasks: Iterable[Task], since: float, by: Sequence[Key], day_of: Callable[[float], str]) -> tuple[Cost, ...]:
    """The attempts that ended at `since` (Unix time) or later, grouped by the names in `by` and in their order.

    `day_of` names the day of a Unix time: which day it is depends on where people live. A person's own work costs
    nothing and is left out.
    """
    groups: dict[tuple[Any, ...], list[Attempt]] = {}
    for task, attempt, ended_at in _ended(tasks, since):
        known: dict[Key, Any] = {
            "day": day_of(ended_at),
            "agent": attempt.agent,
            "repo": task.submitted.repo,
            "task": task.id,
        }
        groups.setdefault(tuple(known[key] for key in by), []).append(attempt)
    return tuple(_sum(dict(zip(by, group, strict=True)), groups[group]) for group in sorted(groups))


def _ended(tasks: Iterable[Task], since: float) -> Iterator[tuple[Task, Attempt, float]]:
    for task in tasks:
        for attempt in task.attempts:
            if attempt.ended_at is not None and attempt.ended_at >= since and not attempt.by:
                yield task, attempt, attempt.ended_at


def _sum(group: dict[Key, Any], attempts: Sequence[Attempt]) -> Cost:
    known = [attempt.usage.cost_usd for attempt in attempts if attempt.usage.cost_usd is not None]
    return Cost(
        **group,
        known_usd=sum(known),
        tokens=sum(attempt.usage.tokens for attempt in attempts),
        attempts=len(attempts),
        unknown=len(attempts) - len(known),
    )
