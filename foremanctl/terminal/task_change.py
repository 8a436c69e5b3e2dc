"""What a task has changed, to be looked at without deciding: read to its end, painted where it is in sight."""

from foremanctl.exits import NotFound
from foremanctl.harmless import stream
from foremand.v1 import foremand_pb2 as pb

from .decision_page import Page
from .paint import DIM, Line, Look
from .patch import Patch
from .screens import Terminal

_BOTH_FROM = 72  # columns, from which on numbers of both sides stand before a line


class Change:
    """One task's change at the revision that was asked for last."""

    def __init__(self, terminal: Terminal, task: int) -> None:
        self._terminal = terminal
        self._id = task
        self._patch: Patch | None = None
        self._revision: str | None = None  # of the patch, or of the one that is read
        self._missing = ""
        self._page: tuple[int, Page] | None = None

    async def load(self, revision: str) -> None:
        """Reads the change, unless the one at `revision` is here. Raises Failure."""
        if revision == self._revision:
            return
        self._revision = revision
        patch, missing = Patch(), ""
        try:
            async for chunk in self._terminal.stream("GetDiff", pb.GetDiffRequest(id=self._id)):
                patch.feed(chunk.data)
        except NotFound as failure:
            missing = failure.what
        except BaseException:
            self._revision = None  # the next look asks again
            raise
        patch.end()
        self._patch, self._missing, self._page = patch, missing or "nothing is changed", None

    def lines(self, top: int, rows: int, columns: int, look: Look) -> tuple[list[Line], int]:
        """`rows` lines from line `top` on, or from where so many are left; and where that is."""
        page = self._made(columns, look)
        if page is None or not len(page):
            return [[(DIM, look.cut(f" {look.line(self._missing) or '...'}", columns))]], 0
        top = max(0, min(top, len(page) - rows))
        both = columns >= _BOTH_FROM
        return [look.fit(page.line(row, 0, both=both), columns) for row in range(top, min(len(page), top + rows))], top

    def text(self) -> str:
        """All of it, as git tells it, harmless."""
        return "".join(stream(self._patch.text())) if self._patch is not None else ""

    def _made(self, columns: int, look: Look) -> Page | None:
        if self._patch is not None and (self._page is None or self._page[0] != columns):
            self._page = (columns, Page([], self._patch, [], columns, look))
        return self._page[1] if self._page is not None else None
