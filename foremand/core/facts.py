"""Facts: what happened, in the past tense, one frozen record each.

A fact is on disk before anything acts on it, and is never changed afterwards: a field may be added with a default,
none may be renamed, removed or given another meaning, because journals of earlier versions must always open.

`at` is Unix time in seconds, `running` seconds on the run's monotonic clock, money US dollars, a revision or tree
the full hexadecimal git id.
"""

from typing import Literal, Union

from msgspec import Struct

from .spec import Limits, Pipeline, Session

OutcomeKind = Literal[
    "done", "failed", "crashed", "limit", "quota", "unavailable", "denied", "missing", "stopped", "lost", "altered"
]
"""How an attempt ended: `failed`, `crashed` and `limit` are charged to the agent; `quota`, `unavailable` and
`lost` are tried again without charge; `denied`, `missing` and `altered` (somebody wrote in the transcript) need a
person; `stopped` was asked for."""

Result = Literal["pass", "fail", "error"]
Verdict = Literal["pass", "fail", "error", "skipped", "waived"]


class Usage(Struct, frozen=True, kw_only=True):
    """What an attempt used. `cost_usd` is None when unknown, never 0; `bound_usd` is then an upper bound for limits."""

    cost_usd: float | None = None
    bound_usd: float = 0.0
    tokens: int = 0
    turns: int = 0


class Work(Struct, frozen=True, kw_only=True):
    """A revision, and what gates may be asked about it.

    `changes` gives for each gate the id of the change base..revision as far as the gate's `paths` see it; a gate
    that is not in it does not apply. `filtered` are changed files whose content a filter driver would rewrite,
    `unresolved` those in which markers of a conflict with the branch are left.
    """

    revision: str
    tree: str
    base: str
    base_tree: str
    changes: dict[str, str] = {}
    files: int = 0
    added: int = 0
    removed: int = 0
    filtered: tuple[str, ...] = ()
    unresolved: tuple[str, ...] = ()


class Fact(Struct, frozen=True, kw_only=True, tag_field="type"):
    """What every fact has: whose it is, and when it happened."""

    task: int
    at: float


class TaskSubmitted(Fact, frozen=True, kw_only=True, tag=True):
    """A person dispatched a task. `pipeline_file` is the text given by hand, None for the target branch's own."""

    title: str
    prompt: str
    repo: str
    into: str
    branch: str | None = None
    pipeline_file: str | None = None
    limits: Limits = Limits()
    by: str = ""


class TaskStarted(Fact, frozen=True, kw_only=True, tag=True):
    """The base and the pipeline are pinned: nothing that is written later changes them."""

    base: str
    base_tree: str
    pipeline: Pipeline
    pipeline_hash: str
    origin: str
    sandboxed: bool


class StartRefused(Fact, frozen=True, kw_only=True, tag=True):
    """The pipeline at the tip, or the repository, does not allow the task to start."""

    reason: str


class Troubled(Fact, frozen=True, kw_only=True, tag=True):
    """A step of foremand's own failed (workspace, setup, seal, candidate, landing): an `error`, never the agent's."""

    step: str
    reason: str
    output: str = ""
    running: float = 0.0


class Preparing(Fact, frozen=True, kw_only=True, tag=True):
    """The next attempt has its slot: its workspace is made ready, and set up where that is needed."""

    number: int


class AttemptStarted(Fact, frozen=True, kw_only=True, tag=True):
    """An agent run is about to begin. `resumes` is the session that it continues, `notes` are for the person.

    `setup_running`: seconds that the workspace's setup ran for it just before.
    """

    number: int
    stage: str
    agent: str
    entered: str
    session_id: str
    resumes: str | None = None
    notes: tuple[str, ...] = ()
    setup_running: float = 0.0


class AttemptEnded(Fact, frozen=True, kw_only=True, tag=True):
    """The agent's process and all that it started are gone. `output` is what the stage hands on."""

    number: int
    outcome: OutcomeKind
    reason: str
    exit_code: int | None = None
    session_id: str | None = None
    output: str = ""
    usage: Usage = Usage()
    running: float = 0.0
    reset_at: float | None = None
    session_cost_usd: float | None = None


class WorkSealed(Fact, frozen=True, kw_only=True, tag=True):
    """The attempt's files are a commit. `changed` says whether they differ from those the attempt was given."""

    number: int
    work: Work
    changed: bool
    notes: tuple[str, ...] = ()


class GateStarted(Fact, frozen=True, kw_only=True, tag=True):
    """A command gate begins to run on a tree; `run` names its directory."""

    gate: str
    definition: str
    tree: str
    run: str
    on_base: bool = False


class GateRan(Fact, frozen=True, kw_only=True, tag=True):
    """What a command gate's process did on a tree: an observation, not yet a verdict.

    `setup_running`: seconds that a setup ran for it before.
    """

    gate: str
    definition: str
    tree: str
    result: Result
    reason: str
    output: str = ""
    run: str = ""
    on_base: bool = False
    running: float = 0.0
    setup_running: float = 0.0


class AtGate(Fact, frozen=True, kw_only=True):
    """What is said at a gate: by which definition of it, about what, and on which revision."""

    gate: str
    stage: str
    definition: str
    about: str
    revision: str


