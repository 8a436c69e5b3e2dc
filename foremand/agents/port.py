"""What the engine and an agent's adapter say to each other: a job goes in, a launch comes out; lines go in,
events and usage come out; an exit goes in, an outcome comes out.

Adapters start nothing and wait for nothing: they only know their CLI's language.
"""

from pathlib import Path
from typing import Any, Literal, Protocol

from msgspec import Struct, field

from foremand.core.spec import Access, Agent, Price

EventKind = Literal["text", "thinking", "tool_call", "tool_result", "usage", "session", "retry", "notice", "result"]

OutcomeKind = Literal[
    "done",  # the agent says it is done, and its process agrees
    "failed",  # the agent itself says that it failed
    "crashed",  # it ended without saying anything: what it left is still sealed
    "limit",  # turns or budget used up
    "quota",  # the account's rate or usage limit: wait until `reset_at`, uncharged
    "unavailable",  # the service or the way to it: tried again with backoff, uncharged
    "denied",  # credentials, billing, a model one may not use: only a person can help
    "missing",  # the program is not there
    "stopped",  # we stopped it
]


class Job(Struct, frozen=True, kw_only=True):
    """One attempt, as an adapter sees it.

    `resume` is the earlier session to go on with, else a new one is begun as `session_id`. `budget_usd` and
    `max_turns` are what this attempt may use (None: no bound). `home` is the agent's own HOME, kept over
    attempts; `output` the file for what the stage hands on, of this attempt alone and writable for the agent.
    `prior_cost_usd` is the last `Outcome.session_cost_usd` of the session that is resumed. `price` is the agent's own.
    """

    prompt: str
    stage: str
    access: Access
    task: int
    attempt: int
    session_id: str
    home: Path
    output: Path
    sandboxed: bool
    resume: str | None = None
    budget_usd: float | None = None
    max_turns: int | None = None
    prior_cost_usd: float = 0.0
    price: Price | None = None


class File(Struct, frozen=True):
    """A file to write before the start; its folder is made where it is missing."""

    path: Path
    data: bytes
    read_only: bool = False


class Launch(Struct, frozen=True, kw_only=True):
    """How to start the agent. `argv[0]` is a name: `registry.find` says where it lies.

    `env` is added to the environment and holds no secret; `credentials` are the names of variables to take from
    the submitting client's environment, where set, for this agent alone. `warnings` are for the person. With a `plea`
    the agent hears more on its stdin as it works; the plea is what it is told there before it is stopped.
    """

    argv: tuple[str, ...]
    env: dict[str, str]
    stdin: bytes
    plea: bytes | None = None
    credentials: tuple[str, ...] = ()
    prepare: tuple[File, ...] = ()
    warnings: tuple[str, ...] = ()


class AgentEvent(Struct, frozen=True, omit_defaults=True):
    """Something an agent did, in words that are the same for every CLI. Long texts are cut: the transcript has
    them in full. `text` is the agent's own and may hold anything, terminal escapes too."""

    kind: EventKind
    text: str = ""
    tool: str | None = None
    tool_id: str | None = None
    data: dict[str, Any] = field(default_factory=dict)


class Question(Struct, frozen=True):
    """What an agent wants to be allowed, before it does it.

    `text` shows all that it would do, as far as a person can read that. `digest` is the same for the same use of the
    same tool. `use` is the tool call's id. `omitted`: characters that `text` leaves out.
    """

    key: str
    tool: str
    text: str
    digest: str
    use: str = ""
    omitted: int = 0


class Usage(Struct, frozen=True, kw_only=True):
    """What an attempt has used so far.

    `cost_usd` is what the CLI says it cost: None as long as that is unknown, or if it never was said.
    `tokens` are all tokens in and out, cached ones included. `turns` are answers of the model to the main agent.
    `estimate_usd` is an upper bound by a high list price, None where not even that can be said.
    """

    cost_usd: float | None = None
    tokens: int = 0
    turns: int = 0
    estimate_usd: float | None = None

    @property
    def bound_usd(self) -> float | None:
        """What limits count: the cost, else its upper bound. None is unknown, never zero."""
        return self.estimate_usd if self.cost_usd is None else self.cost_usd


class Outcome(Struct, frozen=True, kw_only=True):
    """How an attempt ended. `reason` is one line that a person understands; `output` what the stage hands on.

    `reset_at` is the time (seconds since the epoch) when a quota ends, where known. `session_cost_usd` is the
    CLI's own running total for the session, which the next attempt in it needs (`Job.prior_cost_usd`).
    """

    kind: OutcomeKind
    reason: str
    session_id: str | None = None
    output: str = ""
    usage: Usage = Usage()
    reset_at: float | None = None
    session_cost_usd: float | None = None


class Reader(Protocol):
    """Reads one attempt's transcript, line by line. Never raises, whatever the agent writes."""

    def feed(self, line: bytes) -> tuple[AgentEvent, ...]:
        """Takes the next line of stdout, without its newline."""
        ...

    def usage(self) -> Usage:
        """What was used up to the last line fed."""
        ...

    def heard(self) -> tuple[str, ...]:
        """The keys of what the agent was told as it worked and has taken into its turn."""
        ...

    def questions(self) -> tuple[Question, ...]:
        """What the agent waits to be allowed, as far as its transcript says."""
        ...

    def rests(self) -> bool:
        """Whether it has done all that it was told, and ends unless it is told more."""
        ...

    def state(self) -> bytes:
        """All that a new reader needs to go on exactly here; small, and stored with the transcript's offset."""
        ...

    def finish(self, exit_code: int | None, signal: int | None, stop_reason: str | None, stderr_tail: str) -> Outcome:
        """Judges the attempt once its process has ended and all its lines are fed.

        `stop_reason` says why we stopped it, None if it ended by itself.
        """
        ...


class Adapter(Protocol):
    """One CLI: how it is started, how it is read, how one gets it."""

    @property
    def program(self) -> str | None:
        """The program where `[agent] command` names none. None: it must name one."""
        ...

    @property
    def hint(self) -> str:
        """How to get the program, for the person who lacks it."""
        ...

    @property
    def version_args(self) -> tuple[str, ...]:
        """Arguments that print the program's version; none where no such thing can be known."""
        ...

    def launch(self, agent: Agent, job: Job) -> Launch:
        """How to start this job. Writes nothing: `Launch.prepare` says what to write."""
        ...

    def inherited(self, users: Path, home: Path) -> tuple[File, ...]:
        """Copies for `home`, the agent's, of what a person keeps for this CLI in theirs. Raises OSError."""
        ...

    def words(self, text: str, key: str, *, interrupt: bool) -> bytes:
        """What an agent with a `plea` reads on its stdin when a person says `text`. `key` is a UUID, by which the
        agent takes it once, and by which its transcript tells that it has. `interrupt`: it leaves the turn that it is
        in, and begins another with this.
        """
        ...

    def answer(self, key: str, allow: bool, message: str) -> bytes:
        """What such an agent reads on its stdin when a person has answered its question."""
        ...

    def reader(self, job: Job, state: bytes | None = None) -> Reader:
        """A reader for this job's transcript, from its beginning or from an earlier reader's `state`.

        Of the job, `output`, `resume`, `session_id` and `prior_cost_usd` matter.
        """
        ...

    def resumable(self, home: Path, session_id: str) -> bool:
        """Whether the session is there to go on with. Looks at files under `home`."""
        ...
