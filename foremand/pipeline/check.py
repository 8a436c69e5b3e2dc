"""What `foremand check` says of a sound pipeline: to a person, and as data."""

from typing import Any

from foremand.core.spec import LAND, Gate, Limits, OnFail, Pipeline
from foremand.pipeline.advice import loops, warnings, worst_case


def report(pipeline: Pipeline) -> dict[str, Any]:
    """The pipeline's course as JSON-able data. Durations are seconds, money is US dollars, null is no bound."""
    return {
        "stages": [
            {
                "name": stage.name,
                "agent": stage.agent,
                "access": stage.access,
                "gates": list(stage.gates),
                "on_fail": _back(stage.on_fail),
            }
            for stage in pipeline.stages
        ],
        "land": {
            "into": pipeline.land.into,
            "gates": list(pipeline.land.gates),
            "on_fail": _back(pipeline.land.on_fail),
            "on_conflict": _back(pipeline.land.on_conflict),
        },
        "gates": {
            gate.name: {"kind": gate.kind, "paths": list(gate.paths), "definition": gate.definition}
            for gate in pipeline.gates.values()
        },
        "limits": {
            "cost_usd": pipeline.limits.cost_usd,
            "turns": pipeline.limits.turns,
            "wall_clock": pipeline.limits.wall_clock,
            "attempts": pipeline.limits.attempts,
        },
        "worst_case": worst_case(pipeline),
        "warnings": list(warnings(pipeline)),
    }


def explain(pipeline: Pipeline) -> str:
    """The pipeline's course in words: stages and gates in their order, bounds, worst case, warnings."""
    lines = []
    for place, stage in enumerate(pipeline.stages):
        lines.append(f"{place + 1}. {stage.name}: {stage.agent} {'writes' if stage.access == 'write' else 'reads'}")
        lines += [f"     {_asked(gate)}" for gate in pipeline.gates_of(stage.name)]
        lines.append(f"     refused: {_sent(stage.on_fail)}")
    land = pipeline.land
    lines.append(f"{len(pipeline.stages) + 1}. {LAND}: into {land.into or 'the branch checked out at submit'}")
    lines += [f"     {_asked(gate)}" for gate in pipeline.gates_of(LAND)]
    lines.append(f"     refused: {_sent(land.on_fail)}")
    lines.append(f"     in conflict: {_sent(land.on_conflict)}")
    lines += ["", f"A task may use {_bounds(pipeline.limits)}.", _worst(pipeline)]
    found = warnings(pipeline)
    if found:
        lines += ["", *(f"warning: {warning}" for warning in found)]
    return "\n".join(lines) + "\n"


def _back(back: OnFail) -> dict[str, Any]:
    return {"goto": back.goto, "limit": back.limit, "session": back.session}


def _asked(gate: Gate) -> str:
    when = f", if the change touches {' '.join(gate.paths)}" if gate.paths else ""
    if gate.kind == "human":
        return f"gate {gate.name}: a person{when}"
    run = gate.run if isinstance(gate.run, str) else " ".join(gate.run)
    first, *more = run.strip().splitlines()
    return f"gate {gate.name}: {first}{' ...' if more else ''}{when}"


def _sent(back: OnFail) -> str:
    times = {0: "", 1: "once", 2: "twice"}.get(back.limit, f"{back.limit} times")
    return f"back to {back.goto}, {times}, then a person decides" if times else "a person decides"


def _bounds(limits: Limits) -> str:
    bounds = [
        f"${limits.cost_usd:g}" if limits.cost_usd is not None else "",
        f"{limits.turns} turns" if limits.turns is not None else "",
        f"{_duration(limits.wall_clock)} of running time" if limits.wall_clock is not None else "",
        f"{limits.attempts} agent runs" if limits.attempts is not None else "",
    ]
    return ", ".join(bound for bound in bounds if bound)


def _duration(seconds: float) -> str:
    for unit, size in (("h", 3600), ("m", 60)):
        if seconds % size == 0:
            return f"{seconds / size:g}{unit}"
    return f"{seconds:g}s"


def _worst(pipeline: Pipeline) -> str:
    runs, bounded = loops(pipeline), worst_case(pipeline)
    if runs == bounded:
        return f"At worst {runs} agent runs, then a person is asked."
    return f"At worst {bounded} agent runs, then a person is asked (limits.attempts; the loops alone allow {runs})."
