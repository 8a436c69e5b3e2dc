"""`prune`: remove what has been kept long enough."""

import click

from foremanctl.options import Asked, Command
from foremanctl.output import Format, size, span, talk


@click.command(
    cls=Command,
    short_help="Remove what has been kept long enough.",
    examples=["prune --dry-run", "prune", "prune --dry-run --format json | jq 'map(.bytes) | add'"],
)
@click.option("--dry-run", is_flag=True, help="Say what would go; remove nothing.")
@click.pass_obj
def command(asked: Asked, *, dry_run: bool) -> None:
    """Remove workspaces, transcripts, setups and mirrors of tasks that ended longer ago than your `keep` setting.

    Nothing of a task that has not ended. What has not landed keeps its revisions.
    """
    from foremanctl import records
    from foremanctl.client import request_id
    from foremanctl.grid import grid
    from foremand.v1 import foremand_pb2 as pb

    out = asked.out
    answer: pb.PruneResponse = asked.client().ask("Prune", pb.PruneRequest(request_id=request_id(), dry_run=dry_run))
    if out.quiet:
        out.page("".join(f"{task}\n" for task in dict.fromkeys(each.task for each in answer.pruned) if task))
    elif out.form is not Format.TABLE:
        out.records(map(records.pruned, answer.pruned))
    elif answer.pruned:
        rows = [(str(each.task or ""), each.what, size(each.bytes), each.path) for each in answer.pruned]
        out.page("\n".join(grid(rows, ("TASK", "WHAT", "SIZE", "PATH"), right=("TASK", "SIZE"))) + "\n")
    total = size(sum(each.bytes for each in answer.pruned))
    done = f"{'would free' if dry_run else 'freed'} {total}" if answer.pruned else "nothing to remove"
    talk(f"{done}; what belongs to a task is kept for {span(answer.keep)} after its end")
