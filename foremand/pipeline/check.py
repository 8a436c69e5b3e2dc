"""What `foremand check` says of a sound pipeline: to a person, and as data."""

from collections.abc import Collection, Iterator
from typing import Any

import msgspec

from foremand.core.durations import written
from foremand.core.profiles import effective
from foremand.core.spec import LAND, Gate, Land, Limits, OnFail, Pipeline, Profile, Stage
from foremand.core.worst import loops
from foremand.pipeline.advice import warnings, worst_case

_PUBLISHED = {"local": "", "push": ", then pushed", "pull-request": ", by a pull request"}


def report(
    pipeline: Pipeline,
    profile: str = "",
    files: Collection[str] | None = None,
    *,
    sandboxed: bool | None = None,
    missing: tuple[str, ...] = (),
) -> dict[str, Any]:
    """The pipeline's course as JSON-able data. Durations are seconds, money is US dollars, null is no bound.

    The course is that under `profile`, which has to exist; empty: the default one. `files` and `sandboxed` are for
    the warnings; `missing` are those of what is not here.
    """
    name = profile or pipeline.default_profile
    course = effective(pipeline, [name])
    return {
        "profile": name,
        "stages": [
            {
                "name": stage.name,
                "agent": stage.agent,
                "others": list(stage.others),
                "access": stage.access,
                "gates": list(stage.gates),
                "on_fail": _back(stage.on_fail),
            }
            for stage in course.stages
        ],
        "land": {
            "into": course.land.into,
            "strategy": course.land.strategy,
            "publish": course.land.publish,
            "fetch": course.land.fetch,
            "gates": list(course.land.gates),
            "on_fail": _back(course.land.on_fail),
            "on_conflict": _back(course.land.on_conflict),
        },
        "gates": {
            gate.name: {
                "kind": gate.kind,
                "paths": list(gate.paths),
                "advisory": gate.advisory,
                "scope": gate.scope,
                "definition": gate.definition,
            }
            for gate in pipeline.gates.values()
        },
        "limits": msgspec.structs.asdict(course.limits),
        "default_profile": pipeline.default_profile,
        "profiles": {
            each.name: {
                "gates": {stage: list(gates) for stage, gates in each.gates.items()},
                "skip": list(each.skip),
                "limits": msgspec.structs.asdict(each.limits),
                "paths": list(each.paths),
            }
            for each in pipeline.profiles.values()
        },
        "floor": {"gates": list(pipeline.floor.gates), "limits": msgspec.structs.asdict(pipeline.floor.limits)},
        "worst_case": worst_case(course),
        "warnings": [*missing, *warnings(pipeline, files, sandboxed=sandboxed)],
    }


def explain(
    pipeline: Pipeline,
    profile: str = "",
    files: Collection[str] | None = None,
    *,
    sandboxed: bool | None = None,
    missing: tuple[str, ...] = (),
) -> str:
    """The same in words: stages and gates in their order, bounds, worst case, profiles, floor, warnings."""
    name = profile or pipeline.default_profile
    course = effective(pipeline, [name])
    lines = [f"Under the profile {name}:", ""] if name else []
    for place, stage in enumerate(course.stages):
        lines.append(f"{place + 1}. {stage.name}: {_done_by(stage)}")
        lines += [f"     {asked(gate)}" for gate in course.gates_of(stage.name)]
        lines.append(f"     refused: {_sent(stage.on_fail)}")
    land = course.land
    lines.append(f"{len(course.stages) + 1}. {LAND}: {_landed(land)}")
    lines += [f"     {asked(gate)}" for gate in course.gates_of(LAND)]
    lines.append(f"     refused: {_sent(land.on_fail)}")
    lines.append(f"     in conflict: {_sent(land.on_conflict)}")
    lines += ["", f"A task may use {_bounds(course.limits)}.", _worst(course)]
    for each in pipeline.profiles.values():
        lines += ["", *_profile(each, default=each.name == pipeline.default_profile)]
    floor = pipeline.floor
    bounds = _bounds(floor.limits)
    below = [f"asks {', '.join(floor.gates)}"] * bool(floor.gates) + [f"allows at most {bounds}"] * bool(bounds)
    lines += ["", f"floor: every task {' and '.join(below)}, whatever its profile"] if below else []
    found = (*missing, *warnings(pipeline, files, sandboxed=sandboxed))
    lines += ["", *(f"warning: {warning}" for warning in found)] if found else []
    return "\n".join(lines) + "\n"


