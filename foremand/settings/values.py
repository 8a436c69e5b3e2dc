"""From values as TOML has them to settings, each with the reason why it will not do."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any, get_args

from foremand.core import durations
from foremand.core.nearest import nearest
from foremand.core.spec import Floor, Limits

from .model import Account, Billing, Notify, SandboxMode


class Wrong(Exception):
    """Why a value will not do: for each problem the dotted key below it, and the reason."""

    def __init__(self, *problems: tuple[str, str]) -> None:
        super().__init__(problems)
        self.problems = problems


Reader = Callable[[Any], Any]
"""Makes a setting of a value as TOML has it. Raises Wrong."""


def table(value: Any, readers: Mapping[str, Reader]) -> dict[str, Any]:
    """The settings of a table, each read by the reader of its key. Raises Wrong with all that is wrong in it."""
    if not isinstance(value, dict):
        raise _expected("a table", value)
    made: dict[str, Any] = {}
    problems: list[tuple[str, str]] = []
    for key, each in value.items():
        try:
            if key not in readers:
                raise _unknown(key, readers)
            made[key] = readers[key](each)
        except Wrong as wrong:
            problems += [(f"{_quoted(key)}.{below}" if below else _quoted(key), why) for below, why in wrong.problems]
    if problems:
        raise Wrong(*problems)
    return made


def _unknown(key: str, known: Iterable[str]) -> Wrong:
    return Wrong(("", f"unknown key{nearest(key, known)}"))


def _expected(what: str, value: Any) -> Wrong:
    shown = json.dumps(value, default=str, ensure_ascii=False)
    return Wrong(("", f"expected {what}, got {shown if len(shown) <= 60 else shown[:57] + '...'}"))


def _quoted(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else json.dumps(key)


def _whole(most: int) -> Reader:
    def read(value: Any) -> int:
        if type(value) is not int or not 1 <= value <= most:
            raise _expected(f"a whole number from 1 to {most}", value)
        return value

    return read


def _dollars(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1_000_000:
        raise _expected("US dollars, a number above 0", value)
    return float(value)


def _duration(value: Any) -> float:
    try:
        return durations.seconds(value)
    except (TypeError, ValueError):
        raise _expected('a duration such as "90s", "45m", "2h" or "7d"', value) from None


def _one_of(choices: Any) -> Reader:
    def read(value: Any) -> str:
        if value not in get_args(choices):
            raise _expected(" or ".join(json.dumps(choice) for choice in get_args(choices)), value)
        return str(value)

    return read


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) and each and "\0" not in each for each in value):
        raise _expected("a list of texts", value)
    return tuple(value)


def _notify(value: Any) -> Notify:
    """A text is a URL, or for a shell as in a terminal; a list is URLs, or a command word by word."""
    words = (value,) if isinstance(value, str) and value.strip() and "\0" not in value else _texts(value)
    urls = [re.match(r"https?://[^/]", word) is not None for word in words]
    if words and all(urls):
        return Notify(urls=words)
    if any(urls[:1]):
        raise Wrong(("", "a list holds either URLs alone or one command's words"))
    return Notify(command=("sh", "-c", value) if isinstance(value, str) else words)


def _caches(value: Any) -> tuple[str, ...]:
    for path in _texts(value):
        parts = PurePosixPath(path).parts
        if parts[0] != "~" or len(parts) < 2 or ".." in parts:
            raise _expected('folders below your home such as "~/.cache/pip"', path)
    folders = [PurePosixPath(path) for path in value]
    for folder in folders:
        # What a task writes in the outer one might be a link in the place of the inner one.
        if not set(folders).isdisjoint(folder.parents):
            raise Wrong(("", f"{json.dumps(str(folder))} lies in another one that is named: name one of the two"))
    return tuple(str(folder) for folder in folders)


def _repositories(value: Any) -> tuple[str, ...]:
    for path in _texts(value):
        if not path.startswith(("/", "~/")):
            raise _expected('repositories such as "~/src/shop"', path)
    return tuple(value)


def _later(_value: Any) -> None:
    raise Wrong(("", "not in this version"))


def _accounts(value: Any) -> dict[str, Account]:
    def account(value: Any) -> Account:
        return Account(**table(value, {"max_concurrent": _whole(1000), "billing": _one_of(Billing), "login": _later}))

    return table(value, dict.fromkeys(value if isinstance(value, dict) else (), account))


def _limits(value: Any) -> Limits:
    bounds: dict[str, Reader] = {
        "cost_usd": _dollars,
        "tokens": _whole(10_000_000_000),
        "turns": _whole(1_000_000),
        "wall_clock": _duration,
        "stall": _duration,
        "attempts": _whole(1000),
    }
    return Limits(**table(value, bounds))


def _floor(value: Any) -> Floor:
    return Floor(**table(value, {"gates": _texts, "limits": _limits}))


READERS: Mapping[str, Reader] = {
    "max_agents": _whole(1000),
    "max_gates": _whole(1000),
    "daily_cost_usd": _dollars,
    "keep": _duration,
    "notify": _notify,
    "sandbox": _one_of(SandboxMode),
    "sandbox_hide": _texts,
    "allow_cache": _caches,
    "allow_inherit": _repositories,
    "agents": _accounts,
    "floor": _floor,
}
"""One for each setting."""
