"""`submit`: dispatch a task."""

import sys
from typing import TYPE_CHECKING

import click

from foremanctl import completing, environment, texts
from foremanctl.exits import Exit, Usage
from foremanctl.harmless import line
from foremanctl.options import PRIORITY, Asked, Command, TaskId, repo_option, repository
from foremanctl.output import Format, talk

if TYPE_CHECKING:
    from foremand.v1 import foremand_pb2 as pb


@click.command(
    cls=Command,
    short_help="Dispatch a task.",
    examples=[
        "submit 'Fix the rounding error of issue 412'",
        "submit -f task.md -C ~/shop --into main",
        "submit -f - < task.md",
        "submit 'Add /v2/export' --limit cost_usd=2 --limit wall_clock=30m --wait",
        "submit 'Use the new column' --after 12 --profile strict --priority 5",
    ],
)
@click.argument("text", required=False)
@click.option("-f", "--file", metavar="FILE", type=click.Path(), help="The prompt from a file (`-`: stdin).")
@repo_option
@click.option("--title", metavar="T", default="", help="[the prompt's first line]")
@click.option(
    "--pipeline", metavar="FILE", type=click.Path(exists=True, dir_okay=False), help="This pipeline [the target's own]."
)
@click.option("--into", metavar="B", default="", help="The branch to land on [as the pipeline says].")
@click.option(
    "--profile",
    metavar="P",
    default="",
    shell_complete=completing.profiles,
    help="How strict the pipeline is [as it says]; its paths may raise it.",
)
@click.option("--after", metavar="ID", type=TaskId(live=True), multiple=True, help="Start when this one has landed.")
@click.option("--priority", metavar="N", type=PRIORITY, default=0, help="The higher is served first [0].")
@click.option(
    "--limit",
    "limits",
    metavar="K=V",
    multiple=True,
    help="cost_usd, tokens, turns, wall_clock, stall or attempts.",
)
@click.option("--attach", is_flag=True, help="Open it full screen; without a terminal, follow its logs.")
@click.option("--wait", is_flag=True, help="Wait until it has ended or needs you; exit codes as of `wait`.")
@click.option("--no-start", is_flag=True, help="Do not start a daemon where none answers.")
@click.pass_obj
def command(
    asked: Asked,
    *,
    text: str | None,
    file: str | None,
    repo: str | None,
    title: str,
    pipeline: str | None,
    into: str,
    profile: str,
    after: tuple[int, ...],
    priority: int,
    limits: tuple[str, ...],
    attach: bool,
    wait: bool,
    no_start: bool,
) -> Exit:
    """Dispatch a task for TEXT and print its id. Without TEXT and -f your $EDITOR opens.

    Your environment goes along: PATH, and the variables that the pipeline names.
    """
    from foremanctl import records
    from foremanctl.client import request_id
    from foremanctl.commands.attach import command as attach_command
    from foremanctl.limits import parse
    from foremanctl.states import exit_of
    from foremanctl.watching import follow, is_over, settled, stands
    from foremanctl.worktree import Uncommitted, has_no_commit, is_in_repository
    from foremand.v1 import foremand_pb2 as pb

    if attach and wait:
        raise Usage("--attach or --wait, not both")
    request = pb.SubmitTaskRequest(
        request_id=request_id(),
        title=texts.written(title, "the title") if title else "",
        prompt=texts.prompt(text, file),
        repo=repository(repo),
        into=into,
        pipeline_file=_pipeline(pipeline),
        environment=_environment(),
        limits=parse(limits),
        profile=profile,
        after=dict.fromkeys(after),
        priority=priority,
    )
    if not is_in_repository(request.repo):
        raise Usage(f"{request.repo} is not in a git repository", hint="git init, or name one with -C REPO")
    if has_no_commit(request.repo):
        raise Usage(
            f"{request.repo} has no commit on its branch yet",
            why="a task begins at what is committed",
            hint="git commit first",
        )
    out = asked.out
    client = asked.client(start=not no_start)
    with Uncommitted(request.repo) as uncommitted:  # git looks while the daemon answers
        task: pb.Task = client.ask("SubmitTask", request)
        not_part_of_it = uncommitted.told()
    if out.quiet or out.form is Format.TABLE:
        out.print(str(task.id))
    _say(task, client.info, not_part_of_it)
    code = Exit.OK
    if attach and out.form is Format.TABLE and not out.quiet and sys.stdin.isatty() and out.terminal:
        click.get_current_context().invoke(attach_command, task=task.id)
    elif attach and out.form is Format.TABLE and not out.quiet:
        code = exit_of(follow(client, out, task.id))
    elif attach or wait:
        task = next(settled(client, [task.id], is_over))
        talk(stands(task))
        code = exit_of(task)
    if out.form is not Format.TABLE and not out.quiet:
        out.record(records.task(task))
    return code


def _pipeline(path: str | None) -> str:
    if path is None:
        return ""
    text = texts.from_file(path)
    if not text.strip():
        raise Usage(f"{path} is empty", hint="foremanctl init writes a pipeline to start from")
    return text


def _environment() -> dict[str, str]:
    sent, left = environment.sendable()
    if left:
        talk(line(f"not sent, because not UTF-8: {', '.join(left)}"))
    return sent


def _say(task: "pb.Task", info: "pb.ServerInfo", uncommitted: str) -> None:
    talk(line(f"task {task.id}: {task.title}; look with: foremanctl show {task.id}, foremanctl logs {task.id} -f"))
    if task.unsandboxed or not info.sandboxed:
        why = f" ({line(info.sandbox_reason)})" if info.sandbox_reason else ""
        talk(f"unsandboxed: agents and gates run with all your rights{why}")
    if uncommitted:
        talk(uncommitted)
