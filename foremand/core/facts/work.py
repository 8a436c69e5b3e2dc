"""Facts of attempts: an agent runs, ends, is sealed, and may be sent back."""

from foremand.core.spec import Session

from .base import Fact, OutcomeKind, Usage, Work


class Preparing(Fact, frozen=True, kw_only=True, tag=True):
    """The next attempt has its slot: its workspace is made ready, and set up where that is needed."""

    number: int


class AttemptStarted(Fact, frozen=True, kw_only=True, tag=True):
    """An agent run is about to begin. `resumes` is the session that it continues, `notes` are for the person.

    `setup_running`: seconds that the workspace's setup ran for it just before. With a `gate` it is a reviewer's run,
    for the answer by `definition` about `about`; then `entered` is the revision under review. With `by` it is no run:
    a person did the work. `reserved_usd`: what it may cost at most, as far as a limit says so. `hears`: it can be told
    more as it works.
    """

    number: int
    stage: str
    agent: str
    entered: str
    session_id: str
    resumes: str | None = None
    notes: tuple[str, ...] = ()
    setup_running: float = 0.0
    gate: str = ""
    definition: str = ""
    about: str = ""
    by: str = ""
    reserved_usd: float = 0.0
    hears: bool = False


class Heard(Fact, frozen=True, kw_only=True, tag=True):
    """The attempt that runs has taken into its turn what a person said."""

    number: int
    key: str


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


class SentBack(Fact, frozen=True, kw_only=True, tag=True):
    """Work goes back from `stage` to `to`, whose next attempt hears `feedback`.

    `charged` counts against the stage's `limit`; what was no fault of the work is not charged. `base` is set after a
    conflict: the stage is then entered with the tip. `flatten`: the next seal stands on the base alone, because an
    earlier one must not land. `files` are laid in the workspace first: after a conflict the
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
    flatten: bool = False
