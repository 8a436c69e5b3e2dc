"""`list`: the fleet, who needs you first."""

from typing import TYPE_CHECKING

import click

from foremanctl import completing
from foremanctl.exits import Usage
from foremanctl.harmless import line
from foremanctl.nearest import nearest
from foremanctl.options import Asked, Command, of_repo_option, repository
from foremanctl.output import talk

if TYPE_CHECKING:
    from foremanctl.client import Client
    from foremand.v1 import foremand_pb2 as pb


def _states(value: str) -> "list[pb.TaskState]":
    from foremand.v1 import foremand_pb2 as pb

    names = [name.strip().upper() for name in value.split(",") if name.strip()]
    known = [name for name, number in pb.TaskState.items() if number]
    for name in names:
        if name not in known:
            raise Usage(f"--state: {name!r} is no state{nearest(name, known)}", hint=f"they are {', '.join(known)}")
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
@of_repo_option
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
    out, client = asked.out, asked.client()
    tasks = fleet.ordered(listed(client, request))
    if out.quiet:
        out.page("".join(f"{task.id}\n" for task in tasks))
    elif out.form != "table":
        out.records(records.task(task) for task in tasks)
    elif tasks:
        out.page(fleet.table(tasks, out))
    else:
        talk(_nothing(client, request))


def _nothing(client: "Client", asked: "pb.ListTasksRequest") -> str:
    """What to say where there is no task of those that were asked for."""
    from foremanctl.choosing import listed
    from foremanctl.states import ENDED
    from foremand.v1 import foremand_pb2 as pb

    among = listed(client, pb.ListTasksRequest(all=True, repo=asked.repo))
    ended = sum(task.state in ENDED for task in among)
    where = f" of {asked.repo}" if asked.repo else ""
    if not among:
        return line(f"no tasks{where}; dispatch one with: foremanctl submit 'what to do'")
    if asked.states:
        states = " or ".join(pb.TaskState.Name(state) for state in asked.states)
        return line(f"no task{where} is {states}; there are {len(among)}: foremanctl list --all")
    are = "1 has" if ended == 1 else f"{ended} have"
    return line(f"no task{where} is alive; {are} ended: foremanctl list --all")
