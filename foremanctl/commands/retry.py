"""`retry`: go on with a task that stands or has ended."""

import click

from foremanctl import completing
from foremanctl.exits import Exit, Usage
from foremanctl.options import Asked, Command, tasks_argument


@click.command(
    cls=Command,
    short_help="Go on with tasks that are stuck or have ended.",
    examples=[
        "retry 12",
        "retry 12 13",
        "retry 12 --stage plan --fresh",
        "retry 12 --agent second -m 'the registry is back'",
    ],
)
@tasks_argument
@click.option("--stage", metavar="S", default="", shell_complete=completing.stages, help="From this stage.")
@click.option(
    "--gate",
    metavar="G",
    default="",
    shell_complete=completing.gates,
    help="Ask this gate again; a refusal goes back to the agent as usual.",
)
@click.option(
    "--agent", metavar="NAME", default="", shell_complete=completing.agents, help="Who does it [as the pipeline says]."
)
@click.option("--fresh", is_flag=True, help="With the files as the stage was entered with.")
@click.option("-m", "--message", metavar="T", default="", help="For the agent's next attempt.")
@click.pass_obj
def command(
    asked: Asked, *, tasks: tuple[int, ...], stage: str, gate: str, agent: str, fresh: bool, message: str
) -> Exit:
    """Try again: stuck, after an error, or ended without landing. Same id; the work is kept."""
    from foremanctl.answers import for_each
    from foremanctl.client import request_id
    from foremand.v1 import foremand_pb2 as pb

    if stage and gate:
        raise Usage("--stage or --gate, not both")

    def request(task: int) -> pb.RetryTaskRequest:
        return pb.RetryTaskRequest(
            request_id=request_id(), id=task, stage=stage, gate=gate, agent=agent, fresh=fresh, message=message
        )

    return for_each(asked.out, asked.client(), "RetryTask", tasks, request)
