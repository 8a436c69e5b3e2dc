"""`resume`: let tasks go on that stand still."""

import click

from foremanctl.exits import Exit
from foremanctl.options import Asked, Command, live_tasks_or_all_argument

_STANDS = frozenset({"paused", "quota"})  # what is at a limit goes on once that is raised


@click.command(
    cls=Command,
    short_help="Let tasks go on that were paused, or wait for budget or quota.",
    examples=["resume 12", "resume 12 13", "resume --all"],
)
@live_tasks_or_all_argument
@click.option("--all", "everything", is_flag=True, help="All that are paused, or wait for a quota.")
@click.pass_obj
def command(asked: Asked, *, tasks: tuple[int, ...], everything: bool) -> Exit:
    """Let tasks go on that were paused. One that waits for the end of a quota tries again now.

    A task that has used up a limit of its own goes on with `limit`.
    """
    from foremanctl import choosing
    from foremanctl.answers import for_each
    from foremanctl.client import request_id
    from foremand.v1 import foremand_pb2 as pb

    def request(task: int) -> pb.TaskRequest:
        return pb.TaskRequest(request_id=request_id(), id=task)

    choosing.named_or_all(tasks, everything=everything)
    client = asked.client()
    if everything:
        standing = choosing.all_that(client, lambda task: task.waiting_for in _STANDS, "that could be resumed")
        tasks = tuple(task.id for task in standing)
    return for_each(asked.out, client, "ResumeTask", tasks, request)
