"""Facts of agents with `permissions = "ask"`: what they ask before they do it, and what people answer."""

from .base import Fact


class QuestionAsked(Fact, frozen=True, kw_only=True, tag=True):
    """The attempt that runs asks whether it may use `tool` as `text` shows, and stands still until it is answered.

    `key` tells this question from all others; `digest` is the same whenever the same use of the tool is asked for.
    `omitted`: characters of it that `text` leaves out.
    """

    number: int
    key: str
    tool: str
    text: str
    digest: str
    omitted: int = 0


class QuestionAnswered(Fact, frozen=True, kw_only=True, tag=True):
    """A person allowed this one use of the tool, or did not; `message` says why."""

    number: int
    key: str
    allow: bool
    by: str
    message: str = ""


class QuestionWithdrawn(Fact, frozen=True, kw_only=True, tag=True):
    """The agent does not wait for the answer any more."""

    number: int
    key: str
