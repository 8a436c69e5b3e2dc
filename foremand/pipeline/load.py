"""From the text of a pipeline file to a `core.spec.Pipeline`: read, checked, and every default filled in."""

import hashlib
from collections.abc import Callable, Iterator

import msgspec

from foremand.core import spec
from foremand.pipeline import prompts, rules, values
from foremand.pipeline.decode import decode
from foremand.pipeline.document import (
    AgentTable,
    CommandGate,
    Document,
    HumanGate,
    SendBack,
    StageTable,
    WorkspaceTable,
)
from foremand.pipeline.problems import PipelineInvalid, Problem, shown

ReadPrompt = Callable[[str], str | None]
"""Gives the text of a file beside the pipeline, by its relative path; None where there is none."""

POLICY_PATHS = (".foremand/**", "/.foremand")
"""What a person always has to see: the folder's files, and something else put in the folder's place."""

_POLICY_MESSAGE = "This change touches .foremand/, which says how later work is judged."


def load(text: str, read_prompt: ReadPrompt, origin: str) -> spec.Pipeline:
    """The pipeline that a file's text means. `origin` names the file in errors.

    Raises PipelineInvalid with every problem of the file at once.
    """
    document, unreadable = decode(text)
    if document is None:
        raise PipelineInvalid(unreadable, origin)
    distrusted = frozenset(problem.key or problem.table.strip("[]") for problem in unreadable)
    problems = [*unreadable, *rules.broken(document, distrusted), *_message_problems(document)]
    templates = []
    for place, (label, stage) in enumerate(rules.labelled(document)):
        template, complaints = _template(document, place, read_prompt)
        templates.append(template)
        key = "prompt_file" if stage.prompt_file else "prompt"
        problems += [Problem(label, key, complaint) for complaint in complaints]
    if problems:
        raise PipelineInvalid(tuple(problems), origin)
    return _pipeline(document, templates)


def _template(document: Document, place: int, read_prompt: ReadPrompt) -> tuple[str, tuple[str, ...]]:
    """The template of the stage at this place, and what is wrong with it."""
    stage = document.stage[place]
    names = [each.name for each in document.stage if each.name]
    default = "implement" if stage.access == "write" else "plan"
    written = stage.prompt_file or stage.prompt or f"{prompts.BUILTIN}{default}"
    if written.startswith(prompts.BUILTIN):
        name = written.removeprefix(prompts.BUILTIN)
        why = prompts.unknown_builtin(name)
        return ("", (why,)) if why else (prompts.builtin(name, names[:place]), ())
    if stage.prompt_file:
        wrong = tuple(values.path_complaints(written))
        text = None if wrong else read_prompt(written)
        if text is None:
            return "", wrong or (f"there is no file {shown(written)} beside the pipeline",)
        if not text.strip():
            return "", (f"the file {shown(written)} is empty",)
        written = text
    return written, tuple(prompts.unknown_names(written, prompts.prompt_names(names)))


def _message_problems(document: Document) -> Iterator[Problem]:
    for why in prompts.unknown_names(document.land.message, prompts.MESSAGE_NAMES):
        yield Problem("[land]", "message", why)


def _pipeline(document: Document, templates: list[str]) -> spec.Pipeline:
    workspace = _workspace(document.workspace)
    gates = {name: _gate(name, gate, workspace) for name, gate in document.gate.items()}
    gates[spec.POLICY_GATE] = _gate(spec.POLICY_GATE, HumanGate(paths=POLICY_PATHS, message=_POLICY_MESSAGE), workspace)
    return spec.Pipeline(
        version=document.version,
        limits=_limits(document.limits),
        workspace=workspace,
        agents={name: _agent(name, agent) for name, agent in document.agent.items()},
        gates=gates,
        stages=tuple(map(_stage, document.stage, templates)),
        land=_land(document),
    )


def _limits(table: msgspec.Struct) -> spec.Limits:
    given = {key: value for key, value in msgspec.structs.asdict(table).items() if value is not msgspec.UNSET}
    if "wall_clock" in given:
        given["wall_clock"] = values.seconds(given["wall_clock"])
    return spec.Limits(**given)


def _workspace(table: WorkspaceTable) -> spec.Workspace:
    return spec.Workspace(
        setup=table.setup or "",
        setup_key=_normal(table.setup_key or ()),
        setup_paths=None if isinstance(table.setup_paths, msgspec.UnsetType) else _normal(table.setup_paths),
        setup_timeout=values.seconds(table.setup_timeout),
        copy=_normal(table.copy),
        env=table.env,
    )


def _normal(paths: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(values.normal(path) for path in paths)


def _agent(name: str, table: AgentTable) -> spec.Agent:
    return spec.Agent(
        name=name,
        adapter=table.adapter,
        command=values.argv(table.command) if table.command else (),
        args=table.args,
        model=table.model or None,
        env=table.env,
        permissions=table.permissions,
        allow=table.allow,
    )


def _gate(name: str, table: CommandGate | HumanGate, workspace: spec.Workspace) -> spec.Gate:
    paths = table.paths or ()
    decides: dict[str, object]
    if isinstance(table, HumanGate):
        decides = {"kind": "human", "message": table.message, "paths": paths}
        return spec.Gate(name=name, kind="human", definition=_definition(decides), paths=paths, message=table.message)
    timeout = values.seconds(table.timeout)
    junit = values.normal(table.junit) if table.junit else None
    min_tests = table.min_tests or 1
    decides = {
        "kind": "command",
        "run": table.run,
        "junit": junit,
        "min_tests": min_tests,
        "paths": paths,
        "timeout": timeout,
        # What the setup makes, what is copied in and what the environment holds is what the command finds.
        "setup": [workspace.setup, workspace.setup_key, workspace.setup_paths],
        "copy": workspace.copy,
        "env": workspace.env,
    }
    return spec.Gate(
        name=name,
        kind="command",
        definition=_definition(decides),
        paths=paths,
        timeout=timeout,
        run=table.run,
        junit=junit,
        min_tests=min_tests,
    )


def _definition(decides: dict[str, object]) -> str:
    """The hash over all that could change a gate's answer. Its name could not: verdicts are kept with that too."""
    return hashlib.sha256(msgspec.json.encode(decides, order="sorted")).hexdigest()


def _stage(table: StageTable, template: str) -> spec.Stage:
    back = table.on_fail
    return spec.Stage(
        name=table.name,
        agent=table.agent,
        access=table.access,
        prompt=template,
        gates=table.gates,
        on_fail=spec.OnFail(goto=back.goto or table.name, limit=back.limit, session=back.session),
        limits=_limits(table.limits),
        allow_empty=table.allow_empty,
    )


def _land(document: Document) -> spec.Land:
    table = document.land
    last_writer = [stage.name for stage in document.stage if stage.access == "write"][-1]

    def back(given: SendBack) -> spec.OnFail:
        return spec.OnFail(goto=given.goto or last_writer, limit=given.limit)

    return spec.Land(
        into=table.into or None,
        gates=(*table.gates, spec.POLICY_GATE),
        message=table.message,
        on_fail=back(table.on_fail),
        on_conflict=back(table.on_conflict),
    )
