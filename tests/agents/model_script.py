"""What a scripted model answers: the steps, as Python data or JSON, and as Anthropic Messages events."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What every answered step has: what it says it cost, and how long it takes."""

    input_tokens: int = 1000
    output_tokens: int = 50
    delay: float = 0.0
    """Seconds before the first byte."""


@dataclass(frozen=True)
class Text(Reply):
    """The model says something and ends its turn."""

    text: str
    thinking: str = ""


@dataclass(frozen=True)
class Tool(Reply):
    """The model calls a tool, after saying `text` if there is any."""

    name: str
    input: Mapping[str, Any]
    text: str = ""


@dataclass(frozen=True)
class Error:
    """The API refuses `times` requests in a row (None: for ever)."""

    status: int
    times: int | None = 1
    message: str = "scripted failure"
    retry_after: float | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Cut:
    """The connection breaks in the middle of the answer, `times` times in a row (None: for ever)."""

    text: str = "half an ans"
    times: int | None = 1
    after: float = 0.1
    """Seconds for the client to read what it got."""


@dataclass(frozen=True)
class Hang:
    """The answer stops after `text` until `ModelServer.release`, then ends; or until the client goes away."""

    text: str = ""


Step = Text | Tool | Error | Cut | Hang
EXHAUSTED = Text("[script exhausted]")
ERROR_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}


@dataclass
class Request:
    """One model request as it came in, and when (monotonic seconds); `closed` None: still open."""

    script: str
    number: int
    body: dict[str, Any]
    headers: dict[str, str]
    opened: float
    closed: float | None = None

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The conversation so far."""
        return list(self.body.get("messages", []))

    @property
    def text(self) -> str:
        """All that the conversation says, tool results included, as one string."""
        return "\n".join(_texts(self.messages))

    @property
    def tools(self) -> set[str]:
        """The names of the tools that the model was offered."""
        return {tool["name"] for tool in self.body.get("tools", []) if "name" in tool}


def _texts(node: object) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, list):
        for item in node:
            yield from _texts(item)
    elif isinstance(node, dict):
        for key in ("content", "text", "thinking"):
            yield from _texts(node.get(key))


def step_from(data: Mapping[str, Any]) -> Step:
    """A step written as JSON: its key `tool`, `error`, `cut`, `hang` or `text` says which it is."""
    rest = dict(data)
    for key, make in MAKERS.items():
        if key in rest:
            return make(rest.pop(key), **rest)
    raise ValueError(f"not a step: {data!r}; one of {', '.join(MAKERS)} is needed")


# `text` stands last: a tool may come with a text.
MAKERS: dict[str, Callable[..., Step]] = {
    "tool": Tool,
    "error": Error,
    "cut": Cut,
    "hang": Hang,
    "text": Text,
}


_ids = count(1)
_ids_lock = threading.Lock()


def _id(prefix: str) -> str:
    with _ids_lock:
        return f"{prefix}_{next(_ids):024d}"


def _usage(input_tokens: int, output_tokens: int) -> dict[str, int]:
    return {
        "input_tokens": input_tokens,
        "output_tokens": output_tokens,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
    }


def _blocks(step: Text | Tool) -> Iterator[dict[str, Any]]:
    if isinstance(step, Text) and step.thinking:
        yield {"type": "thinking", "thinking": step.thinking, "signature": "scripted"}
    if step.text:
        yield {"type": "text", "text": step.text}
    if isinstance(step, Tool):
        yield {"type": "tool_use", "id": _id("toolu"), "name": step.name, "input": dict(step.input)}


def whole(request: Request, step: Text | Tool) -> dict[str, Any]:
    """The answer to a request that did not ask for a stream."""
    return {
        **_envelope(request, step.input_tokens),
        "content": list(_blocks(step)),
        "stop_reason": "tool_use" if isinstance(step, Tool) else "end_turn",
        "usage": _usage(step.input_tokens, step.output_tokens),
    }


def _envelope(request: Request, input_tokens: int) -> dict[str, Any]:
    return {
        "id": _id("msg"),
        "type": "message",
        "role": "assistant",
        "model": request.body.get("model", "scripted"),
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": _usage(input_tokens, 1),
    }


def message(request: Request, step: Text | Tool) -> Iterator[dict[str, Any]]:
    """The events of a streamed answer."""
    yield {"type": "message_start", "message": _envelope(request, step.input_tokens)}
    index = -1
    for index, block in enumerate(_blocks(step)):
        empty, deltas = _streamed(block)
        yield {"type": "content_block_start", "index": index, "content_block": empty}
        for delta in deltas:
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    reason = "tool_use" if isinstance(step, Tool) else "end_turn"
    yield from ending(None, reason, step.output_tokens)


def _streamed(block: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A block as it is opened, empty, and the deltas that fill it."""
    match block["type"]:
        case "thinking":
            return {**block, "thinking": "", "signature": ""}, [
                {"type": "thinking_delta", "thinking": block["thinking"]},
                {"type": "signature_delta", "signature": block["signature"]},
            ]
        case "text":
            words = block["text"].split(" ")
            parts = [word if at == 0 else f" {word}" for at, word in enumerate(words)]
            return {**block, "text": ""}, [{"type": "text_delta", "text": part} for part in parts]
        case _:
            delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
            return {**block, "input": {}}, [delta]


def unfinished(request: Request, text: str) -> Iterator[dict[str, Any]]:
    """The events of an answer that stops in the middle."""
    yield {"type": "message_start", "message": _envelope(request, 1000)}
    yield {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
    if text:
        yield {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}}


def ending(index: int | None, reason: str, output_tokens: int) -> Iterator[dict[str, Any]]:
    """The events that close block `index`, if any is open, and the answer."""
    if index is not None:
        yield {"type": "content_block_stop", "index": index}
    delta = {"stop_reason": reason, "stop_sequence": None}
    yield {"type": "message_delta", "delta": delta, "usage": {"output_tokens": output_tokens}}
    yield {"type": "message_stop"}
