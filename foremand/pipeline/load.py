"""From the text of a pipeline file to a `core.spec.Pipeline`: read, checked, and every default filled in."""

from collections.abc import Iterator

import msgspec

from foremand.core import durations, spec
from foremand.pipeline import floors, prompts, rules, values
from foremand.pipeline.decode import decode
from foremand.pipeline.document import (
    AgentTable,
    Document,
    PriceTable,
    ProfileTable,
    SendBack,
    StageTable,
    WorkspaceTable,
)
from foremand.pipeline.gate_specs import gate_spec, human
from foremand.pipeline.gate_tables import HumanGate, ReviewGate
from foremand.pipeline.problems import PipelineInvalid, Problem, named
from foremand.pipeline.references import labelled
from foremand.pipeline.templates import ReadPrompt, of_review, of_stage

POLICY_PATHS = (".foremand/**", "/.foremand")
"""What a person always has to see: the folder's files, and something else put in the folder's place."""

_POLICY_MESSAGE = "This change touches .foremand/, which says how later work is judged."


def load(text: str, read_prompt: ReadPrompt, origin: str, floor: spec.Floor | None = None) -> spec.Pipeline:
    """The pipeline that a file's text means. `origin` names the file in errors, `floor` is the user's own.

    The user's floor joins the file's: the gates of both, the lower limits. Raises PipelineInvalid with every problem
    of the file at once.
    """
    document, unreadable = decode(text)
    if document is None:
        raise PipelineInvalid(unreadable, origin)
    distrusted = frozenset(problem.key or problem.table.strip("[]") for problem in unreadable)
    problems = [*unreadable, *rules.broken(document, distrusted), *_message_problems(document)]
    problems += floors.problems(document, floor or spec.Floor())
    templates, reviews = [], {}
    for place, (label, stage) in enumerate(labelled(document)):
        template, complaints = of_stage(document, place, read_prompt)
        templates.append(template)
        problems += _of_prompt(label, stage, complaints)
    for name, gate in document.gate.items():
        if isinstance(gate, ReviewGate):
            reviews[name], complaints = of_review(document, gate, read_prompt)
            problems += _of_prompt(named("gate", name), gate, complaints)
    if problems:
        raise PipelineInvalid(tuple(problems), origin)
    return floors.raised(_pipeline(document, templates, reviews), floor or spec.Floor())


def _of_prompt(table: str, owner: StageTable | ReviewGate, complaints: tuple[str, ...]) -> list[Problem]:
    key = "prompt_file" if owner.prompt_file else "prompt"
    return [Problem(table, key, complaint) for complaint in complaints]


def _message_problems(document: Document) -> Iterator[Problem]:
    for why in prompts.unknown_names(document.land.message, prompts.MESSAGE_NAMES):
        yield Problem("[land]", "message", why)


def _pipeline(document: Document, templates: list[str], reviews: dict[str, str]) -> spec.Pipeline:
    workspace = _workspace(document.workspace)
    agents = {name: _agent(name, agent) for name, agent in document.agent.items()}
    gates = {
        name: gate_spec(name, gate, workspace, agents, reviews.get(name, "")) for name, gate in document.gate.items()
    }
    gates[spec.POLICY_GATE] = human(spec.POLICY_GATE, HumanGate(paths=POLICY_PATHS, message=_POLICY_MESSAGE))
    return spec.Pipeline(
        version=document.version,
        limits=_limits(document.limits),
        workspace=workspace,
        agents=agents,
        gates=gates,
        stages=tuple(_stage(document, place, template) for place, template in enumerate(templates)),
        land=_land(document),
        profiles={name: _profile(name, profile) for name, profile in document.profile.items()},
        default_profile=document.default_profile or "",
        floor=spec.Floor(gates=document.floor.gates, limits=_limits(document.floor.limits)),
    )


def _limits(table: msgspec.Struct) -> spec.Limits:
    given = {key: value for key, value in msgspec.structs.asdict(table).items() if value is not msgspec.UNSET}
    spans = {key: durations.seconds(value) for key, value in given.items() if isinstance(value, str)}
    return spec.Limits(**(given | spans))


def _workspace(table: WorkspaceTable) -> spec.Workspace:
    return spec.Workspace(
        setup=table.setup or "",
        setup_key=_normal(table.setup_key or ()),
        setup_paths=None if isinstance(table.setup_paths, msgspec.UnsetType) else _normal(table.setup_paths),
        setup_timeout=durations.seconds(table.setup_timeout),
        copy=_normal(table.copy),
        env=table.env,
        cache=_normal(table.cache),
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
        inherit=table.inherit,
        price=_price(table.price) if table.price else None,
    )


def _price(table: PriceTable) -> spec.Price:
    cached, written = table.cached or table.input, table.written or table.input
    return spec.Price(input=table.input, cached=cached, written=written, output=table.output)


def _stage(document: Document, place: int, template: str) -> spec.Stage:
    table = document.stage[place]
    back = table.on_fail
    agent, *others = table.agents or ("",)
    return spec.Stage(
        name=table.name,
        agent=agent,
        others=tuple(others),
        access=document.responsible(place).access or "write",  # a checkpoint judges a plan, or what was written
        prompt=template,
        gates=table.gates,
        on_fail=spec.OnFail(goto=back.goto or document.responsible(place).name, limit=back.limit, session=back.session),
        limits=_limits(table.limits),
        allow_empty=table.allow_empty,
    )


def _land(document: Document) -> spec.Land:
    table = document.land
    last_writer = [stage.name for stage in document.stage if stage.writes][-1]

    def back(given: SendBack) -> spec.OnFail:
        return spec.OnFail(goto=given.goto or last_writer, limit=given.limit)

    return spec.Land(
        into=table.into or None,
        strategy=table.strategy,
        publish=table.publish,
        fetch=table.fetch,
        gates=(*document.landing, spec.POLICY_GATE),
        message=table.message,
        on_fail=back(table.on_fail),
        on_conflict=back(table.on_conflict),
    )


def _profile(name: str, table: ProfileTable) -> spec.Profile:
    return spec.Profile(
        name=name, gates=dict(table.gates), skip=table.skip, limits=_limits(table.limits), paths=table.paths or ()
    )
