"""What the commands that change a task have in common: asking, and telling how it stands then."""

from collections.abc import Callable, Sequence

from google.protobuf.message import Message

from foremand.v1 import foremand_pb2 as pb

from . import records
from .client import Client
from .exits import Exit, Failure
from .harmless import line
from .output import Format, Output, talk
from .watching import stands


def tell(out: Output, task: pb.Task, news: str = "") -> None:
    """How the task stands after the answer; `news` is what a person is told that no task's state says."""
    if out.quiet:
        out.print(str(task.id))
    elif out.form is Format.TABLE:
        out.print(stands(task) + (f"  {news}" if news else ""))
    else:
        out.record(records.task(task))


def for_each(out: Output, client: Client, verb: str, ids: Sequence[int], request: Callable[[int], Message]) -> Exit:
    """Asks for every task; one that is refused does not keep the others from theirs. Gives the first refusal's exit
    code. `json` is an array of those that were not refused."""
    done: list[pb.Task] = []
    refused: list[Failure] = []
    for id_ in dict.fromkeys(ids):
        try:
            task = client.ask(verb, request(id_))
        except Failure as failure:
            if len(ids) == 1 or failure.lost:
                raise
            refused.append(failure)
            talk(line(f"foremanctl: {id_}: {failure.what}" + (f"; {failure.hint}" if failure.hint else "")))
            continue
        done.append(task)
        if out.quiet or out.form is Format.TABLE:
            tell(out, task)
    if not out.quiet and out.form is not Format.TABLE:
        out.records(map(records.task, done))
    return refused[0].exit if refused else Exit.OK
