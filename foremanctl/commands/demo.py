"""`foremanctl demo`."""

import asyncio
import os
import signal
import sys

import click

from foremanctl.exits import Denied, Exit, Failure, Usage
from foremanctl.options import Command


@click.command(cls=Command, examples=("demo", "demo --by-hand", "demo --keep"))
@click.option("--by-hand", is_flag=True, help="Be its person yourself, in the full-screen terminal.")
@click.option("--keep", is_flag=True, help="Leave the daemon and the repository up, to look around.")
def command(*, by_hand: bool, keep: bool) -> int:
    """Play a Monday morning with three scripted agents, and check that it really happened.

    A daemon of its own in a temporary home, a small repository, a real pipeline: a bug fix that its test gate refuses
    once, a feature that a person approves, a dependency upgrade that a person rejects. No tokens, no network, nothing
    of yours is touched. Exits 0 only if all of it really happened.

    With --by-hand you answer at the gates yourself; it is then checked that you did what this morning asks of you.
    """
    if os.environ.get("FOREMAND_ATTEMPT"):
        raise Denied("the demo starts a daemon, and none is started from inside an attempt")
    if by_hand and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise Usage("there is no terminal here to play it by hand in", hint="foremanctl demo plays it by itself")
    return asyncio.run(_demo(by_hand=by_hand, keep=keep))


async def _demo(*, by_hand: bool, keep: bool) -> int:
    from foremanctl.demo.house import DemoFailed
    from foremanctl.demo.play import play

    # To be ended, or to lose one's terminal, is to be interrupted: what was started is stopped on the way out.
    loop = asyncio.get_running_loop()
    playing = asyncio.current_task()
    if playing is not None:
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, playing.cancel)
    try:
        return Exit.OK if await play(keep=keep, by_hand=by_hand) else Exit.UNEXPECTED
    except DemoFailed as failure:
        raise Failure("the demo cannot be played here", why=str(failure)) from failure
    except asyncio.CancelledError:
        click.echo("\ninterrupted: everything that was started has been stopped", err=True)
        return Exit.INTERRUPTED
