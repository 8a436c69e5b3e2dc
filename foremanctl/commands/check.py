"""`check`: is the pipeline file right?"""

import click

from foremanctl.options import Asked, Command, repo_option
from foremanctl.program import become, format_of


@click.command(
    cls=Command,
    short_help="Validate a pipeline file and explain it.",
    examples=["check", "check draft.toml", "check --profile production", "check -C ~/shop --diff main..HEAD"],
)
@click.argument("file", required=False)
@repo_option
@click.option("--profile", metavar="NAME", help="Explain it as for a task of this profile.")
@click.option("--diff", "change", metavar="A..B", help="Say what would be asked of this change, and why.")
@click.pass_obj
def command(asked: Asked, *, file: str | None, repo: str | None, profile: str | None, change: str | None) -> None:
    """Check FILE, or the repository's own pipeline, and say everything that is wrong with it. Needs no daemon."""
    given = (("-C", repo), ("--profile", profile), ("--diff", change))
    options = [word for option, value in given if value for word in (option, value)]
    become(["check", *options, *format_of(asked), *(["--", file] if file else [])])
