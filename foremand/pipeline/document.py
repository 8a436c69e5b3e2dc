"""The pipeline file as it is written: its tables and keys, their types, defaults and meaning.

`decode` reads a file by these types and `schema` makes the JSON Schema from them. The docstrings of the tables
and the descriptions of the keys are what editors show. What another key refers to is checked in `rules`; what
a key of the contract means that stands in no table here is in `LATER`, and answers "not in this version".
"""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from foremand.core.spec import Publish, Session, Strategy
from foremand.pipeline import values as v
from foremand.pipeline.gate_tables import AnyGate
from foremand.pipeline.tables import AttemptLimits, LowerLimits, Table, TaskLimits, says
from foremand.pipeline.values import Hint


class WorkspaceTable(Table, frozen=True, kw_only=True):
    """What a checkout needs before an agent or a gate can work in it."""

    setup: Annotated[v.Line | UnsetType, says("Shell command that prepares a fresh checkout, network on.")] = UNSET
    setup_key: Annotated[
        v.SomePaths | UnsetType,
        says("Files that decide what the setup makes: it runs again when one changes. Default: the whole tree."),
    ] = UNSET
    setup_paths: Annotated[
        v.PathList | UnsetType,
        says("What the setup makes, kept for every workspace and gate. Default: all it left ignored."),
    ] = UNSET
    setup_timeout: Annotated[v.Duration, says("How long the setup may take.")] = "15m"
    copy: Annotated[v.PathList, says("Ignored files to bring along; they are never part of the work.")] = ()
    env: Annotated[v.EnvNames, says("Names of variables that agents and gates may see.")] = ()
    cache: Annotated[
        v.Caches, says("Download caches, such as ~/.cache/pip, to share; your settings' allow_cache must name them.")
    ] = ()


class PriceTable(Table, frozen=True, kw_only=True):
    """What an agent's model costs, in US dollars for a million tokens."""

    input: Annotated[v.Dollars, says("Tokens in.")]
    cached: Annotated[v.Dollars | UnsetType, says("Tokens in that are read from a cache. Default: as tokens in.")] = (
        UNSET
    )
    written: Annotated[v.Dollars | UnsetType, says("Tokens in that are written to a cache. Default: as tokens in.")] = (
        UNSET
    )
    output: Annotated[v.Dollars, says("Tokens out.")]


class AgentTable(Table, frozen=True, kw_only=True):
    """A coding agent: which command line it is, and how it is started."""

    adapter: Annotated[
        Literal["claude", "command"],
        says("How foremand talks to it: Claude Code, or any program."),
        Hint(later=("codex", "acp")),
    ]
    model: Annotated[v.Line | UnsetType, says("The model, as the agent's command line names it.")] = UNSET
    command: Annotated[
        v.Program | UnsetType,
        says("The command line tool; for the adapter command the whole agent. No shell reads it."),
    ] = UNSET
    args: Annotated[v.Words, says("Further arguments.")] = ()
    env: Annotated[v.EnvNames, says("Names of variables that reach this agent alone: its credentials.")] = ()
    permissions: Annotated[
        Literal["auto", "edit", "full", "ask"],
        says(
            "What it may do unasked: auto is everything inside the sandbox, and edit where there is none. "
            "ask is edit, and a person is asked for all else."
        ),
    ] = "auto"
    allow: Annotated[v.Words, says("Commands that it may run under edit and ask, such as pytest or npm *.")] = ()
    inherit: Annotated[
        bool,
        says(
            "Copies of your own CLAUDE.md, MCP servers and skills come along: what they can reach, it can. "
            "Your settings' allow_inherit must name the repository."
        ),
    ] = False
    price: Annotated[
        PriceTable | UnsetType, says("What its model costs, where its command line tool does not know that.")
    ] = UNSET


class SendBack(Table, frozen=True, kw_only=True):
    """Where refused work goes. Default: the last writing stage, once, then a person."""

    goto: Annotated[v.Reference | UnsetType, says("The stage to go to.")] = UNSET
    limit: Annotated[v.Times, says("How many times; after that a person is asked.")] = 1


class OnFail(Table, frozen=True, kw_only=True):
    """Where refused work goes. Default: to this stage, twice, in the same session; then a person."""

    goto: Annotated[v.Reference | UnsetType, says("This stage or an earlier one.")] = UNSET
    limit: Annotated[v.Times, says("How many times; after that a person is asked.")] = 2
    session: Annotated[Session, says("Whether the agent goes on in its session or starts a fresh one.")] = "resume"


