"""`wait`: block until tasks have settled; the exit code tells how."""

import re
from typing import Any

import click

from foremanctl.durations import seconds
from foremanctl.exits import Exit, Usage
from foremanctl.nearest import nearest
from foremanctl.options import Asked, Command, tasks_argument
from foremanctl.output import Format

_TARGETS = ("landed", "waiting", "done")


def _targets(_context: click.Context, _parameter: click.Parameter, value: str | None) -> frozenset[str]:
    targets = frozenset((value or "").replace(" ", "").split(",")) - {""}
    if unknown := targets - set(_TARGETS):
        word = sorted(unknown)[0]
        raise Usage(f"--for: nobody can wait for {word!r}{nearest(word, _TARGETS)}", hint=f"for {', '.join(_TARGETS)}")
    return targets


def _timeout(_context: click.Context, _parameter: click.Parameter, value: str | None) -> float | None:
    if value is None:
        return None
    plain = float(value) if re.fullmatch(r"[0-9]{0,9}\.?[0-9]{1,9}", value) else None
    length = seconds(value, "smh") if plain is None else plain
    if length is None:
        raise Usage(f"--timeout {value}: this is no length of time", hint="for example 600, 90s or 10m")
    return length


@click.command(
    cls=Command,
    short_help="Block until tasks have settled; the exit code tells how.",
    examples=["wait 12", "wait 12 13 --timeout 600", "wait 12 --for landed", "wait 12 --for waiting"],
)
@tasks_argument
@click.option(
    "--for",
    "targets",
    metavar="WHAT",
    callback=_targets,
    help="landed, waiting, done (comma-separated) [ended or needs you].",
)
@click.option("--timeout", metavar="S", callback=_timeout, help="Seconds, or 90s, 10m, 2h; then exit code 124.")
@click.pass_obj
def command(asked: Asked, *, tasks: tuple[int, ...], targets: frozenset[str], timeout: float | None) -> Exit:
    """Wait until every task has ended or needs a person.

    \b
    Exit code: 0 landed, 10 failed or rejected, 11 cancelled, 12 needs a
    person, 124 time over; of several tasks the first of 10, 11, 12.

    `--for landed` and `--for done` wait through questions to people; a task that ended otherwise ends the wait for
    `landed` too. `--for waiting` gives 0 as soon as it waits, for whomever.
    """
    from foremanctl import records, states
    from foremanctl.watching import is_over, settled, stands
    from foremand.v1 import foremand_pb2 as pb

    def settles(task: pb.Task) -> bool:
        if task.state in states.ENDED or not targets:
            return is_over(task)
        return "waiting" in targets and task.state == pb.WAITING

    out = asked.out
    codes: list[Exit] = []
    found: list[dict[str, Any]] = []
    for task in settled(asked.client(), tasks, settles, timeout):
        expected = "waiting" in targets and task.state == pb.WAITING
        codes.append(Exit.OK if expected else states.exit_of(task))
        if out.quiet:
            out.print(str(task.id))
        elif out.form is Format.TABLE:
            out.print(stands(task))
        elif out.form is Format.JSONL:
            out.line(records.task(task))
        else:
            found.append(records.task(task))
    if out.form is Format.JSON and not out.quiet:
        out.records(found)
    return states.worst(codes)
