"""What is allowed in a pipeline and yet worth knowing before a task runs: its worst case, and warnings."""

import re
import shlex
from collections.abc import Iterator
from itertools import chain, pairwise

from foremand.core.spec import Gate, Pipeline
from foremand.pipeline import prompts
from foremand.pipeline.problems import named, stage_label

_INTERPRETERS = frozenset({"python", "python3", "pytest", "py.test", "coverage", "nose2"})
_INSTALL = re.compile(r"\bpip3?\s+install\b(?P<rest>[^;&|\n]*)")
_ITSELF = re.compile(r"(\./?)(\[.*\])?")
_EDITABLE = frozenset({"-e", "--editable"})
_TAKES_A_FOLDER = frozenset({"-t", "--target", "--prefix", "--root", "--src", "--cache-dir", "-f", "--find-links"})


def loops(pipeline: Pipeline) -> int:
    """Agent runs if every gate refuses as often as its limit lets it.

    Each time that stage i sends work back to stage g, the stages g..i run once more. What people grant by
    `rework` or `retry`, and attempts that ended through no fault of the work, come on top.
    """
    end = len(pipeline.stages)
    stages = sum(
        stage.on_fail.limit * (place + 1 - pipeline.index(stage.on_fail.goto))
        for place, stage in enumerate(pipeline.stages)
    )
    landing = sum(
        back.limit * (end - pipeline.index(back.goto)) for back in (pipeline.land.on_fail, pipeline.land.on_conflict)
    )
    return end + stages + landing


def worst_case(pipeline: Pipeline) -> int:
    """The most agent runs that a task can take before it waits for a person: loops, and `limits.attempts`."""
    runs = loops(pipeline)
    return runs if pipeline.limits.attempts is None else min(runs, pipeline.limits.attempts)


def warnings(pipeline: Pipeline) -> tuple[str, ...]:
    """What a careful reader of this pipeline would point out, each with its table."""
    found = (_unused, _unpriced, _without_effect, _unheard, _setup, _bare_tools)
    return tuple(chain.from_iterable(look(pipeline) for look in found))


def _unused(pipeline: Pipeline) -> Iterator[str]:
    agents = {stage.agent for stage in pipeline.stages}
    asked = {gate for stage in pipeline.stages for gate in stage.gates} | set(pipeline.land.gates)
    for name in pipeline.agents:
        if name not in agents:
            yield f"{named('agent', name)} does no stage"
    for name in pipeline.gates:
        if name not in asked:
            yield f"{named('gate', name)} is asked nowhere: name it in a stage's gates or in [land]"


def _unpriced(pipeline: Pipeline) -> Iterator[str]:
    """An unknown cost is never counted as zero, so a limit on it cannot stop anything."""
    for agent in pipeline.agents.values():
        stages = [stage for stage in pipeline.stages if stage.agent == agent.name]
        if agent.adapter != "command" or not stages:
            continue
        limited = [stage.limits for stage in stages] + [pipeline.limits]
        keys = [key for key in ("cost_usd", "turns") if any(getattr(each, key) is not None for each in limited)]
        if keys:
            yield (
                f"{named('agent', agent.name)} reports no cost and no turns: "
                f"{' and '.join(keys)} cannot stop it, wall_clock and attempts can"
            )


def _without_effect(pipeline: Pipeline) -> Iterator[str]:
    for agent in pipeline.agents.values():
        if agent.adapter == "command" and (agent.model or agent.allow or agent.permissions != "auto"):
            yield f"{named('agent', agent.name)} is any program: model, permissions and allow do not reach it"
        elif agent.allow and agent.permissions == "full":
            yield f'{named("agent", agent.name)} allow: permissions = "full" allows everything already'
    for place, stage in enumerate(pipeline.stages):
        if stage.allow_empty and stage.access == "read":
            yield f"{stage_label(stage.name, place)} allow_empty: a reading stage never changes anything"
    workspace = pipeline.workspace
    if not workspace.setup and (workspace.setup_key or workspace.setup_paths):
        yield "[workspace] setup_key and setup_paths mean nothing without a setup"


def _unheard(pipeline: Pipeline) -> Iterator[str]:
    """A plan that no later prompt passes on is a plan that nobody follows."""
    for place, stage in enumerate(pipeline.stages):
        others = [other for other in pipeline.stages if other.name != stage.name]
        heard = any(f"stages.{stage.name}" in prompts.named_in(other.prompt) for other in others)
        if stage.access == "read" and pipeline.stages[place + 1 :] and not heard:
            yield (
                f"{stage_label(stage.name, place)} hands on what no prompt takes up: "
                f"name {{{{ stages.{stage.name} }}}} in a later one"
            )


def _setup(pipeline: Pipeline) -> Iterator[str]:
    setup = pipeline.workspace.setup
    if any(_installs_itself(found["rest"]) for found in _INSTALL.finditer(setup)) or "setup.py install" in setup:
        yield (
            "[workspace] setup installs a copy of this repository: gates would test that copy and not the change; "
            "install it editable (pip install -e .)"
        )
    for gate in _commands(pipeline):
        if not setup and _program(gate).startswith((".venv/", "venv/", "node_modules/")):
            yield f"{named('gate', gate.name)} runs {_program(gate)}, which no setup makes in a clean checkout"


def _bare_tools(pipeline: Pipeline) -> Iterator[str]:
    """Seen: a tool of the user's environment tests the sources installed there, and passes whatever the change."""
    for gate in _commands(pipeline):
        if _program(gate) in _INTERPRETERS:
            yield (
                f"{named('gate', gate.name)} runs {_program(gate)} as PATH has it, which may test other sources than "
                "the change: run the one that your setup makes, such as .venv/bin/" + _program(gate)
            )


def _commands(pipeline: Pipeline) -> list[Gate]:
    return [gate for gate in pipeline.gates.values() if gate.kind == "command"]


def _program(gate: Gate) -> str:
    """The first word of what a command gate runs, empty where a shell is needed to tell."""
    try:
        words = shlex.split(gate.run) if isinstance(gate.run, str) else list(gate.run)
    except ValueError:
        return ""
    return next((word for word in words if "=" not in word), "")


def _installs_itself(arguments: str) -> bool:
    try:
        words = shlex.split(arguments)
    except ValueError:
        return False
    return any(
        _ITSELF.fullmatch(word) and before not in _EDITABLE | _TAKES_A_FOLDER for before, word in pairwise(["", *words])
    )
