"""Tasks that come after others: what holds them up, from the others' facts (contract 5.9)."""

from collections.abc import Mapping

from .task import Hold, Task

COMES_AFTER = "comes after"
"""How the reason begins as long as all that it waits for goes on."""


def needs(task: Task, others: Mapping[int, Task]) -> Hold | None:
    """Why the task may not start yet; None once all that it comes after has landed. One that has begun is not held."""
    if task.started is not None:
        return None
    open_ends = [number for number in task.after if number not in others or others[number].over != "LANDED"]
    if not open_ends:
        return None
    ended = [number for number in open_ends if number in others and others[number].over is not None]
    if ended:
        named = ", ".join(f"{number} ({others[number].over})" for number in ended)
        return Hold(on="needs", reason=f"needs {named}")
    return Hold(on="needs", reason=f"{COMES_AFTER} {', '.join(map(str, open_ends))}")


def dependents(number: int, tasks: Mapping[int, Task]) -> tuple[int, ...]:
    """The tasks that may be held up by this one."""
    return tuple(task.id for task in tasks.values() if number in task.after and task.over is None)
