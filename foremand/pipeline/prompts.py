"""Templates of prompts and messages: the built-in ones, what a template may name, and how it is filled in.

A prompt names `{{ task }}`, `{{ stages.NAME }}` (what that stage handed on), `{{ feedback }}` (what was refused
and why) and `{{ diff }}`; the message of the landed commit names those of `MESSAGE_NAMES`.
Values are put in as they are and never read as templates themselves: they hold what agents, tests and people wrote.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import resources

from msgspec import Struct

from foremand.pipeline.problems import nearest, shown

BUILTIN = "builtin:"
"""How a prompt begins that names a built-in template instead of being one."""

MESSAGE_NAMES = ("id", "title", "summary", "task")
"""What the template of a landed commit's message may name; `task` is what was asked, `id` its number."""

STAGE_PROMPTS = ("implement", "plan", "harden")
"""The built-in templates of stages."""

REVIEW_PROMPTS = ("review", "security-review")
"""The built-in templates of review gates."""

_PLACE = re.compile(r"\{\{([^{}\n]*)\}\}")
_HANDED_ON = re.compile(r"\n*<!-- handed on -->")
_NOTHING = "(nothing was handed on)"
_REVIEWED = {
    "task": "# The task\n\n{{ task }}",
    "feedback": "# What was said of it earlier (nothing on a first look)\n\n{{ feedback }}",
    "diff": "# The change\n\n{{ diff }}",
}


class Context(Struct, frozen=True, kw_only=True):
    """What a prompt is filled in with. `feedback` is empty where nothing was refused, `stages` hold by name
    what they handed on."""

    task: str
    stages: Mapping[str, str] = {}
    feedback: str = ""
    diff: str = ""


def builtin(name: str, earlier: Iterable[str] = ()) -> str:
    """The built-in template called `name`, which passes on what each of the `earlier` stages handed on.

    Raises KeyError where there is none.
    """
    if name not in STAGE_PROMPTS + REVIEW_PROMPTS:
        raise KeyError(name)
    handed = "".join(f"\n\n# What the stage {stage} handed on\n\n{{{{ stages.{stage} }}}}" for stage in earlier)
    return _HANDED_ON.sub(lambda _: handed, _text(name))


def unknown_builtin(name: str, known: tuple[str, ...]) -> str:
    """Why no built-in template among `known` has this name; empty where one has it."""
    if name in known:
        return ""
    if name in STAGE_PROMPTS + REVIEW_PROMPTS:
        owner = "a stage" if name in STAGE_PROMPTS else 'a gate of kind "review"'
        return f"{shown(BUILTIN + name)} is for {owner}"
    return f"no built-in prompt is called {shown(name)}{nearest(name, known)}"


def for_review(template: str) -> str:
    """The whole template of a review: what a reviewer always gets to see stands in it, and how to answer at its end.

    The form of the answer is not left to the author of a prompt: what cannot be read is no answer.
    """
    given = named_in(template)
    missing = [section for name, section in _REVIEWED.items() if name not in given]
    return "\n\n".join([template.rstrip("\n"), *missing, _text("verdict")])


def prompt_names(stages: Iterable[str]) -> tuple[str, ...]:
    """All that a prompt may name in a pipeline of these stages."""
    return ("task", "feedback", "diff", *(f"stages.{stage}" for stage in stages))


def named_in(template: str) -> tuple[str, ...]:
    """All that a template names, such as `task` or `stages.plan`, each once."""
    return tuple(dict.fromkeys(name.strip() for name in _PLACE.findall(template)))


def unknown_names(template: str, known: tuple[str, ...]) -> Iterator[str]:
    """A complaint for each name in the template that nothing would be put in for."""
    for name in named_in(template):
        if name not in known:
            there = ", ".join(known)
            yield f"{shown('{{ ' + name + ' }}')} names nothing{nearest(name, known)} (there are {there})"


def fill(template: str, values: Mapping[str, str]) -> str:
    """The template with the values in their places; a name without a value stays as it is written."""
    return _PLACE.sub(lambda place: values.get(place[1].strip(), place[0]), template)


def render(template: str, context: Context) -> str:
    """The prompt of an attempt. The task and the feedback always reach the agent: a template that does not
    name them gets them at its end."""
    given = named_in(template)
    stages = {name: _NOTHING for name in given if name.startswith("stages.")}
    stages |= {f"stages.{name}": output for name, output in context.stages.items() if output}
    values = {"task": context.task, "feedback": context.feedback, "diff": context.diff}
    sections = [fill(template, stages | values)]
    if "task" not in given:
        sections.append(f"# The task\n\n{context.task}\n")
    if context.feedback and "feedback" not in given:
        sections.append(follow_up(context.feedback))
    return "\n".join(sections)


def follow_up(feedback: str) -> str:
    """What an agent is told whose session goes on: it knows its prompt, so only what was refused and why."""
    return fill(_text("refused"), {"feedback": feedback})


@cache
def _text(name: str) -> str:
    return resources.files(__package__).joinpath("prompts", f"{name}.md").read_text("utf-8")
