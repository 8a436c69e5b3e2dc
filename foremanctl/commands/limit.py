"""`limit`: set limits of a task anew."""

import click

from foremanctl.exits import Usage
from foremanctl.options import Asked, Command, live_task_argument


@click.command(
    cls=Command,
    short_help="Set limits of a task anew.",
    examples=["limit 12 cost_usd=10", "limit 12 attempts=20 wall_clock=4h", "limit 12 tokens=2000000 stall=45m"],
)
@live_task_argument
@click.argument("limits", metavar="K=V...", nargs=-1)
@click.pass_obj
def command(asked: Asked, *, task: int, limits: tuple[str, ...]) -> None:
    """Raise or lower cost_usd, tokens, turns, wall_clock, stall or attempts of a task that has not ended.

    A task that waits because a limit is reached goes on once that limit is raised.
    """
    from foremanctl.answers import tell
    from foremanctl.client import request_id
    from foremanctl.limits import KEYS, parse, shown
    from foremand.v1 import foremand_pb2 as pb

    if not limits:
        raise Usage("name a limit, such as cost_usd=10", hint=f"they are {', '.join(KEYS)}")
    request = pb.LimitTaskRequest(request_id=request_id(), id=task, limits=parse(limits))
    tell(asked.out, asked.client().ask("LimitTask", request), f"now {shown(request.limits)}")
