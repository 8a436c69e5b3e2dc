"""The commands, found by their modules' names and loaded when they are needed."""

import importlib
import pkgutil
import sys

import click

from . import commands
from .nearest import nearest
from .options import add_common

_ALIASES = {"ls": "list", "ps": "list"}


class Commands(click.Group):
    """One module of `foremanctl.commands` for each; its `command` is the command."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        """All names, without aliases."""
        return sorted(module.name for module in pkgutil.iter_modules(commands.__path__))

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """The command of this name or alias, loaded now."""
        name = _ALIASES.get(name, name)
        if name not in self.list_commands(ctx):
            return None
        command = importlib.import_module(f"{commands.__name__}.{name}").command
        return command if isinstance(command, click.Command) else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, naming the nearest command for one that is not there."""
        if self.get_command(ctx, args[0]) is None:
            ctx.fail(f"there is no command {args[0]!r}{nearest(args[0], [*self.list_commands(ctx), *_ALIASES])}")
        return super().resolve_command(ctx, args)


@click.command(cls=Commands, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--version", is_flag=True, help="Print the version and exit.")
@click.pass_context
def cli(ctx: click.Context, *, version: bool) -> object:
    """Dispatch coding agents, watch them, and answer for what they want to land.

    Without a command: `attach` on a terminal, `list` elsewhere. Ids are plain numbers. Data goes to stdout, talk to
    stderr.
    """
    if version:
        click.echo(f"foremanctl {_version()}")
        ctx.exit()
    if ctx.invoked_subcommand is None:
        default = cli.get_command(ctx, "attach" if sys.stdin.isatty() and sys.stdout.isatty() else "list")
        return ctx.invoke(default) if default else None
    return None


add_common(cli)


def _version() -> str:
    from importlib import metadata

    try:
        return metadata.version("foremand")
    except metadata.PackageNotFoundError:
        return "(not installed)"
