"""A terminal that can be read: what stands in its cells after the bytes that a program has written to it."""

import codecs
import re

_TOKEN = re.compile(r"\x1b\[(\??)([\d;]*)([A-Za-z])|\x1b\][^\x07]*\x07|\x1b[^\[\]]|[\r\n\b\x07]|[^\x1b\r\n\b\x07]+")


class Glass:
    """Cells without colours. It knows the sequences that prompt-toolkit writes; each character takes one cell."""

    def __init__(self, rows: int, columns: int) -> None:
        self._size = (rows, columns)
        self._cells = [[" "] * columns for _ in range(rows)]
        self._row = self._column = 0
        self._rest = ""
        self._decode = codecs.getincrementaldecoder("utf-8")(errors="replace").decode

    @property
    def lines(self) -> list[str]:
        """What can be read, without the blanks at the lines' ends."""
        return ["".join(row).rstrip() for row in self._cells]

    def feed(self, written: bytes) -> None:
        """What the program wrote. A sequence may be cut off; its rest comes next time."""
        text = self._rest + self._decode(written)
        done = 0
        while found := _TOKEN.match(text, done):
            done = found.end()
            self._take(found)
        self._rest = text[done:]

    def _take(self, found: re.Match[str]) -> None:
        token = found.group()
        private, numbers, final = found.groups()
        if token == "\r":
            self._column = 0
        elif token == "\n":
            self._row = min(self._row + 1, self._size[0] - 1)
        elif final and not private:
            self._control(final, [int(number or 0) for number in numbers.split(";")])
        elif token[0] not in "\x1b\b\x07":
            self._write(token)

    def _write(self, text: str) -> None:
        room = self._size[1] - self._column
        self._cells[self._row][self._column : self._column + len(text[:room])] = text[:room]
        self._column = min(self._column + len(text), self._size[1])

    def _control(self, final: str, numbers: list[int]) -> None:
        by = max(1, numbers[0])
        rows, columns = self._size
        match final:
            case "A":
                self._row = max(0, self._row - by)
            case "B":
                self._row = min(rows - 1, self._row + by)
            case "C":
                self._column = min(columns - 1, self._column + by)
            case "D":
                self._column = max(0, min(self._column, columns - 1) - by)
            case "H":
                row, column = (*numbers, 1)[:2]
                self._row, self._column = max(1, row) - 1, max(1, column) - 1
            case "J":
                self._blank(self._row, self._column if numbers[0] == 0 else 0)
                for row in range(self._row + 1 if numbers[0] == 0 else 0, rows):
                    self._blank(row, 0)
            case "K":
                self._blank(self._row, self._column)

    def _blank(self, row: int, column: int) -> None:
        self._cells[row][column:] = " " * (self._size[1] - column)
