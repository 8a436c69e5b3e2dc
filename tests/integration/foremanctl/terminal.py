"""foremanctl on a terminal of its own, with somebody who answers."""

import os
import pty
import subprocess
import sys


def on_terminal(args: list[str], answers: list[str], **env: str) -> tuple[str, int]:
    """Runs foremanctl on a terminal of its own. Each answer is given when something is asked."""
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-c", _AS_LEADER, *args],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm", **env},
        start_new_session=True,
    )
    os.close(theirs)
    shown = b""
    left = list(answers)
    while True:
        try:
            shown += os.read(ours, 65536)
        except OSError:
            break
        if left and b"[y/N]" in shown:
            os.write(ours, left.pop(0).encode() + b"\n")
    os.close(ours)
    return shown.decode(), child.wait(20)


_AS_LEADER = """
import fcntl, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
from foremanctl.__main__ import main
main()
"""
