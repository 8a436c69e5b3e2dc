"""`--limit K=V`: a task's limits, in the pipeline file's words."""

import math
from collections.abc import Iterable

from foremand.v1 import foremand_pb2 as pb

from .durations import seconds, written
from .exits import Usage
from .nearest import nearest

KEYS = ("cost_usd", "tokens", "turns", "wall_clock", "stall", "attempts")


def parse(given: Iterable[str]) -> pb.Limits:
    """The limits of all `K=V`; the last one of a key holds. Usage with the reason for one that is none."""
    limits = pb.Limits()
    for each in given:
        key, equals, value = each.partition("=")
        if not equals:
            raise Usage(f"{each!r} is no limit: it is written KEY=VALUE", hint="for example cost_usd=2.5")
        if key not in KEYS:
            raise Usage(f"{each}: there is no limit {key!r}{nearest(key, KEYS)}", hint=f"they are {', '.join(KEYS)}")
        match key:
            case "cost_usd":
                limits.cost_usd = _dollars(each, value)
            case "wall_clock":
                limits.wall_clock = _span(each, value)
            case "stall":
                limits.stall = _span(each, value)
            case "tokens":
                limits.tokens = _count(each, value)
            case "turns":
                limits.turns = _count(each, value)
            case "attempts":
                limits.attempts = _count(each, value)
    return limits


def shown(limits: pb.Limits) -> str:
    """The limits as `limit` takes them: `cost_usd=5 wall_clock=2h`; those that are not set are left out."""
    known = {key: getattr(limits, key) for key in KEYS if limits.HasField(key)}
    spans = {"wall_clock", "stall"}
    return " ".join(f"{key}={written(value) if key in spans else f'{value:.15g}'}" for key, value in known.items())


def _dollars(given: str, value: str) -> float:
    try:
        dollars = float(value)
    except ValueError:
        dollars = math.nan
    if not (math.isfinite(dollars) and dollars > 0):
        raise Usage(f"{given}: this is not an amount of dollars above 0", hint="for example cost_usd=2.5")
    return dollars


def _count(given: str, value: str) -> int:
    if not (value.isascii() and value.isdigit() and 0 < int(value) < 2**31):
        raise Usage(f"{given}: this is not a whole number above 0", hint=f"for example {given.partition('=')[0]}=20")
    return int(value)


def _span(given: str, value: str) -> float:
    length = seconds(value, "smh")
    if length is None:
        raise Usage(f"{given}: this is no length of time", hint="for example 90s, 45m or 2h")
    return length
