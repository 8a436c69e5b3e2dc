"""Lengths of time, as people write them."""

import re

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def seconds(text: str, units: str = "smhd") -> float | None:
    """`90s`, `45m`, `2h`, `7d` in seconds; None for what is no length of time in one of these units, or is none."""
    found = re.fullmatch(rf"([0-9]{{1,9}})([{units}])", text)
    return float(int(found[1]) * _SECONDS[found[2]]) if found and int(found[1]) else None


def written(length: float) -> str:
    """A length of time in its largest unit that divides it, below days: `90s`, `45m`, `2h`."""
    whole = round(length)
    unit = next(unit for unit in "hms" if whole % _SECONDS[unit] == 0)
    return f"{whole // _SECONDS[unit]}{unit}"
