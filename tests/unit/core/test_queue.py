"""The order in which tasks land."""

from msgspec.structs import replace
from playbook import begun, candidate, intended, submitted

from foremand.core import facts as f
from foremand.core import queue
from foremand.core.fold import fold
from foremand.core.task import Task


def queued(number: int, at: float, into: str = "main", *, landing: bool = False) -> Task:
    facts: list[f.AnyFact] = [submitted(into=into), begun(), candidate(1, of=1)]
    facts.append(f.QueueEntered(task=1, at=at, candidate=1))
    task = fold((*facts, intended(1)) if landing else facts)
    assert task is not None
    return replace(task, id=number)


def ids(*tasks: Task) -> list[int]:
    return [task.id for task in queue.order(tasks, ("/repo", "main"))]


def test_who_came_first_then_the_lower_id() -> None:
    assert ids(queued(3, 5.0), queued(1, 7.0), queued(2, 5.0)) == [2, 3, 1]


def test_a_landing_under_way_stays_first() -> None:
    assert ids(queued(1, 5.0), queued(2, 9.0, landing=True)) == [2, 1]


def test_each_branch_has_its_own() -> None:
    tasks = (queued(1, 5.0), queued(2, 6.0), queued(3, 7.0, "next"))
    assert queue.heads(tasks) == {1, 3}
    assert ids(*tasks) == [1, 2]


def test_who_left_or_is_over_has_no_turn() -> None:
    over = replace(queued(1, 1.0), over="CANCELLED")
    left = replace(queued(2, 1.0), queued_at=None)
    assert queue.heads((over, left, queued(3, 9.0))) == {3}
    assert queue.heads(()) == frozenset()
