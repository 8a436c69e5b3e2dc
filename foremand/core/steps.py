"""What there is to do: one frozen record for each kind of step, with the key that tells it from all others.

Which of them are wanted says `course.next_steps`; the engine carries them out.
"""

from typing import Literal

from msgspec import Struct

from . import facts as f
from .spec import Gate

WaitsFor = Literal["person", "stuck", "error", "trouble", "budget", "quota", "queue", "backoff"]


class World(Struct, frozen=True, kw_only=True):
    """What other tasks' facts mean for this one. `queue_turn`: it stands first in its landing queue."""

    queue_turn: bool = False


class Start(Struct, frozen=True, kw_only=True):
    """Fetch the repository, read the pipeline, pin both."""

    key: str = "start"


class RunAttempt(Struct, frozen=True, kw_only=True):
    """Have this attempt run to its end: prepare its workspace, start it, or adopt it where it already runs.

    `files`: the tree to lay in the workspace first, None to leave the files as they are. `resumes`: the session to
    continue. The limits are what the task has left.
    """

    number: int
    stage: str
    agent: str
    entered: str
    files: str | None = None
    resumes: str | None = None
    feedback: str = ""
    cost_usd: float | None = None
    turns: int | None = None
    wall_clock: float | None = None
    begun: bool = False

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


class Seal(Struct, frozen=True, kw_only=True):
    """Make the attempt's files a commit."""

    number: int

    @property
    def key(self) -> str:
        """One seal for one attempt."""
        return f"seal:{self.number}"


class RunGate(Struct, frozen=True, kw_only=True):
    """Run a command gate on a tree; `revision` is a commit that has it."""

    gate: Gate
    tree: str
    revision: str
    number: int
    on_base: bool = False

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
        subject = self.fact.key if isinstance(self.fact, f.TimeCame) else getattr(self.fact, "gate", "")
        return f"record:{type(self.fact).__name__}:{subject}"


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


Step = Start | RunAttempt | StopAttempt | Seal | RunGate | Record | BuildCandidate | Land | WakeAt | Wait
