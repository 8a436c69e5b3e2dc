"""The pipeline file's text, from what the kinds of a repository need."""

import json
from collections.abc import Iterable, Iterator, Sequence

from foremand.pipeline.init.kinds import Kind, ProposedGate

_HEAD = """\
# How work on this repository is done and judged. `foremanctl check` explains this file, and `foremanctl schema`
# prints its JSON Schema for editors."""

_WORKSPACE = """\
# Runs once in a fresh checkout whenever one of the files in setup_key changes; every agent and every gate
# then works in a copy of what it made.
[workspace]"""

_REST = """\
# No secret in what would land.
[gate.secrets]
kind = "secrets"

# Waits for `foremanctl approve`.
[gate.final-review]
kind = "human"

[[stage]]
name = "plan"
agent = "claude"
access = "read"

[[stage]]
name = "implement"
agent = "claude"
gates = {gates}

# Onto the branch that is checked out when a task is submitted; name another with into = "...".
[land]
gates = ["secrets", "final-review"]
"""


def render(kinds: Sequence[Kind], place: str, *, all_ignored: bool) -> str:
    """The text for a repository of these kinds. `place` says in the file where it lies and when it holds.

    `all_ignored`: the repository ignores what its setup makes, so a part that is yet to come need not be named.
    """
    gates = [(_name(kind, gate, alone=len(kinds) == 1), gate) for kind in kinds for gate in kind.gates]
    parts = (
        f"{_HEAD}\n{place}\nversion = 1",
        "\n".join(_workspace(kinds, all_ignored=all_ignored)),
        '[agent.claude]\nadapter = "claude"',
        *("\n".join(_gate(name, gate)) for name, gate in gates),
        _REST.format(gates=_list(name for name, _ in gates)),
    )
    return "\n\n".join(part for part in parts if part)


def _workspace(kinds: Sequence[Kind], *, all_ignored: bool) -> Iterator[str]:
    steps = [step for kind in kinds for step in kind.steps]
    if not steps:
        return
    yield _WORKSPACE
    yield f"setup = {_script(steps)}"
    yield f"setup_key = {_list(_once(name for kind in kinds for name in kind.key))}"
    if not (all_ignored and any(kind.grows for kind in kinds)):
        yield f"setup_paths = {_list(_once(name for kind in kinds for name in kind.makes))}"
    env = _once(name for kind in kinds for name in kind.env)
    if env:
        yield f"env = {_list(env)}"


def _name(kind: Kind, gate: ProposedGate, *, alone: bool) -> str:
    return gate.name if alone else f"{kind.name}-{gate.name}"


def _gate(name: str, gate: ProposedGate) -> Iterator[str]:
    yield f"# Runs in a clean checkout of its own. {gate.about}"
    yield f"[gate.{name}]"
    yield 'kind = "command"'
    yield f"run = {_script(gate.run.splitlines())}"
    if gate.junit is not None:
        yield f"junit = {quoted(gate.junit)}"


def _script(lines: Sequence[str]) -> str:
    """A script of several lines stops at the first that fails."""
    text = "\n".join(lines)
    if len(lines) == 1 or "'''" in text or not text.replace("\n", "").isprintable():
        return quoted(text)
    return f"'''\n{text}\n'''"


def _list(values: Iterable[str]) -> str:
    return f"[{', '.join(map(quoted, values))}]"


def _once(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


def quoted(text: str) -> str:
    """A TOML string: JSON's escapes are TOML's too."""
    return json.dumps(text, ensure_ascii=False)
