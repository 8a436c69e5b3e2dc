"""The commands, found by their modules' names and loaded when they are needed."""

import importlib
import pkgutil
import sys

import click

from . import commands
from .nearest import nearest
from .options import add_common

SECTIONS = {
    "Begin": ("demo", "doctor", "init", "check", "schema", "config", "completion"),
    "Dispatch and watch": ("submit", "attach", "list", "show", "why", "logs", "diff", "events", "wait"),
    "Answer": ("approve", "rework", "reject", "waive", "answer"),
    "Steer": ("send", "pause", "resume", "retry", "cancel", "limit", "priority", "repin", "take", "give", "checkout"),
    "What was, and what is kept": ("queue", "costs", "verify", "export", "prune"),
}
"""The commands as the help shows them: by what one wants to do."""

FIRST = (
    "foremanctl init --commit",
    "foremanctl submit 'Fix the rounding error of issue 412'",
    "foremanctl attach",
)

_ALIASES = {"ls": "list", "ps": "list"}

_ELSEWHERE = {
    "abort": "cancel",
    "accept": "approve",
    "deny": "reject",
    "edit": "take",
    "help": "--help",
    "inspect": "show",
    "kill": "cancel",
    "merge": "approve",
    "new": "submit",
    "rm": "cancel",
    "run": "submit",
    "start": "submit",
    "status": "list",
    "stop": "pause",
    "tail": "logs",
    "task": "show",
    "tasks": "list",
    "top": "attach",
    "view": "show",
    "watch": "attach",
}
"""What other programs call what these commands do."""


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

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """By what one wants to do."""
        names = self.list_commands(ctx)
        width = max(map(len, names))
        for title, section in SECTIONS.items():
            found = ((name, self.get_command(ctx, name)) for name in section)
            rows = [
                (name.ljust(width), each.get_short_help_str(formatter.width - width - 6))
                for name, each in found
                if each
            ]
            with formatter.section(title):
                formatter.write_dl(rows)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """How one begins."""
        with formatter.section("First steps, in a repository"):
            for typed in FIRST:
                formatter.write(f"{'':>{formatter.current_indent}}{typed}\n")

    def _meant(self, ctx: click.Context, typed: str) -> str:
        if typed.isdecimal():
            return f"; did you mean 'show {typed}'?"
        if typed in _ELSEWHERE:
            return f"; did you mean {_ELSEWHERE[typed]!r}?"
        return nearest(typed, [*self.list_commands(ctx), *_ALIASES])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, naming the nearest command for one that is not there."""
        if self.get_command(ctx, args[0]) is None:
            ctx.fail(f"there is no command {args[0]!r}{self._meant(ctx, args[0])}")
        return super().resolve_command(ctx, args)


@click.command(cls=Commands, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--version", is_flag=True, help="Print the version and exit.")
@click.pass_context
def cli(ctx: click.Context, *, version: bool) -> object:
    """Dispatch coding agents, watch them, and answer for what they want to land.

    Without a command: `attach` on a terminal, `list` elsewhere; `ls` and `ps` are `list`. Ids are plain numbers. Data
    goes to stdout, talk to stderr. `foremanctl COMMAND --help` shows examples.
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
