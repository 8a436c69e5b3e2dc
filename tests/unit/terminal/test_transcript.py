"""A transcript of any length in bounded memory: whatever is paged in and let go, what is here has no gap."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foremanctl.terminal import transcript as t
from foremanctl.terminal.transcript import Entry, Transcript
from foremand.v1 import foremand_pb2 as pb


def event(seq: int, attempt: int = 1, **data: Any) -> pb.Event:
    return pb.Event(seq=seq, type="AgentEvent", attempt=attempt, data=json.dumps(data).encode())


def said(*numbers: int) -> list[Entry]:
    return [Entry(number, "text", f"word {number}") for number in numbers]


def seqs(transcript: Transcript) -> list[int]:
    return [entry.seq for entry in transcript.entries]


def test_events_become_entries() -> None:
    events = [
        event(1, kind="text", text="hello"),
        event(2, kind="tool_call", tool="Bash", text="pytest"),
        event(3, kind="tool_result", text="1 failed", data={"is_error": True}),
        event(4, kind="usage"),
        event(5, kind="session", text="abc"),
        event(6, attempt=2, kind="text", text="another's"),
        pb.Event(seq=7, type="VerdictGiven", data=b"{}"),
        event(8, kind="text", text=""),
        event(9, kind="a kind of a later version", text="x"),
    ]
    assert t.entries_of(events, 1) == [
        Entry(1, "text", "hello"),
        Entry(2, "tool_call", "pytest", "Bash"),
        Entry(3, "tool_result", "1 failed", failed=True),
    ]


@pytest.mark.parametrize("data", [b"", b"nonsense", b"[]", b'{"kind": 5}', b"\xff\xfe"])
def test_what_cannot_be_read_is_shown_as_it_is(data: bytes) -> None:
    (entry,) = t.entries_of([pb.Event(seq=1, type="AgentEvent", attempt=1, data=data)], 1)
    assert entry.kind == "notice"


@pytest.mark.parametrize("kind", ["text", "tool_result"])
def test_a_very_long_text_is_cut_and_says_so(kind: str) -> None:
    (entry,) = t.entries_of([event(1, kind=kind, text="x" * (t.LONGEST + 7))], 1)
    assert len(entry.text) < t.LONGEST + 100
    assert entry.text.endswith("(7 more characters: e)")
    (nonsense,) = t.entries_of([pb.Event(seq=1, type="AgentEvent", attempt=1, data=b"x" * (t.LONGEST + 7))], 1)
    assert nonsense.text.endswith("(7 more characters: e)")


def test_what_is_heard_while_the_first_page_comes_is_kept_once() -> None:
    transcript = t.grown(Transcript(attempt=1), said(9, 10, 11), keep_top=False)
    transcript = t.begun(transcript, said(7, 8, 9, 10), more=True, cursor=10)
    assert seqs(transcript) == [7, 8, 9, 10, 11]
    assert transcript.before
    assert seqs(t.grown(transcript, said(10, 11, 12), keep_top=False)) == [7, 8, 9, 10, 11, 12]


def test_who_reads_above_keeps_what_they_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(t, "KEEP", 3)
    full = t.begun(Transcript(attempt=1), said(1, 2, 3), more=False, cursor=3)
    above = t.grown(full, said(4, 5), keep_top=True)
    assert (seqs(above), above.after, above.before) == ([1, 2, 3], True, False)
    assert t.grown(above, said(6), keep_top=True) is above, "a gap would come"
    below = t.grown(full, said(4, 5), keep_top=False)
    assert (seqs(below), below.after, below.before) == ([3, 4, 5], False, True)


def test_the_head_is_shown_only_at_the_beginning() -> None:
    head = Entry(0, "told", "do this")
    transcript = Transcript(attempt=1, head=(head,), entries=tuple(said(5)), before=True)
    assert transcript.shown == tuple(said(5))
    assert t.earlier(transcript, said(4), more=False).shown == (head, *said(4, 5))


STEPS = st.lists(st.tuples(st.sampled_from(["grow", "earlier", "later", "open"]), st.integers(1, 9)), max_size=30)


@settings(deadline=None)
@given(STEPS, st.integers(10, 60), st.booleans())
def test_whatever_is_read_there_is_no_gap(steps: list[tuple[str, int]], there: int, keep_top: bool) -> None:
    before, t.KEEP = t.KEEP, 20
    try:
        transcript = t.begun(
            Transcript(attempt=1), said(*range(max(1, there - 5), there + 1)), more=there > 6, cursor=there
        )
        for what, count in steps:
            here = seqs(transcript)
            if what == "grow":
                new = said(*range(there + 1, there + count + 1))
                there += count
                transcript = t.grown(transcript, new, keep_top=keep_top)
            elif what == "earlier" and transcript.before:
                first = max(1, here[0] - count)
                transcript = t.earlier(transcript, said(*range(first, here[0])), more=first > 1)
            elif what == "later" and transcript.after:
                last = min(there, here[-1] + count)
                transcript = t.later(transcript, said(*range(here[-1] + 1, last + 1)), more=last < there)
            here = seqs(transcript)
            assert here == list(range(here[0], here[-1] + 1))
            assert len(here) <= 20
            assert transcript.before == (here[0] > 1)
            assert transcript.after == (here[-1] < there)
    finally:
        t.KEEP = before
