"""The lines of Claude Code's `stream-json`, as far as we need them. Measured with 2.1.330.

`type` is not always a line's first key; new types, subtypes and keys come with every release and are skipped.
"""

import json
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Raw, Struct, field

from foremand.agents.claude_money import Count, Dollars, ModelUsage, Tokens

Name = Annotated[str, Meta(max_length=200)]
SessionId = Annotated[str, Meta(pattern=r"\A[0-9A-Za-z][0-9A-Za-z-]{0,63}\Z")]
"""It becomes an argument and a file name: nothing else may pass for one."""
Status = Annotated[int, Meta(ge=0, le=999)]
Moment = Annotated[float, Meta(ge=0, lt=253402300800)]
"""Seconds since the epoch, before the year 10000: what a calendar can hold."""


class Head(Struct, frozen=True):
    """What kind of line it is."""

    type: str = ""
    subtype: Any = None


class Block(Struct, frozen=True):
    """A block of a message, of whatever type."""

    type: str = ""
    text: str = ""
    thinking: str = ""
    id: str = ""
    name: str = ""
    input: Raw = Raw()
    tool_use_id: str = ""
    content: Any = None
    is_error: bool | None = None

    @property
    def size(self) -> int:
        """Bytes that the model wrote in it: no fewer than its tokens."""
        return len(self.text.encode()) + len(self.thinking.encode()) + len(bytes(self.input))


class Said(Struct, frozen=True):
    """A message of the API."""

    id: Name = ""
    model: Name = ""
    content: str | list[Block] = ""
    usage: Tokens = Tokens()


class Assistant(Struct, frozen=True):
    """A part of the model's answer: one block, usually. The CLI's own error messages look the same."""

    message: Said
    parent_tool_use_id: str | None = None
    error: str | None = None


class User(Struct, frozen=True):
    """What goes to the model: results of tools, and as a replay what came on stdin, at the moment it goes."""

    message: Said
    uuid: Name = ""
    is_replay: bool = field(default=False, name="isReplay")


class Part(Struct, frozen=True):
    """An event of the API's own stream."""

    type: str = ""
    message: Said | None = None
    usage: Tokens = Tokens()


class Stream(Struct, frozen=True):
    """A `stream_event` line: a piece of an answer."""

    event: Part
    parent_tool_use_id: str | None = None
    api_message_id: str = ""


class Init(Struct, frozen=True):
    """The beginning of a turn: the session."""

    session_id: SessionId
    model: str = ""
    claude_code_version: str = ""
    permission_mode: str = field(default="", name="permissionMode")


class Retry(Struct, frozen=True):
    """The CLI asks the API again."""

    attempt: int = 0
    max_retries: int = 0
    retry_delay_ms: float = 0.0
    error_status: Status | None = None
    error: str | None = None


class Denied(Struct, frozen=True):
    """A tool call that was not permitted."""

    tool_name: str = ""
    tool_use_id: str | None = None
    message: str = ""


class Thought(Struct, frozen=True):
    """Thinking goes on; an estimate of its tokens."""

    estimated_tokens_delta: Count = 0


class RateLimit(Struct, frozen=True):
    """A subscription's limit; `resets_at` in seconds since the epoch."""

    status: str = ""
    resets_at: Moment | None = field(default=None, name="resetsAt")
    rate_limit_type: str = field(default="", name="rateLimitType")


class RateLimitEvent(Struct, frozen=True):
    """The limit of a subscription has changed. Not given with an API key."""

    rate_limit_info: RateLimit = RateLimit()


class Request(Struct, frozen=True):
    """What the CLI asks us: of all subtypes, only whether a tool may be used."""

    subtype: str = ""
    tool_name: Name = ""
    input: Raw = Raw()
    tool_use_id: str = ""


class ControlRequest(Struct, frozen=True):
    """The CLI asks something and waits for the answer."""

    request_id: SessionId
    request: Request = Request()


class ControlCancel(Struct, frozen=True):
    """The CLI does not wait any more."""

    request_id: SessionId


class Result(Struct, frozen=True):
    """The end of a turn. A line that does not say whether it is an error is one."""

    is_error: bool = True
    result: str | None = None
    errors: list[str] | None = None
    api_error_status: Status | None = None
    terminal_reason: str | None = None
    session_id: SessionId | None = None
    total_cost_usd: Dollars | None = None
    model_usage_since_last_result: dict[str, ModelUsage] | None = None
    permission_denials: list[Any] | None = None


Line = (
    Assistant
    | User
    | Stream
    | Init
    | Retry
    | Denied
    | Thought
    | RateLimitEvent
    | ControlRequest
    | ControlCancel
    | Result
)

_HEAD = msgspec.json.Decoder(Head)
_KINDS: dict[str, msgspec.json.Decoder[Any]] = {
    "assistant": msgspec.json.Decoder(Assistant),
    "user": msgspec.json.Decoder(User),
    "result": msgspec.json.Decoder(Result),
    "stream_event": msgspec.json.Decoder(Stream),
    "rate_limit_event": msgspec.json.Decoder(RateLimitEvent),
    "control_request": msgspec.json.Decoder(ControlRequest),
    "control_cancel_request": msgspec.json.Decoder(ControlCancel),
    "system/init": msgspec.json.Decoder(Init),
    "system/api_retry": msgspec.json.Decoder(Retry),
    "system/permission_denied": msgspec.json.Decoder(Denied),
    "system/thinking_tokens": msgspec.json.Decoder(Thought),
}


def decode(line: bytes) -> Line | None:
    """The line, None where it is of a kind that we have no use for. ValueError for what is no such stream."""
    try:
        return _decode(line)
    except (ValueError, RecursionError):
        pass
    try:
        return _decode(_mended(line))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _decode(line: bytes) -> Line | None:
    head = _HEAD.decode(line)
    known = _KINDS.get(f"system/{head.subtype}" if head.type == "system" else head.type)
    return None if known is None else known.decode(line)


def _mended(line: bytes) -> bytes:
    """The line with what strict JSON refuses replaced: bytes that are no UTF-8, halves of surrogate pairs (a
    text that was cut in the middle of a sign). A result must not get lost for that."""
    data = json.loads(line.decode(errors="replace"))
    return json.dumps(data, ensure_ascii=False).encode(errors="replace")
