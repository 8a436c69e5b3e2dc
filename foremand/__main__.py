"""`foremand`: the daemon in the foreground, and what works without one: check, schema, config, init, doctor."""

import asyncio
import logging
import os
import sys
from pathlib import Path
from typing import Any

import click

from foremand import __version__, checking, offline
from foremand.children import wait_without_threads
from foremand.daemon import AlreadyRunning, SocketUnusable, serve
from foremand.executors import SandboxMissing
from foremand.journal import JournalError
from foremand.paths import Places, SocketTooLong
from foremand.settings import SettingsInvalid, read

USAGE = 2


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="foremand")
@click.option("--socket", metavar="PATH", help="Listen here. [default: $XDG_RUNTIME_DIR/foremand/foremand.sock]")
@click.option("--max-agents", type=click.IntRange(min=1), help="Agent processes at once. [default: 3]")
@click.option("--max-gates", type=click.IntRange(min=1), help="Gate processes at once. [default: cores / 2]")
@click.option("--sandbox", type=click.Choice(["auto", "required", "off"]), help="[default: auto]")
@click.pass_context
def main(
    context: click.Context, socket: str | None, max_agents: int | None, max_gates: int | None, sandbox: str | None
) -> None:
    """Run the foremand daemon in the foreground until SIGTERM or SIGINT. Agents run on when it stops.

    \b
    Examples:
      foremand
      foremand --max-agents 5
      foremand check .foremand/pipeline.toml
    """
    context.obj = {"max_agents": max_agents, "max_gates": max_gates, "sandbox": sandbox}
    if context.invoked_subcommand is not None:
        return
    logging.basicConfig(level=os.environ.get("FOREMAND_LOG", "INFO"), format="%(asctime)s %(name)s: %(message)s")
    os.umask(0o077)
    try:
        places = Places.of_environment(socket)
        found = read(places.config, os.environ, context.obj)
        wait_without_threads()
        asyncio.run(serve(places, found.settings))
    except (SocketTooLong, SettingsInvalid) as error:
        _fail(str(error), USAGE)
    except (AlreadyRunning, SocketUnusable) as error:
        _fail(str(error), 1)
    except SandboxMissing as error:
        _fail(f"{error.reason}\n{error.hint}" if error.hint else error.reason, 1)
    except JournalError as error:
        _fail(f"{error}\n{error.hint}", 1)


def _fail(text: str, code: int) -> None:
    click.echo(f"foremand: {text}", err=True)
    sys.exit(code)


@main.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("-C", "repo", type=click.Path(path_type=Path), default=Path(), help="The repository.")
@click.option("--profile", metavar="NAME", default="", help="As for a task of this profile.")
@click.option("--diff", "change", metavar="A..B", default="", help="Say what would be asked of this change, and why.")
@click.option("--format", "format_", type=click.Choice(["table", "json"]), default="table")
def check(file: Path | None, repo: Path, profile: str, change: str, format_: str) -> None:
    """Check a pipeline file and say what it will do: stages, gates, bounds, the worst case.

    \b
    Examples:
      foremand check
      foremand check --diff main..HEAD
      foremand check ~/pipelines/strict.toml --format json
    """
    sys.exit(asyncio.run(checking.check(file, repo, profile=profile, change=change, as_json=format_ == "json")))


@main.command()
def schema() -> None:
    """Print the pipeline file's JSON Schema, for editors.

    \b
    Example:
      foremand schema > pipeline.schema.json
    """
    offline.schema()


@main.command()
@click.option("--format", "format_", type=click.Choice(["table", "json"]), default="table")
@click.pass_obj
def config(flags: dict[str, Any], format_: str) -> None:
    """Print each setting and its origin, as a daemon that is started here and now would read them.

    \b
    Examples:
      foremand config
      foremand --max-agents 5 config --format json
    """
    sys.exit(offline.config(flags, as_json=format_ == "json"))


@main.command()
@click.option("-C", "repo", type=click.Path(path_type=Path), default=Path(), help="The repository.")
@click.option("--commit", is_flag=True, help="Commit the file as well.")
@click.option("--user", is_flag=True, help="Keep it out of the repository, under the user's settings.")
def init(repo: Path, commit: bool, user: bool) -> None:
    """Write a pipeline that fits the repository.

    \b
    Examples:
      foremand init
      foremand init --commit
    """
    sys.exit(asyncio.run(offline.init(repo, commit=commit, user=user)))


@main.command()
@click.option("-C", "repo", type=click.Path(path_type=Path), default=Path(), help="The repository.")
@click.option("--format", "format_", type=click.Choice(["table", "json"]), default="table")
def doctor(repo: Path, format_: str) -> None:
    """Say what is found, what is protected, what is missing, and where the disk goes.

    \b
    Examples:
      foremand doctor
      foremand doctor -C ~/shop --format json
    """
    sys.exit(asyncio.run(offline.doctor(repo, as_json=format_ == "json")))


if __name__ == "__main__":
    main(prog_name="foremand")
