"""From a gate's table to a `core.spec.Gate`, with the hash over all that could change its answer."""

import hashlib

import msgspec

from foremand.core import durations, spec
from foremand.pipeline import values
from foremand.pipeline.gate_tables import AnyGate, CommandGate, HumanGate, ProtectedGate, ReviewGate, SecretsGate

SCANNER = 2
"""The version of the secrets scanner: raised when it finds other things, so that no older answer is used again."""


def gate_spec(
    name: str, table: AnyGate, workspace: spec.Workspace, agents: dict[str, spec.Agent], template: str = ""
) -> spec.Gate:
    """The gate as the core knows it. `template` is the whole prompt of a review."""
    if isinstance(table, CommandGate):
        return _command(name, table, workspace)
    if isinstance(table, SecretsGate):
        return _secrets(name, table)
    if isinstance(table, ReviewGate):
        return _review(name, table, agents, template)
    paths = table.paths or ()
    if isinstance(table, ProtectedGate):
        decides: dict[str, object] = {"kind": "protected", "paths": paths}
        return spec.Gate(
            name=name,
            kind="protected",
            definition=_definition(decides),
            paths=paths,
            advisory=table.advisory,
            scope=table.scope,
        )
    return human(name, table)


def human(name: str, table: HumanGate) -> spec.Gate:
    """A person's gate."""
    paths = table.paths or ()
    decides: dict[str, object] = {"kind": "human", "message": table.message, "paths": paths}
    return spec.Gate(
        name=name,
        kind="human",
        definition=_definition(decides),
        paths=paths,
        scope=table.scope,
        message=table.message,
    )


def _command(name: str, table: CommandGate, workspace: spec.Workspace) -> spec.Gate:
    paths = table.paths or ()
    timeout = durations.seconds(table.timeout)
    folder = values.normal(table.dir) if table.dir else ""
    junit = values.normal(table.junit) if table.junit else None
    min_tests = table.min_tests or 1
    decides: dict[str, object] = {
        "kind": "command",
        "run": table.run,
        "dir": folder,
        "junit": junit,
        "min_tests": min_tests,
        "flaky_retries": table.flaky_retries,
        "network": table.network,
        "paths": paths,
        "timeout": timeout,
        # What the setup makes, what is copied in and what the environment holds is what the command finds.
        "setup": [workspace.setup, workspace.setup_key, workspace.setup_paths],
        "copy": workspace.copy,
        "env": workspace.env,
    }
    return spec.Gate(
        name=name,
        kind="command",
        definition=_definition(decides),
        paths=paths,
        advisory=table.advisory,
        scope=table.scope,
        timeout=timeout,
        run=table.run,
        dir=folder,
        network=table.network,
        junit=junit,
        min_tests=min_tests,
        flaky_retries=table.flaky_retries,
    )


def _secrets(name: str, table: SecretsGate) -> spec.Gate:
    paths = table.paths or ()
    decides: dict[str, object] = {"kind": "secrets", "allow": sorted(table.allow), "scanner": SCANNER, "paths": paths}
    return spec.Gate(
        name=name,
        kind="secrets",
        definition=_definition(decides),
        paths=paths,
        advisory=table.advisory,
        scope=table.scope,
        timeout=durations.seconds(table.timeout),
        allow=table.allow,
    )


def _review(name: str, table: ReviewGate, agents: dict[str, spec.Agent], template: str) -> spec.Gate:
    paths = table.paths or ()
    quorum = table.quorum or len(table.reviewers)
    judges = [agents[reviewer] for reviewer in table.reviewers]
    decides: dict[str, object] = {
        "kind": "review",
        # Two entries that are the same agent are still two reviewers, and each has its own answer.
        "reviewers": [[each.name, each.adapter, each.model, each.command, each.args] for each in judges],
        "quorum": quorum,
        "prompt": template,
        "paths": paths,
    }
    return spec.Gate(
        name=name,
        kind="review",
        definition=_definition(decides),
        paths=paths,
        advisory=table.advisory,
        scope=table.scope,
        timeout=durations.seconds(table.timeout),
        reviewers=table.reviewers,
        quorum=quorum,
        prompt=template,
    )


def _definition(decides: dict[str, object]) -> str:
    """The gate's name is not part of it: verdicts are kept with that too."""
    return hashlib.sha256(msgspec.json.encode(decides, order="sorted")).hexdigest()
