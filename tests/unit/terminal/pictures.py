"""Pictures of screens, compared with the stored ones. To make them anew: FOREMAND_GOLDEN=write python -m pytest ..."""

import os
from pathlib import Path

from foremanctl.terminal.paint import Line, width_of

HERE = Path(__file__).parent / "golden"
SIZES = [(20, 50), (24, 80), (50, 160)]
"""Rows and columns."""


def golden(name: str, painted: list[Line], rows: int, columns: int) -> None:
    """The picture is the stored one, and fits."""
    assert len(painted) <= rows
    assert all(width_of(line) <= columns for line in painted)
    path = HERE / f"{name}-{columns}x{rows}.txt"
    text = "".join("".join(text for _, text in line).rstrip() + "\n" for line in painted)
    if os.environ.get("FOREMAND_GOLDEN") == "write":
        path.write_text(text)
    assert text == path.read_text()
