"""The rules that join the parts of a pipeline: names that exist, loops that end, writers that are judged.

Each rule is a pure function from the document to the problems it finds; all of them run, whatever else is wrong.
What `decode` left empty was reported there and is passed over here.
"""

from collections.abc import Iterable, Iterator
from itertools import chain

from foremand.core.spec import LAND
from foremand.pipeline import values
from foremand.pipeline.document import CommandGate, Document, OnFail, SendBack, StageTable
from foremand.pipeline.problems import Problem, named, nearest, shown, stage_label

RESERVED = "foremand-"
"""How the names of gates begin that foremand adds by itself."""

_LAND = "[land]"


def broken(document: Document, distrusted: frozenset[str] = frozenset()) -> tuple[Problem, ...]:
    """Everything in the document that breaks a rule. `distrusted` are keys whose values could not be read."""
    problems = chain.from_iterable(rule(document) for rule in _RULES)
    writers = () if distrusted & {"gates", "access", "stage"} else never_ungated(document)
    return (*problems, *writers)


def labelled(document: Document) -> list[tuple[str, StageTable]]:
    """The stages, each with its name in problems."""
    return [(stage_label(stage.name, place), stage) for place, stage in enumerate(document.stage)]


def names(document: Document) -> Iterator[Problem]:
    """Names of tables are well formed, unique, and not foremand's own."""
    for table, entries in (("agent", document.agent), ("gate", document.gate)):
        for name in entries:
            for complaint in values.name_complaints(name):
                yield Problem(named(table, name), "", complaint)
            if table == "gate" and name.startswith(RESERVED):
                yield Problem(named(table, name), "", f"names that begin with {RESERVED} are foremand's own")
    seen = set()
    for label, stage in labelled(document):
        if stage.name == LAND:
            yield Problem(label, "name", f'"{LAND}" means landing: choose another name')
        if stage.name and stage.name in seen:
            yield Problem(label, "name", "two stages have this name")
        seen.add(stage.name)


def references(document: Document) -> Iterator[Problem]:
    """Every agent and gate that a stage or landing names exists."""
    for label, stage in labelled(document):
        if stage.agent and stage.agent not in document.agent:
            yield _unknown(label, "agent", "agent", stage.agent, document.agent)
        yield from _gates_exist(document, label, stage.gates)
    yield from _gates_exist(document, _LAND, document.land.gates)


def loops(document: Document) -> Iterator[Problem]:
    """Refused work goes to the same or an earlier stage, so that limits bound every loop."""
    places = {stage.name: place for place, stage in reversed(list(enumerate(document.stage)))}
    sent: list[tuple[str, str, OnFail | SendBack, int]] = [
        (label, "on_fail", stage.on_fail, place) for place, (label, stage) in enumerate(labelled(document))
    ]
    sent += [
        (_LAND, key, back, len(document.stage))
        for key, back in (("on_fail", document.land.on_fail), ("on_conflict", document.land.on_conflict))
    ]
    for label, key, back, place in sent:
        yield from _goes_back(label, f"{key}.goto", back, place, places)


def prompts(document: Document) -> Iterator[Problem]:
    """A stage has one prompt."""
    for label, stage in labelled(document):
        if stage.prompt and stage.prompt_file:
            yield Problem(label, "prompt_file", "this stage has a prompt too: keep one of them")


def agents(document: Document) -> Iterator[Problem]:
    """An agent of the adapter "command" says which command."""
    for name, agent in document.agent.items():
        if agent.adapter == "command" and not agent.command:
            yield Problem(named("agent", name), "command", 'missing: for the adapter "command" it is the whole agent')


def reports(document: Document) -> Iterator[Problem]:
    """Tests are counted in a report, so a number of them needs one."""
    for name, gate in document.gate.items():
        if isinstance(gate, CommandGate) and gate.min_tests and not gate.junit:
            yield Problem(named("gate", name), "min_tests", 'tests are counted in a report: add "junit"')


def writers(document: Document) -> Iterator[Problem]:
    """Something writes: a pipeline of reading stages has nothing to land."""
    if document.stage and not any(stage.access == "write" for stage in document.stage):
        yield Problem("[[stage]]", "access", "no stage writes, so nothing could ever land")


def never_ungated(document: Document) -> Iterator[Problem]:
    """Every writing stage is followed by a gate that always applies: its own, a later stage's or landing's."""
    following = any(_always_asked(document, gate) for gate in document.land.gates)
    unjudged = []
    for label, stage in reversed(labelled(document)):
        following = following or any(_always_asked(document, gate) for gate in stage.gates)
        if stage.access == "write" and not following:
            unjudged.append(label)
    for label in reversed(unjudged):
        yield Problem(
            label,
            "gates",
            'never ungated: a writing stage is followed by a command or human gate without "paths"; '
            "name one here, in a later stage or in [land]",
        )


_RULES = (names, references, loops, prompts, agents, reports, writers)


def _unknown(table: str, key: str, what: str, name: str, known: Iterable[str]) -> Problem:
    return Problem(table, key, f"no {what} is called {shown(name)}{nearest(name, known)}")


def _gates_exist(document: Document, table: str, gates: tuple[str, ...]) -> Iterator[Problem]:
    for gate in gates:
        if gate.startswith(RESERVED):
            yield Problem(table, "gates", f"{shown(gate)} is foremand's own and is asked without being named")
        elif gate not in document.gate:
            yield _unknown(table, "gates", "gate", gate, document.gate)


def _goes_back(table: str, key: str, back: OnFail | SendBack, place: int, places: dict[str, int]) -> Iterator[Problem]:
    if not isinstance(back.goto, str):
        return
    if back.goto == LAND:
        yield Problem(table, key, "work goes back to a stage, not to landing")
    elif back.goto not in places:
        yield _unknown(table, key, "stage", back.goto, places)
    elif places[back.goto] > place:
        yield Problem(table, key, f"{shown(back.goto)} comes later: work goes back to the same or an earlier stage")


def _always_asked(document: Document, name: str) -> bool:
    """A gate that is not there was reported and counts as asked: its writer is not at fault a second time."""
    gate = document.gate.get(name)
    return gate is None or not gate.paths
