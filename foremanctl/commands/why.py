"""`why`: why a task stands where it stands."""

import click

from foremanctl.options import Asked, Command, task_argument


@click.command(
    cls=Command,
    short_help="Why a task stands where it stands, and what would move it.",
    examples=["why 12", "why 12 --format json | jq -r '.commands[]'"],
)
@task_argument
@click.pass_obj
def command(asked: Asked, *, task: int) -> None:
    """Say why a task stands where it stands, and which commands would move it."""
    from foremanctl.harmless import line
    from foremanctl.overlaps import ordered, touches
    from foremanctl.records import overlap, state
    from foremanctl.watching import stands
    from foremand.v1 import foremand_pb2 as pb

    out = asked.out
    answer: pb.Explanation = asked.client().ask("ExplainTask", pb.ExplainTaskRequest(id=task))
    if out.quiet:
        out.print(str(answer.task.id))
    elif out.form != "table":
        out.record(
            {
                "id": answer.task.id,
                "state": state(answer.task),
                "reason": answer.task.reason,
                "lines": list(answer.lines),
                "commands": list(answer.commands),
                "overlaps": [overlap(each) for each in answer.task.overlaps],
            }
        )
    else:
        lines = [*answer.lines, *(f"{touches(each)} ({each.title})" for each in ordered(answer.task.overlaps))]
        head, *rest = lines or [stands(answer.task)]
        said = [out.style(line(head), bold=True), *(f"  {line(text)}" for text in rest)]
        if answer.commands:
            said += ["what would move it:", *(f"  {line(text)}" for text in answer.commands)]
        out.page("\n".join(said) + "\n")
