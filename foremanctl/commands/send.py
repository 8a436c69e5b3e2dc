"""`send`: tell an agent something as it works."""

import click

from foremanctl.harmless import line
from foremanctl.options import Asked, Command, live_task_argument
from foremanctl.output import Format, talk


@click.command(
    cls=Command,
    short_help="Tell a running task's agent something.",
    examples=[
        "send 12 'the fixture is in tests/data'",
        "send 12 - < hints.md",
        "send 12 --interrupt 'stop: the schema has changed, read it again'",
    ],
)
@live_task_argument
@click.argument("text")
@click.option("--interrupt", is_flag=True, help="Break off what it is at; its session goes on with TEXT.")
@click.pass_obj
def command(asked: Asked, *, task: int, text: str, interrupt: bool) -> None:
    """Send TEXT (`-`: stdin) to the agent: it hears it between two steps of its work, or with --interrupt at once.

    Where the agent cannot be told as it works, TEXT opens its next attempt and nothing is interrupted: stderr says
    which.
    """
    from foremanctl import records
    from foremanctl.answers import tell
    from foremanctl.client import request_id
    from foremanctl.texts import from_file, written
    from foremand.v1 import foremand_pb2 as pb

    out = asked.out
    said = written(from_file("-") if text == "-" else text, "the text")
    answer: pb.SendTaskResponse = asked.client().ask(
        "SendTask", pb.SendTaskRequest(request_id=request_id(), id=task, text=said, interrupt=interrupt)
    )
    if out.quiet or out.form is Format.TABLE:
        tell(out, answer.task)
    else:
        out.record(records.task(answer.task) | {"when": answer.when})
    talk(line(answer.when))
