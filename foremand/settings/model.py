"""What a user can set, with the defaults."""

import os
from typing import Literal

from msgspec import Struct

from foremand.core.spec import Floor

SandboxMode = Literal["auto", "required", "off"]
Billing = Literal["api", "subscription"]


class Notify(Struct, frozen=True, kw_only=True):
    """How the user is told: by a command, given as argv, or by a POST to each of `urls`. Both empty: not at all."""

    command: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.command or self.urls)


class Account(Struct, frozen=True, kw_only=True):
    """One `[agents.NAME]`: what the user's account behind the pipelines' agent of that name allows.

    `max_concurrent`: processes at once, None for no bound but `max_agents`. With "subscription" its use is no money.
    """

    max_concurrent: int | None = None
    billing: Billing = "api"


class Settings(Struct, frozen=True, kw_only=True):
    """The settings of this version, with their defaults.

    `max_agents` counts agent processes, `max_gates` gate processes; `keep` is in seconds (written "7d");
    `daily_cost_usd` None: no bound. `allow_cache` are folders below the user's home, written "~/...". `allow_inherit`
    are the repositories whose agents may have copies of the user's own instructions, tools and skills.
    """

    max_agents: int = 3
    max_gates: int = max(1, (os.cpu_count() or 2) // 2)
    daily_cost_usd: float | None = None
    keep: float = 7 * 86400.0
    notify: Notify = Notify()
    sandbox: SandboxMode = "auto"
    sandbox_hide: tuple[str, ...] = ()
    allow_cache: tuple[str, ...] = ()
    allow_inherit: tuple[str, ...] = ()
    agents: dict[str, Account] = {}
    floor: Floor = Floor()
