"""`take`: a person works on by hand."""

from typing import TYPE_CHECKING

import click

from foremanctl.exits import Conflict
from foremanctl.options import Asked, Command, live_task_argument
from foremanctl.output import Format, talk

if TYPE_CHECKING:
    from foremanctl.client import Client
    from foremand.v1 import foremand_pb2 as pb


@click.command(
    cls=Command,
    short_help="Stop the agent and work on by hand.",
    examples=["take 12", 'cd "$(foremanctl take 12)"'],
)
@live_task_argument
@click.pass_obj
def command(asked: Asked, *, task: int) -> None:
    """Stop a task's agent and have its workspace to yourself. Prints the workspace's path.

    `give` hands it back: what you leave there is sealed under your name, and goes through the gates like anyone's.
    """
    from foremanctl import records
    from foremanctl.client import request_id
    from foremand.v1 import foremand_pb2 as pb

    out, client = asked.out, asked.client()
    taken = _handed_over(client, client.ask("TakeTask", pb.TaskRequest(request_id=request_id(), id=task)))
    if out.quiet:
        out.print(str(taken.id))
    elif out.form is Format.TABLE:
        out.print(taken.workspace)
    else:
        out.record(records.task(taken))
    talk(f"task {task} is yours. When you are done: foremanctl give {task} -m 'what you did'")
    talk(f"or have the agent go on from there: foremanctl give {task} --rework -m 'what is left to do'")


def _handed_over(client: "Client", task: "pb.Task") -> "pb.Task":
    """The task once nothing of it runs in its workspace any more. Conflict if it ends instead."""
    from contextlib import closing

    from foremanctl.records import state
    from foremanctl.states import ENDED
    from foremanctl.watching import changes

    if task.workspace:
        return task
    talk(f"task {task.id}: waits until its workspace is free")
    with closing(changes(client, [task.id])) as later:
        for task in later:
            if task.workspace:
                return task
            if task.state in ENDED:
                break
    raise Conflict(f"task {task.id} is {state(task)}", why=task.reason, hint=f"foremanctl show {task.id}")
