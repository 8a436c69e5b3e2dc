"""`give`: a person hands back what they took."""

import click

from foremanctl.options import Asked, Command, live_task_argument


@click.command(
    cls=Command,
    short_help="Hand back a task that you took.",
    examples=["give 12 -m 'fixed the migration by hand'", "give 12 --rework -m 'now add the tests'"],
)
@live_task_argument
@click.option("-m", "--message", metavar="T", default="", help="What you did, or what is left to do.")
@click.option("--rework", is_flag=True, help="The agent goes on from it; the gates judge what it makes of it.")
@click.pass_obj
def command(asked: Asked, *, task: int, message: str, rework: bool) -> None:
    """Seal what you left in the workspace under your name, and let the stage's gates judge it."""
    from foremanctl.answers import tell
    from foremanctl.client import request_id
    from foremanctl.texts import written
    from foremand.v1 import foremand_pb2 as pb

    said = written(message, "the message") if message else ""
    request = pb.GiveTaskRequest(request_id=request_id(), id=task, message=said, rework=rework)
    tell(asked.out, asked.client().ask("GiveTask", request))