def asked(gate: Gate) -> str:
    """What a gate asks, and when, in one line."""
    when = f", if the change touches {' '.join(gate.paths)}" if gate.paths and gate.kind != "protected" else ""
    where = ", at this stage alone" if gate.scope == "stage" else ""
    return f"gate {gate.name}: {_question(gate)}{when}{where}{', advisory: never blocks' if gate.advisory else ''}"


def _question(gate: Gate) -> str:
    match gate.kind:
        case "human":
            return "a person"
        case "secrets":
            return "no secret in what would land"
        case "protected":
            return f"nothing touches {' '.join(gate.paths)}"
        case "review":
            names = ", ".join(gate.reviewers)
            return f"{names} {'approves' if len(gate.reviewers) == 1 else f'({gate.quorum} must approve)'}"
        case "command":
            run = gate.run if isinstance(gate.run, str) else " ".join(gate.run)
            first, *more = run.strip().splitlines()
            return f"{first}{' ...' if more else ''}{f' (in {gate.dir})' if gate.dir else ''}"


def _back(back: OnFail) -> dict[str, Any]:
    return {"goto": back.goto, "limit": back.limit, "session": back.session}


def _done_by(stage: Stage) -> str:
    if not stage.agent:
        return "a checkpoint"
    return f"{', else '.join((stage.agent, *stage.others))} {'writes' if stage.writes else 'reads'}"


def _landed(land: Land) -> str:
    into = land.into or "the branch checked out at submit"
    how = " with a merge commit" if land.strategy == "merge" else ""
    whose = " as the remote has it" if land.fetch else ""
    return f"into {into}{whose}{how}{_PUBLISHED[land.publish]}"


def _sent(back: OnFail) -> str:
    times = {0: "", 1: "once", 2: "twice"}.get(back.limit, f"{back.limit} times")
    return f"back to {back.goto}, {times}, then a person decides" if times else "a person decides"


def _profile(profile: Profile, *, default: bool) -> Iterator[str]:
    yield f"profile {profile.name}{' (the default)' if default else ''}:"
    if profile.paths:
        yield f"     a change that touches {' '.join(profile.paths)} is raised to it"
    for stage, gates in profile.gates.items():
        yield f"     {stage} also asks {', '.join(gates)}"
    if profile.skip:
        yield f"     skips {', '.join(profile.skip)}"
    bounds = _bounds(profile.limits)
    if bounds:
        yield f"     at most {bounds}"


def _bounds(limits: Limits) -> str:
    bounds = [
        f"${limits.cost_usd:g}" if limits.cost_usd is not None else "",
        f"{limits.tokens} tokens" if limits.tokens is not None else "",
        f"{limits.turns} turns" if limits.turns is not None else "",
        f"{written(limits.wall_clock)} of running time" if limits.wall_clock is not None else "",
        f"{limits.attempts} agent runs" if limits.attempts is not None else "",
        f"{written(limits.stall)} without a sign of life" if limits.stall is not None else "",
    ]
    return ", ".join(bound for bound in bounds if bound)


def _worst(pipeline: Pipeline) -> str:
    runs, bounded = loops(pipeline), worst_case(pipeline)
    if runs == bounded:
        return f"At worst {runs} agent runs, then a person is asked."
    return f"At worst {bounded} agent runs, then a person is asked (limits.attempts; the loops alone allow {runs})."
