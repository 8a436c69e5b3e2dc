"""`repin`: have tasks take today's pipeline file."""

import click

from foremanctl.exits import Exit
from foremanctl.options import Asked, Command, live_tasks_argument


@click.command(
    cls=Command,
    short_help="Have tasks take today's pipeline file.",
    examples=["repin 12", "repin 12 13", "list -q -C ~/shop | xargs foremanctl repin"],
)
@live_tasks_argument
@click.pass_obj
def command(asked: Asked, *, tasks: tuple[int, ...]) -> Exit:
    """Pin today's pipeline file in place of the one with which the tasks began.

    What gates passed by a definition that is the same in both stays; what is new is asked.
    """
    from foremanctl.answers import for_each
    from foremanctl.client import request_id
    from foremand.v1 import foremand_pb2 as pb

    def request(task: int) -> pb.TaskRequest:
        return pb.TaskRequest(request_id=request_id(), id=task)

    return for_each(asked.out, asked.client(), "RepinTask", tasks, request)
