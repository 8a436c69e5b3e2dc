"""`diff`: what a task's work changes."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from foremanctl import completing
from foremanctl.exits import NotFound, Usage
from foremanctl.options import Asked, Command, Number, task_argument
from foremanctl.output import Format, colored_diff, or_said

if TYPE_CHECKING:
    from foremanctl.client import Client
    from foremand.v1 import foremand_pb2 as pb

_WHOLE = (40, 64)
"""Digits of a git id that nothing is left out of."""


@click.command(
    cls=Command,
    short_help="What the work changes.",
    examples=[
        "diff 12",
        "diff 12 --stat",
        "diff 12 --attempt 1",
        "diff 12 --since a1b2c3d",
        "diff 12 --since-approval",
        "diff 12 | git apply",
    ],
)
@task_argument
@click.option("--stat", is_flag=True, help="Files and numbers of lines only.")
@click.option("--attempt", metavar="N", type=Number(1), help="As this attempt left it.")
@click.option(
    "--since",
    metavar="SHA",
    default="",
    shell_complete=completing.revisions,
    help="Only what has changed since this revision, which you have seen.",
)
@click.option("--since-approval", is_flag=True, help="Only what has changed since a person last approved.")
@click.pass_obj
def command(asked: Asked, *, task: int, stat: bool, attempt: int | None, since: str, since_approval: bool) -> None:
    """Print the change from the task's base to its present revision.

    In colour on a terminal; through a pipe the exact bytes, fit for `git apply`. What came in from the branch
    meanwhile is no part of what has changed since a revision.
    """
    from foremanctl.harmless import stream
    from foremand.v1 import foremand_pb2 as pb

    if (bool(since) + since_approval) and (stat or attempt):
        option = "--since" if since else "--since-approval"
        raise Usage(f"{option} is a patch up to the present revision: neither --stat nor --attempt goes with it")
    if since and since_approval:
        raise Usage("--since or --since-approval, not both")
    out, client = asked.out, asked.client()
    request = pb.GetDiffRequest(
        id=task,
        attempt=attempt or 0,
        stat=stat,
        since_approval=since_approval,
        since=_whole(client, task, since) if since else "",
    )
    chunks: Iterator[pb.DiffChunk] = client.stream("GetDiff", request)
    data = or_said((chunk.data for chunk in chunks), "nothing has changed")
    if out.form is not Format.TABLE:
        whole = list(chunks)
        out.record(
            {
                "id": task,
                "base": whole[0].base or None if whole else None,
                "revision": whole[0].revision or None if whole else None,
                "diff": b"".join(chunk.data for chunk in whole).decode(errors="backslashreplace"),
            }
        )
    elif out.terminal:
        text = stream(data)
        out.page(text if stat else colored_diff(text, out))
    else:
        out.bytes(data)


def _whole(client: "Client", task: int, given: str) -> str:
    """The whole id of the task's revision that begins with `given`. NotFound where it never had one, Usage where it
    had several."""
    from foremand.v1 import foremand_pb2 as pb

    detail: pb.TaskDetail = client.ask("GetTask", pb.GetTaskRequest(id=task))
    known = revisions(detail)
    found = [revision for revision in known if revision.startswith(given.lower())]
    if len(found) == 1:
        return found[0]
    if found:
        raise Usage(f"{given} begins {len(found)} revisions of task {task}", why=", ".join(found), hint="more digits")
    if len(given) in _WHOLE and not given.lower().strip("0123456789abcdef"):
        return given.lower()  # one that it had at landing once, perhaps; the daemon knows
    had = ", ".join(revision[:12] for revision in known)
    raise NotFound(
        f"task {task} has no revision {given!r}",
        why=f"it has had {had}" if had else "nothing of it is sealed yet",
        hint=f"foremanctl show {task} names them; foremanctl diff {task} is the whole change"
        if had
        else f"foremanctl logs {task} -f",
    )


def revisions(detail: "pb.TaskDetail") -> list[str]:
    """The revisions of a task that are known, the oldest first."""
    task = detail.task
    named = [each.revision for many in (detail.attempts, detail.approvals, task.gates) for each in many]
    return [revision for revision in dict.fromkeys([*named, task.revision]) if revision not in {"", detail.base}]
