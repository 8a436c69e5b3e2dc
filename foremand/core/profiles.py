"""Strictness follows risk: what profiles make of a pipeline (contract 3.2.4).

Profiles only add gates and lower limits. Several together have the gates of all, skip what all of them skip, and the
lowest limits: so raising a task is monotone, whatever the order.
"""

from collections.abc import Collection, Iterable, Sequence

from msgspec.structs import replace

from .spec import LAND, Limits, OnFail, Pipeline, Profile, Stage

NONE = Profile(name="")
"""No profile: nothing added, nothing skipped."""


def lowest(*limits: Limits) -> Limits:
    """The lower of each limit; None where none of them limits."""

    def least(name: str) -> float | None:
        return min((value for each in limits if (value := getattr(each, name)) is not None), default=None)

    return Limits(**{name: least(name) for name in Limits.__struct_fields__})  # type: ignore[arg-type]


def effective(
    pipeline: Pipeline,
    names: Sequence[str],
    before: Pipeline | None = None,
    begun: Sequence[str] = (),
    passed: Collection[str] = (),
) -> Pipeline:
    """The pipeline under these profiles ("" is no profile).

    `before` is what held until now, and `begun` are the stages that it has entered, in their order. Stages that come
    back because not all profiles skip them run next, after those. Gates that a profile adds to a stage that has
    `passed` are asked at landing.
    """
    profiles = [pipeline.profiles.get(name, NONE) for name in names]
    if not begun and all(profile == NONE for profile in profiles):
        return pipeline
    skipped = frozenset.intersection(*(frozenset(profile.skip) for profile in profiles or (NONE,)))
    stages = _ordered([stage for stage in pipeline.stages if stage.name not in skipped], begun)
    late: list[str] = []
    made: list[Stage] = []
    for place, stage in enumerate(stages):
        gates = _joined(stage.gates, _added(profiles, stage.name))
        if before is not None and stage.name in passed:
            asked = before.stage(stage.name).gates
            late += [gate for gate in gates if gate not in asked]
            gates = asked
        made.append(replace(stage, gates=gates, on_fail=_back(stage.on_fail, stages[: place + 1], stage.name)))
    writer = next(stage.name for stage in reversed(stages) if stage.writes)
    land = replace(
        pipeline.land,
        gates=_joined(pipeline.land.gates, (*_added(profiles, LAND), *late)),
        on_fail=_back(pipeline.land.on_fail, stages, writer),
        on_conflict=_back(pipeline.land.on_conflict, stages, writer),
    )
    limits = lowest(pipeline.limits, *(profile.limits for profile in profiles))
    return replace(pipeline, stages=tuple(made), land=land, limits=limits)


def caps(pipeline: Pipeline, names: Iterable[str]) -> Limits:
    """What no limit of a task may exceed: its profiles' and the floor's."""
    return lowest(pipeline.floor.limits, *(pipeline.profiles.get(name, NONE).limits for name in names))


def _added(profiles: Iterable[Profile], stage: str) -> tuple[str, ...]:
    return tuple(name for profile in profiles for name in profile.gates.get(stage, ()))


def _joined(gates: Sequence[str], more: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*gates, *more)))


def _ordered(stages: list[Stage], begun: Sequence[str]) -> list[Stage]:
    """Those that have begun keep their order; the others come after them, as the file has them."""
    known = {stage.name: stage for stage in stages}
    first = [known[name] for name in begun if name in known]
    return [*first, *(stage for stage in stages if stage.name not in begun)]


def _back(back: OnFail, stages: Sequence[Stage], otherwise: str) -> OnFail:
    """Where a skipped stage would have been gone to, work goes to the stage itself (at landing: the last writer).

    A checkpoint has nobody to put it right: from there it goes to the stage before.
    """
    if any(stage.name == back.goto for stage in stages):
        return back
    doing = [stage.name for stage in stages if stage.agent]
    return replace(back, goto=otherwise if otherwise in doing or not doing else doing[-1])
