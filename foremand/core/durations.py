"""Spans of time as people write them in settings and pipelines: "90s", "45m", "2h", "7d"."""

import re

PATTERN = r"[1-9][0-9]{0,5}[smhd]"
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def seconds(text: str) -> float:
    """The seconds of a duration. Raises ValueError for what is none."""
    if not re.fullmatch(PATTERN, text):
        raise ValueError(f"not a duration: {text}")
    return int(text[:-1]) * _SECONDS[text[-1]]


def written(span: float) -> str:
    """Whole seconds as a duration, in the largest unit that says it exactly."""
    unit = next(unit for unit, size in reversed(_SECONDS.items()) if span % size == 0)
    return f"{span / _SECONDS[unit]:.0f}{unit}"
