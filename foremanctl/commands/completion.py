"""`completion`: what a shell needs to complete foremanctl's commands."""

import click
from click.shell_completion import get_completion_class

from foremanctl.options import Command


@click.command(
    cls=Command,
    short_help="Completion for your shell.",
    examples=["completion bash >> ~/.bashrc", "completion fish > ~/.config/fish/completions/foremanctl.fish"],
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, *, shell: str) -> None:
    """Print a script that teaches SHELL to complete commands and options."""
    kind = get_completion_class(shell)
    if kind is not None:
        click.echo(kind(ctx.find_root().command, {}, "foremanctl", "_FOREMANCTL_COMPLETE").source())
