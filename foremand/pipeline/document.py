"""The pipeline file as it is written: its tables and keys, their types, defaults and meaning, in one place.

`decode` reads a file by these types and `schema` makes the JSON Schema from them. The docstrings of the tables
and the descriptions of the keys are what editors show. What another key refers to is checked in `rules`; what
a key of the contract means that stands in no table here is in `LATER`, and answers "not in this version".
"""

from typing import Annotated, ClassVar, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from foremand.core.spec import Session
from foremand.pipeline import values as v
from foremand.pipeline.values import Hint


def _says(description: str) -> Meta:
    return Meta(description=description)


class Table(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the file. `LATER` names the contract's keys that this version does not do."""

    LATER: ClassVar[frozenset[str]] = frozenset()


class TaskLimits(Table, frozen=True, kw_only=True):
    """Bounds on a whole task. Only time in which an attempt, setup or gate of the task runs is counted."""

    LATER = frozenset({"tokens", "stall"})

    cost_usd: Annotated[v.Dollars, _says("US dollars that all attempts together may cost.")] = 5.0
    turns: Annotated[v.Count | UnsetType, _says("Turns of agents, all attempts together.")] = UNSET
    wall_clock: Annotated[v.Duration, _says("Running time, such as 90s, 45m, 2h.")] = "2h"
    attempts: Annotated[v.Attempts, _says("Agent runs in all.")] = 12


class AttemptLimits(Table, frozen=True, kw_only=True):
    """Bounds on one attempt of this stage."""

    LATER = frozenset({"tokens", "stall"})

    cost_usd: Annotated[v.Dollars | UnsetType, _says("US dollars that one attempt may cost.")] = UNSET
    turns: Annotated[v.Count | UnsetType, _says("Turns of one attempt.")] = UNSET
    wall_clock: Annotated[v.Duration | UnsetType, _says("Running time of one attempt.")] = UNSET


class WorkspaceTable(Table, frozen=True, kw_only=True):
    """What a checkout needs before an agent or a gate can work in it."""

    LATER = frozenset({"cache"})

    setup: Annotated[v.Line | UnsetType, _says("Shell command that prepares a fresh checkout, network on.")] = UNSET
    setup_key: Annotated[
        v.SomePaths | UnsetType,
        _says("Files that decide what the setup makes: it runs again when one changes. Default: the whole tree."),
    ] = UNSET
    setup_paths: Annotated[
        v.PathList | UnsetType,
        _says("What the setup makes, kept for every workspace and gate. Default: all it left ignored."),
    ] = UNSET
    setup_timeout: Annotated[v.Duration, _says("How long the setup may take.")] = "15m"
    copy: Annotated[v.PathList, _says("Ignored files to bring along; they are never part of the work.")] = ()
    env: Annotated[v.EnvNames, _says("Names of variables that agents and gates may see.")] = ()


class AgentTable(Table, frozen=True, kw_only=True):
    """A coding agent: which command line it is, and how it is started."""

    LATER = frozenset({"inherit", "price"})

    adapter: Annotated[
        Literal["claude", "command"],
        _says("How foremand talks to it: Claude Code, or any program."),
        Hint(later=("codex", "acp")),
    ]
    model: Annotated[v.Line | UnsetType, _says("The model, as the agent's command line names it.")] = UNSET
    command: Annotated[
        v.Program | UnsetType,
        _says("The command line tool; for the adapter command the whole agent. No shell reads it."),
    ] = UNSET
    args: Annotated[v.Words, _says("Further arguments.")] = ()
    env: Annotated[v.EnvNames, _says("Names of variables that reach this agent alone: its credentials.")] = ()
    permissions: Annotated[
        Literal["auto", "edit", "full"],
        _says("What it may do unasked: auto is everything inside the sandbox, and edit where there is none."),
        Hint(later=("ask",)),
    ] = "auto"
    allow: Annotated[v.Words, _says("Commands that it may run under edit, such as pytest or npm *.")] = ()


class GateTable(Table, frozen=True, kw_only=True, tag_field="kind"):
    """What gates of every kind have."""

    LATER = frozenset({"advisory", "scope", "dir"})
    LATER_KINDS: ClassVar[tuple[str, ...]] = ("secrets", "protected", "review")

    paths: Annotated[
        v.Globs | UnsetType,
        _says("Patterns as in .gitignore: the gate applies only to a change that touches one. Default: every change."),
    ] = UNSET
    timeout: Annotated[v.Duration, _says("How long an answer may take.")] = "15m"


class CommandGate(GateTable, frozen=True, kw_only=True, tag="command"):
    """Passes when a command ends with exit code 0 in a clean checkout of its own."""

    LATER = GateTable.LATER | {"flaky_retries", "network"}

    run: Annotated[
        v.ShellCommand,
        _says("Text runs in bash -eo pipefail; a list of words runs without a shell."),
        Hint(missing="missing: the command that has to end with exit code 0"),
    ]
    junit: Annotated[v.Path | UnsetType, _says("A JUnit report that the command writes.")] = UNSET
    min_tests: Annotated[v.Count | UnsetType, _says("Tests that the report must hold. Default: 1.")] = UNSET


class HumanGate(GateTable, frozen=True, kw_only=True, tag="human"):
    """Passes when a person approved."""

    message: Annotated[v.Text, _says("What the person is asked.")] = ""


class SendBack(Table, frozen=True, kw_only=True):
    """Where refused work goes. Default: the last writing stage, once, then a person."""

    goto: Annotated[v.Reference | UnsetType, _says("The stage to go to.")] = UNSET
    limit: Annotated[v.Times, _says("How many times; after that a person is asked.")] = 1


class OnFail(Table, frozen=True, kw_only=True):
    """Where refused work goes. Default: to this stage, twice, in the same session; then a person."""

    goto: Annotated[v.Reference | UnsetType, _says("This stage or an earlier one.")] = UNSET
    limit: Annotated[v.Times, _says("How many times; after that a person is asked.")] = 2
    session: Annotated[Session, _says("Whether the agent goes on in its session or starts a fresh one.")] = "resume"


class StageTable(Table, frozen=True, kw_only=True):
    """One step of the work: an agent, what it is told, and the gates that judge what it leaves."""

    name: Annotated[v.Name, _says("Its name, not land.")]
    agent: Annotated[
        v.Reference,
        _says("The [agent.NAME] that does it."),
        Hint(
            "the name of an agent",
            later=(list,),
            missing="missing; a stage without an agent, a checkpoint of gates alone, is not in this version",
        ),
    ]
    access: Annotated[
        Literal["write", "read"], _says("Whether it may change files; a reading stage hands on what it says.")
    ] = "write"
    prompt: Annotated[
        v.Line | UnsetType,
        _says("Template with {{ task }}, {{ stages.NAME }}, {{ feedback }}, {{ diff }}, or builtin:NAME."),
    ] = UNSET
    prompt_file: Annotated[v.Line | UnsetType, _says("A file beside the pipeline that holds the template.")] = UNSET
    gates: Annotated[v.References, _says("The gates that judge its work.")] = ()
    on_fail: OnFail = msgspec.field(default_factory=OnFail)
    limits: AttemptLimits = msgspec.field(default_factory=AttemptLimits)
    allow_empty: Annotated[bool, _says("Whether a writing stage may change nothing."), Hint("true or false")] = False


class LandTable(Table, frozen=True, kw_only=True):
    """How accepted work comes onto the branch."""

    LATER = frozenset({"publish", "fetch"})

    into: Annotated[v.Branch | UnsetType, _says("The branch. Default: the one checked out at submit.")] = UNSET
    strategy: Annotated[Literal["squash"], _says("One commit for the task."), Hint(later=("merge",))] = "squash"
    gates: Annotated[v.References, _says("The gates that judge what lands.")] = ()
    message: Annotated[v.Text, _says("Template of the commit message. Default: title, summary, trailers.")] = ""
    on_fail: SendBack = msgspec.field(default_factory=SendBack)
    on_conflict: SendBack = msgspec.field(default_factory=SendBack)


class Document(Table, frozen=True, kw_only=True):
    """A foremand pipeline: agents do stages, gates judge them, and only what passed lands."""

    LATER = frozenset({"default_profile", "profile", "floor"})

    version: Annotated[
        Literal[1], _says("The version of this format."), Hint("1", missing="missing: write version = 1")
    ]
    limits: TaskLimits = msgspec.field(default_factory=TaskLimits)
    workspace: WorkspaceTable = msgspec.field(default_factory=WorkspaceTable)
    agent: Annotated[dict[str, AgentTable], _says("The agents by name.")] = {}
    gate: Annotated[dict[str, CommandGate | HumanGate], _says("The gates by name.")] = {}
    stage: Annotated[
        tuple[StageTable, ...],
        Meta(description="The stages in their order.", extra_json_schema={"minItems": 1}),
        Hint(missing="missing: a pipeline has at least one [[stage]]"),
    ]
    land: LandTable = msgspec.field(default_factory=LandTable)
