"""`waive`: a person lets one gate pass, with a reason."""

import click

from foremanctl import completing
from foremanctl.options import Asked, Command, live_task_argument


@click.command(
    cls=Command,
    short_help="Let one red gate pass, with a reason.",
    examples=["waive 12 lint -m 'the rule is wrong here, see #88'"],
)
@live_task_argument
@click.argument("gate", shell_complete=completing.red_gates)
@click.option("-m", "--message", metavar="T", required=True, help="Why.")
@click.pass_obj
def command(asked: Asked, *, task: int, gate: str, message: str) -> None:
    """Let GATE, which said fail or error, pass for the task's present revision and for no other.

    The reason is kept with your name. A floor's gate cannot be waived.
    """
    from foremanctl.answers import tell
    from foremanctl.client import request_id
    from foremanctl.texts import written
    from foremand.v1 import foremand_pb2 as pb

    reason = written(message, "the reason")
    request = pb.WaiveTaskRequest(request_id=request_id(), id=task, gate=gate, message=reason)
    tell(asked.out, asked.client().ask("WaiveTask", request))
