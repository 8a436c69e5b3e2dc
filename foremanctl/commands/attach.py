"""`attach`: the full-screen terminal."""

import asyncio
import gc
import os
import sys
from typing import TYPE_CHECKING

import click

from foremanctl.exits import Unreachable
from foremanctl.options import Asked, Command, TaskId
from foremanctl.output import Format, talk

if TYPE_CHECKING:
    from foremanctl.place import Place
    from foremanctl.terminal.app import App
    from foremanctl.terminal.paint import Look
    from foremanctl.terminal.source import Source


@click.command(
    cls=Command,
    short_help="The full-screen terminal: watch, answer, steer.",
    examples=["attach", "attach 12", "attach --plain | tee fleet.log"],
)
@click.argument("task", type=TaskId(), metavar="[ID]", required=False)
@click.option("--plain", is_flag=True, help="Readable lines, one a change [where there is no terminal].")
@click.option("--ascii", "only_ascii", is_flag=True, help="No other characters than ASCII.")
@click.option(
    "--bell/--no-bell", default=True, envvar="FOREMAND_BELL", help="Ring when a task begins to need you [yes]."
)
@click.option("--no-start", is_flag=True, help="Do not start a daemon where none answers.")
@click.pass_obj
def command(asked: Asked, *, task: int | None, plain: bool, only_ascii: bool, bell: bool, no_start: bool) -> None:
    """Open the floor, or task ID. `?` shows the keys. Detaching never stops anything.

    FOREMAND_BELL=0 keeps it quiet.
    """
    from foremanctl.place import Place

    out = asked.out
    if plain or asked.format != Format.TABLE or not (sys.stdin.isatty() and out.terminal):
        from foremanctl.terminal.plain import lines

        lines(asked.client(start=not no_start), out, task)
        return
    place = Place.find(asked.socket)
    asyncio.run(_attach(place, task, color=out.color, only_ascii=only_ascii, bell=bell, start=not no_start))
    talk("detached; nothing was stopped. foremanctl attach comes back")


async def _attach(place: "Place", task: int | None, *, color: bool, only_ascii: bool, bell: bool, start: bool) -> None:
    gc.disable()  # nothing of what is loaded now is garbage
    from foremanctl.terminal.source import Source

    source = Source(place)
    try:
        # The larger half is loaded while the daemon answers.
        _, (app, look) = await asyncio.gather(_connect(source, place, task, start=start), asyncio.to_thread(_screen))
        gc.freeze()
        gc.enable()
        await app(source, look(ascii=only_ascii or _knows_only_ascii()), color=color, bell=bell, task=task).run()
    finally:
        await source.close()


async def _connect(source: "Source", place: "Place", task: int | None, *, start: bool) -> None:
    from foremand.v1 import foremand_pb2 as pb

    try:
        await source.open()
    except Unreachable:
        if not start:
            raise
        await asyncio.to_thread(_start, place)
        await source.open()
    if task is not None:
        await source.ask("GetTask", pb.GetTaskRequest(id=task))  # NotFound is said before there is a screen


def _screen() -> "tuple[type[App], type[Look]]":
    from foremanctl.terminal.app import App
    from foremanctl.terminal.paint import Look

    return App, Look


def _start(place: "Place") -> None:
    from foremanctl.client import connect_or_start

    connect_or_start(place).close()


def _knows_only_ascii() -> bool:
    """What the locale says; UTF-8 where it says nothing."""
    locale = os.environ.get("LC_ALL") or os.environ.get("LC_CTYPE") or os.environ.get("LANG") or ""
    return "." in locale and "utf" not in locale.lower()
