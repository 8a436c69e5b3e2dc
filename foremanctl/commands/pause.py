"""`pause`: let tasks stand still."""

import click

from foremanctl.exits import Exit
from foremanctl.options import Asked, Command, live_tasks_or_all_argument


@click.command(
    cls=Command,
    short_help="Let tasks stand still; their sessions are kept.",
    examples=["pause 12", "pause 12 13", "pause --all"],
)
@live_tasks_or_all_argument
@click.option("--all", "everything", is_flag=True, help="All that are queued or running.")
@click.pass_obj
def command(asked: Asked, *, tasks: tuple[int, ...], everything: bool) -> Exit:
    """Interrupt tasks that are queued or running until `resume`. Their work and their agents' sessions are kept."""
    from foremanctl import choosing
    from foremanctl.answers import for_each
    from foremanctl.client import request_id
    from foremand.v1 import foremand_pb2 as pb

    def request(task: int) -> pb.TaskRequest:
        return pb.TaskRequest(request_id=request_id(), id=task)

    choosing.named_or_all(tasks, everything=everything)
    client = asked.client()
    if everything:
        going = choosing.all_that(client, lambda task: task.state in {pb.QUEUED, pb.RUNNING}, "that could be paused")
        tasks = tuple(task.id for task in going)
    return for_each(asked.out, client, "PauseTask", tasks, request)
