"""The tables of gates: one for each kind, with the keys that mean something for it."""

from typing import Annotated

from msgspec import UNSET, UnsetType

from foremand.core.spec import Scope
from foremand.pipeline import values as v
from foremand.pipeline.tables import Table, says
from foremand.pipeline.values import Hint

_Paths = Annotated[
    v.Globs | UnsetType,
    says("Patterns as in .gitignore: the gate applies only to a change that touches one. Default: every change."),
]
_Advisory = Annotated[v.Truth, says("Whether its answer is shown and never blocks.")]
_Scope = Annotated[Scope, says("stage: it must hold at its stages alone and is not asked at landing.")]
_Timeout = Annotated[v.Duration, says("How long an answer may take.")]


class GateTable(Table, frozen=True, kw_only=True, tag_field="kind"):
    """What gates of every kind have."""

    paths: _Paths = UNSET
    scope: _Scope = "task"


class CommandGate(GateTable, frozen=True, kw_only=True, tag="command"):
    """Passes when a command ends with exit code 0 in a clean checkout of its own."""

    run: Annotated[
        v.ShellCommand,
        says("Text runs in bash -eo pipefail; a list of words runs without a shell."),
        Hint(missing="missing: the command that has to end with exit code 0"),
    ]
    dir: Annotated[v.Path | UnsetType, says("The folder where it runs. Default: the repository's top.")] = UNSET
    junit: Annotated[v.Path | UnsetType, says("A JUnit report that the command writes, seen from dir.")] = UNSET
    min_tests: Annotated[v.Count | UnsetType, says("Tests that the report must hold. Default: 1.")] = UNSET
    flaky_retries: Annotated[v.Retries, says("How often a fail is tried again; a pass is then shown as flaky.")] = 0
    network: Annotated[v.Truth, says("Whether the command reaches the network.")] = True
    advisory: _Advisory = False
    timeout: _Timeout = "15m"


class SecretsGate(GateTable, frozen=True, kw_only=True, tag="secrets"):
    """Passes when no commit that would land holds a secret."""

    allow: Annotated[v.Fingerprints, says("Fingerprints, as the gate prints them, of what is no secret.")] = ()
    advisory: _Advisory = False
    timeout: _Timeout = "15m"


class ProtectedGate(GateTable, frozen=True, kw_only=True, tag="protected"):
    """Passes when the change touches none of its paths."""

    paths: Annotated[
        v.Globs,
        says("Patterns as in .gitignore of what no change may touch, by old or new name."),
        Hint(missing="missing: what no change may touch"),
    ]
    advisory: _Advisory = False


class ReviewGate(GateTable, frozen=True, kw_only=True, tag="review"):
    """Passes when enough reviewers approve: agents in fresh read-only sessions, never the author."""

    reviewers: Annotated[
        v.SomeReferences,
        says("The [agent.NAME]s that review."),
        Hint(missing="missing: the agents that review"),
    ]
    quorum: Annotated[v.Count | UnsetType, says("How many must approve. Default: all.")] = UNSET
    prompt: Annotated[
        v.Line | UnsetType,
        says("Template as of a stage, or builtin:review (the default) or builtin:security-review."),
    ] = UNSET
    prompt_file: Annotated[v.Line | UnsetType, says("A file beside the pipeline that holds the template.")] = UNSET
    advisory: _Advisory = False
    timeout: _Timeout = "15m"


class HumanGate(GateTable, frozen=True, kw_only=True, tag="human"):
    """Passes when a person approved."""

    message: Annotated[v.Text, says("What the person is asked.")] = ""


AnyGate = CommandGate | SecretsGate | ProtectedGate | ReviewGate | HumanGate
