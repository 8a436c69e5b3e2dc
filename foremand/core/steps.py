"""What there is to do: one frozen record for each kind of step, with the key that tells it from all others.

Which of them are wanted says `course.next_steps`; the engine carries them out.
"""

from typing import Literal

from msgspec import Struct

from . import facts as f
from .spec import Gate
from .task import Hold

WaitsFor = Literal[
    "person", "stuck", "error", "trouble", "budget", "quota", "needs", "paused", "taken", "queue", "backoff", "question"
]


class World(Struct, frozen=True, kw_only=True):
    """What other tasks' facts mean for this one.

    `queue_turn`: it stands first in its landing queue. `hold`: why nothing new of it may start. `left_usd`: what the
    day's budget leaves it. `free`: agents whose use is no money, so that no budget of the day bounds them.
    """

    queue_turn: bool = False
    hold: Hold | None = None
    left_usd: float | None = None
    free: frozenset[str] = frozenset()

    def hold_of(self, agent: str) -> Hold | None:
        """What keeps this agent from starting; without one, the task itself: who will work is not known yet then."""
        spent = self.hold is not None and self.hold.on == "budget"
        return None if spent and (agent in self.free if agent else self.free) else self.hold

    def left_for(self, agent: str) -> float | None:
        """What the day's budget leaves this agent, in US dollars; None where it does not bound it."""
        return None if agent in self.free else self.left_usd


class Start(Struct, frozen=True, kw_only=True):
    """Fetch the repository, read the pipeline, pin both."""

    key: str = "start"


class RunAttempt(Struct, frozen=True, kw_only=True):
    """Have this attempt run to its end: prepare its workspace, start it, or adopt it where it already runs.

    `files`: the tree to lay in the workspace first, None to leave the files as they are. `resumes`: the session to
    continue. The limits are what the task has left, `day_usd` is what the day has. With a `gate` it is a reviewer's
    run, in a checkout of `entered`.
    """

    number: int
    stage: str
    agent: str
    entered: str
    files: str | None = None
    resumes: str | None = None
    feedback: str = ""
    cost_usd: float | None = None
    tokens: int | None = None
    turns: int | None = None
    wall_clock: float | None = None
    stall: float | None = None
    day_usd: float | None = None
    begun: bool = False
    gate: str = ""
    definition: str = ""
    about: str = ""

    @property
    def key(self) -> str:
        """The same before and after the attempt has started."""
        return f"attempt:{self.number}"


class StopAttempt(Struct, frozen=True, kw_only=True):
    """End the attempt's processes; its `RunAttempt` sees it end.

    `unwatched`: why it cannot be supervised. It is then ended, and its end recorded, without that.
    """

    number: int
    reason: str
    unwatched: str = ""

    @property
    def key(self) -> str:
        """One stop for one attempt."""
        return f"stop:{self.number}"


class HandOver(Struct, frozen=True, kw_only=True):
    """Make the workspace ready for the person who took the task: `files` laid, or as they are where that is None."""

    entered: str
    files: str | None = None
    key: str = "hand-over"


class Sign(Struct, frozen=True, kw_only=True):
    """Have the user's git sign the candidate: the last thing before the branch may move."""

    candidate: int
    commit: str

    @property
    def key(self) -> str:
        """One candidate, one signature."""
        return f"sign:{self.candidate}"


class Seal(Struct, frozen=True, kw_only=True):
    """Make the attempt's files a commit."""

    number: int

    @property
    def key(self) -> str:
        """One seal for one attempt."""
        return f"seal:{self.number}"


class RunGate(Struct, frozen=True, kw_only=True):
    """Run a command gate on a tree; `revision` is a commit that has it. A secrets gate reads `commits`."""

    gate: Gate
    tree: str
    revision: str
    number: int
    on_base: bool = False
    commits: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """One try of one definition on one tree."""
        return f"gate:{self.gate.definition[:16]}:{self.tree}:{self.number}"


class Record(Struct, frozen=True, kw_only=True):
    """Write down what follows from the facts."""

    fact: f.AnyFact

    @property
    def key(self) -> str:
        """The fact's kind and subject: the fact itself makes the step go away."""
        named = (getattr(self.fact, name, "") for name in ("key", "gate", "profile"))
        return f"record:{type(self.fact).__name__}:{next(filter(None, named), '')}"


class BuildCandidate(Struct, frozen=True, kw_only=True):
    """Put `source` (its change since `base`) as one commit on the branch's tip."""

    number: int
    source: str
    base: str

    @property
    def key(self) -> str:
        """One candidate, one build."""
        return f"candidate:{self.number}"


class Land(Struct, frozen=True, kw_only=True):
    """Move the branch from the candidate's tip to the candidate, if it still is the tip."""

    candidate: int
    old: str
    new: str
    tree: str

    @property
    def key(self) -> str:
        """One candidate, one landing."""
        return f"land:{self.candidate}"


class WakeAt(Struct, frozen=True, kw_only=True):
    """Ask again at this time."""

    at: float
    key: str


class Wait(Struct, frozen=True, kw_only=True):
    """Nothing to do before somebody else moves: who, and why. `detail`: the whole of it, where one line is short."""

    on: WaitsFor
    reason: str
    stage: str = ""
    detail: str = ""

    @property
    def key(self) -> str:
        """There is one wait at a time."""
        return "wait"


Step = (
    Start | RunAttempt | StopAttempt | HandOver | Seal | RunGate | Record | BuildCandidate | Sign | Land | WakeAt | Wait
)
