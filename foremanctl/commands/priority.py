"""`priority`: give a task another place among those that wait for a slot."""

import click

from foremanctl.options import PRIORITY, Asked, Command, live_task_argument


@click.command(
    cls=Command,
    short_help="Set the priority of a task anew.",
    examples=["priority 12 5", "priority 12 -1"],
    context_settings={"ignore_unknown_options": True},  # -1 is a number
)
@live_task_argument
@click.argument("priority", metavar="N", type=PRIORITY)
@click.pass_obj
def command(asked: Asked, *, task: int, priority: int) -> None:
    """Let a task that has not ended be served before those with a lower N, the next time that a slot is free.

    Tasks begin with 0, or what `submit --priority` said. What runs is not stopped for it, and what has begun goes on
    before anything new.
    """
    from foremanctl.answers import tell
    from foremanctl.client import request_id
    from foremand.v1 import foremand_pb2 as pb

    request = pb.PrioritizeTaskRequest(request_id=request_id(), id=task, priority=priority)
    tell(asked.out, asked.client().ask("PrioritizeTask", request), f"priority {priority}")
