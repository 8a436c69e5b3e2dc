"""The rules of profiles and floors: a profile only adds gates and lowers limits, and nothing goes below a floor.

A change that is raised has the gates of both profiles and skips only what both skip, so what holds for each profile
alone holds for all of them together.
"""

from collections.abc import Iterator

import msgspec
from msgspec import UnsetType

from foremand.core import durations
from foremand.core.spec import LAND
from foremand.pipeline.document import Document, FloorTable, ProfileTable
from foremand.pipeline.gate_tables import AnyGate, HumanGate
from foremand.pipeline.problems import Problem, named, shown
from foremand.pipeline.references import FLOOR_TABLE, gates_exist, unknown
from foremand.pipeline.rules_gates import ungated
from foremand.pipeline.tables import LowerLimits, TaskLimits


def default_profile(document: Document) -> Iterator[Problem]:
    """The profile of a submit that names none exists."""
    name = document.default_profile
    if isinstance(name, str) and name not in document.profile:
        yield unknown("", "default_profile", "profile", name, document.profile)


def references(document: Document) -> Iterator[Problem]:
    """Every stage and gate that a profile or the floor names exists, and the gate can be asked there."""
    stages = [stage.name for stage in document.stage if stage.name]
    for name, profile in document.profile.items():
        table = named("profile", name)
        for stage, gates in profile.gates.items():
            if stage not in stages and stage != LAND:
                yield unknown(table, "gates", "stage", stage, [*stages, LAND])
            yield from gates_exist(document, table, f"gates.{stage}", gates)
            for gate in gates:
                if stage == LAND and gate in document.gate and document.gate[gate].scope == "stage":
                    message = f'{shown(gate)} has scope = "stage" and is not asked at landing'
                    yield Problem(table, f"gates.{stage}", message)
            if stage in profile.skip:
                yield Problem(table, f"gates.{stage}", "this profile skips the stage, so nothing is asked there")
        for stage in profile.skip:
            if stage == LAND:
                yield Problem(table, "skip", "landing is not skipped: cancel or reject a task that is not to land")
            elif stage not in stages:
                yield unknown(table, "skip", "stage", stage, stages)
    yield from gates_exist(document, FLOOR_TABLE, "gates", document.floor.gates)


def floor(document: Document) -> Iterator[Problem]:
    """A gate of the floor blocks, and is asked at landing."""
    for name in document.floor.gates:
        gate = document.gate.get(name)
        for complaint in floor_complaints(name, gate) if gate else ():
            yield Problem(FLOOR_TABLE, "gates", complaint)


def floor_complaints(name: str, gate: AnyGate) -> Iterator[str]:
    """Why a gate cannot stand in a floor. One with `paths` can: it holds wherever they are touched."""
    if gate.scope == "stage":
        yield f'{shown(name)} has scope = "stage": a floor\'s gate has to hold at landing'
    if not isinstance(gate, HumanGate) and gate.advisory:
        yield f"{shown(name)} is advisory: a floor's gate blocks"


def limits(document: Document) -> Iterator[Problem]:
    """A profile's limits are at most the file's and its floor's."""
    above: tuple[tuple[str, TaskLimits | LowerLimits], ...] = (
        ("[limits]", document.limits),
        (FLOOR_TABLE, document.floor.limits),
    )
    for name, profile in document.profile.items():
        for key in LowerLimits.__struct_fields__:
            given = getattr(profile.limits, key)
            exceeded = [table for table, bounds in above if _exceeds(given, getattr(bounds, key))]
            if exceeded:
                said = f"{shown(given)} is above that of {' and '.join(exceeded)}: a profile only lowers limits"
                yield Problem(named("profile", name), f"limits.{key}", said)


def still_sound(document: Document) -> Iterator[Problem]:
    """Without the stages that a profile skips the rest still writes, is judged, and keeps the floor."""
    ungated_anyway = {document.stage[place].name for place in ungated(document)}
    for name, profile in document.profile.items():
        if profile.skip:
            for message in _unsound(document, under(document, profile), ungated_anyway):
                yield Problem(named("profile", name), "skip", message)


def under(document: Document, profile: ProfileTable) -> Document:
    """The document as a task of this profile follows it; what the floor asks by itself stands in its [land]."""
    stages = tuple(
        msgspec.structs.replace(stage, gates=(*stage.gates, *profile.gates.get(stage.name, ())))
        for stage in document.stage
        if stage.name not in profile.skip
    )
    land = msgspec.structs.replace(document.land, gates=(*document.landing, *profile.gates.get(LAND, ())))
    return msgspec.structs.replace(document, stage=stages, land=land, floor=FloorTable())


RULES = (default_profile, references, floor, limits)


def _unsound(document: Document, left: Document, ungated_anyway: set[str]) -> Iterator[str]:
    if not any(stage.writes for stage in left.stage):
        if any(stage.writes for stage in document.stage):
            yield "leaves no stage that writes, so nothing could ever land"
        return
    for place in ungated(left):
        stage = left.stage[place].name
        if stage not in ungated_anyway:
            yield f"leaves the writing stage {shown(stage)} without a gate that is sure to judge it"
    asked = {gate for stage in left.stage for gate in stage.gates} | set(left.land.gates)
    for gate in document.floor.gates:
        if gate in document.gate and gate not in asked:
            yield f"leaves {shown(gate)} of the floor asked nowhere: name it in [land] too"
    remaining = {stage.name for stage in left.stage}
    skipped = {stage.name for stage in document.stage} - remaining
    sent: list[tuple[str, str | UnsetType]] = [
        (f"the stage {shown(stage.name)}", stage.on_fail.goto or document.responsible(place).name)
        for place, stage in enumerate(document.stage)
        if stage.name in remaining
    ]
    sent += [("landing", back.goto) for back in (document.land.on_fail, document.land.on_conflict)]
    for who, goto in dict.fromkeys(sent):
        if goto in skipped:
            yield f"leaves out {shown(goto)}, to which {who} sends work back"


def _exceeds(given: float | str | UnsetType, bound: float | str | UnsetType) -> bool:
    if isinstance(given, UnsetType) or isinstance(bound, UnsetType):
        return False
    return _size(given) > _size(bound)


def _size(limit: float | str) -> float:
    return durations.seconds(limit) if isinstance(limit, str) else limit
