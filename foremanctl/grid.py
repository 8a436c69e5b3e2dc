"""Rows in columns, whole: for pages and pipes."""

from collections.abc import Iterable

from .harmless import cells, line

Row = tuple[str, ...]


def grid(rows: Iterable[Row], heads: Row = (), right: Iterable[str] = ()) -> list[str]:
    """The rows as lines, each column as wide as it must be. A column with nothing in it is left out.

    The columns named in `right` end at the same place instead of beginning there.
    """
    body = [tuple(line(cell) for cell in row) for row in rows]
    columns = [index for index, column in enumerate(zip(*body, strict=True)) if any(column)]
    shown = [tuple(row[index] for index in columns) for row in ([heads, *body] if heads and body else body)]
    widths = [max(map(cells, column)) for column in zip(*shown, strict=True)]
    ends = [bool(heads) and heads[index] in right for index in columns]
    return [_padded(row, widths, ends) for row in shown]


def _padded(row: Row, widths: list[int], ends: list[bool]) -> str:
    parts = []
    for cell, width, at_end in zip(row, widths, ends, strict=True):
        blank = " " * (width - cells(cell))
        parts.append(blank + cell if at_end else cell + blank)
    return "  ".join(parts).rstrip()
