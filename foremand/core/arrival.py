"""The fold's part for landing: candidates, the queue, and the branch."""

from msgspec.structs import replace

from . import facts as f
from .task import Candidate, Changes, Task


def candidate_built(task: Task, fact: f.CandidateBuilt) -> Changes:
    """The work stands on the tip."""
    candidate = Candidate(
        number=fact.number,
        source=fact.source,
        tip=fact.tip,
        work=fact.work,
        empty=fact.empty,
        approved_by=fact.approved_by,
        gates=fact.gates,
        old=fact.old,
        signs=fact.signs,
    )
    return _candidate(task, candidate)


def candidate_conflicted(task: Task, fact: f.CandidateConflicted) -> Changes:
    """The work contradicts the tip."""
    candidate = Candidate(
        number=fact.number,
        source=fact.source,
        tip=fact.tip,
        tip_tree=fact.tip_tree,
        files=fact.files,
        paths=fact.paths,
        others=fact.others,
    )
    return _candidate(task, candidate)


def _candidate(task: Task, candidate: Candidate) -> Changes:
    if candidate.number != task.candidates + 1:
        return {}
    return {"candidates": candidate.number, "candidate": candidate, "trouble": {}}


def signed(task: Task, fact: f.Signed) -> Changes:
    """The candidate has the user's signature."""
    candidate = task.candidate
    if candidate is None or candidate.number != fact.candidate:
        return {}
    return {"candidate": replace(candidate, signed=fact.commit)}


def queue_entered(_task: Task, fact: f.QueueEntered) -> Changes:
    """It has its place in the queue."""
    return {"queued_at": fact.at}


def queue_left(_task: Task, _fact: f.QueueLeft) -> Changes:
    """It has given its place back."""
    return {"queued_at": None}


def landing_intended(task: Task, fact: f.LandingIntended) -> Changes:
    """The branch may move from here on."""
    candidate = task.candidate
    if candidate is None or candidate.work is None or candidate.number != fact.candidate:
        return {}
    return {"intent": fact, "locks": ()}


def landing_locked(task: Task, fact: f.LandingLocked) -> Changes:
    """The branch is held, by these files of git's."""
    if task.intent is None or task.intent.candidate != fact.candidate:
        return {}
    return {"locks": fact.locks}


def landing_refused(task: Task, fact: f.LandingRefused) -> Changes:
    """The branch did not move, or nothing can be built on it."""
    built = task.candidate is not None and task.candidate.number == fact.candidate
    if not built and (fact.kind == "moved" or fact.candidate != task.candidates + 1):
        return {}
    if fact.kind == "moved":
        return {"intent": None, "locks": (), "candidate": None}
    return {"intent": None, "locks": (), "queued_at": None, "blocked": fact.reason}


def landed(task: Task, fact: f.Landed) -> Changes:
    """The branch holds the work."""
    return {
        "intent": None,
        "locks": (),
        "queued_at": None,
        "over": "LANDED",
        "over_reason": fact.reason or f"landed on {task.submitted.into} as {fact.commit[:12]}",
        "landed_commit": fact.commit,
    }
