"""Facts of people: what they answered and asked for."""

from .base import AtGate, Fact


class Approved(AtGate, frozen=True, kw_only=True, tag=True):
    """A person approved what `about` names."""

    by: str
    message: str = ""


class Waived(AtGate, frozen=True, kw_only=True, tag=True):
    """A person let one gate pass on one revision, with a reason."""

    by: str
    message: str


class Rejected(Fact, frozen=True, kw_only=True, tag=True):
    """A person ended the task at a human gate, or where it was stuck."""

    gate: str
    revision: str
    by: str
    message: str


class Reworked(Fact, frozen=True, kw_only=True, tag=True):
    """A person sent the work back with words of their own."""

    gate: str
    stage: str
    revision: str
    by: str
    message: str


class Retried(Fact, frozen=True, kw_only=True, tag=True):
    """A person asked to go on: errors are forgotten, an ended task is live again, limits are granted anew.

    `stage` is where the task stood. `gate`: a gate whose failures are forgotten too, so that it is asked again.
    `agent`: who does the next attempt of the stage `to`.
    """

    by: str
    stage: str
    gate: str = ""
    message: str = ""
    fresh: bool = False
    agent: str = ""
    to: str = ""


class Paused(Fact, frozen=True, kw_only=True, tag=True):
    """A person has the task stand still: its agent is interrupted, its session kept."""

    by: str


class Resumed(Fact, frozen=True, kw_only=True, tag=True):
    """A person lets the task go on, also before a quota's end."""

    by: str


class Prioritized(Fact, frozen=True, kw_only=True, tag=True):
    """A person gave the task another place among those that wait for a slot: the higher `priority` is served first."""

    by: str
    priority: int


class Said(Fact, frozen=True, kw_only=True, tag=True):
    """A person has something to tell the agent. It opens the next attempt, unless the one that runs hears it first;
    `key` is a UUID by which that is known, empty for what is not told to one that runs. `interrupt`: one that runs
    leaves what it is at, and goes on with this."""

    by: str
    message: str
    key: str = ""
    interrupt: bool = False


class Taken(Fact, frozen=True, kw_only=True, tag=True):
    """A person takes the workspace to work on a stage by hand: its agent is stopped."""

    by: str
    stage: str


class HandedOver(Fact, frozen=True, kw_only=True, tag=True):
    """The workspace is ready for the person who took it: nothing of the task runs in it."""

    path: str


class Given(Fact, frozen=True, kw_only=True, tag=True):
    """The person gives the workspace back. What they left is sealed as an attempt of theirs."""

    by: str
    message: str = ""


class CancelRequested(Fact, frozen=True, kw_only=True, tag=True):
    """A person wants the task to stop."""

    by: str
    message: str = ""
