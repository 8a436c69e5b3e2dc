"""How long nothing has come of a run: neither output nor work."""

import asyncio
import time
from pathlib import Path

from foremand.executors import cpu_seconds

IDLE = 0.005
"""The part of a core that programs use which only wait."""


class Quiet:
    """Measures one run's silence. A new daemon begins to measure anew."""

    def __init__(self, run: Path) -> None:
        self._run = run
        self._last = time.monotonic()
        self._used: float | None = None

    async def stalled(self, *, wrote: bool, bound: float) -> tuple[bool, float]:
        """Whether neither output nor CPU use was seen for `bound` seconds; else in how many to look again.

        CPU is looked at once half of them have gone without output, and at their end.
        """
        now = time.monotonic()
        if wrote:
            self._last, self._used = now, None
        silent = now - self._last
        if silent < bound / 2:
            return False, bound / 2 - silent
        if self._used is None:
            self._used = await self._cpu()
        if silent < bound:
            return False, bound - silent
        used = await self._cpu()
        if used - self._used <= IDLE * bound / 2:
            return True, 0.0
        self._last, self._used = now, None
        return False, bound / 2

    async def _cpu(self) -> float:
        return await asyncio.to_thread(cpu_seconds, self._run) or 0.0
