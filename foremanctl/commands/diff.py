"""`diff`: what a task's work changes."""

from collections.abc import Iterator

import click

from foremanctl.exits import Usage
from foremanctl.options import Asked, Command, task_argument
from foremanctl.output import Format, colored_diff


@click.command(
    cls=Command,
    short_help="What the work changes.",
    examples=[
        "diff 12",
        "diff 12 --stat",
        "diff 12 --attempt 1",
        "diff 12 --since-approval",
        "diff 12 | git apply",
    ],
)
@task_argument
@click.option("--stat", is_flag=True, help="Files and numbers of lines only.")
@click.option("--attempt", metavar="N", type=click.IntRange(min=1), help="As this attempt left it.")
@click.option("--since-approval", is_flag=True, help="Only what has changed since a person last approved.")
@click.pass_obj
def command(asked: Asked, *, task: int, stat: bool, attempt: int | None, since_approval: bool) -> None:
    """Print the change from the task's base to its present revision.

    In colour on a terminal; through a pipe the exact bytes, fit for `git apply`.
    """
    from foremanctl.harmless import stream
    from foremand.v1 import foremand_pb2 as pb

    if since_approval and (stat or attempt):
        raise Usage("--since-approval is a patch up to the present revision: neither --stat nor --attempt goes with it")
    out = asked.out
    request = pb.GetDiffRequest(id=task, attempt=attempt or 0, stat=stat, since_approval=since_approval)
    chunks: Iterator[pb.DiffChunk] = asked.client().stream("GetDiff", request)
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
        text = stream(chunk.data for chunk in chunks)
        out.page(text if stat else colored_diff(text, out))
    else:
        out.bytes(chunk.data for chunk in chunks)
