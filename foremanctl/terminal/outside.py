"""Programs of the person's own that take the terminal for a while: $EDITOR and $PAGER."""

import asyncio
import os
import shlex
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import click
from prompt_toolkit.application import in_terminal

from foremanctl.exits import Failure


async def edit(text: str, suffix: str) -> str | None:
    """What the person made of it in $VISUAL or $EDITOR; None if they saved nothing else."""
    async with in_terminal():
        with _undisturbed():
            try:
                return await asyncio.to_thread(click.edit, text, extension=suffix)
            except click.ClickException as error:
                raise Failure("the editor did not work", why=error.message, hint="set $EDITOR") from error


async def page(text: str) -> None:
    """Shows it in $PAGER."""
    pager = os.environ.get("PAGER") or "less"
    environment = {**os.environ, "LESS": os.environ.get("LESS", "-R").replace("F", "")}  # short texts too stay up
    async with in_terminal():
        with _undisturbed():
            try:
                await asyncio.to_thread(
                    subprocess.run, shlex.split(pager), input=text, text=True, env=environment, check=False
                )
            except (OSError, ValueError) as error:
                raise Failure(f"{pager} could not be run", why=str(error), hint="set $PAGER") from error


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Ctrl-C is the other program's meanwhile. A handler, not SIG_IGN, which that program would inherit."""
    before = signal.signal(signal.SIGINT, lambda _number, _frame: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
