"""How often news is painted: at once after a quiet while, and evenly where there is no end of it. Pure."""

NEWS_SECONDS = 0.1
"""In the long run news is painted at most this often; a key at once."""

BURST = 6
"""Pictures that may follow one another at once: what has just been opened comes in a few answers."""


class Pace:
    """Times are in seconds, from any beginning."""

    def __init__(self) -> None:
        self._next = float("-inf")

    def wait(self, now: float) -> float:
        """Seconds until the next news may be painted."""
        return max(0.0, self._next - now)

    def painted(self, now: float) -> None:
        """A picture was made, for news or for a key."""
        saved = max(self._next, now - (BURST - 1) * NEWS_SECONDS)
        self._next = min(saved, now) + NEWS_SECONDS
