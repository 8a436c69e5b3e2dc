"""`verify`: prove again what the journal says."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from foremanctl.exits import Exit
from foremanctl.harmless import line
from foremanctl.options import Asked, Command, TaskId
from foremanctl.output import Format, talk

if TYPE_CHECKING:
    from foremand.v1 import foremand_pb2 as pb


@click.command(
    cls=Command,
    short_help="Prove again what is known of tasks.",
    examples=["verify", "verify 12", "verify --format jsonl | jq -c 'select(.ok|not)'"],
)
@click.argument("task", type=TaskId(), metavar="[ID]", required=False)
@click.pass_obj
def command(asked: Asked, *, task: int | None) -> Exit:
    """Check revisions, verdicts and landings of all tasks, or of one, against the repositories. Exit code 1 if
    anything does not hold.
    """
    from foremanctl import records
    from foremand.v1 import foremand_pb2 as pb

    out = asked.out
    found: list[pb.VerifyFinding] = []

    def findings() -> Iterator[pb.VerifyFinding]:
        for finding in asked.client().stream("Verify", pb.VerifyRequest(id=task or 0)):
            found.append(finding)
            yield finding

    if out.quiet:
        for id_ in dict.fromkeys(finding.task for finding in findings() if not finding.ok):
            out.print(str(id_))
    elif out.form is not Format.TABLE:
        out.records(map(records.finding, findings()))
    else:
        for finding in findings():
            out.print(_told(finding))
    wrong = sum(not finding.ok for finding in found)
    talk(f"{len(found)} checked, {wrong} wrong" if wrong else f"{len(found)} checked, all well")
    return Exit.UNEXPECTED if wrong else Exit.OK


def _told(finding: "pb.VerifyFinding") -> str:
    whose = str(finding.task) if finding.task else "-"
    return line(f"{'ok   ' if finding.ok else 'WRONG'}  {whose:>4}  {finding.check:<12}  {finding.detail}").rstrip()
