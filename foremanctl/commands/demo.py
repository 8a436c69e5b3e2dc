"""`foremanctl demo`."""

import asyncio
import os
import signal

import click

from foremanctl.exits import Denied, Exit, Failure
from foremanctl.options import Command


@click.command(cls=Command, examples=("demo", "demo --keep"))
@click.option("--keep", is_flag=True, help="Leave the daemon and the repository up, to look around.")
def command(*, keep: bool) -> int:
    """Play a Monday morning with three scripted agents, and check that it really happened.

    A daemon of its own in a temporary home, a small repository, a real pipeline: a bug fix that its test gate refuses
    once, a feature that a person approves, a dependency upgrade that a person rejects. No tokens, no network, nothing
    of yours is touched. Exits 0 only if all of it really happened.
    """
    if os.environ.get("FOREMAND_ATTEMPT"):
        raise Denied("the demo starts a daemon, and none is started from inside an attempt")
    return asyncio.run(_demo(keep=keep))


async def _demo(*, keep: bool) -> int:
    from foremanctl.demo.house import DemoFailed
    from foremanctl.demo.play import play

    # To be ended is to be interrupted: whatever was started is stopped on the way out.
    loop = asyncio.get_running_loop()
    playing = asyncio.current_task()
    if playing is not None:
        loop.add_signal_handler(signal.SIGTERM, playing.cancel)
    try:
        return Exit.OK if await play(keep=keep) else Exit.UNEXPECTED
    except DemoFailed as failure:
        raise Failure("the demo cannot be played here", why=str(failure)) from failure
    except asyncio.CancelledError:
        click.echo("\ninterrupted: everything that was started has been stopped", err=True)
        return Exit.INTERRUPTED
