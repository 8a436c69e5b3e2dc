"""`check`: is the pipeline file right?"""

import click

from foremanctl.options import Asked, Command, repo_option
from foremanctl.program import become, format_of


@click.command(
    cls=Command,
    short_help="Validate a pipeline file and explain it.",
    examples=["check", "check draft.toml", "check -C ~/shop --format json"],
)
@click.argument("file", required=False)
@repo_option
@click.pass_obj
def command(asked: Asked, *, file: str | None, repo: str | None) -> None:
    """Check FILE, or the repository's own pipeline, and say everything that is wrong with it. Needs no daemon."""
    become(["check", *([file] if file else []), *(["-C", repo] if repo else []), *format_of(asked)])
