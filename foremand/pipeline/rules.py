"""The rules that join the parts of a pipeline: names that exist, loops that end, writers that are judged.

Each rule is a pure function from the document to the problems it finds; all of them run, whatever else is wrong.
What `decode` left empty was reported there and is passed over here. The rules of gates stand in `rules_gates`,
those of profiles and floors in `rules_profiles`.
"""

from collections.abc import Iterator
from itertools import chain

from foremand.core.spec import LAND
from foremand.pipeline import rules_gates, rules_profiles, values
from foremand.pipeline.document import Document, OnFail, SendBack
from foremand.pipeline.problems import Problem, named, shown
from foremand.pipeline.references import LAND_TABLE, RESERVED, agents_exist, gates_exist, labelled, unknown
from foremand.pipeline.tables import AttemptLimits


def broken(document: Document, distrusted: frozenset[str] = frozenset()) -> tuple[Problem, ...]:
    """Everything in the document that breaks a rule. `distrusted` are keys whose values could not be read."""
    readable = not distrusted & {"gates", "access", "stage", "skip"}
    judged = (*rules_gates.never_ungated(document), *rules_profiles.still_sound(document)) if readable else ()
    return (*chain.from_iterable(rule(document) for rule in _RULES), *judged)


def names(document: Document) -> Iterator[Problem]:
    """Names of tables are well formed, unique, and not foremand's own."""
    for table, entries in (("agent", document.agent), ("gate", document.gate), ("profile", document.profile)):
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
        yield from agents_exist(document, label, "agent", stage.agents)
        yield from gates_exist(document, label, "gates", stage.gates)
    yield from gates_exist(document, LAND_TABLE, "gates", document.land.gates)


def checkpoints(document: Document) -> Iterator[Problem]:
    """A stage without an agent judges what another stage left, and does nothing else."""
    for place, (label, stage) in enumerate(labelled(document)):
        if stage.agents:
            continue
        if place == 0:
            yield Problem(label, "agent", "missing: without an agent it is a checkpoint, and nothing comes before it")
        if not stage.gates:
            yield Problem(label, "gates", "missing: a stage without an agent is a checkpoint of gates")
        given = ("access", stage.access), ("prompt", stage.prompt), ("prompt_file", stage.prompt_file)
        for key, value in (*given, ("allow_empty", stage.allow_empty), ("limits", stage.limits != AttemptLimits())):
            if value:
                yield Problem(label, key, 'means nothing without an agent: add "agent", or leave this out')


def loops(document: Document) -> Iterator[Problem]:
    """Refused work goes to the same or an earlier stage, so that limits bound every loop."""
    places = {stage.name: place for place, stage in reversed(list(enumerate(document.stage)))}
    sent: list[tuple[str, str, OnFail | SendBack, int]] = [
        (label, "on_fail", stage.on_fail, place) for place, (label, stage) in enumerate(labelled(document))
    ]
    sent += [
        (LAND_TABLE, key, back, len(document.stage))
        for key, back in (("on_fail", document.land.on_fail), ("on_conflict", document.land.on_conflict))
    ]
    for label, key, back, place in sent:
        yield from _goes_back(document, label, f"{key}.goto", back, place, places)


def prompts(document: Document) -> Iterator[Problem]:
    """A stage has one prompt."""
    for label, stage in labelled(document):
        if stage.prompt and stage.prompt_file:
            yield Problem(label, "prompt_file", "this stage has a prompt too: keep one of them")


def agents(document: Document) -> Iterator[Problem]:
    """An agent of the adapter "command" says which command, and cannot ask."""
    for name, agent in document.agent.items():
        if agent.adapter == "command" and agent.permissions == "ask":
            yield Problem(
                named("agent", name), "permissions", 'any program cannot ask: "ask" needs the adapter "claude"'
            )
        for key in ("inherit", "price"):
            if agent.adapter == "command" and getattr(agent, key):
                why = f'any program is not known well enough for it: {key} needs the adapter "claude"'
                yield Problem(named("agent", name), key, why)
        if agent.adapter == "command" and not agent.command:
            yield Problem(named("agent", name), "command", 'missing: for the adapter "command" it is the whole agent')


def writers(document: Document) -> Iterator[Problem]:
    """Something writes: a pipeline of reading stages has nothing to land."""
    if document.stage and not any(stage.writes for stage in document.stage):
        yield Problem("[[stage]]", "access", "no stage writes, so nothing could ever land")


_RULES = (
    names,
    references,
    checkpoints,
    loops,
    prompts,
    agents,
    *rules_gates.RULES,
    writers,
    *rules_profiles.RULES,
)


def _goes_back(
    document: Document, table: str, key: str, back: OnFail | SendBack, place: int, places: dict[str, int]
) -> Iterator[Problem]:
    if not isinstance(back.goto, str):
        return
    if back.goto == LAND:
        yield Problem(table, key, "work goes back to a stage, not to landing")
    elif back.goto not in places:
        yield unknown(table, key, "stage", back.goto, places)
    elif places[back.goto] > place:
        yield Problem(table, key, f"{shown(back.goto)} comes later: work goes back to the same or an earlier stage")
    elif not document.stage[places[back.goto]].agents:
        yield Problem(table, key, f"{shown(back.goto)} has no agent that could put anything right")
