"""`show`: one task."""

import click

from foremanctl.options import Asked, Command, task_argument


@click.command(
    cls=Command,
    short_help="One task, with all that is known of it.",
    examples=["show 12", "show 12 --format json | jq '.attempts[].outcome'"],
)
@task_argument
@click.pass_obj
def command(asked: Asked, *, task: int) -> None:
    """Show one task: gates, attempts, answers, what was sent to its agents and whether they heard it, prompt."""
    from foremanctl import describe, messages, records
    from foremand.v1 import foremand_pb2 as pb

    out, client = asked.out, asked.client()
    detail: pb.TaskDetail = client.ask("GetTask", pb.GetTaskRequest(id=task))
    if out.quiet:
        out.print(str(detail.task.id))
    elif out.form != "table":
        sent = messages.of_task(client, task)
        out.record(records.detail(detail) | {"messages": [messages.record(message) for message in sent]})
    else:
        out.page(describe.describe(detail, out, messages.of_task(client, task)))
