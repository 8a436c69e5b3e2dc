"""Words that a person gives: as an argument, from a file, from stdin, from their editor."""

import sys
from pathlib import Path

import click

from .exits import Usage

_CUT = "# ---- everything from this line on is ignored ----"
TEMPLATE = f"""

{_CUT}
# What should be done? The first line is the task's title.
"""
"""What an editor is opened with for a new task."""


def prompt(text: str | None, file: str | None) -> str:
    """A task's prompt. Usage if there is none, or if it cannot be one."""
    if text is not None and file is not None:
        raise Usage("the prompt as TEXT or from a file with -f, not both")
    if file is not None:
        return written(from_file(file), "the prompt")
    return written(text if text is not None else _from_editor(), "the prompt")


def from_file(name: str) -> str:
    """The text of a file, or of stdin for `-`. Usage if it cannot be read or is not UTF-8."""
    try:
        data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        return data.decode()
    except OSError as error:
        raise Usage(f"{name} cannot be read", why=error.strerror or str(error)) from error
    except UnicodeDecodeError as error:
        raise Usage(f"{name} is not UTF-8 text", why=f"at byte {error.start}") from error


def written(text: str, what: str) -> str:
    """`text`, if something is written there. Usage if it is empty, or holds what no program can be given."""
    if not text.strip():
        raise Usage(f"{what} is empty", why="nobody could tell what is wanted", hint="say it in a few words")
    if "\0" in text:
        raise Usage(f"{what} holds a NUL byte", why="no program can be given one")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise Usage(f"{what} is not UTF-8 text") from error
    return text


def from_template(edited: str | None) -> str:
    """What a person wrote into `TEMPLATE`; empty if they did not."""
    return (edited or "").partition(_CUT)[0].strip()


def _from_editor() -> str:
    if not sys.stdin.isatty():
        raise Usage(
            "no prompt was given", hint="foremanctl submit 'what to do', or -f FILE, or -f - to read it from stdin"
        )
    return from_template(click.edit(TEMPLATE, extension=".md"))
