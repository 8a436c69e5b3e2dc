"""`export`: everything about one task in one file."""

import tempfile
from collections.abc import Iterable
from pathlib import Path

import click

from foremanctl.exits import Failure, Usage
from foremanctl.options import Asked, Command, task_argument
from foremanctl.output import Format, size, talk


@click.command(
    cls=Command,
    short_help="Everything about one task, in one archive.",
    examples=["export 12", "export 12 -o bug.tar.gz", "export 12 -o - | tar tz"],
)
@task_argument
@click.option(
    "-o", "--output", metavar="FILE", type=click.Path(dir_okay=False), help="[foremand-ID.tar.gz] `-`: stdout."
)
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@click.pass_obj
def command(asked: Asked, *, task: int, output: str | None, force: bool) -> None:
    """Write a gzipped tar of a task: facts, changes, transcripts, gates' output. Values of its environment are not in
    it; what agents and gates printed is.
    """
    from foremand.v1 import foremand_pb2 as pb

    out = asked.out
    to = Path(output or f"foremand-{task}.tar.gz")
    if output == "-" and out.terminal:
        raise Usage("an archive is not written to a terminal", hint=f"foremanctl export {task} -o FILE, or a pipe")
    if output != "-" and to.exists() and not force:
        raise _is_there(to)
    if output != "-" and not to.parent.is_dir():
        raise Usage(f"{to} cannot be written", why=f"there is no folder {to.parent}", hint="name another with -o")
    chunks = asked.client().stream("ExportTask", pb.TaskRequest(id=task))
    if output == "-":
        out.bytes(chunk.data for chunk in chunks)
        return
    written = _write(to, (chunk.data for chunk in chunks), force=force)
    if out.quiet:
        out.print(str(task))
    elif out.form is Format.TABLE:
        out.print(str(to))
        talk(f"{size(written)}; look before you give it away: what agents and gates printed is in it")
    else:
        out.record({"id": task, "file": str(to), "bytes": written})


def _write(to: Path, chunks: Iterable[bytes], *, force: bool) -> int:
    """Whole or not at all, and readable for its owner alone. The number of bytes."""
    count = 0
    try:
        with tempfile.TemporaryDirectory(dir=to.parent, prefix=f".{to.name}.") as folder:
            part = Path(folder) / to.name
            with part.open("xb") as file:
                part.chmod(0o600)
                for chunk in chunks:
                    count += file.write(chunk)
            if to.exists() and not force:
                raise _is_there(to)
            part.replace(to)
    except OSError as error:
        raise Failure(f"{to} cannot be written", why=error.strerror or str(error)) from error
    return count


def _is_there(to: Path) -> Usage:
    return Usage(f"{to} is there already", hint="name another with -o, or --force")
