"""`completion`: what a shell needs to complete foremanctl's commands."""

import click

from foremanctl.options import Command


@click.command(
    cls=Command,
    short_help="Completion for your shell.",
    examples=["completion bash >> ~/.bashrc", "completion fish > ~/.config/fish/completions/foremanctl.fish"],
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, *, shell: str) -> None:
    """Print a script that teaches SHELL to complete commands and options, ids with their titles, stages, gates and
    profiles.

    Ids come from a daemon that runs; none is started for them.
    """
    from foremanctl.shells import script

    click.echo(script(ctx.find_root().command, shell))
