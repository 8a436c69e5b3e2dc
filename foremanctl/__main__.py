"""foremanctl's entry: runs a command and turns how it ended into an exit code."""

import contextlib
import os
import sys
from typing import TYPE_CHECKING

from .exits import Exit, Failure, Usage

if TYPE_CHECKING:
    import click


def main() -> None:
    """Never a traceback, unless FOREMAND_DEBUG=1 asks for it."""
    code = run()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):
            stream.flush()
    # Nothing is left to do, and taking grpc and the interpreter apart would take a tenth of the whole call.
    os._exit(code)


def run() -> int:
    """The exit code."""
    try:
        return _run()
    except Failure as failure:
        _explain(failure)
        return failure.exit
    except KeyboardInterrupt:
        print("\ndetached; nothing was stopped", file=sys.stderr)  # noqa: T201
        return Exit.INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has had enough; nothing is wrong. What is still buffered must not raise at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.OK
    except Exception as error:  # the one place that lets nothing through
        if os.environ.get("FOREMAND_DEBUG"):
            raise
        _explain(
            Failure(
                f"unexpected {type(error).__name__}: {error}",
                hint="FOREMAND_DEBUG=1 shows where; please report it",
            )
        )
        return Exit.UNEXPECTED


def _run() -> int:
    for stream in (sys.stdout, sys.stderr):
        # A terminal that knows only ASCII still gets every line.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    import click

    from .cli import cli
    from .options import Asked

    if "_FOREMANCTL_COMPLETE" in os.environ:
        from . import shells

        shells.register()
        cli.main(prog_name="foremanctl")  # a shell asks what could come next
    try:
        # Not cli.main(): it would turn a closed pipe into exit code 1.
        with cli.make_context("foremanctl", sys.argv[1:], obj=Asked()) as context:
            code = cli.invoke(context)
        sys.stdout.flush()
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except click.Abort as abort:
        if isinstance(abort.__context__, KeyboardInterrupt):
            raise KeyboardInterrupt from abort
        print("nothing was done", file=sys.stderr)  # noqa: T201
        return Exit.INTERRUPTED
    except click.UsageError as error:
        raise _usage(error) from error
    return code if isinstance(code, int) else Exit.OK


def _usage(error: "click.UsageError") -> Usage:
    """What click found wrong with the line, told as all else is."""
    words = error.format_message().rstrip(".")
    what = words[:1].lower() + words[1:]
    if error.ctx is None:
        return Usage(what, hint="foremanctl --help")
    quote = "quotes around what holds blanks; " if "unexpected extra" in what else ""
    return Usage(what, why=error.ctx.get_usage(), hint=f"{quote}{error.ctx.command_path} --help")


def _explain(failure: Failure) -> None:
    """What happened, why, and what to do."""
    from .harmless import lines

    if os.environ.get("FOREMAND_DEBUG"):
        import traceback

        traceback.print_exception(failure)
    told = [f"foremanctl: {failure.what}"]
    told += [f"  {text}" for text in failure.why.splitlines()]
    told += [f"  what to do: {failure.hint}"] if failure.hint else []
    print("\n".join(lines(text) for text in told), file=sys.stderr)  # noqa: T201


if __name__ == "__main__":
    main()
