"""Facts of gates: what machines saw, and what is asked."""

from .base import AtGate, Fact, Result, Verdict


class GateStarted(Fact, frozen=True, kw_only=True, tag=True):
    """A command or secrets gate begins to run on a tree (secrets: on commits); `run` names its directory."""

    gate: str
    definition: str
    tree: str
    run: str
    on_base: bool = False


class GateRan(Fact, frozen=True, kw_only=True, tag=True):
    """What a command gate's process did on a tree (a secrets gate's: on commits): an observation, not yet a verdict.

    `setup_running`: seconds that a setup ran for it before.
    """

    gate: str
    definition: str
    tree: str
    result: Result
    reason: str
    output: str = ""
    run: str = ""
    on_base: bool = False
    running: float = 0.0
    setup_running: float = 0.0


class VerdictGiven(AtGate, frozen=True, kw_only=True, tag=True):
    """A machine's answer at a gate: about `about`, by `definition`, and about nothing else."""

    verdict: Verdict
    reason: str


class PersonAsked(AtGate, frozen=True, kw_only=True, tag=True):
    """A human gate stands open on a revision."""

    message: str = ""
