"""Where the template of a stage or of a review comes from: written in the file, beside it, or built in."""

from collections.abc import Callable

from msgspec import UnsetType

from foremand.pipeline import prompts, values
from foremand.pipeline.document import Document
from foremand.pipeline.gate_tables import ReviewGate
from foremand.pipeline.problems import shown

ReadPrompt = Callable[[str], str | None]
"""Gives the text of a file beside the pipeline, by its relative path; None where there is none."""

Template = tuple[str, tuple[str, ...]]
"""A template, empty where something is wrong with it, and what that is."""


def of_stage(document: Document, place: int, read_prompt: ReadPrompt) -> Template:
    """The template of the stage at this place. A checkpoint has none."""
    stage = document.stage[place]
    if not stage.agents:
        return "", ()
    default = "implement" if stage.writes else "plan"
    earlier = _speaking(document, place)
    return _template(stage.prompt, stage.prompt_file, default, prompts.STAGE_PROMPTS, document, earlier, read_prompt)


def of_review(document: Document, gate: ReviewGate, read_prompt: ReadPrompt) -> Template:
    """The whole template of a review gate, which may be asked at any stage."""
    stages = _speaking(document, len(document.stage))
    template, complaints = _template(
        gate.prompt, gate.prompt_file, "review", prompts.REVIEW_PROMPTS, document, stages, read_prompt
    )
    return ("", complaints) if complaints else (prompts.for_review(template), ())


def _template(
    prompt: str | UnsetType,
    prompt_file: str | UnsetType,
    default: str,
    builtins: tuple[str, ...],
    document: Document,
    earlier: list[str],
    read_prompt: ReadPrompt,
) -> Template:
    written = prompt_file or prompt or f"{prompts.BUILTIN}{default}"
    if written.startswith(prompts.BUILTIN):
        name = written.removeprefix(prompts.BUILTIN)
        why = prompts.unknown_builtin(name, builtins)
        return ("", (why,)) if why else (prompts.builtin(name, earlier), ())
    if prompt_file:
        wrong = tuple(values.path_complaints(written))
        text = None if wrong else read_prompt(written)
        if text is None:
            return "", wrong or (f"there is no file {shown(written)} beside the pipeline",)
        if not text.strip():
            return "", (f"the file {shown(written)} is empty",)
        written = text
    known = prompts.prompt_names(_speaking(document, len(document.stage)))
    return written, tuple(prompts.unknown_names(written, known))


def _speaking(document: Document, place: int) -> list[str]:
    """The stages before this place that hand something on: a checkpoint says nothing."""
    return [stage.name for stage in document.stage[:place] if stage.name and stage.agents]
