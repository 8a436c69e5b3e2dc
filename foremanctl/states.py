"""What a task's state means to whoever waits for it."""

from foremand.v1 import foremand_pb2 as pb

from .exits import Exit

ENDED = frozenset({pb.LANDED, pb.REJECTED, pb.FAILED, pb.CANCELLED})

_BY_ITSELF = {"", "quota"}  # what a waiting task may wait for without a person having to do anything

BY_YOU = frozenset({"taken", "paused"})
"""Waits that a person chose: nothing is asked of them."""


def needs_person(task: pb.Task) -> bool:
    """It waits, and nothing but a person will move it."""
    return task.state == pb.WAITING and task.waiting_for not in _BY_ITSELF


def exit_of(task: pb.Task) -> Exit:
    """Where a task stands, as an exit code. What still moves by itself is OK."""
    if task.state in {pb.FAILED, pb.REJECTED}:
        return Exit.NOT_LANDED
    if task.state == pb.CANCELLED:
        return Exit.CANCELLED
    return Exit.NEEDS_PERSON if needs_person(task) else Exit.OK


def worst(codes: list[Exit]) -> Exit:
    """Of several tasks the one that went worst: a failed one before a cancelled one before one that waits."""
    return min((code for code in codes if code), default=Exit.OK)
