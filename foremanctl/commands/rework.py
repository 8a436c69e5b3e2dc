"""`rework`: a person sends the work back."""

import click

from foremanctl.exits import Usage
from foremanctl.options import Asked, Command, live_task_argument


@click.command(
    cls=Command,
    short_help="Send the work back with what is to change.",
    examples=["rework 12 -m 'keep the old name as an alias'", "rework 12 -f review.md", "rework 12 -f - < review.md"],
)
@live_task_argument
@click.option("-m", "--message", metavar="T", help="What is to change.")
@click.option("-f", "--file", metavar="FILE", help="The same, from a file (`-`: stdin).")
@click.pass_obj
def command(asked: Asked, *, task: int, message: str | None, file: str | None) -> None:
    """Send a task that waits at a human gate or is stuck back to its agent, in your words."""
    from foremanctl.answers import tell
    from foremanctl.client import request_id
    from foremanctl.texts import from_file, written
    from foremand.v1 import foremand_pb2 as pb

    if (message is None) == (file is None):
        raise Usage("say what is to change, with -m or with -f", hint=f"foremanctl rework {task} -m '...'")
    text = from_file(file) if file is not None else message or ""
    request = pb.AnswerTaskRequest(request_id=request_id(), id=task, message=written(text, "what is to change"))
    tell(asked.out, asked.client().ask("ReworkTask", request))
