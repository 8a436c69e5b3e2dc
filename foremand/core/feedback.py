"""What an agent hears about work that was refused: which gate, why, and the end of what it printed."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .reviews import tally
from .task import Attempt, Candidate, Task, run_key

if TYPE_CHECKING:
    from .spec import Stage
    from .verdicts import Standing

OUTPUT_LIMIT = 16_000
"""Characters of a gate's output that are sent back: the end of it, where the failure is."""


FILES = 200
"""Files in conflict that are named: git names them all, and marks them."""


def headline(text: str) -> str:
    """The first line, for a list."""
    return text.strip().partition("\n")[0]


def opening(task: Task, stage: str) -> str:
    """What the stage's next attempt hears first: why it was sent back, and what people have said since."""
    said = [f"A person says:\n\n{message.text}" for message in task.said]
    return "\n\n".join(part for part in (task.feedback.get(stage, ""), *said) if part)


def of_attempt(stage: "Stage", attempt: Attempt) -> str | None:
    """Why an attempt's work is not even worth a gate; None where it is."""
    if attempt.outcome != "done":
        return f"The last attempt ended without finishing: {attempt.reason}"
    if stage.access == "read" and attempt.changed:
        return f"The stage {stage.name} may only read, and files were changed. Leave every file as it is."
    if stage.access == "write" and not attempt.changed and not stage.allow_empty:
        return "no change: the attempt left every file as it was."
    if attempt.work is not None and attempt.work.unresolved:
        files = ", ".join(attempt.work.unresolved)
        return f"Conflict markers are left in {files}. Keep the intent of both sides, and remove every marker."
    return None


def of_gates(task: Task, failed: Sequence["Standing"]) -> str:
    """What the failed gates say, each with the end of its output; reviewers word for word."""
    parts = []
    for standing in failed:
        output = _output(task, standing)
        part = f"Gate {standing.gate.name} failed: {standing.reason}"
        heading = "What it says" if standing.gate.kind in ("review", "protected") else "The end of its output"
        parts.append(f"{part}\n\n{heading}:\n\n{output}" if output else part)
    return "\n\n".join(parts)


def _output(task: Task, standing: "Standing") -> str:
    gate = standing.gate
    if gate.kind == "review":
        return tally(gate, task.reviews(gate.name, gate.definition, standing.about)).objections
    if gate.kind == "protected":
        return "\n".join(standing.work.touched.get(gate.name, ()))
    run = task.runs.get(run_key(gate.definition, standing.ran_on))
    return tail(run.output) if run is not None else ""


def of_conflict(candidate: Candidate) -> str:
    """What an agent must know to resolve a conflict with the branch."""
    named = [f"- {path}" for path in candidate.paths[:FILES]]
    if len(candidate.paths) > FILES:
        named.append(f"- and {len(candidate.paths) - FILES} more")
    files = "\n".join(named)
    meant = f"\n\n{candidate.others}" if candidate.others else ""
    return (
        "The work conflicts with what has landed on the branch since it began. The files now hold the merge of both, "
        "with conflict markers. Keep the intent of both sides, and remove every marker. A file that is binary, or that "
        "one side removed or moved, has none: it is as one side has it, and yours to decide.\n\n"
        f"In conflict:\n{files}{meant}"
    )


def tail(output: str) -> str:
    """The last part of an output, from a line's start on."""
    text = output.rstrip()
    if len(text) <= OUTPUT_LIMIT:
        return text
    cut = text[-OUTPUT_LIMIT:]
    return f"[...]\n{cut.partition(chr(10))[2] or cut}"
