"""`list`: the fleet, who needs you first."""

from typing import TYPE_CHECKING

import click

from foremanctl import completing
from foremanctl.options import Asked, Command, repo_option, repository
from foremanctl.output import talk

if TYPE_CHECKING:
    from foremand.v1 import foremand_pb2 as pb


def _states(value: str) -> "list[pb.TaskState]":
    from foremand.v1 import foremand_pb2 as pb

    names = [name.strip().upper() for name in value.split(",") if name.strip()]
    known = [name for name, number in pb.TaskState.items() if number]
    for name in names:
        if name not in known:
            raise click.BadParameter(f"{name!r} is no state; they are {', '.join(known)}", param_hint="--state")
    return [pb.TaskState.Value(name) for name in names]  # type: ignore[misc]


@click.command(
    cls=Command,
    short_help="The fleet, who needs you first.",
    examples=["list", "list --all -C ~/shop", "list --state waiting,running", "list --format json | jq '.[].id'"],
)
@click.option(
    "--state",
    "states",
    metavar="STATE",
    multiple=True,
    shell_complete=completing.states,
    help="Only these states (comma-separated).",
)
@repo_option
@click.option("--all", "everything", is_flag=True, help="Those that have ended, too.")
@click.pass_obj
def command(asked: Asked, *, states: tuple[str, ...] = (), repo: str | None = None, everything: bool = False) -> None:
    """List tasks: those that have not ended, who needs you first.

    PIPELINE: `plan+` has passed, `[implement]` is where it stands, `land` is to come. NOW also names the other tasks
    that change the same files.
    """
    from foremanctl import fleet, records
    from foremanctl.choosing import listed
    from foremanctl.worktree import top
    from foremand.v1 import foremand_pb2 as pb

    request = pb.ListTasksRequest(
        states=_states(",".join(states)), repo=top(repository(repo)) if repo else "", all=everything
    )
    out = asked.out
    tasks = fleet.ordered(listed(asked.client(), request))
    if out.quiet:
        out.page("".join(f"{task.id}\n" for task in tasks))
    elif out.form != "table":
        out.records(records.task(task) for task in tasks)
    elif tasks:
        out.page(fleet.table(tasks, out))
    else:
        talk("no tasks; dispatch one with: foremanctl submit 'what to do'")
