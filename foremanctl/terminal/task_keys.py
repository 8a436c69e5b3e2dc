"""The keys that matter now on the screen of one task."""

from foremand.v1 import foremand_pb2 as pb

from .decision_gates import waiting
from .task_head import ANSWER

_ALWAYS = [("s", "send"), ("[ ]", "attempt"), ("left right", "tab"), ("/", "search"), ("z", "fold"), ("f", "follow")]


def keys_now(task: pb.Task) -> list[tuple[str, str]]:
    """What its person is asked for first, then the ways to look at it."""
    first = [(ANSWER, "answer")] if task.questions and ANSWER else []
    if waiting(task):
        first += [("a", "approve"), ("w", "rework"), ("x", "reject")]
    elif task.waiting_for == "stuck":
        first += [("w", "rework"), ("x", "reject"), ("r", "retry")]
    elif task.workspace:
        first += [("t", "give")]
    look = [("d", "change")] if task.files else []
    return [*first, ("esc", "back"), *look, *_ALWAYS]
