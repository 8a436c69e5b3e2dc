"""What every command understands, before or after its name: --format, -q, --socket."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.types import IntParamType

from . import completing
from .exits import Usage
from .output import Format, Output

if TYPE_CHECKING:  # grpc takes 90 ms to import: only commands that talk to the daemon pay for it
    from click.shell_completion import CompletionItem

    from .client import Client


class Asked:
    """What this call was asked for, whichever side of the command's name it stood on."""

    def __init__(self) -> None:
        self.format = Format.TABLE.value
        self.quiet = False
        self.socket: str | None = None

    @property
    def out(self) -> Output:
        """stdout in the format that was asked for."""
        return Output(Format(self.format), quiet=self.quiet)

    def client(self, *, start: bool = False) -> "Client":
        """A connection to the daemon. `start`: one is started where none answers."""
        from .client import Client, connect_or_start
        from .place import Place

        place = Place.find(self.socket)
        return connect_or_start(place) if start else Client(place)


def _remember(ctx: click.Context, param: click.Parameter, value: object) -> None:
    if value and param.name:
        setattr(ctx.ensure_object(Asked), param.name, value)


def _common() -> list[click.Parameter]:
    formats = click.Choice([form.value for form in Format])
    return [
        click.Option(
            ["--format"], type=formats, expose_value=False, callback=_remember, help="How stdout looks [table]."
        ),
        click.Option(["-q", "--quiet"], is_flag=True, expose_value=False, callback=_remember, help="Print ids only."),
        click.Option(["--socket"], metavar="PATH", expose_value=False, callback=_remember, help="The daemon's socket."),
    ]


class Command(click.Command):
    """A command with the common options, whose help ends with examples.

    They stand without the leading `foremanctl`, but for those in which another command takes what it prints.
    """

    def __init__(self, *args: Any, examples: Iterable[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.examples = tuple(examples)
        self.params.extend(_common())

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The examples, one a line."""
        super().format_epilog(ctx, formatter)
        if self.examples:
            with formatter.section("Examples"):
                for example in self.examples:
                    typed = example if "$(foremanctl " in example else f"foremanctl {example}"
                    formatter.write(f"{'':>{formatter.current_indent}}{typed}\n")


def add_common(group: click.Group) -> None:
    """The common options stand before a command's name too."""
    group.params.extend(_common())


def repository(value: str | None) -> str:
    """The absolute path of `-C`, or of where we are. The daemon has another working directory."""
    return str(Path(value or ".").absolute())


_FOLDER = click.Path(exists=True, file_okay=False)
repo_option = click.option(
    "-C", "repo", metavar="REPO", type=_FOLDER, help="A folder of the repository [where you are]."
)


of_repo_option = click.option("-C", "repo", metavar="REPO", type=_FOLDER, help="Only of this repository [all].")


LARGEST_ID = 2**63 - 1
"""More does not fit on the wire."""


class Number(IntParamType):
    """A whole number of at least `least` and at most `most`."""

    name = "whole number"  # click puts it into what it says

    def __init__(self, least: int, most: int = 2**31 - 1) -> None:
        self._least = least
        self._most = most

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """click.BadParameter for what is none, or is beyond the bounds."""
        number = int(super().convert(value, param, ctx))
        if not self._least <= number <= self._most:
            beyond = f"less than {self._least}" if number < self._least else f"more than {self._most}"
            self.fail(f"{number} is {beyond}", param, ctx)
        return number


PRIORITY = Number(-(2**31))
"""What fits on the wire."""


class TaskId(IntParamType):
    """A task's number, which shells complete; `live`: only tasks that have not ended are offered."""

    name = "id"

    def __init__(self, *, live: bool = False) -> None:
        self._live = live

    def convert(
        self,
        value: Any,
        param: click.Parameter | None,  # noqa: ARG002 (click's signature)
        ctx: click.Context | None,  # noqa: ARG002
    ) -> int:
        """Usage with a way on for what no task can have for its id."""
        given = str(value)
        if given.isascii() and given.isdecimal() and len(given) <= len(str(LARGEST_ID)):
            number = int(given)
            if 0 < number <= LARGEST_ID:
                return number
        why = "ids are plain numbers: 1 and up"
        if given.isdecimal():
            why = "ids begin at 1" if not given.strip("0") else f"no id is larger than {LARGEST_ID}"
        raise Usage(f"{given!r} is no task's id", why=why, hint="foremanctl list --all shows them")

    def shell_complete(
        self,
        ctx: click.Context,
        param: click.Parameter,  # noqa: ARG002 (click's signature)
        incomplete: str,
    ) -> "list[CompletionItem[str]]":
        """The tasks whose numbers begin like that."""
        return completing.tasks(ctx, incomplete, live=self._live)


task_argument = click.argument("task", type=TaskId(), metavar="ID")
live_task_argument = click.argument("task", type=TaskId(live=True), metavar="ID")
tasks_argument = click.argument("tasks", type=TaskId(), metavar="ID...", nargs=-1, required=True)
live_tasks_argument = click.argument("tasks", type=TaskId(live=True), metavar="ID...", nargs=-1, required=True)
live_tasks_or_all_argument = click.argument("tasks", type=TaskId(live=True), metavar="ID...", nargs=-1)
