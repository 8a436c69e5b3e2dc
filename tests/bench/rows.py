"""One measured figure against its budget."""

from typing import Any

from msgspec import Struct

DEADLINE = 180.0
"""Seconds after which a measurement has failed."""


class Row(Struct, frozen=True):
    """`value` in `unit`, which should be `sense` (">=" or "<=") `aim`."""

    what: str
    value: float
    unit: str
    sense: str
    aim: float
    more: dict[str, float] = {}

    @property
    def met(self) -> bool:
        """Whether the budget is kept."""
        return self.value >= self.aim if self.sense == ">=" else self.value <= self.aim

    def data(self) -> dict[str, Any]:
        """The row for programs."""
        return {"what": self.what, "value": round(self.value, 3), "unit": self.unit, "sense": self.sense,
                "aim": self.aim, "met": self.met, **self.more}  # fmt: skip

    def __str__(self) -> str:
        mark = "ok  " if self.met else "OVER"
        more = "".join(f", {name} {value:,.1f}" for name, value in self.more.items())
        return f"{mark} {self.what}: {self.value:,.1f} {self.unit} (aim {self.sense} {self.aim:,g}{more})"


def percentile(values: list[float], percent: float) -> float:
    """The value that `percent` of all are not above."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]
