"""Sentences that all adapters share: how a process ended, what it said last, long texts cut."""

import signal as signals
from typing import Any

TEXT_LIMIT = 4000
"""Characters of a text that an event keeps of a tool's input or output."""
LINE_LIMIT = 300
ITEM_LIMIT = 200
DEPTH_LIMIT = 12


def ending(exit_code: int | None, signal: int | None) -> str:
    """How a process ended, as the end of a sentence: "ended with exit code 3", "was killed by SIGKILL"."""
    if signal is not None:
        try:
            return f"was killed by {signals.Signals(signal).name}"
        except ValueError:
            return f"was killed by signal {signal}"
    return "ended, nobody knows how" if exit_code is None else f"ended with exit code {exit_code}"


def one_line(text: str) -> str:
    """The text on one line, cut to what a person reads at a glance."""
    line = " ".join(text.split())
    return line if len(line) <= LINE_LIMIT else f"{line[: LINE_LIMIT - 1]}…"


def last_line(text: str) -> str:
    """The last line that says something."""
    return one_line(text.rstrip().rpartition("\n")[2])


def cut(text: str, limit: int = TEXT_LIMIT) -> str:
    """The text, its middle left out where it is long; a tool's output tells most at its ends."""
    if len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[:half]}\n… {left_out(text, limit)} characters left out …\n{text[-half:]}"


def left_out(text: str, limit: int = TEXT_LIMIT) -> int:
    """How many characters `cut` leaves out."""
    return len(text) - limit // 2 * 2 if len(text) > limit else 0


def trimmed(value: Any, depth: int = DEPTH_LIMIT) -> Any:
    """JSON data made fit to be kept: long strings cut, long lists and deep nests left out, huge numbers as text."""
    if isinstance(value, str):
        return cut(value)
    if isinstance(value, dict | list) and (depth == 0 or len(value) > ITEM_LIMIT):
        return f"… {len(value)} items left out …"
    if isinstance(value, dict):
        return {cut(key): trimmed(item, depth - 1) for key, item in value.items()}
    if isinstance(value, list):
        return [trimmed(item, depth - 1) for item in value]
    if isinstance(value, int) and abs(value) >= 2**63:
        return f"{value:.6e}"
    return value
