"""How the rules speak of the parts of a document: stages by their labels, names that are not there."""

from collections.abc import Iterable, Iterator

from foremand.pipeline.document import Document, StageTable
from foremand.pipeline.problems import Problem, nearest, shown, stage_label

RESERVED = "foremand-"
"""How the names of gates begin that foremand adds by itself."""

LAND_TABLE = "[land]"
FLOOR_TABLE = "[floor]"


def labelled(document: Document) -> list[tuple[str, StageTable]]:
    """The stages, each with its name in problems."""
    return [(stage_label(stage.name, place), stage) for place, stage in enumerate(document.stage)]


def unknown(table: str, key: str, what: str, name: str, known: Iterable[str]) -> Problem:
    """A name that nothing has."""
    return Problem(table, key, f"no {what} is called {shown(name)}{nearest(name, known)}")


def gates_exist(document: Document, table: str, key: str, gates: tuple[str, ...]) -> Iterator[Problem]:
    """Every one of these gates is defined, and none is foremand's own."""
    for gate in gates:
        if gate.startswith(RESERVED):
            yield Problem(table, key, f"{shown(gate)} is foremand's own and is asked without being named")
        elif gate not in document.gate:
            yield unknown(table, key, "gate", gate, document.gate)


def agents_exist(document: Document, table: str, key: str, agents: tuple[str, ...]) -> Iterator[Problem]:
    """Every one of these agents is defined; an empty name was reported where it was read."""
    for agent in agents:
        if agent and agent not in document.agent:
            yield unknown(table, key, "agent", agent, document.agent)
