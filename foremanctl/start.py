"""Starting a daemon in the background, for commands that need one and may have it."""

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from .exits import Denied, Unreachable
from .output import talk
from .place import Place
from .program import foremand

_PATIENCE_SECONDS = 10.0
_GRACE_SECONDS = 2.0
_LOG_TAIL_BYTES = 4000

Client = TypeVar("Client")


def start(place: Place, connect: Callable[[], Client]) -> Client:
    """Starts foremand, detached, and gives what `connect` gives as soon as it answers.

    Denied inside an attempt: an agent must not raise a supervisor of its own. Unreachable if a systemd unit is
    there, which is then the one way to start it, or if the daemon does not come up.
    """
    if os.environ.get("FOREMAND_ATTEMPT"):
        raise Denied("no daemon answers here, and none is started from inside an attempt")
    if not place.named and (unit := _unit()):
        raise Unreachable(
            "no daemon answers, and it is systemd's to start it",
            why=f"{unit} is installed",
            hint="systemctl --user start foremand",
        )
    log = _log_file()
    with log.open("ab") as stream:
        begin = stream.tell()
        daemon = subprocess.Popen(
            foremand(*(["--socket", place.path] if place.named else [])),
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            start_new_session=True,
        )
    client = _wait(daemon, connect, lambda: _tail(log, begin))
    if daemon.poll() is None:
        talk(f"started foremand (pid {daemon.pid}); stop it with: kill {daemon.pid}")
        daemon.returncode = 0  # it is nobody's child from here on: no warning that it still runs
    return client


def _wait(daemon: subprocess.Popen[bytes], connect: Callable[[], Client], tail: Callable[[], str]) -> Client:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    ended = False
    pause = 0.02
    while True:
        try:
            return connect()
        except Unreachable:
            pass
        if not ended and daemon.poll() is not None:
            # Perhaps another one won the race for the state folder, and is about to answer.
            ended = True
            deadline = min(deadline, time.monotonic() + _GRACE_SECONDS)
        if time.monotonic() > deadline:
            what = f"exited with {daemon.returncode}" if ended else f"did not answer within {_PATIENCE_SECONDS:.0f} s"
            raise Unreachable(f"foremand was started (pid {daemon.pid}) and {what}", why=tail())
        time.sleep(pause)
        pause = min(0.2, pause * 1.5)


def _log_file() -> Path:
    import platformdirs  # 25 ms that only a start needs

    folder = Path(platformdirs.user_state_dir("foremand"))
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (folder / "daemon.log").touch(mode=0o600)
    except OSError as error:
        raise Unreachable("no daemon could be started", why=str(error)) from error
    return folder / "daemon.log"


def _tail(log: Path, begin: int) -> str:
    with log.open("rb") as stream:
        end = stream.seek(0, os.SEEK_END)
        stream.seek(max(begin, end - _LOG_TAIL_BYTES))
        said = stream.read().decode(errors="backslashreplace").strip()
    return said or f"it said nothing; its log is {log}"


def _unit() -> Path | None:
    """The systemd user unit, if it is installed."""
    home = Path.home()
    folders = [
        Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config") / "systemd/user",
        Path(os.environ.get("XDG_DATA_HOME") or home / ".local/share") / "systemd/user",
        *(Path(f"{top}/systemd/user") for top in ("/etc", "/run", "/usr/local/lib", "/usr/lib")),
    ]
    return next((found for folder in folders if (found := folder / "foremand.service").exists()), None)
