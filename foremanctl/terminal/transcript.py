"""What one attempt's agent said and did: a part of it that is in memory, however long the whole is. Pure."""

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from foremand.v1 import foremand_pb2 as pb

KEEP = 1000
"""Entries that stay in memory; farther ones are fetched again when somebody goes there."""

LONGEST = 64 * 1024
"""Characters of one entry that are shown, and kept: the log has all of it."""

AGENT_EVENT = "AgentEvent"

Kind = Literal["text", "thinking", "tool_call", "tool_result", "retry", "notice", "result", "told"]
_SHOWN = frozenset({"text", "thinking", "tool_call", "tool_result", "retry", "notice", "result"})


class Entry(Struct, frozen=True):
    """One thing that was said or done. `told`: what the agent was told, not what it said."""

    seq: int
    kind: Kind
    text: str
    tool: str = ""
    failed: bool = False


class Transcript(Struct, frozen=True, kw_only=True):
    """Entries that follow one another. `before`, `after`: there are more in that direction, which are not here.

    `head` is shown above the first entry there is. `loaded`: the first page has come.
    """

    attempt: int
    entries: tuple[Entry, ...] = ()
    head: tuple[Entry, ...] = ()
    before: bool = False
    after: bool = False
    loaded: bool = False

    @property
    def shown(self) -> tuple[Entry, ...]:
        """All that is here, from the beginning."""
        return self.entries if self.before else (*self.head, *self.entries)


class _Event(Struct):
    kind: str = ""
    text: str = ""
    tool: str | None = None
    data: dict[str, Any] = field(default_factory=dict)


_decode = msgspec.json.Decoder(_Event).decode


def entries_of(events: Iterable[pb.Event], attempt: int) -> list[Entry]:
    """What there is to show of an attempt's events, in order. Whatever an agent wrote gives something to show."""
    found = (_entry(event) for event in events if event.type == AGENT_EVENT and event.attempt == attempt)
    return [entry for entry in found if entry is not None]


def _entry(event: pb.Event) -> Entry | None:
    try:
        said = _decode(event.data)
    except msgspec.MsgspecError:
        return Entry(event.seq, "notice", _shown(event.data.decode(errors="backslashreplace")))
    if said.kind not in _SHOWN or not (said.text or said.tool):
        return None
    return Entry(event.seq, said.kind, _shown(said.text), said.tool or "", said.data.get("is_error") is True)  # type: ignore[arg-type]


def _shown(text: str) -> str:
    left = len(text) - LONGEST
    return text if left <= 0 else f"{text[:LONGEST]}\n({left} more characters: e)"


def begun(transcript: Transcript, page: Sequence[Entry], *, more: bool, cursor: int) -> Transcript:
    """With its last page, which told all up to `cursor`; what was heard after it meanwhile stays."""
    later = [entry for entry in transcript.entries if entry.seq > cursor]
    return replace(transcript, entries=(*page, *later), before=more, after=False, loaded=True)


def grown(transcript: Transcript, new: Sequence[Entry], *, keep_top: bool) -> Transcript:
    """With what was said now. `keep_top`: a person reads above, so that it is the end that may be let go."""
    if not new or transcript.after:
        return transcript
    last = transcript.entries[-1].seq if transcript.entries else 0
    entries = (*transcript.entries, *(entry for entry in new if entry.seq > last))
    if len(entries) <= KEEP or not transcript.loaded:
        return replace(transcript, entries=entries)
    if keep_top:
        return replace(transcript, entries=entries[:KEEP], after=True)
    return replace(transcript, entries=entries[-KEEP:], before=True)


def earlier(transcript: Transcript, page: Sequence[Entry], *, more: bool) -> Transcript:
    """With a page before its first entry."""
    first = transcript.entries[0].seq if transcript.entries else None
    entries = (*(e for e in page if first is None or e.seq < first), *transcript.entries)
    after = transcript.after or len(entries) > KEEP
    return replace(transcript, entries=entries[:KEEP], before=more, after=after)


def later(transcript: Transcript, page: Sequence[Entry], *, more: bool) -> Transcript:
    """With a page after its last entry."""
    last = transcript.entries[-1].seq if transcript.entries else 0
    entries = (*transcript.entries, *(entry for entry in page if entry.seq > last))
    before = transcript.before or len(entries) > KEEP
    return replace(transcript, entries=entries[-KEEP:], before=before, after=more)
