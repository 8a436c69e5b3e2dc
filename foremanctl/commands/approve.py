"""`approve`: a person's yes to one revision."""

import sys
from typing import TYPE_CHECKING

import click

from foremanctl import completing
from foremanctl.exits import Conflict, NotFound, Usage
from foremanctl.nearest import nearest
from foremanctl.options import Asked, Command, live_task_argument
from foremanctl.output import talk

if TYPE_CHECKING:
    from foremanctl.client import Client


@click.command(
    cls=Command,
    short_help="Say yes at a human gate.",
    examples=["approve 12", "approve 12 api-owner -m 'names are fine'", "approve 12 --revision a1b2c3d"],
)
@live_task_argument
@click.argument("gate", required=False, default="", shell_complete=completing.open_gates)
@click.option("--revision", metavar="SHA", default="", help="What you have seen. Refused if it is another by now.")
@click.option("-m", "--message", metavar="T", default="", help="Kept with the approval.")
@click.pass_obj
def command(asked: Asked, *, task: int, gate: str, revision: str, message: str) -> None:
    """Approve a task's present revision at GATE, or at all human gates open on it.

    On a terminal it shows gate, revision and change, and asks; elsewhere --revision says what you have seen.
    """
    from foremanctl import describe
    from foremanctl.answers import tell
    from foremanctl.client import request_id
    from foremand.v1 import foremand_pb2 as pb

    if not revision and not somebody_there():
        raise _which(asked.client(), task)
    client = asked.client()
    seen = bool(revision)
    if not seen:
        revision = _ask(client, task, gate)
    answer: pb.Task = client.ask(
        "ApproveTask",
        pb.ApproveTaskRequest(request_id=request_id(), id=task, gate=gate, revision=revision, message=message),
    )
    if seen and answer.unsandboxed:
        talk(describe.UNSANDBOXED)
    tell(asked.out, answer)


def _which(client: "Client", task: int) -> Usage:
    """What to say where nobody can be asked. NotFound where there is no such task."""
    from foremand.v1 import foremand_pb2 as pb

    client.ask("GetTask", pb.GetTaskRequest(id=task))
    return Usage(
        "which revision? --revision SHA is required where nobody can be asked",
        why="an approval is of one revision, and what stands there may have changed since you looked",
        hint=f"foremanctl diff {task}, then foremanctl approve {task} --revision SHA; "
        f"foremanctl show {task} names the SHA",
    )


def somebody_there() -> bool:
    """Whether a person can be shown something and asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def _ask(client: "Client", task_id: int, gate: str) -> str:
    """Shows what is to be approved and asks. Gives the revision that was shown."""
    from foremanctl import describe
    from foremanctl.harmless import line, stream
    from foremand.v1 import foremand_pb2 as pb

    detail: pb.TaskDetail = client.ask("GetTask", pb.GetTaskRequest(id=task_id))
    task = detail.task
    open_gates = [
        each for each in task.gates if each.kind == "human" and each.verdict == "waiting" and gate in {"", each.name}
    ]
    known = dict.fromkeys(each.name for each in task.gates)
    if gate and known and gate not in known:
        raise NotFound(
            f"task {task_id} has no gate {gate!r}{nearest(gate, known)}", hint=f"its gates are {', '.join(known)}"
        )
    if not open_gates:
        named = f"gate {gate!r}" if gate else "no human gate"
        raise Conflict(
            f"{named} is {'not ' if gate else ''}open on task {task_id}",
            why=task.reason,
            hint=f"foremanctl why {task_id}",
        )
    revision = open_gates[0].revision or task.revision
    talk(line(f"task {task_id}: {task.title}"))
    for each in open_gates:
        talk(line(f"gate {each.name} ({each.stage})" + (f": {each.reason}" if each.reason else "")))
    talk(f"revision {line(revision)}, to land on {line(task.into)}")
    for warning in describe.before_approval(detail, {each.name for each in open_gates}):
        talk(line(warning))
    chunks = client.stream("GetDiff", pb.GetDiffRequest(id=task_id, stat=True))
    talk("".join(stream(chunk.data for chunk in chunks)).rstrip())
    if not click.confirm(f"approve {', '.join(line(each.name) for each in open_gates)}?", err=True):
        raise click.Abort
    return revision
