"""The rules of gates: that they can be asked where they are named, and that every writer is judged by somebody else."""

from collections.abc import Iterator

from foremand.core.spec import LAND
from foremand.pipeline.document import Document
from foremand.pipeline.gate_tables import (
    AnyGate,
    CommandGate,
    HumanGate,
    ProtectedGate,
    ReviewGate,
    SecretsGate,
)
from foremand.pipeline.problems import Problem, named, shown
from foremand.pipeline.references import LAND_TABLE, agents_exist, labelled

UNGATED = (
    'never ungated: a writing stage is followed by a command, review or human gate without "paths", which is not '
    'advisory and not of scope "stage"; name one here, in a later stage or in [land]'
)


def reports(document: Document) -> Iterator[Problem]:
    """Tests are counted in a report, so a number of them needs one."""
    for name, gate in document.gate.items():
        if isinstance(gate, CommandGate) and gate.min_tests and not gate.junit:
            yield Problem(named("gate", name), "min_tests", 'tests are counted in a report: add "junit"')


def scopes(document: Document) -> Iterator[Problem]:
    """A gate that holds at its stages alone is not asked at landing."""
    for name in document.land.gates:
        gate = document.gate.get(name)
        if gate is not None and gate.scope == "stage":
            yield Problem(LAND_TABLE, "gates", f'{shown(name)} has scope = "stage" and is not asked at landing')


def reviews(document: Document) -> Iterator[Problem]:
    """Reviewers exist, can be enough of them, and have one prompt."""
    for name, gate in document.gate.items():
        if not isinstance(gate, ReviewGate):
            continue
        table = named("gate", name)
        yield from agents_exist(document, table, "reviewers", tuple(gate.reviewers))
        if gate.reviewers and gate.quorum and gate.quorum > len(gate.reviewers):
            yield Problem(table, "quorum", f"{gate.quorum} of {len(gate.reviewers)} reviewers can never approve")
        if gate.prompt and gate.prompt_file:
            yield Problem(table, "prompt_file", "this gate has a prompt too: keep one of them")


def reviewers(document: Document) -> Iterator[Problem]:
    """Nobody reviews work of their own: a reviewer is another entry than the writers whose work it judges."""
    for name, gate in document.gate.items():
        if isinstance(gate, ReviewGate):
            authors = _authors(document, name, gate)
            for reviewer in gate.reviewers:
                if reviewer in authors:
                    yield Problem(
                        named("gate", name),
                        "reviewers",
                        f"{shown(reviewer)} does the stage {shown(authors[reviewer])}, which this gate judges: "
                        "name another [agent]",
                    )


def never_ungated(document: Document) -> Iterator[Problem]:
    """Every writing stage is followed by a gate that always applies: its own, a later stage's or landing's."""
    labels = [label for label, _ in labelled(document)]
    for place in ungated(document):
        yield Problem(labels[place], "gates", UNGATED)


def ungated(document: Document) -> list[int]:
    """The places of the writing stages that nothing is sure to judge."""
    following = any(_always_judges(document, gate) for gate in document.landing)
    places = []
    for place, stage in reversed(list(enumerate(document.stage))):
        following = following or any(_always_judges(document, gate) for gate in stage.gates)
        if stage.writes and not following:
            places.append(place)
    return places[::-1]


RULES = (reports, scopes, reviews, reviewers)


def _always_judges(document: Document, name: str) -> bool:
    """A gate that is not there was reported and counts as one: its writer is not at fault a second time.

    That no secret and no protected file is touched says nothing about whether the work is right.
    """
    gate = document.gate.get(name)
    if gate is None:
        return True
    if isinstance(gate, SecretsGate | ProtectedGate) or gate.paths or gate.scope == "stage":
        return False
    return isinstance(gate, HumanGate) or not gate.advisory


def _authors(document: Document, name: str, gate: AnyGate) -> dict[str, str]:
    """Who wrote what a review gate is asked about, each with the stage.

    An answer has to be about the change that lands, so whoever writes after the gate was asked is judged by it too,
    unless it holds at its stage alone. Before anything is written it is a plan that is judged, and its author.
    """
    authors: dict[str, str] = {}
    for place in _asked_at(document, name):
        begun = document.stage[: place + 1]
        writers = [stage for stage in begun if stage.writes]
        if not writers:
            judged = [stage for stage in begun if stage.agents][-1:]
        else:
            judged = writers if gate.scope == "stage" else [stage for stage in document.stage if stage.writes]
        authors |= {agent: stage.name for stage in judged for agent in stage.agents if agent not in authors}
    return authors


def _asked_at(document: Document, name: str) -> list[int]:
    """The places where a gate is asked, in the file itself or in one of its profiles; landing comes last."""
    added = [profile.gates for profile in document.profile.values()]
    places = [
        place
        for place, stage in enumerate(document.stage)
        if name in stage.gates or any(name in gates.get(stage.name, ()) for gates in added)
    ]
    at_landing = name in document.landing or any(name in gates.get(LAND, ()) for gates in added)
    return [*places, len(document.stage)] if at_landing else places
