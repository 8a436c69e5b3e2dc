"""`cancel`: stop a task."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from foremanctl.exits import Exit
from foremanctl.options import Asked, Command, live_tasks_or_all_argument
from foremanctl.output import talk

if TYPE_CHECKING:
    from foremand.v1 import foremand_pb2 as pb


@click.command(
    cls=Command,
    short_help="Stop tasks; their work is kept.",
    examples=[
        "cancel 12",
        "cancel 12 13 -m 'no longer needed'",
        "cancel --all",
        "list -q --state queued | xargs foremanctl cancel",
    ],
)
@live_tasks_or_all_argument
@click.option("--all", "everything", is_flag=True, help="All that have not ended; asks once on a terminal.")
@click.option("-m", "--message", metavar="T", default="", help="Why.")
@click.pass_obj
def command(asked: Asked, *, tasks: tuple[int, ...], everything: bool, message: str) -> Exit:
    """Stop tasks that have not ended: their agents' processes are ended, their work is kept."""
    from foremanctl import choosing
    from foremanctl.answers import for_each
    from foremanctl.client import request_id
    from foremand.v1 import foremand_pb2 as pb

    def request(task: int) -> pb.CancelTaskRequest:
        return pb.CancelTaskRequest(request_id=request_id(), id=task, message=message)

    choosing.named_or_all(tasks, everything=everything)
    client = asked.client()
    if everything:
        live = choosing.all_that(client, lambda _: True, "that has not ended")
        _ask(live)
        tasks = tuple(task.id for task in live)
    return for_each(asked.out, client, "CancelTask", tasks, request)


def _ask(tasks: "Sequence[pb.Task]") -> None:
    """Shows a person what would be stopped, and asks. Aborts unless they say yes."""
    from foremanctl.watching import stands

    if not (tasks and sys.stdin.isatty() and sys.stderr.isatty()):
        return
    for task in tasks:
        talk(stands(task))
    if not click.confirm(f"cancel {'this task' if len(tasks) == 1 else f'these {len(tasks)} tasks'}?", err=True):
        raise click.Abort
