"""`schema`: the pipeline file's JSON Schema."""

import click

from foremanctl.options import Command
from foremanctl.program import become


@click.command(
    cls=Command,
    short_help="The pipeline file's JSON Schema, for editors.",
    examples=["schema > pipeline.schema.json"],
)
def command() -> None:
    """Print the JSON Schema of the pipeline file. Needs no daemon."""
    become(["schema"])
