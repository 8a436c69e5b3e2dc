"""Searching a transcript backwards, page after page, through all of it."""

from msgspec.structs import replace

from .scroll import Place, View, holds
from .task_reader import Reader


async def find(reader: Reader, view: View) -> View | None:
    """How it is read at the next place above where its words stand; None where there is none, or another attempt is
    looked at meanwhile."""
    attempt = reader.attempt
    limit = view.place.seq if view.place is not None else None
    while reader.attempt == attempt:
        above = (entry for entry in reversed(reader.transcript.shown) if limit is None or entry.seq < limit)
        found = next((entry for entry in above if holds(entry, view.words)), None)
        if found is not None:
            # Of a folded answer only a line is to be seen: the words may stand in the others.
            unfolded = view.unfolded or found.kind == "tool_result"
            return replace(view, place=Place(found.seq), unfolded=unfolded)
        if not reader.transcript.before:
            return None
        limit = reader.transcript.entries[0].seq
        await reader.page(earlier=True)
    return None
