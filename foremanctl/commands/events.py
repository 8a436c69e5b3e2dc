"""`events`: what happened, in order."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from foremanctl.options import LARGEST_ID, Asked, Command, Number, TaskId
from foremanctl.output import Format, clock

if TYPE_CHECKING:
    from foremanctl.client import Client
    from foremand.v1 import foremand_pb2 as pb


@click.command(
    cls=Command,
    short_help="What happened, in order.",
    examples=[
        "events",
        "events 12",
        "events -f",
        "events --after 1041 --format jsonl | jq -c 'select(.type==\"Landed\")'",
    ],
)
@click.argument("task", type=TaskId(), metavar="[ID]", required=False)
@click.option("-f", "--follow", is_flag=True, help="Go on with what happens from now on.")
@click.option("--after", metavar="SEQ", type=Number(0, LARGEST_ID), default=0, help="Only behind this one.")
@click.pass_obj
def command(asked: Asked, *, task: int | None, follow: bool, after: int) -> None:
    """Print what happened, to one task or to all, from the beginning or behind --after.

    `seq` only grows: with the last one as --after nothing is lost and nothing comes twice.
    """
    from foremanctl import records

    out = asked.out
    client = asked.client()
    events = _following(client, task, after) if follow else _until_now(client, task, after)
    if out.quiet:
        for event in events:
            out.print(str(event.seq))
    elif out.form is Format.JSON and not follow:
        out.records(records.event(event) for event in events)
    elif out.form is not Format.TABLE:
        for event in events:
            out.line(records.event(event))
    elif follow:
        for event in events:
            out.print(_told(records.event(event)))
    else:
        out.page(_told(records.event(event)) + "\n" for event in events)


def _following(client: "Client", task: int | None, after: int) -> Iterator["pb.Event"]:
    from foremanctl.watching import watch

    for response in watch(client, task=task or 0, after=after):
        yield from response.events


def _until_now(client: "Client", task: int | None, after: int) -> Iterator["pb.Event"]:
    from foremanctl.watching import history, watch

    if task is not None:
        yield from history(client, task, after)
        return
    # The cursor of a snapshot is what "now" means. Cursors pass over events that are not for us, too.
    now = next(watch(client)).cursor
    if after >= now:
        return
    for response in watch(client, after=after):
        yield from (event for event in response.events if event.seq <= now)
        if response.cursor >= now:
            return


def _told(event: dict[str, Any]) -> str:
    from foremanctl.telling import told

    head = f"{event['seq']:>6}  {clock(event['at'])}  {event['task'] or '-':>4}  {event['type']:<19}"
    fields = {name: value for name, value in event.items() if name not in {"seq", "at", "task", "type"}}
    return f"{head}  {told(event['type'], fields)}".rstrip()
