"""The landing queue: one task at a time for each branch of each repository, in the order they entered."""

from collections.abc import Iterable

from .task import Task

Target = tuple[str, str]
"""A repository's work tree and a branch of it."""


def target(task: Task) -> Target:
    """What a task lands on."""
    return task.submitted.repo, task.submitted.into


def order(tasks: Iterable[Task], where: Target) -> tuple[Task, ...]:
    """The queue of one branch. Whose landing is under way stays first; then who came first; then the lower id."""
    queued = [t for t in tasks if t.queued_at is not None and t.over is None and target(t) == where]
    return tuple(sorted(queued, key=lambda t: (t.intent is None, t.queued_at or 0.0, t.id)))


def heads(tasks: Iterable[Task]) -> frozenset[int]:
    """The tasks whose turn it is to land."""
    everyone = tuple(tasks)
    lines = {target(t) for t in everyone if t.queued_at is not None and t.over is None}
    return frozenset(order(everyone, line)[0].id for line in lines)
