"""What a person should know before they decide: what was asked, what to look at, who has looked, what may come."""

from collections.abc import Sequence
from dataclasses import dataclass

from foremanctl.fleet import change
from foremanctl.output import age, counted
from foremanctl.overlaps import ordered, touches
from foremanctl.records import state
from foremand.v1 import foremand_pb2 as pb

from .decision_files import is_policy, sensitive
from .decision_gates import checked, not_checked, reviews, waiting
from .decision_words import Note, Section, answered, files_named
from .patch import File
from .task_costs import is_known, worst

_MOST_FILES = 40


@dataclass(frozen=True)
class Known:
    """All that the daemon told of a task, the files of its change and their revision where no gate asks about one,
    and the revision last looked at here, if any."""

    detail: pb.TaskDetail
    lines: Sequence[str] = ()
    files: Sequence[File] = ()
    shown: str = ""
    looked: str = ""

    @property
    def task(self) -> pb.Task:
        """The task itself."""
        return self.detail.task

    @property
    def revision(self) -> str:
        """The revision that an answer is about."""
        asked = (gate.revision for gate in waiting(self.task))
        return next((revision for revision in asked if revision), self.shown or self.task.revision)


def brief(known: Known) -> list[Section]:
    """Everything before the change itself; what has nothing in it is left out."""
    detail, task = known.detail, known.task
    handed_on = _handed_on(detail)
    sections = [
        Section("to decide", _question(known)),
        Section("look here", _look_here(known)),
        Section("asked", [Note(line) for line in detail.prompt.strip("\n").split("\n")]),
        *([] if known.files else handed_on),  # where there is no change, this is what is to be decided
        Section("gates", checked(task)),
        Section("not checked", not_checked(task, known.files, detail.notes)),
        Section("worst case left", _worst_case(detail)),
        *(handed_on if known.files else []),
        Section("reviewers", reviews(task)),
        Section("answers so far", [_answer(each) for each in detail.approvals]),
        Section("why it stands there", [Note(line, "dim") for line in known.lines]),
    ]
    return [section for section in sections if section.notes]


def _question(known: Known) -> list[Note]:
    task = known.task
    asked = waiting(task)
    notes = [
        Note(f"{gate.name} ({gate.stage})" + (f": {gate.reason}" if gate.reason else ""), "warn") for gate in asked
    ]
    if not asked:
        notes.append(Note(f"{state(task)}: {task.reason}", "warn"))
    where = "it lands on" if task.stage == "land" else f"stage {task.stage} of the way to"
    notes.append(Note(f"revision {known.revision[:12]}, {change(task) or 'no change'}, {where} {task.into}"))
    return notes


def _look_here(known: Known) -> list[Note]:
    """What should not be missed, the worst first."""
    task = known.task
    notes: list[Note] = []
    policy = [file for file in known.files if is_policy(file)]
    if policy:
        notes.append(Note(f"it changes the rules by which it is judged: {files_named(policy)}", "bad"))
    if task.raised_by:
        notes.append(Note(f"raised to profile {task.profile} by {', '.join(task.raised_by)}", "warn"))
    notes += [
        Note(f"{touches(overlap, most=8)} ({overlap.title})", "bad" if overlap.conflicts else "warn")
        for overlap in ordered(task.overlaps)
    ]
    delicate = [(file, why) for file in known.files if (why := sensitive(file))]
    notes += [Note(f"{file.letter} {file.path}: {', '.join(why)}", "warn") for file, why in delicate[:_MOST_FILES]]
    if len(delicate) > _MOST_FILES:
        notes.append(Note(f"and {len(delicate) - _MOST_FILES} more files that are marked with ! on the left", "warn"))
    if known.looked and known.looked != known.revision:
        notes.append(Note(f"it has changed since you looked at {known.looked[:12]}: d shows only that", "warn"))
    approved = next((each for each in reversed(known.detail.approvals) if each.decision == "approved"), None)
    if approved is not None and approved.revision != known.revision:
        said = f"{answered(approved)} at {approved.revision[:12]} {age(approved.at)} ago"
        notes.append(Note(f"{said}; d shows what has changed since", "warn"))
    return notes


def _handed_on(detail: pb.TaskDetail) -> list[Section]:
    """What the stages handed on, a plan for instance, each by the attempt that stands for it."""
    sections = []
    for attempt in detail.attempts:
        if attempt.output.strip():
            who = attempt.by or attempt.agent
            title = f"{attempt.stage}: what {who} handed on (attempt {attempt.number})"
            sections.append(Section(title, [Note(line) for line in attempt.output.strip("\n").split("\n")]))
    return sections


def _worst_case(detail: pb.TaskDetail) -> list[Note]:
    """What the task may still use by itself, and what may be used at all. What is unknown is not called nothing."""
    task, limits = detail.task, detail.limits
    notes = [Note(f"{left}; then it stops and asks")] if (left := worst(detail, "agent run")) else []
    within = []
    if limits.HasField("attempts"):
        runs = sum(not each.by for each in detail.attempts)
        within.append(f"{max(0, limits.attempts - runs)} of {counted(limits.attempts, 'agent run')}")
    if limits.HasField("cost_usd"):
        rest = max(0.0, limits.cost_usd - task.cost_usd)
        most = f"${limits.cost_usd:.2f}"
        within.append(
            f"${rest:.2f} of {most}" if is_known(task, detail) else f"{most} less what was spent, which is unknown"
        )
    if limits.HasField("tokens"):
        within.append(f"{max(0, limits.tokens - task.tokens)} of {limits.tokens} tokens")
    more = "what you send back comes on top, within" if notes else "within"
    return [*notes, *([Note(f"{more} {', '.join(within)}")] if within else [])]


def _answer(said: pb.Approval) -> Note:
    message = f": {said.message}" if said.message else ""
    return Note(f"{answered(said)} at {said.revision[:12]} {age(said.at)} ago{message}")
