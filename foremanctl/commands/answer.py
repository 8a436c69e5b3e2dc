"""`answer`: a person's word on what an agent asks before it does it."""

from typing import TYPE_CHECKING

import click

from foremanctl.exits import Conflict, Usage
from foremanctl.options import Asked, Command, live_task_argument
from foremanctl.output import talk

if TYPE_CHECKING:
    from foremanctl.client import Client


@click.command(
    cls=Command,
    short_help="Allow what an agent asks, or deny it.",
    examples=["answer 12 allow", "answer 12 deny -m 'use the fixture instead'"],
)
@live_task_argument
@click.argument("decision", type=click.Choice(["allow", "deny"]))
@click.option("--question", metavar="KEY", default="", help="The question that you have seen.")
@click.option("-m", "--message", metavar="T", default="", help="Why: the agent hears it with a no.")
@click.pass_obj
def command(asked: Asked, *, task: int, decision: str, question: str, message: str) -> None:
    """Allow an agent this one use of a tool, or deny it. Agents ask where the pipeline says permissions = "ask".

    On a terminal it shows what is asked, and asks you; elsewhere --question says what you have seen.
    """
    from foremanctl.answers import tell
    from foremanctl.client import request_id
    from foremanctl.commands.approve import somebody_there
    from foremand.v1 import foremand_pb2 as pb

    if not question and not somebody_there():
        raise Usage(
            "which question? --question is required where nobody can be asked",
            why="the agent may ask something else by now than what you have seen",
            hint=f"foremanctl show {task} --format json | jq -r '.questions[] | .key, .text'",
        )
    client = asked.client()
    answer: pb.Task = client.ask(
        "AnswerQuestion",
        pb.AnswerQuestionRequest(
            request_id=request_id(),
            id=task,
            question=question or _ask(client, task, decision),
            allow=decision == "allow",
            message=message,
        ),
    )
    tell(asked.out, answer)


def _ask(client: "Client", task_id: int, decision: str) -> str:
    """Shows the first question and asks. Gives its key."""
    from foremanctl.asked import left_out
    from foremanctl.harmless import line, lines
    from foremand.v1 import foremand_pb2 as pb

    detail: pb.TaskDetail = client.ask("GetTask", pb.GetTaskRequest(id=task_id))
    task = detail.task
    if not task.questions:
        raise Conflict(f"task {task_id} asks nothing", why=task.reason, hint=f"foremanctl why {task_id}")
    first = task.questions[0]
    more = f" (the first of {len(task.questions)} questions)" if len(task.questions) > 1 else ""
    talk(line(f"task {task_id}: {task.title}"))
    talk(line(f"attempt {first.attempt} asks for {first.tool}{more}:"))
    talk(lines(first.text))
    unseen = left_out(first) if decision == "allow" else ""
    if not click.confirm(f"{decision} it{f', although {unseen}' if unseen else ''}?", err=True):
        raise click.Abort
    return first.key
