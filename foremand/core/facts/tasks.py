"""Facts of a task as a whole: how it begins, what holds it up, by which rules, how it ends."""

from typing import Literal

from msgspec import field

from foremand.core.spec import Limits, Pipeline

from .base import Fact, Work


class TaskSubmitted(Fact, frozen=True, kw_only=True, tag=True):
    """A person dispatched a task. `pipeline_file` is the text given by hand, None for the target branch's own.

    It starts once the tasks of `after` have landed; the higher `priority` is served first. `profile` is the one asked
    for, empty for the pipeline's default.
    """

    title: str
    prompt: str
    repo: str
    into: str
    branch: str | None = None
    pipeline_file: str | None = None
    limits: Limits = Limits()
    by: str = ""
    profile: str = ""
    after: tuple[int, ...] = ()
    priority: int = 0


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


class Held(Fact, frozen=True, kw_only=True, tag=True):
    """Other tasks' facts hold this one up: those it comes after, or the day's budget. Nothing new is started."""

    on: Literal["needs", "budget"]
    reason: str


class Released(Fact, frozen=True, kw_only=True, tag=True):
    """What held the task up is no more."""


class ProfileRaised(Fact, frozen=True, kw_only=True, tag=True):
    """The change touches `paths` of a stricter profile, which holds from now on."""

    profile: str
    revision: str
    paths: tuple[str, ...]


class Repinned(Fact, frozen=True, kw_only=True, tag=True):
    """A person had the task take today's pipeline file. Answers by a definition that stayed the same stay.

    `works`: what stands of the attempts, by their numbers, as this pipeline's gates see it.
    """

    pipeline: Pipeline
    pipeline_hash: str
    origin: str
    by: str
    works: dict[int, Work] = field(default_factory=dict)


class Troubled(Fact, frozen=True, kw_only=True, tag=True):
    """A step of foremand's own failed (workspace, setup, seal, candidate, landing): an `error`, never the agent's."""

    step: str
    reason: str
    output: str = ""
    running: float = 0.0


class TimeCame(Fact, frozen=True, kw_only=True, tag=True):
    """A time that a step waited for is past."""

    key: str


class TaskEnded(Fact, frozen=True, kw_only=True, tag=True):
    """The task is over, without landing. Its work is kept."""

    state: Literal["REJECTED", "FAILED", "CANCELLED"]
    reason: str


class LimitsChanged(Fact, frozen=True, kw_only=True, tag=True):
    """A person set limits of the task anew; what is None stays."""

    limits: Limits
    by: str


class NotifyRequested(Fact, frozen=True, kw_only=True, tag=True):
    """The user is about to be told of a situation, once; `key` tells it from all others."""

    key: str
    state: str
    reason: str


class Notified(Fact, frozen=True, kw_only=True, tag=True):
    """How telling the user went. Without this fact nobody knows, and it is not tried again."""

    key: str
    outcome: str
