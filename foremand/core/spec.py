"""What a pipeline file says, decoded, checked and completed: the plain data that the core decides on.

`foremand.pipeline` makes these from TOML; nothing else does. Every default of the contract is filled in and
every prompt file is read, so a `Pipeline` means the same wherever and whenever it is looked at: it is stored
with the task that started under it.

Durations are seconds, money is US dollars.
"""

from typing import Literal

from msgspec import Struct

Access = Literal["read", "write"]
Session = Literal["resume", "fresh"]
Scope = Literal["task", "stage"]
Strategy = Literal["squash", "merge"]
Publish = Literal["local", "push", "pull-request"]
GateKind = Literal["command", "secrets", "protected", "review", "human"]
LAND = "land"
"""The name under which landing stands wherever a stage's name may stand."""

POLICY_GATE = "foremand-policy"
"""The gate that every pipeline has at landing: a person for a change to `.foremand/**` (contract 3.2.1)."""


class Limits(Struct, frozen=True, kw_only=True):
    """Bounds on a task or, on a stage, on one attempt. None: no bound of this kind.

    `stall`: seconds without output and without CPU use after which an attempt is ended.
    """

    cost_usd: float | None = None
    tokens: int | None = None
    turns: int | None = None
    wall_clock: float | None = None
    stall: float | None = None
    attempts: int | None = None


class Price(Struct, frozen=True, kw_only=True):
    """US dollars for a million tokens: fresh ones in, those read from a cache, written to one, and those out."""

    input: float
    cached: float
    written: float
    output: float


class Agent(Struct, frozen=True, kw_only=True):
    """One `[agent.NAME]`. `command` is the CLI's argv, empty for the adapter's own default.

    `inherit`: the user's own instructions, tools and skills for this CLI come along. With a `price` its costs are
    counted by that, whatever the CLI says that they are.
    """

    name: str
    adapter: Literal["claude", "command"]
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    model: str | None = None
    env: tuple[str, ...] = ()
    permissions: Literal["auto", "edit", "full", "ask"] = "auto"
    allow: tuple[str, ...] = ()
    inherit: bool = False
    price: Price | None = None


class Gate(Struct, frozen=True, kw_only=True):
    """One `[gate.NAME]`. `definition` hashes everything that could change an answer: a verdict is kept with it.

    `paths` says to which changes the gate applies; for `protected` it is what must not be touched. An `advisory` gate
    is shown and never blocks. With `scope` "stage" it is asked at its stages alone, not at landing. `dir` is where a
    command runs and where its report lies, "" for the repository's top. `allow` are fingerprints of known secrets.
    `quorum` of the `reviewers` (names of agents) must approve; `prompt` is what they are told. `floor`: it is of the
    floor of the tip's own file, so nobody waives it.
    """

    name: str
    kind: GateKind
    definition: str
    paths: tuple[str, ...] = ()
    advisory: bool = False
    scope: Scope = "task"
    timeout: float = 900.0
    run: str | tuple[str, ...] = ()
    dir: str = ""
    network: bool = True
    junit: str | None = None
    min_tests: int = 1
    flaky_retries: int = 0
    allow: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()
    quorum: int = 0
    prompt: str = ""
    message: str = ""
    floor: bool = False


class OnFail(Struct, frozen=True, kw_only=True):
    """Where work goes that a gate refused, and how many times."""

    goto: str
    limit: int
    session: Session = "resume"


class Stage(Struct, frozen=True, kw_only=True):
    """One `[[stage]]`. `prompt` is the template's text, already read from its file or the built-in one.

    `others` do it, in their order, where `agent` is parked. Empty `agent`: a checkpoint of gates alone, which judges
    what the stage before it left.
    """

    name: str
    agent: str = ""
    others: tuple[str, ...] = ()
    access: Access = "write"
    prompt: str
    gates: tuple[str, ...] = ()
    on_fail: OnFail
    limits: Limits = Limits()
    allow_empty: bool = False

    @property
    def writes(self) -> bool:
        """Whether an agent may change files here."""
        return self.access == "write" and bool(self.agent)


class Land(Struct, frozen=True, kw_only=True):
    """`[land]`. `into` None: the file leaves it to the submit. `message` is a template, empty for the default.

    `fetch`: base and tip are the remote's.
    """

    into: str | None = None
    strategy: Strategy = "squash"
    publish: Publish = "local"
    fetch: bool = False
    gates: tuple[str, ...] = ()
    message: str = ""
    on_fail: OnFail
    on_conflict: OnFail


class Workspace(Struct, frozen=True, kw_only=True):
    """`[workspace]`. Empty `setup_key`: the whole tree. `setup_paths` None: all that the setup left ignored."""

    setup: str = ""
    setup_key: tuple[str, ...] = ()
    setup_paths: tuple[str, ...] | None = None
    setup_timeout: float = 900.0
    copy: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    cache: tuple[str, ...] = ()


class Profile(Struct, frozen=True, kw_only=True):
    """One `[profile.NAME]`: gates added to stages (or to `land`), stages skipped, limits lowered.

    A change that touches one of `paths` is raised to this profile.
    """

    name: str
    gates: dict[str, tuple[str, ...]] = {}
    skip: tuple[str, ...] = ()
    limits: Limits = Limits()
    paths: tuple[str, ...] = ()


class Floor(Struct, frozen=True, kw_only=True):
    """What nothing may go below: gates that every landing asks, limits that none exceeds."""

    gates: tuple[str, ...] = ()
    limits: Limits = Limits()


class Pipeline(Struct, frozen=True, kw_only=True):
    """A whole pipeline file. Names in it are checked: every lookup here succeeds."""

    version: int
    limits: Limits
    workspace: Workspace
    agents: dict[str, Agent]
    gates: dict[str, Gate]
    stages: tuple[Stage, ...]
    land: Land
    profiles: dict[str, Profile] = {}
    default_profile: str = ""
    floor: Floor = Floor()

    def stage(self, name: str) -> Stage:
        """The stage called `name`. Raises KeyError for `land` or an unknown name."""
        for stage in self.stages:
            if stage.name == name:
                return stage
        raise KeyError(name)

    def index(self, name: str) -> int:
        """The stage's place in the order of the pipeline; landing comes after all stages."""
        if name == LAND:
            return len(self.stages)
        return [stage.name for stage in self.stages].index(name)

    def gates_of(self, stage: str) -> tuple[Gate, ...]:
        """The gates asked at a stage, or at landing (`LAND`) the gates that `[land]` names, in file order."""
        names = self.land.gates if stage == LAND else self.stage(stage).gates
        return tuple(self.gates[name] for name in names)

    @property
    def last_writer(self) -> Stage:
        """The last stage that writes. A pipeline has at least one (contract 3.2.3)."""
        return [stage for stage in self.stages if stage.writes][-1]
