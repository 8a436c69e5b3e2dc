"""What every fact has, and what several of them hold."""

from typing import Literal

from msgspec import Struct

OutcomeKind = Literal[
    "done", "failed", "crashed", "limit", "quota", "unavailable", "denied", "missing", "stopped", "lost", "altered"
]
"""How an attempt ended: `failed`, `crashed` and `limit` are charged to the agent; `quota`, `unavailable` and
`lost` are tried again without charge; `denied`, `missing` and `altered` (somebody wrote in the transcript) need a
person; `stopped` was asked for."""

Result = Literal["pass", "fail", "error"]
Verdict = Literal["pass", "fail", "error", "skipped", "waived"]


class Usage(Struct, frozen=True, kw_only=True):
    """What an attempt used. `cost_usd` is None when unknown, never 0; `bound_usd` is then an upper bound for limits."""

    cost_usd: float | None = None
    bound_usd: float = 0.0
    tokens: int = 0
    turns: int = 0


class Work(Struct, frozen=True, kw_only=True):
    """A revision, and what gates may be asked about it.

    `changes` gives for each gate the id of the change base..revision as far as the gate's `paths` see it; a gate
    that is not in it does not apply. `commits` are those that would land: the seals from the base on, and at landing
    the candidate's own. `touched` names what a `protected` gate's paths match, `raises` what each profile's do.
    `filtered` are changed files whose content a filter driver would rewrite, `unresolved` those in which markers of a
    conflict with the branch are left.
    """

    revision: str
    tree: str
    base: str
    base_tree: str
    changes: dict[str, str] = {}
    files: int = 0
    added: int = 0
    removed: int = 0
    commits: tuple[str, ...] = ()
    touched: dict[str, tuple[str, ...]] = {}
    raises: dict[str, tuple[str, ...]] = {}
    filtered: tuple[str, ...] = ()
    unresolved: tuple[str, ...] = ()


class Fact(Struct, frozen=True, kw_only=True, tag_field="type"):
    """What every fact has: whose it is, and when it happened."""

    task: int
    at: float


class AtGate(Fact, frozen=True, kw_only=True):
    """What is said at a gate: by which definition of it, about what, and on which revision."""

    gate: str
    stage: str
    definition: str
    about: str
    revision: str
