"""What the gates have looked at, and what they have not: a green row of gates says nothing of the rest."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache

from foremanctl.describe import UNSANDBOXED
from foremand.v1 import foremand_pb2 as pb

from .decision_words import Note, Weight, files_named
from .patch import File

_RAN = frozenset({"pass", "fail"})
_REFUSED = frozenset({"fail", "error"})
_SIGNS = {"pass": "+", "skipped": "-", "waived": "~", "fail": "x", "error": "!", "waiting": "?", "running": "."}
_WEIGHTS: dict[str, Weight] = {
    "pass": "good",
    "fail": "bad",
    "error": "bad",
    "waiting": "warn",
    "waived": "warn",
    "": "dim",
}
_LOOKS_AT_CODE = frozenset({"command", "review"})
_TAIL = 12
_POLICY_GATE = "foremand-policy"
"""Asked of every change to `.foremand/**`: that it was not asked of another is no gap."""


def here(task: pb.Task) -> list[pb.Gate]:
    """The gates at which the task stands: theirs are the verdicts on what is shown."""
    return [gate for gate in task.gates if gate.stage == task.stage]


def waiting(task: pb.Task) -> list[pb.Gate]:
    """The gates that ask a person now."""
    return [gate for gate in here(task) if gate.kind == "human" and gate.verdict == "waiting"]


def refused(task: pb.Task) -> list[pb.Gate]:
    """The gates that stand in the way and could be waived, as far as one can tell from here."""
    return [gate for gate in here(task) if gate.kind != "human" and not gate.advisory and gate.verdict in _REFUSED]


def checked(task: pb.Task) -> list[Note]:
    """Every gate at this place with its verdict; of those that did not simply pass, the end of what they printed."""
    notes: list[Note] = []
    for gate in here(task):
        kind = ", ".join([gate.kind, *(["advisory"] if gate.advisory else []), *(["flaky"] if gate.flaky else [])])
        verdict = gate.verdict or "not asked yet"
        said = f": {gate.reason}" if gate.reason else ""
        text = f"{_SIGNS.get(gate.verdict, ' ')} {gate.name} ({kind}) {verdict}{said}"
        notes.append(Note(text, _WEIGHTS.get(gate.verdict, "")))
        if gate.kind != "review" and gate.verdict in _REFUSED:
            notes += [Note(f"    {line}", "dim") for line in gate.output.splitlines()[-_TAIL:]]
    return notes


def not_checked(task: pb.Task, files: Sequence[File], left_out: Iterable[str]) -> list[Note]:
    """What nobody has looked at, or what was said and stops nothing."""
    notes: list[Note] = []
    for gate in here(task):
        notes += _gaps(gate, files)
    bare = _uncovered(task, files)
    if bare:
        notes.append(Note(f"no command and no review looked at {files_named(bare)}", "warn"))
    if files and not any(gate.kind == "secrets" for gate in task.gates):
        notes.append(Note("no gate looks for secrets", "warn"))
    notes += [Note(text, "warn") for text in left_out]
    if task.unsandboxed:
        notes.append(Note(UNSANDBOXED, "warn"))
    return notes


def reviews(task: pb.Task) -> list[Note]:
    """What reviewers wrote."""
    notes: list[Note] = []
    for gate in here(task):
        if gate.kind == "review" and gate.output:
            notes.append(Note(gate.name, "head"))
            notes += [Note(line) for line in gate.output.splitlines()]
    return notes


def _gaps(gate: pb.Gate, files: Sequence[File]) -> Iterator[Note]:
    name = f"{gate.name} ({gate.kind})"
    if gate.verdict == "skipped" and gate.name != _POLICY_GATE:
        yield Note(f"{name} did not run: {gate.reason}", "warn")
    elif gate.verdict == "waived":
        yield Note(f"{name} was let pass: {gate.reason}", "warn")
    elif gate.advisory and gate.verdict in _REFUSED:
        yield Note(f"{name} said {gate.verdict} and stops nothing, being advisory: {gate.reason}", "warn")
    elif not gate.verdict and gate.kind != "human":
        yield Note(f"{name} was not asked yet", "warn")
    if gate.flaky:
        yield Note(f"{name} is flaky: it failed on the same files before it passed", "warn")
    beyond = [file for file in files if not _is_for(gate, file)]
    if gate.verdict in _RAN and gate.kind != "protected" and gate.paths and beyond:
        yield Note(f"{name} is for {', '.join(gate.paths)} alone: it says nothing of {files_named(beyond)}", "warn")


def _uncovered(task: pb.Task, files: Sequence[File]) -> list[File]:
    """The files that no gate which looks at code was for, or ran on."""
    ran = [gate for gate in here(task) if gate.kind in _LOOKS_AT_CODE and gate.verdict in _RAN]
    return [file for file in files if not any(_is_for(gate, file) for gate in ran)]


def _is_for(gate: pb.Gate, file: File) -> bool:
    """Whether the gate's paths name the file, by either of its names."""
    return not gate.paths or any(map(_rule(tuple(gate.paths)), file.paths))


@lru_cache(maxsize=64)
def _rule(paths: tuple[str, ...]) -> Callable[[str], bool]:
    from pathspec import GitIgnoreSpec  # 10 ms that only gates with paths need

    return GitIgnoreSpec.from_lines(paths).match_file
