"""`checkout`: a task's work on a branch of your own repository."""

import click

from foremanctl.harmless import line
from foremanctl.options import Asked, Command, task_argument
from foremanctl.output import Format, talk


@click.command(
    cls=Command,
    short_help="Put the work on a branch of your repository.",
    examples=["checkout 12", 'git switch "$(foremanctl checkout 12)"'],
)
@task_argument
@click.pass_obj
def command(asked: Asked, *, task: int) -> None:
    """Put a task's present revision on the branch foremand/ID-... of your repository, to look and try.

    Prints the branch. Your work tree stays as it is, and what you do to the branch changes nothing about the task.
    """
    from foremanctl.client import request_id
    from foremand.v1 import foremand_pb2 as pb

    out = asked.out
    answer: pb.CheckoutTaskResponse = asked.client().ask(
        "CheckoutTask", pb.TaskRequest(request_id=request_id(), id=task)
    )
    if out.quiet:
        out.print(str(task))
    elif out.form is Format.TABLE:
        out.print(answer.branch)
        talk(line(f"{answer.branch} is at {answer.revision[:12]} in {answer.task.repo}: git switch {answer.branch}"))
    else:
        out.record({"id": task, "repo": answer.task.repo, "branch": answer.branch, "revision": answer.revision})
