"""Where output goes and how it looks: data on stdout, talk on stderr.

On a terminal: colour (unless NO_COLOR), as wide as it is, long output through the pager. Elsewhere: plain and whole.
"""

import json
import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import click

Record = Mapping[str, Any]


class Format(StrEnum):
    """What stdout holds."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"


class Output:
    """stdout, as this call of foremanctl was asked to use it."""

    def __init__(self, form: Format = Format.TABLE, *, quiet: bool = False) -> None:
        self.form = form
        self.quiet = quiet
        self.terminal = sys.stdout.isatty()
        self.color = self.terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"

    @property
    def width(self) -> int | None:
        """Columns of the terminal; None where nothing limits them."""
        return shutil.get_terminal_size().columns if self.terminal else None

    def style(self, text: str, **style: Any) -> str:
        """`text` in a colour, where there are colours."""
        return click.style(text, **style) if self.color and text else text

    def print(self, text: str) -> None:
        """One piece of data, now."""
        click.echo(text, color=self.color)

    def write(self, text: str) -> None:
        """A piece of text that goes on, now."""
        click.echo(text, nl=False, color=self.color)

    def record(self, record: Record) -> None:
        """One object; in one line for `jsonl`."""
        self.print(json.dumps(record, indent=2 if self.form is Format.JSON else None))

    def line(self, record: Record) -> None:
        """One object in one line, also where `json` was asked for: what goes on has no end for an array's bracket."""
        self.print(json.dumps(record))
        sys.stdout.flush()

    def records(self, records: Iterable[Record]) -> None:
        """An array for `json`; for `jsonl` one object a line, each as soon as it is there."""
        if self.form is Format.JSON:
            # One object a line: with an indent Python's slow encoder would write it.
            self.print("[" + ",\n ".join(json.dumps(record) for record in records) + "]")
            return
        for record in records:
            self.line(record)

    def page(self, text: str | Iterable[str]) -> None:
        """Text that may be long: through the pager on a terminal."""
        if not self.terminal:
            for piece in [text] if isinstance(text, str) else text:
                click.echo(piece, nl=False)
            return
        # As git does: leave at once if it fits, keep colours, do not clear the screen.
        os.environ.setdefault("LESS", "-FRX")
        pieces = [text] if isinstance(text, str) else text
        click.echo_via_pager(_without_last_newline(pieces), color=self.color)

    def bytes(self, chunks: Iterable[bytes]) -> None:
        """Bytes just as they are: for pipes and files, never for a terminal."""
        for chunk in chunks:
            sys.stdout.buffer.write(chunk)
            sys.stdout.buffer.flush()


def or_said(chunks: Iterable[bytes], nothing: str) -> Iterator[bytes]:
    """The bytes as they come; where there are none, `nothing` is said."""
    empty = True
    for chunk in chunks:
        empty = empty and not chunk
        yield chunk
    if empty:
        talk(nothing)


def _without_last_newline(pieces: Iterable[str]) -> Iterator[str]:
    """click's pager adds one of its own."""
    held = ""
    for piece in pieces:
        yield held + piece.removesuffix("\n")
        held = "\n" if piece.endswith("\n") else ""


def talk(message: str) -> None:
    """What a person wants to know and a script does not: on stderr."""
    click.echo(message, err=True, color=False)


def age(since: str, now: datetime | None = None) -> str:
    """How long ago an RFC 3339 time is, in its largest unit: `12s`, `4m`, `2h`, `3d`."""
    try:
        moment = datetime.fromisoformat(since)
    except ValueError:
        return "-"
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return span(((now or datetime.now(UTC)) - moment).total_seconds())


def span(seconds: float) -> str:
    """A length of time in its largest unit. A clock that went back gives `0s`."""
    whole = max(0, int(seconds))
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
        if whole >= length:
            return f"{whole // length}{unit}"
    return f"{whole}s"


def counted(count: int, one: str, many: str = "") -> str:
    """`1 file`, `3 files`."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def size(count: float) -> str:
    """Bytes as people read them: `812 B`, `3.4 MB`."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" or count >= 100 else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def clock(at: str) -> str:
    """The local time of day of an RFC 3339 time."""
    try:
        return datetime.fromisoformat(at).astimezone().strftime("%H:%M:%S")
    except ValueError:
        return at


def colored_diff(chunks: Iterable[str], out: Output) -> Iterator[str]:
    """A unified diff, line by line, in the usual colours."""
    rest = ""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split("\n")
        for text in whole:
            yield _diff_line(text, out) + "\n"
    if rest:
        yield _diff_line(rest, out)


def _diff_line(text: str, out: Output) -> str:
    if text.startswith(("diff ", "index ", "--- ", "+++ ")):
        return out.style(text, bold=True)
    if text.startswith("@@"):
        return out.style(text, fg="cyan")
    if text.startswith("+"):
        return out.style(text, fg="green")
    if text.startswith("-"):
        return out.style(text, fg="red")
    return text
