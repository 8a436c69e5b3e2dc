"""`limit`: set limits of a task anew."""

import click

from foremanctl.exits import Exit, Usage
from foremanctl.options import Asked, Command


@click.command(
    cls=Command,
    short_help="Set limits of a task anew.",
    examples=["limit 12 cost_usd=10", "limit 12 attempts=20 wall_clock=4h"],
)
@click.argument("task", type=click.IntRange(min=1))
@click.argument("limits", metavar="K=V...", nargs=-1)
@click.pass_obj
def command(asked: Asked, *, task: int, limits: tuple[str, ...]) -> Exit:
    """Raise or lower cost_usd, turns, wall_clock or attempts of a task that has not ended.

    A task that waits because a limit is reached goes on once that limit is raised.
    """
    from foremanctl.answers import for_each
    from foremanctl.client import request_id
    from foremanctl.limits import parse
    from foremand.v1 import foremand_pb2 as pb

    if not limits:
        raise Usage("name a limit, such as cost_usd=10", hint="they are cost_usd, turns, wall_clock, attempts")

    def request(number: int) -> pb.LimitTaskRequest:
        return pb.LimitTaskRequest(request_id=request_id(), id=number, limits=parse(limits))

    return for_each(asked.out, asked.client(), "LimitTask", (task,), request)
