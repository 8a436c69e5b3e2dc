"""foremanctl in a real terminal: tmux, real keys, and what stands on the screen then."""

import itertools
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

PATIENCE = 120.0
"""Seconds after which what should be on the screen is not."""


class Screen:
    """One terminal, with one program in it."""

    def __init__(self, tmux: Callable[..., str], name: str) -> None:
        self._tmux = tmux
        self._name = name

    def keys(self, *keys: str) -> None:
        """Press keys, by tmux's names: `j`, `Enter`, `Escape`, `C-c`."""
        for key in keys:
            self._tmux("send-keys", "-t", self._name, key)

    def type(self, text: str) -> None:
        """Write a text, letter by letter."""
        self._tmux("send-keys", "-t", self._name, "-l", text)

    def text(self) -> str:
        """What is on the screen."""
        return self._tmux("capture-pane", "-p", "-t", self._name)

    def lines(self) -> list[str]:
        """What is on the screen, line by line, without the blanks at their ends."""
        return [line.rstrip() for line in self.text().split("\n")]

    def shows(self, *words: str, patience: float = PATIENCE) -> str:
        """Wait until all of these are on the screen; the screen then."""
        return self.until(lambda text: all(word in text for word in words), f"shows {words}", patience)

    def lacks(self, *words: str, patience: float = PATIENCE) -> str:
        """Wait until none of these is on the screen; the screen then."""
        return self.until(lambda text: not any(word in text for word in words), f"lacks {words}", patience)

    def until(self, true: Callable[[str], bool], what: str, patience: float = PATIENCE) -> str:
        """Wait until the screen is so. It is looked at often, and never for longer than `patience` seconds."""
        end = time.monotonic() + patience
        while not true(text := self.text()):
            assert time.monotonic() < end, f"the screen never {what}:\n{text}"
            time.sleep(0.02)
        return text

    def click(self, words: str) -> None:
        """Click on the first line with these words."""
        row = next(row for row, line in enumerate(self.lines(), 1) if words in line)
        self._mouse(0, row)

    def wheel(self, *, up: bool) -> None:
        """Turn the wheel by one notch, in the middle of the screen."""
        self._mouse(64 if up else 65, 8)

    def _mouse(self, button: int, row: int) -> None:
        """What a terminal sends, in xterm's SGR form, when a button goes down and up again."""
        for end in ("M", "m"):
            self.type(f"\x1b[<{button};10;{row}{end}")

    def styled(self) -> str:
        """What is on the screen, with colours and the like as escape sequences."""
        return self._tmux("capture-pane", "-p", "-e", "-t", self._name)

    def record(self, path: Path) -> None:
        """From now on keep every byte that the program writes to its terminal."""
        self._tmux("pipe-pane", "-t", self._name, f"exec cat >> {shlex.quote(str(path))}")

    def resize(self, columns: int, rows: int) -> None:
        """The person drags the window's corner."""
        self._tmux("resize-window", "-t", self._name, "-x", str(columns), "-y", str(rows))

    def kill(self) -> None:
        """The window is closed under the program."""
        self._tmux("kill-session", "-t", self._name)


class Tmux:
    """A server of its own, with no configuration."""

    def __init__(self, house: Any) -> None:
        self._house = house
        self._numbers = itertools.count(1)
        self._env = {
            "PATH": os.environ["PATH"],
            "TMUX_TMPDIR": str(house.root),
            "LANG": "C.UTF-8",
            "HOME": house.env["HOME"],
        }

    def open(
        self, *args: str, columns: int = 100, rows: int = 24, env: dict[str, str] | None = None, cwd: str | None = None
    ) -> Screen:
        """Run `foremanctl ARGS` in a new terminal. The terminal stays when it has ended."""
        name = f"screen{next(self._numbers)}"
        given = {**self._house.env, "TERM": "tmux-256color", "PYTHONSAFEPATH": "1", **(env or {})}
        command = ["env", "-i", *(f"{key}={value}" for key, value in given.items()), sys.executable, "-m", "foremanctl"]
        begin = [
            "new-session",
            "-d",
            "-s",
            name,
            "-x",
            str(columns),
            "-y",
            str(rows),
            "-c",
            cwd or str(self._house.root),
        ]
        self.run("-f", "/dev/null", *begin, f"{shlex.join([*command, *args])}; echo ended with $?; exec cat")
        return Screen(self.run, name)

    def run(self, *args: str) -> str:
        """What tmux says; an error is the test's."""
        done = subprocess.run(["tmux", "-u", *args], env=self._env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"tmux {args}: {done.stderr}"
        return done.stdout

    def close(self) -> None:
        """End every terminal."""
        subprocess.run(["tmux", "kill-server"], env=self._env, capture_output=True, check=False)


@pytest.fixture
def tmux(house: Any) -> Iterator[Tmux]:
    """Terminals in the house's home."""
    assert shutil.which("tmux"), "tmux is needed here: apt-get install tmux"
    tmux = Tmux(house)
    yield tmux
    tmux.close()
