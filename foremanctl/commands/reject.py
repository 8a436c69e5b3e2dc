"""`reject`: a person's no."""

import click

from foremanctl.options import Asked, Command, live_task_argument


@click.command(
    cls=Command,
    short_help="Say no: the task ends, its work is kept.",
    examples=["reject 12 -m 'not this major version'"],
)
@live_task_argument
@click.option("-m", "--message", metavar="T", required=True, help="Why.")
@click.pass_obj
def command(asked: Asked, *, task: int, message: str) -> None:
    """End a task that waits at a human gate or is stuck. Its agent is stopped; its work is kept."""
    from foremanctl.answers import tell
    from foremanctl.client import request_id
    from foremanctl.texts import written
    from foremand.v1 import foremand_pb2 as pb

    request = pb.AnswerTaskRequest(request_id=request_id(), id=task, message=written(message, "the reason"))
    tell(asked.out, asked.client().ask("RejectTask", request))
