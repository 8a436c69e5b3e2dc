"""Where each setting comes from: a flag, then `FOREMAND_*`, then config.toml, then the default."""

import math
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from foremand.core import durations

from .model import Settings
from .values import READERS, Wrong, table

DEFAULT = "default"
"""The origin of what nobody set."""


class SettingsInvalid(Exception):
    """Settings cannot be used. Each problem says where it was set, which one, and why; `problems` are all of them."""

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Setting(Struct, frozen=True):
    """One value as it would be written in config.toml (None: nothing is), and its origin: `--flag`, `FOREMAND_X`,
    the file's path, or `default`."""

    value: Any
    origin: str


class Found(Struct, frozen=True):
    """The settings in force, and every one of them by name with its origin."""

    settings: Settings
    by_name: Mapping[str, Setting]


def read(config: Path, environ: Mapping[str, str], flags: Mapping[str, Any]) -> Found:
    """The settings in force. `config` is the folder of config.toml. Raises SettingsInvalid with all that is wrong."""
    given = _of_file(config / "config.toml")
    for name, parse in _FROM_ENVIRONMENT.items():
        variable = f"FOREMAND_{name.upper()}"
        if variable in environ:
            given[name] = Setting(parse(environ[variable]), variable)
    for name, value in flags.items():
        if value is not None:
            given[name] = Setting(value, f"--{name.replace('_', '-')}")
    values: dict[str, Any] = {}
    problems: list[str] = []
    for name, setting in given.items():
        try:
            values |= table({name: setting.value}, READERS)
        except Wrong as wrong:
            problems += [f"{setting.origin}: {where}: {why}" for where, why in wrong.problems]
    if problems:
        raise SettingsInvalid(*problems)
    return Found(Settings(**values), {name: given.get(name, Setting(_default(name), DEFAULT)) for name in READERS})


def _of_file(file: Path) -> dict[str, Setting]:
    try:
        values = msgspec.toml.decode(file.read_bytes(), type=dict[str, Any])
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, msgspec.DecodeError) as error:
        raise SettingsInvalid(f"{file}: {error}") from error
    return {name: Setting(value, str(file)) for name, value in values.items()}


def _default(name: str) -> Any:
    """The default as one would write it. What is nothing by default is not written at all."""
    value = getattr(Settings(), name)
    if name == "keep":
        return durations.written(value)
    return value if isinstance(value, int | str) else None


def _number(text: str) -> float | str:
    try:
        number = float(text)
    except ValueError:
        return text
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else number if math.isfinite(number) else text


_FROM_ENVIRONMENT: Mapping[str, Callable[[str], Any]] = {
    "max_agents": _number,
    "max_gates": _number,
    "daily_cost_usd": _number,
    "keep": str,
    "notify": str,
    "sandbox": str,
}