class StageTable(Table, frozen=True, kw_only=True):
    """One step of the work: an agent, what it is told, and the gates that judge what it leaves."""

    name: Annotated[v.Name, says("Its name, not land.")]
    agent: Annotated[
        v.Agents | UnsetType,
        says(
            "The [agent.NAME] that does it, or a list: the next where one is out of quota. "
            "Without one it is a checkpoint: its gates judge what the stages before it left."
        ),
    ] = UNSET
    access: Annotated[
        Literal["write", "read"] | UnsetType,
        says("Whether it may change files; a reading stage hands on what it says. Default: write."),
    ] = UNSET
    prompt: Annotated[
        v.Line | UnsetType,
        says("Template with {{ task }}, {{ stages.NAME }}, {{ feedback }}, {{ diff }}, or builtin:NAME."),
    ] = UNSET
    prompt_file: Annotated[v.Line | UnsetType, says("A file beside the pipeline that holds the template.")] = UNSET
    gates: Annotated[v.References, says("The gates that judge its work.")] = ()
    on_fail: OnFail = msgspec.field(default_factory=OnFail)
    limits: AttemptLimits = msgspec.field(default_factory=AttemptLimits)
    allow_empty: Annotated[v.Truth, says("Whether a writing stage may change nothing.")] = False

    @property
    def agents(self) -> tuple[str, ...]:
        """Who does it, in their order; none for a checkpoint, "" for one that could not be read."""
        if isinstance(self.agent, UnsetType):
            return ()
        return (self.agent,) if isinstance(self.agent, str) else self.agent

    @property
    def writes(self) -> bool:
        """Whether an agent may change files here."""
        return bool(self.agents) and self.access != "read"


class LandTable(Table, frozen=True, kw_only=True):
    """How accepted work comes onto the branch."""

    into: Annotated[v.Branch | UnsetType, says("The branch. Default: the one checked out at submit.")] = UNSET
    strategy: Annotated[
        Strategy, says("squash: one commit for the task. merge: one for each writing stage, and a merge commit.")
    ] = "squash"
    publish: Annotated[
        Publish, says("local: the branch here moves. push: and is pushed. pull-request: one is opened instead.")
    ] = "local"
    fetch: Annotated[v.Truth, says("Whether work begins at, and lands on, the remote's branch, fetched.")] = False
    gates: Annotated[v.References, says("The gates that judge what lands.")] = ()
    message: Annotated[v.Text, says("Template of the commit message. Default: title, summary, trailers.")] = ""
    on_fail: SendBack = msgspec.field(default_factory=SendBack)
    on_conflict: SendBack = msgspec.field(default_factory=SendBack)


class ProfileTable(Table, frozen=True, kw_only=True):
    """More gates and lower limits, for a submit that names it or a change that touches its paths."""

    gates: Annotated[dict[str, v.References], says("Gates added, by the stage, or land, where they are asked.")] = (
        msgspec.field(default_factory=dict)
    )
    skip: Annotated[v.References, says("Stages left out.")] = ()
    limits: LowerLimits = msgspec.field(default_factory=LowerLimits)
    paths: Annotated[
        v.Globs | UnsetType,
        says("Patterns as in .gitignore: a change that touches one is raised to this profile."),
    ] = UNSET


class FloorTable(Table, frozen=True, kw_only=True):
    """What no profile may skip or exceed."""

    gates: Annotated[v.References, says("Gates that every task is asked.")] = ()
    limits: LowerLimits = msgspec.field(default_factory=LowerLimits)


class Document(Table, frozen=True, kw_only=True):
    """A foremand pipeline: agents do stages, gates judge them, and only what passed lands."""

    version: Annotated[Literal[1], says("The version of this format."), Hint("1", missing="missing: write version = 1")]
    default_profile: Annotated[v.Reference | UnsetType, says("The [profile.NAME] of a submit that names none.")] = UNSET
    limits: TaskLimits = msgspec.field(default_factory=TaskLimits)
    workspace: WorkspaceTable = msgspec.field(default_factory=WorkspaceTable)
    agent: Annotated[dict[str, AgentTable], says("The agents by name.")] = msgspec.field(default_factory=dict)
    gate: Annotated[dict[str, AnyGate], says("The gates by name.")] = msgspec.field(default_factory=dict)
    stage: Annotated[
        tuple[StageTable, ...],
        Meta(description="The stages in their order.", extra_json_schema={"minItems": 1}),
        Hint(missing="missing: a pipeline has at least one [[stage]]"),
    ]
    land: LandTable = msgspec.field(default_factory=LandTable)
    profile: Annotated[dict[str, ProfileTable], says("The profiles by name.")] = msgspec.field(default_factory=dict)
    floor: FloorTable = msgspec.field(default_factory=FloorTable)

    @property
    def landing(self) -> tuple[str, ...]:
        """The gates that every landing asks by name: those of [land], and those of the floor that no stage asks."""
        asked = {gate for stage in self.stage for gate in stage.gates} | set(self.land.gates)
        return (*self.land.gates, *(gate for gate in self.floor.gates if gate not in asked))

    def responsible(self, place: int) -> StageTable:
        """Which stage puts right what this one's gates refuse: itself; for a checkpoint the last before it that
        writes or, where nothing has been written yet, the last that says something; itself where there is none."""
        if self.stage[place].agents:
            return self.stage[place]
        before = [stage for stage in self.stage[:place] if stage.agents]
        return ([stage for stage in before if stage.writes] or before or [self.stage[place]])[-1]
