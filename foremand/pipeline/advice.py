"""What is allowed in a pipeline and yet worth knowing before a task runs: its worst case, and warnings."""

import re
import shlex
from collections.abc import Collection, Iterator
from itertools import chain, pairwise

from foremand.core.spec import Agent, Gate, Limits, Pipeline
from foremand.core.worst import loops
from foremand.pipeline import prompts
from foremand.pipeline.advice_files import unmatched
from foremand.pipeline.problems import named, shown, stage_label

_INTERPRETERS = frozenset({"python", "python3", "pytest", "py.test", "coverage", "nose2"})
_INSTALL = re.compile(r"\bpip3?\s+install\b(?P<rest>[^;&|\n]*)")
_ITSELF = re.compile(r"(\./?)(\[.*\])?")
_EDITABLE = frozenset({"-e", "--editable"})
_TAKES_A_FOLDER = frozenset({"-t", "--target", "--prefix", "--root", "--src", "--cache-dir", "-f", "--find-links"})


def worst_case(pipeline: Pipeline) -> int:
    """The most agent runs that a task can take before it waits for a person: loops, and `limits.attempts`."""
    runs = loops(pipeline)
    return runs if pipeline.limits.attempts is None else min(runs, pipeline.limits.attempts)


def warnings(
    pipeline: Pipeline, files: Collection[str] | None = None, *, sandboxed: bool | None = None
) -> tuple[str, ...]:
    """What a careful reader of this pipeline would point out, each with its table.

    `files` are those of the repository, `sandboxed` whether agents and gates run confined; None where that is unknown.
    """
    found = (_unused, _unpriced, _without_effect, _unheard, _alike, _one_account, _published, _setup, _bare_tools)
    given = chain.from_iterable(look(pipeline) for look in found)
    confined = _unconfined(pipeline) if sandboxed is False else ()
    return (*given, *confined, *(unmatched(pipeline, files) if files is not None else ()))


def _unused(pipeline: Pipeline) -> Iterator[str]:
    profiles = pipeline.profiles.values()
    asked = {gate for stage in pipeline.stages for gate in stage.gates} | set(pipeline.land.gates)
    asked |= {gate for profile in profiles for gates in profile.gates.values() for gate in gates}
    reviewers = {reviewer for gate in pipeline.gates.values() for reviewer in gate.reviewers}
    agents = reviewers | {agent for stage in pipeline.stages for agent in (stage.agent, *stage.others)}
    for name in pipeline.agents:
        if name not in agents:
            yield f"{named('agent', name)} does no stage"
    for name in pipeline.gates:
        if name not in asked:
            yield f"{named('gate', name)} is asked nowhere: name it in a stage's gates or in [land]"


def _unpriced(pipeline: Pipeline) -> Iterator[str]:
    """An unknown cost is never counted as zero, so a limit on it cannot stop anything."""
    for agent in pipeline.agents.values():
        stages = [stage for stage in pipeline.stages if agent.name in (stage.agent, *stage.others)]
        reviews = any(agent.name in gate.reviewers for gate in pipeline.gates.values())
        if agent.adapter != "command" or not (stages or reviews):
            continue
        limited = [stage.limits for stage in stages] + [pipeline.limits]
        unknown = ("cost_usd", "tokens", "turns")
        keys = [key for key in unknown if any(getattr(each, key) is not None for each in limited)]
        if keys:
            yield (
                f"{named('agent', agent.name)} reports no cost, tokens or turns: "
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
    brings_back = any(profile.skip for profile in pipeline.profiles.values())  # in a profile that skips nothing
    for name, profile in pipeline.profiles.items():
        does = profile.gates or profile.skip or _given(profile.limits) or brings_back
        if name != pipeline.default_profile and not does:
            yield f"{named('profile', name)} adds no gate, skips no stage and lowers no limit"
    workspace = pipeline.workspace
    if not workspace.setup and (workspace.setup_key or workspace.setup_paths):
        yield "[workspace] setup_key and setup_paths mean nothing without a setup"


def _unheard(pipeline: Pipeline) -> Iterator[str]:
    """A plan that no later prompt passes on is a plan that nobody follows."""
    for place, stage in enumerate(pipeline.stages):
        others = [other for other in pipeline.stages if other.name != stage.name]
        told = [other.prompt for other in others] + [gate.prompt for gate in pipeline.gates.values()]
        heard = any(f"stages.{stage.name}" in prompts.named_in(prompt) for prompt in told)
        if stage.agent and stage.access == "read" and pipeline.stages[place + 1 :] and not heard:
            yield (
                f"{stage_label(stage.name, place)} hands on what no prompt takes up: "
                f"name {{{{ stages.{stage.name} }}}} in a later one"
            )


def _alike(pipeline: Pipeline) -> Iterator[str]:
    """A second opinion of the same model is much like its first."""
    writers = dict.fromkeys(name for stage in pipeline.stages if stage.writes for name in (stage.agent, *stage.others))
    for gate in pipeline.gates.values():
        for reviewer in gate.reviewers:
            for writer in writers:
                if _what(pipeline.agents[reviewer]) == _what(pipeline.agents[writer]):
                    yield (
                        f"{named('gate', gate.name)} reviewers: {shown(reviewer)} is the same CLI and model as "
                        f"{shown(writer)}, which writes: another model sees what this one overlooks"
                    )


def _one_account(pipeline: Pipeline) -> Iterator[str]:
    for place, stage in enumerate(pipeline.stages):
        first = pipeline.agents[stage.agent] if stage.agent else None
        same = [other for other in stage.others if first and _cli(pipeline.agents[other]) == _cli(first)]
        if same:
            yield (
                f"{stage_label(stage.name, place)} agent: {shown(same[0])} is the same CLI as {shown(stage.agent)}: "
                "where they share an account, they are out of quota together"
            )


def _published(pipeline: Pipeline) -> Iterator[str]:
    land = pipeline.land
    if land.publish != "local" and not land.fetch:
        yield (
            f'[land] publish = "{land.publish}" without fetch: work begins at the branch as it stands here, and what '
            "is not pushed yet goes along; fetch = true begins at the remote's"
        )


def _unconfined(pipeline: Pipeline) -> Iterator[str]:
    for gate in pipeline.gates.values():
        if not gate.network:
            yield f"{named('gate', gate.name)} network = false cannot pass here, where nothing is sandboxed"


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


def _what(agent: Agent) -> tuple[object, ...]:
    return (*_cli(agent), agent.model)


def _cli(agent: Agent) -> tuple[object, ...]:
    return (agent.adapter, agent.command)


def _given(limits: Limits) -> bool:
    return limits != Limits()


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