class VerdictGiven(AtGate, frozen=True, kw_only=True, tag=True):
    """A machine's answer at a gate: about `about`, by `definition`, and about nothing else."""

    verdict: Verdict
    reason: str


class PersonAsked(AtGate, frozen=True, kw_only=True, tag=True):
    """A human gate stands open on a revision."""

    message: str = ""


class Approved(AtGate, frozen=True, kw_only=True, tag=True):
    """A person approved what `about` names."""

    by: str
    message: str = ""


class Waived(AtGate, frozen=True, kw_only=True, tag=True):
    """A person let one gate pass on one revision, with a reason."""

    by: str
    message: str


class Rejected(Fact, frozen=True, kw_only=True, tag=True):
    """A person ended the task at a human gate, or where it was stuck."""

    gate: str
    revision: str
    by: str
    message: str


class Reworked(Fact, frozen=True, kw_only=True, tag=True):
    """A person sent the work back with words of their own."""

    gate: str
    stage: str
    revision: str
    by: str
    message: str


class SentBack(Fact, frozen=True, kw_only=True, tag=True):
    """Work goes back from `stage` to `to`, whose next attempt hears `feedback`.

    `charged` counts against the stage's `limit`; what was no fault of the work is not charged. `base` is set after a
    conflict: the stage is then entered with the tip. `files` are laid in the workspace first: after a conflict the
    merge with its markers, with `--fresh` the revision entered; None leaves the files as they are.
    """

    stage: str
    to: str
    feedback: str
    session: Session = "resume"
    charged: bool = True
    base: str | None = None
    base_tree: str | None = None
    files: str | None = None


class Retried(Fact, frozen=True, kw_only=True, tag=True):
    """A person asked to go on: errors are forgotten, an ended task is live again, limits are granted anew.

    `stage` is where the task stood. `gate`: a gate whose failures are forgotten too, so that it is asked again.
    """

    by: str
    stage: str
    gate: str = ""
    message: str = ""
    fresh: bool = False


class CancelRequested(Fact, frozen=True, kw_only=True, tag=True):
    """A person wants the task to stop."""

    by: str
    message: str = ""


class TimeCame(Fact, frozen=True, kw_only=True, tag=True):
    """A time that a step waited for is past."""

    key: str


class CandidateBuilt(Fact, frozen=True, kw_only=True, tag=True):
    """`source` stands as one commit on `tip`. `empty`: the tip has it all already.

    `approved_by` are the people whom the commit's message names.
    """

    number: int
    source: str
    tip: str
    work: Work
    empty: bool = False
    approved_by: tuple[str, ...] = ()


class CandidateConflicted(Fact, frozen=True, kw_only=True, tag=True):
    """`source` does not merge with `tip`; `files` is the tree of the merge with its markers."""

    number: int
    source: str
    tip: str
    tip_tree: str
    files: str
    paths: tuple[str, ...]


class QueueEntered(Fact, frozen=True, kw_only=True, tag=True):
    """The task takes its place in the landing queue of its repository and branch."""

    candidate: int


class QueueLeft(Fact, frozen=True, kw_only=True, tag=True):
    """The task gives its place in the queue back without having landed."""

    reason: str


class LandingIntended(Fact, frozen=True, kw_only=True, tag=True):
    """The branch is about to move from `old` to `new`. Only recovery may follow, or the landing itself."""

    candidate: int
    old: str
    new: str


class LockFile(Struct, frozen=True, kw_only=True):
    """A lock file of git's in the user's repository that a landing made; inode and time tell it from any later one."""

    path: str
    device: int
    inode: int
    mtime_ns: int


class LandingLocked(Fact, frozen=True, kw_only=True, tag=True):
    """The branch is held for the landing. What a power cut leaves of `locks` is ours to remove, and nothing else."""

    candidate: int
    locks: tuple[LockFile, ...]


class LandingRefused(Fact, frozen=True, kw_only=True, tag=True):
    """The branch did not move: its tip is another now (`moved`), or the user's files are in the way (`blocked`)."""

    candidate: int
    kind: Literal["moved", "blocked"]
    reason: str


class Landed(Fact, frozen=True, kw_only=True, tag=True):
    """Ancestry and tree are proved: the branch holds the work."""

    commit: str
    reason: str = ""


class TaskEnded(Fact, frozen=True, kw_only=True, tag=True):
    """The task is over, without landing. Its work is kept."""

    state: Literal["REJECTED", "FAILED", "CANCELLED"]
    reason: str


class LimitsChanged(Fact, frozen=True, kw_only=True, tag=True):
    """A person set limits of the task anew; what is None stays."""

    limits: Limits
    by: str


AnyFact = Union[  # noqa: UP007 (a Union is what msgspec builds its tagged decoder from)
    TaskSubmitted,
    TaskStarted,
    StartRefused,
    Troubled,
    Preparing,
    AttemptStarted,
    AttemptEnded,
    WorkSealed,
    GateStarted,
    GateRan,
    VerdictGiven,
    PersonAsked,
    Approved,
    Waived,
    Rejected,
    Reworked,
    SentBack,
    Retried,
    CancelRequested,
    TimeCame,
    CandidateBuilt,
    CandidateConflicted,
    QueueEntered,
    QueueLeft,
    LandingIntended,
    LandingLocked,
    LandingRefused,
    Landed,
    TaskEnded,
    LimitsChanged,
]
