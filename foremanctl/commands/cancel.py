"""`cancel`: stop a task."""

import click

from foremanctl.exits import Exit
from foremanctl.options import Asked, Command, tasks_argument


@click.command(
    cls=Command,
    short_help="Stop tasks; their work is kept.",
    examples=["cancel 12", "cancel 12 13 -m 'no longer needed'", "list -q --state queued | xargs foremanctl cancel"],
)
@tasks_argument
@click.option("-m", "--message", metavar="T", default="", help="Why.")
@click.pass_obj
def command(asked: Asked, *, tasks: tuple[int, ...], message: str) -> Exit:
    """Stop tasks that have not ended: their agents' processes are ended, their work is kept."""
    from foremanctl.answers import for_each
    from foremanctl.client import request_id
    from foremand.v1 import foremand_pb2 as pb

    def request(task: int) -> pb.CancelTaskRequest:
        return pb.CancelTaskRequest(request_id=request_id(), id=task, message=message)

    return for_each(asked.out, asked.client(), "CancelTask", tasks, request)
