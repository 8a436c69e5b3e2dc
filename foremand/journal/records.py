"""The shapes that go into the journal and come out of it.

Facts and agent events share one sequence: whole numbers from 1, growing in the order of commits. A cursor is the
number of the last one seen.
"""

from msgspec import Struct

from foremand.core.facts import AnyFact

AGENT_EVENT = "AgentEvent"
"""The `type` of every item that is not a fact: one normalised event of an agent."""


class Entry(Struct, frozen=True):
    """A fact with its place in the sequence."""

    seq: int
    fact: AnyFact


class Request(Struct, frozen=True):
    """A mutation that a client may safely repeat: `answer` is stored with what it caused, and given again."""

    id: str
    answer: bytes


class Ingested(Struct, frozen=True, kw_only=True):
    """A part of an attempt's transcript, read and understood.

    The bytes from `start` to `offset` of the file `inode` gave `events`, each one JSON object on one line.
    `usage` and `reader_state` are opaque: what the reader needs to go on from `offset`.
    """

    task: int
    attempt: int
    at: float
    inode: int
    start: int
    offset: int
    events: list[bytes]
    usage: bytes = b""
    reader_state: bytes = b""


class Cursor(Struct, frozen=True):
    """How far an attempt's transcript is ingested, and what its reader knew there."""

    offset: int
    inode: int
    usage: bytes
    reader_state: bytes


class Folded(Struct, frozen=True):
    """A task as it was after fact `seq`: opaque to the journal, and only ever a copy of what the facts say."""

    seq: int
    body: bytes


class Item(Struct, frozen=True, gc=False):
    """A fact or an agent event as watchers see it. `body` is a JSON object; `attempt` is None for a fact."""

    seq: int
    at: float
    task: int
    type: str
    attempt: int | None
    body: bytes


class Page(Struct, frozen=True):
    """Items in order. `reached` is the cursor to go on from: nothing asked for is between the last item and it."""

    items: list[Item]
    reached: int


class Excerpt(Struct, frozen=True, kw_only=True):
    """Which items of one task are asked for: the facts, or the agent's events of `attempt`; the last `most` before
    `before`, or, where `after` is given, the first `most` after it."""

    task: int
    attempt: int | None = None
    before: int
    after: int | None = None
    most: int


class Record(Struct, frozen=True):
    """Neighbours in the sequence that are stored in one row: a fact, or a chunk of an attempt's events."""

    first: int
    at: float
    task: int
    type: str
    attempt: int | None
    bodies: list[bytes]

    @property
    def last(self) -> int:
        """The number of the last body."""
        return self.first + len(self.bodies) - 1

    def items(self, after: int = 0) -> list[Item]:
        """The record's items whose number is greater than `after`."""
        first = max(self.first, after + 1)
        bodies = self.bodies[first - self.first :] if first > self.first else self.bodies
        at, task, type_, attempt = self.at, self.task, self.type, self.attempt
        return [Item(seq, at, task, type_, attempt, body) for seq, body in enumerate(bodies, first)]
