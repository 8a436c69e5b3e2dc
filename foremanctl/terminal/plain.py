"""The same without a screen: a line for every task, and for every change of one."""

from contextlib import closing

from foremanctl import fleet, records, watching
from foremanctl.client import Client
from foremanctl.output import Format, Output
from foremanctl.states import ENDED
from foremand.v1 import foremand_pb2 as pb

from .model import asks


def lines(client: Client, out: Output, task: int | None) -> None:
    """Prints until interrupted; of one task, what its agents say too, until it has ended or needs a person."""
    if task is not None and out.form is Format.TABLE and not out.quiet:
        present: pb.TaskDetail = client.ask("GetTask", pb.GetTaskRequest(id=task))
        watching.follow(client, out, task, seen=max(0, present.task.attempt - 1))
        return
    said: dict[int, str] = {}
    with closing(watching.watch(client, task=task or 0)) as responses:
        for response in responses:
            shown = [each for each in fleet.ordered(response.snapshot) if each.state not in ENDED or task]
            for each in (*shown, *response.tasks):
                standing = watching.stands(each)
                if said.get(each.id) != standing:
                    said[each.id] = standing
                    _print(out, each, standing)


def _print(out: Output, task: pb.Task, standing: str) -> None:
    if out.quiet:
        out.print(str(task.id))
    elif out.form is Format.TABLE:
        out.print(f"{standing}  (needs you)" if asks(task) else standing)
    else:
        out.line(records.task(task))
