"""From a gate's table to a `core.spec.Gate`, with the hash over all that could change its answer."""

import hashlib

import msgspec

from foremand.core import durations, spec
from foremand.pipeline import values
from foremand.pipeline.gate_tables import AnyGate, CommandGate, HumanGate, ProtectedGate, ReviewGate, SecretsGate

SCANNER = 2
"""The version of the secrets scanner: raised when it finds other things, so that no older answer is used again."""


Values = dict[str, object]


def gate_spec(
    name: str, table: AnyGate, workspace: spec.Workspace, agents: dict[str, spec.Agent], template: str = ""
) -> spec.Gate:
    """The gate as the core knows it. `template` is the whole prompt of a review."""
    match table:
        case CommandGate():
            return _command(name, table, workspace)
        case SecretsGate():
            own = {"timeout": durations.seconds(table.timeout), "allow": table.allow}
            return _gate(name, "secrets", table, {"allow": sorted(table.allow), "scanner": SCANNER}, own)
        case ReviewGate():
            return _review(name, table, agents, template)
        case ProtectedGate():
            return _gate(name, "protected", table, {}, {})
        case HumanGate():
            return human(name, table)


def human(name: str, table: HumanGate) -> spec.Gate:
    """A person's gate."""
    return _gate(name, "human", table, {"message": table.message}, {"message": table.message})


def _command(name: str, table: CommandGate, workspace: spec.Workspace) -> spec.Gate:
    own: Values = {
        "run": table.run,
        "dir": values.normal(table.dir) if table.dir else "",
        "junit": values.normal(table.junit) if table.junit else None,
        "min_tests": table.min_tests or 1,
        "flaky_retries": table.flaky_retries,
        "network": table.network,
        "timeout": durations.seconds(table.timeout),
    }
    # What the setup makes, what is copied in and what the environment holds is what the command finds.
    finds: Values = {
        "setup": [workspace.setup, workspace.setup_key, workspace.setup_paths],
        "copy": workspace.copy,
        "env": workspace.env,
    }
    return _gate(name, "command", table, own | finds, own)


def _review(name: str, table: ReviewGate, agents: dict[str, spec.Agent], template: str) -> spec.Gate:
    both: Values = {"quorum": table.quorum or len(table.reviewers), "prompt": template}
    judges = [agents[reviewer] for reviewer in table.reviewers]
    # Two entries that are the same agent are still two reviewers, and each has its own answer.
    who = [
        [each.name, each.adapter, each.model, each.command, each.args, *(["inherits"] if each.inherit else [])]
        for each in judges
    ]
    own: Values = {"timeout": durations.seconds(table.timeout), "reviewers": table.reviewers}
    return _gate(name, "review", table, {"reviewers": who, **both}, own | both)


def _gate(name: str, kind: str, table: AnyGate, decides: Values, own: Values) -> spec.Gate:
    """The gate with its `own` values. What `decides` its answer is in its definition, beside its kind and paths."""
    paths = table.paths or ()
    shared: Values = {"name": name, "kind": kind, "paths": paths, "scope": table.scope}
    if not isinstance(table, HumanGate):
        shared["advisory"] = table.advisory
    definition = _definition({"kind": kind, "paths": paths, **decides})
    return msgspec.convert({**shared, **own, "definition": definition}, spec.Gate)


def _definition(decides: Values) -> str:
    """The gate's name is not part of it: verdicts are kept with that too."""
    return hashlib.sha256(msgspec.json.encode(decides, order="sorted")).hexdigest()
