"""`queue`: what is about to land, and in which order."""

import click

from foremanctl.options import Asked, Command, of_repo_option, repository
from foremanctl.output import Format, age, talk


@click.command(
    cls=Command,
    short_help="What is about to land, in order.",
    examples=["queue", "queue -C ~/shop", "queue -q | head -n 1"],
)
@of_repo_option
@click.pass_obj
def command(asked: Asked, *, repo: str | None) -> None:
    """List the landing queues: one for each branch of each repository, in the order in which their tasks land."""
    from foremanctl import records
    from foremanctl.grid import grid
    from foremanctl.worktree import top
    from foremand.v1 import foremand_pb2 as pb

    out = asked.out
    request = pb.GetQueueRequest(repo=top(repository(repo)) if repo else "")
    tasks = asked.client().ask("GetQueue", request).tasks
    if out.quiet:
        out.page("".join(f"{task.id}\n" for task in tasks))
    elif out.form is not Format.TABLE:
        out.records(map(records.task, tasks))
    elif tasks:
        rows = [
            (
                task.repo,
                task.into,
                str(task.queue_position),
                str(task.id),
                task.reason,
                age(task.updated_at),
                task.title,
            )
            for task in tasks
        ]
        heads = ("REPOSITORY", "INTO", "NO", "ID", "NOW", "SINCE", "TITLE")
        out.page("\n".join(grid(rows, heads, right=("NO", "ID", "SINCE"))) + "\n")
    else:
        talk("nothing is about to land")
