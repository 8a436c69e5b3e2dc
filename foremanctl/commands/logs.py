"""`logs`: what an agent, a gate or a setup said."""

from collections.abc import Iterable, Iterator

import click

from foremanctl import completing
from foremanctl.exits import Usage
from foremanctl.options import Asked, Command, Number, task_argument
from foremanctl.output import Format, or_said


@click.command(
    cls=Command,
    short_help="What an agent, a gate or the setup said.",
    examples=[
        "logs 12",
        "logs 12 -f",
        "logs 12 --stage implement",
        "logs 12 --gate tests",
        "logs 12 --attempt 2 --raw > transcript.jsonl",
    ],
)
@task_argument
@click.option(
    "--stage", metavar="S", default="", shell_complete=completing.stages, help="The last attempt of this stage."
)
@click.option("--attempt", metavar="N", type=Number(1), help="This attempt.")
@click.option("--gate", metavar="G", default="", shell_complete=completing.gates, help="A gate's last output.")
@click.option("--setup", is_flag=True, help="The setup's output.")
@click.option("-f", "--follow", is_flag=True, help="Go on as it grows.")
@click.option("--raw", is_flag=True, help="The bytes as they were written.")
@click.option("--errors", is_flag=True, help="What the agent's program said on standard error.")
@click.pass_obj
def command(
    asked: Asked,
    *,
    task: int,
    stage: str,
    attempt: int | None,
    gate: str,
    setup: bool,
    follow: bool,
    raw: bool,
    errors: bool,
) -> None:
    """Print a log: the last attempt's, unless told which.

    With -f and nothing else it follows the task, attempt after attempt, until it has ended or needs you.
    """
    from foremanctl import watching
    from foremanctl.harmless import stream
    from foremand.v1 import foremand_pb2 as pb

    if sum(map(bool, (stage or attempt, gate, setup))) > 1 or (errors and (gate or setup)):
        raise Usage("one log at a time: an attempt's (--stage, --attempt), a --gate's, or the --setup's")
    out, client = asked.out, asked.client()
    chosen = bool(stage or attempt or gate or setup)
    if follow and not chosen and not raw and not errors and out.form is Format.TABLE:
        present: pb.TaskDetail = client.ask("GetTask", pb.GetTaskRequest(id=task))
        watching.follow(client, out, task, seen=max(0, present.task.attempt - 1))
        return
    request = pb.ReadLogRequest(
        id=task, attempt=attempt or 0, stage=stage, gate=gate, setup=setup, raw=raw, follow=follow, errors=errors
    )
    chunks = or_said(watching.read_log(client, request), "nothing was printed")
    if out.form is not Format.TABLE:
        out.records({"task": task, "line": text} for text in _lines(stream(chunks)))
    elif raw and not out.terminal:
        out.bytes(chunks)
    elif follow:
        for text in stream(chunks):
            out.write(text)
    else:
        out.page(stream(chunks))


def _lines(texts: Iterable[str]) -> Iterator[str]:
    rest = ""
    for text in texts:
        *whole, rest = (rest + text).split("\n")
        yield from whole
    if rest:
        yield rest
