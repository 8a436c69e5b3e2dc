"""What every part of the service stands on."""

import pwd
from pathlib import Path
from typing import Any

from msgspec import Struct

from foremand.engine.engine import Engine
from foremand.journal import Journal

from . import convert
from .operators import TOKEN_HEADER, Operators

Context = Any
"""grpc.aio.ServicerContext: generic for the type checker, but not when it runs."""


class About(Struct, frozen=True, kw_only=True):
    """What the daemon says of itself."""

    pid: int
    state_dir: Path
    started_at: float
    sandboxed: bool
    sandbox_reason: str


class Base:
    """The engine's doors, and the wire's words for what is behind them."""

    def __init__(self, engine: Engine, journal: Journal, operators: Operators, about: About) -> None:
        self._engine = engine
        self._desk = engine.desk
        self._reading = engine.reading
        self._journal = journal
        self._operators = operators
        self._about = about
        self._wire = convert.Wire(engine.desk.tasks, engine.overlaps.of)

    def _name(self, context: Context) -> str:
        """The person who asks, by the user that the operating system knows."""
        metadata = {str(key): value for key, value in context.invocation_metadata() or ()}
        token = metadata.get(TOKEN_HEADER)
        peer = self._operators.check(token if isinstance(token, str) else None)
        try:
            return pwd.getpwuid(peer.uid).pw_name
        except KeyError:
            return f"uid {peer.uid}"
