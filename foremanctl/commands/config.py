"""`config`: what is set, and where."""

import click

from foremanctl.options import Asked, Command
from foremanctl.program import become, format_of


@click.command(
    cls=Command,
    short_help="Print each setting and where it was set.",
    examples=["config", "config --format json"],
)
@click.pass_obj
def command(asked: Asked) -> None:
    """Print each of your settings and its origin: FOREMAND_NAME, the file, or the default. Needs no daemon.

    A daemon reads them when it starts, from its own environment: one that runs has those of its start.
    """
    become(["config", *format_of(asked)])
