"""What the user set, and where each value came from: flag, then `FOREMAND_*`, then config.toml, then the default."""

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct

SandboxMode = Literal["auto", "required", "off"]


class SettingsInvalid(Exception):
    """A setting cannot be used: which, why, and where it was set."""


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings of this version, with their defaults.

    `max_agents` counts agent processes, `max_gates` gate processes; `keep` is in seconds (written "7d").
    """

    max_agents: int = 3
    max_gates: int = max(1, (os.cpu_count() or 2) // 2)
    sandbox: SandboxMode = "auto"
    sandbox_hide: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("max_agents", "max_gates"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1")


_NOT_YET = frozenset({"daily_cost_usd", "keep", "notify", "allow_cache", "agents", "floor"})
"""Keys of the contract that a later version reads: refused now, so that no key does nothing."""


def read(config: Path, environ: Mapping[str, str], flags: Mapping[str, Any]) -> Settings:
    """The settings in force. `config` is the folder of config.toml. Raises SettingsInvalid."""
    file = config / "config.toml"
    values: dict[str, Any] = {}
    try:
        values = msgspec.toml.decode(file.read_bytes()) if file.exists() else {}
    except (OSError, msgspec.DecodeError) as error:
        raise SettingsInvalid(f"{file}: {error}") from error
    for name in sorted(values.keys() & _NOT_YET):
        raise SettingsInvalid(f"{file}: {name}: not in this version")
    origin = dict.fromkeys(values, str(file))
    for name, parse in _FROM_ENVIRONMENT.items():
        variable = f"FOREMAND_{name.upper()}"
        if variable in environ:
            values[name], origin[name] = parse(environ[variable]), variable
    for name, value in flags.items():
        if value is not None:
            values[name], origin[name] = value, f"--{name.replace('_', '-')}"
    try:
        return msgspec.convert(values, Settings)
    except msgspec.ValidationError as error:
        raise SettingsInvalid(_explain(str(error), origin)) from error


def _number(text: str) -> int | str:
    return int(text) if re.fullmatch(r"\d+", text) else text


_FROM_ENVIRONMENT: dict[str, Callable[[str], Any]] = {"max_agents": _number, "max_gates": _number, "sandbox": str}


def _explain(error: str, origin: Mapping[str, str]) -> str:
    named = next((name for name in origin if f"`$.{name}" in error or f"`{name}`" in error or name in error), None)
    return f"{origin[named]}: {error}" if named else error
