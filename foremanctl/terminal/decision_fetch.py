"""What the daemon knows of a decision, fetched so that all of it is of one revision."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from foremanctl.exits import Failure, NotFound
from foremand.v1 import foremand_pb2 as pb

from .decision_brief import Known
from .decision_gates import waiting
from .patch import Patch
from .screens import Terminal

View = Literal["whole", "looked", "approved"]
"""The change as it is, what is new since this person looked, what is new since somebody approved."""

_TRIES = 5


@dataclass(frozen=True)
class Wanted:
    """What to look at. `since`: the revision that was looked at."""

    task: int
    view: View = "whole"
    since: str = ""


@dataclass
class Fetched:
    """What there is so far: the whole change, and what is `shown` of it, which in the view `whole` is the same.

    `missing` says why there is no change to see, `since` is the revision from which on one is shown.
    """

    known: Known
    view: View
    whole: Patch
    shown: Patch
    since: str = ""
    missing: str = ""
    complete: bool = False


class _Moved(Exception):
    """What came is of another revision than what came before."""


async def fetch(terminal: Terminal, wanted: Wanted, grown: Callable[[Fetched], None]) -> None:
    """Tells what there is, again and again as more of it comes. Raises Failure."""
    for attempt in range(1, _TRIES + 1):
        try:
            return await _once(terminal, wanted, grown)
        except _Moved:
            continue
        except Failure as failure:
            if not failure.lost or attempt == _TRIES:
                raise
    raise Failure(f"task {wanted.task} moves on faster than it can be shown", hint="go back and open it again")


async def _once(terminal: Terminal, wanted: Wanted, grown: Callable[[Fetched], None]) -> None:
    detail: pb.TaskDetail = await terminal.ask("GetTask", pb.GetTaskRequest(id=wanted.task))
    why: pb.Explanation = await terminal.ask("ExplainTask", pb.ExplainTaskRequest(id=wanted.task))
    whole = Patch()
    known = Known(detail=detail, lines=tuple(why.lines), files=whole.files, looked=wanted.since)
    found = Fetched(known, wanted.view, whole, whole if wanted.view == "whole" else Patch())

    def shown(patch: Patch) -> None:
        if patch is found.shown:
            grown(found)

    await _read(terminal, found, whole, pb.GetDiffRequest(id=wanted.task), shown)
    if wanted.view != "whole" and not found.missing:
        since = wanted.since if wanted.view == "looked" else ""
        request = pb.GetDiffRequest(id=wanted.task, since=since, since_approval=not since)
        found.since = await _read(terminal, found, found.shown, request, shown)
    found.complete = True
    grown(found)


async def _read(
    terminal: Terminal, found: Fetched, patch: Patch, request: pb.GetDiffRequest, grown: Callable[[Patch], None]
) -> str:
    """Reads a patch to its end; the revision that it begins at."""
    base = ""
    try:
        async for chunk in terminal.stream("GetDiff", request):
            base = chunk.base
            if not found.known.shown and not waiting(found.known.task):
                found.known = replace(found.known, shown=chunk.revision)
            if chunk.revision != found.known.revision:
                raise _Moved
            patch.feed(chunk.data)
            grown(patch)
    except NotFound as failure:
        found.missing = failure.what
    patch.end()
    return base
