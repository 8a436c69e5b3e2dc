"""`doctor`: what is found, what is missing."""

import click

from foremanctl.options import Asked, Command, repo_option
from foremanctl.program import become, format_of


@click.command(
    cls=Command,
    short_help="What is found, what is protected, what is missing.",
    examples=["doctor", "doctor -C ~/shop --format json"],
)
@repo_option
@click.pass_obj
def command(asked: Asked, *, repo: str | None) -> None:
    """Look at this machine and the repository: tools, sandbox, agents, disk. Needs no daemon."""
    become(["doctor", *(["-C", repo] if repo else []), *format_of(asked)])
