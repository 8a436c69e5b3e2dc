"""The user's own floor, which holds in every repository, joined to a pipeline."""

from collections.abc import Iterator

import msgspec

from foremand.core.profiles import lowest
from foremand.core.spec import POLICY_GATE, Floor, Limits, Pipeline
from foremand.pipeline.document import Document
from foremand.pipeline.problems import Problem, nearest, shown
from foremand.pipeline.rules_profiles import floor_complaints

YOURS = "[floor] of your settings"
"""How the user's floor is called in a problem: it stands in config.toml and not in the file that is read."""


def problems(document: Document, floor: Floor) -> Iterator[Problem]:
    """Why a pipeline file cannot hold the user's floor."""
    for name in floor.gates:
        gate = document.gate.get(name)
        if gate is None:
            message = f"asks for the gate {shown(name)}, which this pipeline does not define"
            yield Problem(YOURS, "gates", message + nearest(name, document.gate))
            continue
        for complaint in floor_complaints(name, gate):
            yield Problem(YOURS, "gates", complaint)


def raised(pipeline: Pipeline, floor: Floor) -> Pipeline:
    """The pipeline with its own floor and the user's in force.

    A gate that is not asked under every profile is asked at landing too, and no limit is above the floor's.
    """
    gates = tuple(dict.fromkeys((*pipeline.floor.gates, *floor.gates)))
    limits = lowest(pipeline.floor.limits, floor.limits)
    skips = [frozenset[str](), *(frozenset(profile.skip) for profile in pipeline.profiles.values())]
    land = [gate for gate in pipeline.land.gates if gate != POLICY_GATE]
    land += [gate for gate in gates if gate not in land and any(not _asked(pipeline, gate, skip) for skip in skips)]
    return msgspec.structs.replace(
        pipeline,
        limits=lowest(pipeline.limits, limits),
        land=msgspec.structs.replace(pipeline.land, gates=(*land, POLICY_GATE)),
        profiles={
            name: msgspec.structs.replace(profile, limits=_within(profile.limits, limits))
            for name, profile in pipeline.profiles.items()
        },
        floor=Floor(gates=gates, limits=limits),
    )


def _within(limits: Limits, bounds: Limits) -> Limits:
    """The limits that are given, each at most what the bounds say."""
    least = lowest(limits, bounds)
    return Limits(**{key: getattr(least, key) for key in Limits.__struct_fields__ if getattr(limits, key) is not None})


def _asked(pipeline: Pipeline, gate: str, skip: frozenset[str]) -> bool:
    """Whether a stage that is not skipped asks the gate."""
    return any(gate in stage.gates for stage in pipeline.stages if stage.name not in skip)
