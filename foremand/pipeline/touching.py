"""What a pipeline does with one change: which rules its files match, which gates apply and why, what landing asks."""

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from foremand.core.profiles import effective
from foremand.core.spec import LAND, Gate, Pipeline
from foremand.core.verdicts import MACHINES, gates_at
from foremand.pipeline.check import asked

Globs = tuple[str, ...]

_SHOWN = 3
"""Files named for a rule; the rest is counted."""


class Raised(Struct, frozen=True, kw_only=True):
    """A profile that the change is raised to, and the files that do it."""

    profile: str
    paths: Globs
    files: tuple[str, ...]


class Application(Struct, frozen=True, kw_only=True):
    """One gate and the change: whether it applies, by which files; for `protected` those that it must not touch."""

    gate: Gate
    applies: bool
    files: tuple[str, ...] = ()


class Course(Struct, frozen=True, kw_only=True):
    """What a change has before it: the profiles in force, and the gates of each stage and of landing, in order."""

    files: tuple[str, ...]
    profile: str
    raised: tuple[Raised, ...]
    stages: tuple[tuple[str, tuple[Application, ...]], ...]


def rules_of(pipeline: Pipeline) -> frozenset[Globs]:
    """All path rules of a pipeline: `follow` wants to know of each which files it matches."""
    named = [gate.paths for gate in pipeline.gates.values()] + [profile.paths for profile in pipeline.profiles.values()]
    return frozenset(paths for paths in named if paths)


def follow(
    pipeline: Pipeline, profile: str, files: tuple[str, ...], matched: Mapping[Globs, tuple[str, ...]]
) -> Course:
    """The course of a change of these `files` (of a rename both names), submitted with `profile` (empty: the default).

    `matched` are the files that each path rule is about.
    """
    begun = profile or pipeline.default_profile
    raised = tuple(
        Raised(profile=each.name, paths=each.paths, files=matched[each.paths])
        for each in pipeline.profiles.values()
        if each.name != begun and each.paths and matched[each.paths]
    )
    course = effective(pipeline, [begun, *(each.profile for each in raised)])
    names = [*(stage.name for stage in course.stages), LAND]
    return Course(
        files=files,
        profile=begun,
        raised=raised,
        stages=tuple((name, tuple(_applied(gate, matched) for gate in gates_at(course, name))) for name in names),
    )


def as_data(course: Course) -> dict[str, Any]:
    """The course as JSON-able data."""
    return {
        "files": list(course.files),
        "profile": course.profile,
        "raised": [
            {"profile": each.profile, "paths": list(each.paths), "files": list(each.files)} for each in course.raised
        ],
        "stages": [
            {
                "name": name,
                "gates": [
                    {
                        "name": each.gate.name,
                        "kind": each.gate.kind,
                        "applies": each.applies,
                        "advisory": each.gate.advisory,
                        "paths": list(each.gate.paths),
                        "files": list(each.files),
                        "reason": _reason(each),
                    }
                    for each in gates
                ],
            }
            for name, gates in course.stages
        ],
    }


def in_words(course: Course) -> str:
    """The course for a person."""
    count = len(course.files)
    lines = [f"The change touches {count} file{'' if count == 1 else 's'}: {_some(course.files)}."]
    lines += [f"Its profile is {course.profile}."] if course.profile else []
    for each in course.raised:
        lines.append(f"It is raised to the profile {each.profile} ({' '.join(each.paths)}): {_some(each.files)}.")
    for name, gates in course.stages:
        lines += ["", f"{'landing' if name == LAND else name} asks:" if gates else f"{name} asks nothing"]
        lines += [line for each in _in_order(gates) for line in (f"     {asked(each.gate)}", f"       {_reason(each)}")]
    return "\n".join(lines) + "\n"


def _applied(gate: Gate, matched: Mapping[Globs, tuple[str, ...]]) -> Application:
    files = matched[gate.paths] if gate.paths else ()
    return Application(gate=gate, applies=gate.kind == "protected" or not gate.paths or bool(files), files=files)


def _in_order(gates: tuple[Application, ...]) -> Iterator[Application]:
    """As they are asked: machines, then reviewers, then people (contract 4)."""
    for kinds in (MACHINES, {"review"}, {"human"}):
        yield from (each for each in gates if each.gate.kind in kinds)


def _reason(application: Application) -> str:
    gate, files = application.gate, application.files
    if gate.kind == "protected":
        return f"refuses: the change touches {_some(files)}" if files else "passes: the change touches none of it"
    if not gate.paths:
        return "applies to every change"
    return (
        f"applies: the change touches {_some(files)}" if files else "is skipped: the change touches none of its paths"
    )


def _some(files: tuple[str, ...]) -> str:
    named = ", ".join(files[:_SHOWN])
    return f"{named} and {len(files) - _SHOWN} more" if len(files) > _SHOWN else named or "nothing"
