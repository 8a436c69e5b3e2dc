"""Claude Code's `stream-json`: lines in, events and a judgement out. Measured with 2.1.330.

The end of a run is the end of its output, not its first result: a background command that ends later starts
another turn.
"""

import hashlib
from collections.abc import Callable, Iterable
from typing import Any

import msgspec
from msgspec import Struct

from foremand.agents import claude_verdict
from foremand.agents.claude_money import Ledger
from foremand.agents.claude_wire import (
    Assistant,
    Block,
    ControlCancel,
    ControlRequest,
    Denied,
    Init,
    RateLimitEvent,
    Result,
    Retry,
    Said,
    Stream,
    Thought,
    User,
    decode,
)
from foremand.agents.port import AgentEvent, Job, Outcome, Question, Usage
from foremand.agents.words import cut, left_out, one_line, trimmed

SHOWN_LIMIT = 16_000
"""Characters of what an agent asks to be allowed. What is longer says how much is left out: nobody has to allow it."""

SAID_LIMIT = 64 * 1024
"""Characters of the final text that a stage hands on."""

NOTHING: tuple[AgentEvent, ...] = ()
BLOCK = b'{"type":"stream_event","event":{"type":"content_block_'
"""The beginning of nine lines in ten. Only their length is of interest."""


class _State(Struct):
    """All that a reader knows. Small: it is stored with every batch of lines."""

    ledger: Ledger
    session_id: str
    told: bool = False
    """Whether the session's event has been given: `init` comes with every turn."""
    result: claude_verdict.Result | None = None
    """Of the last turn; None while that is still open."""
    said: str = ""
    api_error: str | None = None
    reset_at: float | None = None
    prompted: bool = False
    """Whether the prompt has come back: the first of all that came on stdin."""
    heard: list[str] = []
    questions: list[Question] = []


_STATE = msgspec.msgpack.Decoder(_State)


class ClaudeReader:
    """Reads one attempt of Claude Code."""

    def __init__(self, state: _State) -> None:
        self._state = state
        self._handlers: dict[type, Callable[[Any], Iterable[AgentEvent]]] = {
            Assistant: self._on_assistant,
            User: self._on_user,
            Stream: self._on_stream,
            Init: self._on_init,
            Retry: self._on_retry,
            Denied: self._on_denied,
            Thought: self._on_thought,
            RateLimitEvent: self._on_rate_limit,
            ControlRequest: self._on_question,
            ControlCancel: self._on_cancel,
            Result: self._on_result,
        }

    @classmethod
    def begin(cls, job: Job) -> "ClaudeReader":
        """For an attempt of which nothing was read yet."""
        ledger = Ledger(price=job.price, session_usd=job.prior_cost_usd if job.resume else 0.0)
        return cls(_State(ledger, job.resume or job.session_id))

    @classmethod
    def restore(cls, state: bytes) -> "ClaudeReader":
        """Goes on where another reader's `state` was taken."""
        return cls(_STATE.decode(state))

    def state(self) -> bytes:
        """Everything, as bytes."""
        return msgspec.msgpack.encode(self._state)

    def usage(self) -> Usage:
        """What the attempt used so far."""
        return self._state.ledger.usage()

    def feed(self, line: bytes) -> tuple[AgentEvent, ...]:
        """One line of the stream. What is no JSON is kept as a notice."""
        if line.startswith(BLOCK):
            self._streamed(line)
            return NOTHING
        try:
            read = decode(line)
            return NOTHING if read is None else tuple(self._handlers[type(read)](read))
        except (ValueError, RecursionError):
            text = line.decode(errors="replace").strip()
            return (AgentEvent("notice", cut(text)),) if text else NOTHING

    def heard(self) -> tuple[str, ...]:
        """The keys of messages that came back: the CLI repeats one as it puts it before the model."""
        return tuple(self._state.heard)

    def questions(self) -> tuple[Question, ...]:
        """What it waits to be allowed: until it has used the tool, or was told that it may not."""
        return tuple(self._state.questions)

    def rests(self) -> bool:
        """Whether its last turn is over. It takes up what it was told meanwhile, and what background commands did."""
        return self._state.result is not None

    def finish(self, exit_code: int | None, signal: int | None, stop_reason: str | None, stderr_tail: str) -> Outcome:
        """Judges by the last turn's result and the process's end; never by `subtype`."""
        state = self._state
        kind, reason = claude_verdict.judge(state.result, state.api_error, exit_code, signal, stderr_tail)
        if stop_reason is not None:
            kind, reason = "stopped", stop_reason
        return Outcome(
            kind=kind,
            reason=reason,
            session_id=state.session_id,
            output=state.said,
            usage=state.ledger.usage(),
            reset_at=state.reset_at if kind == "quota" else None,
            session_cost_usd=state.ledger.session_usd,
        )

    def _streamed(self, line: bytes) -> None:
        """Counts the bytes of a piece of an answer whose tokens nobody has told yet."""
        start = line.find(b'_delta","', len(BLOCK) + 5)  # the inner one: the kind of the piece
        if start < 0:
            return
        start = line.find(b'":"', start) + 3
        at = line.rfind(b'"api_message_id":"') + 18
        message = self._state.ledger.open.get(line[at : line.find(b'"', at)].decode(errors="replace"))
        if message is not None:
            message.streamed += max(0, line.rfind(b'"}},"') - start)

    def _on_stream(self, read: Stream) -> Iterable[AgentEvent]:
        part = read.event
        ledger = self._state.ledger
        if part.type == "message_start" and part.message is not None:
            self._open(part.message, read.parent_tool_use_id)
        elif part.type == "message_delta":
            message = ledger.open.get(read.api_message_id or ledger.last)
            if message is not None:
                message.take(part.usage)
                message.final = True
                yield self._usage_event()

    def _open(self, said: Said, parent: str | None) -> None:
        ledger = self._state.ledger
        new = said.id not in ledger.open
        message = ledger.message(said.id, said.model, main=parent is None)
        if message is not None:
            message.take(said.usage)
            if new and parent is None:
                self._state.result = self._state.api_error = None  # a turn goes on, or another has begun

    def _on_assistant(self, read: Assistant) -> Iterable[AgentEvent]:
        said = read.message
        blocks = said.content if isinstance(said.content, list) else [Block("text", said.content)]
        self._open(said, read.parent_tool_use_id)
        message = self._state.ledger.open.get(said.id)
        if message is not None:
            message.seen += sum(block.size for block in blocks)
        elif read.error is not None:
            self._state.api_error = read.error
        where = {"parent": read.parent_tool_use_id} if read.parent_tool_use_id else {}
        for block in blocks:
            if block.type == "text" and block.text:
                yield AgentEvent("notice" if read.error else "text", cut(block.text), data=where)
            elif block.type == "thinking" and block.thinking:
                yield AgentEvent("thinking", cut(block.thinking), data=where)
            elif block.type == "tool_use":
                given = msgspec.json.decode(bytes(block.input) or b"null")
                data = {"input": trimmed(given), **where}
                yield AgentEvent("tool_call", _aim(given), block.name, block.id, data)

    def _on_user(self, read: User) -> Iterable[AgentEvent]:
        if read.is_replay:
            yield from self._on_replay(read)
        for block in read.message.content if isinstance(read.message.content, list) else []:
            if block.type == "tool_result":
                self._forget(lambda asked: asked.use == block.tool_use_id)  # noqa: B023 - called at once
                data = {"is_error": bool(block.is_error)}
                yield AgentEvent("tool_result", cut(_plain(block.content)), None, block.tool_use_id, data)

    def _on_replay(self, read: User) -> Iterable[AgentEvent]:
        if not self._state.prompted:
            self._state.prompted = True
        elif read.uuid not in self._state.heard:
            self._state.heard.append(read.uuid)
            yield AgentEvent("notice", f"a person says: {cut(_plain(read.message.content))}", data={"heard": read.uuid})

    def _on_question(self, read: ControlRequest) -> Iterable[AgentEvent]:
        if read.request.subtype == "can_use_tool":
            given = msgspec.json.decode(bytes(read.request.input) or b"null")
            question = _question(read, given)
            self._state.questions.append(question)
            text = f"asks whether it may use {question.tool}: {_aim(given)}"
            yield AgentEvent("notice", text, question.tool, question.use, {"question": question.key})

    def _on_cancel(self, read: ControlCancel) -> Iterable[AgentEvent]:
        self._forget(lambda asked: asked.key == read.request_id)
        return NOTHING

    def _forget(self, over: Callable[[Question], bool]) -> None:
        self._state.questions = [question for question in self._state.questions if not over(question)]

    def _on_init(self, read: Init) -> Iterable[AgentEvent]:
        self._state.result = self._state.api_error = None  # another turn has begun
        if not self._state.told or read.session_id != self._state.session_id:
            self._state.told, self._state.session_id = True, read.session_id
            about = {"model": read.model, "version": read.claude_code_version, "mode": read.permission_mode}
            yield AgentEvent("session", read.session_id, data=about)

    def _on_retry(self, read: Retry) -> Iterable[AgentEvent]:
        what = f"answered {read.error_status}" if read.error_status else "did not answer"
        why = f" ({read.error})" if read.error and read.error != "unknown" else ""
        text = f"the API {what}{why}; retry {read.attempt} of {read.max_retries} in {read.retry_delay_ms / 1000:.1f} s"
        yield AgentEvent("retry", text, data={"status": read.error_status, "error": read.error})

    def _on_denied(self, read: Denied) -> Iterable[AgentEvent]:
        text = f"not permitted: {read.message or read.tool_name}"
        yield AgentEvent("notice", cut(text), read.tool_name, read.tool_use_id)

    def _on_thought(self, read: Thought) -> Iterable[AgentEvent]:
        message = self._state.ledger.open.get(self._state.ledger.last)
        if message is not None:
            message.streamed += read.estimated_tokens_delta
        return NOTHING

    def _on_rate_limit(self, read: RateLimitEvent) -> Iterable[AgentEvent]:
        info = read.rate_limit_info
        if info.status == "rejected":
            self._state.reset_at = info.resets_at
            text = f"usage limit reached ({info.rate_limit_type or 'of the account'})"
            yield AgentEvent("notice", text, data={"reset_at": info.resets_at})

    def _on_result(self, read: Result) -> Iterable[AgentEvent]:
        state = self._state
        aborted = read.terminal_reason in claude_verdict.ABORTED  # its `errors` then speak of the CLI's own insides
        text = read.result or ("" if aborted else "; ".join(read.errors or ()))
        state.result = claude_verdict.Result(
            text=one_line(text),
            is_error=read.is_error,
            terminal_reason=read.terminal_reason,
            status=read.api_error_status,
            denials=len(read.permission_denials or ()),
        )
        state.session_id = read.session_id or state.session_id
        if read.result and not read.is_error:
            state.said = read.result[:SAID_LIMIT]
        if read.total_cost_usd is not None:
            state.ledger.settle(read.total_cost_usd, read.model_usage_since_last_result)
        yield self._usage_event()
        yield AgentEvent("result", "interrupted" if aborted else cut(text), data={"is_error": read.is_error})

    def _usage_event(self) -> AgentEvent:
        return AgentEvent("usage", data=msgspec.to_builtins(self._state.ledger.usage()))


def _aim(given: Any) -> str:
    """What a tool call is about, in a line: its command, file or pattern."""
    if isinstance(given, dict):
        for key in ("command", "file_path", "notebook_path", "pattern", "url", "query", "description"):
            if isinstance(given.get(key), str):
                return one_line(given[key])
    return ""


def _question(read: ControlRequest, given: Any) -> Question:
    tool = read.request.tool_name
    whole = msgspec.json.encode([tool, given], order="sorted")
    plain = tool == "Bash" and isinstance(given, dict) and given.keys() <= {"command", "description"}
    shown = given.get("command") if plain else given
    text = shown if isinstance(shown, str) else msgspec.json.format(msgspec.json.encode(shown)).decode()
    digest = hashlib.sha256(whole).hexdigest()
    return Question(
        key=read.request_id,
        tool=tool,
        text=cut(text, SHOWN_LIMIT),
        digest=digest,
        use=read.request.tool_use_id,
        omitted=left_out(text, SHOWN_LIMIT),
    )


def _plain(content: Any) -> str:
    """A tool result's text: it comes as a string, or as a list of blocks."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "\n".join(str(item.get("text", "")) for item in content if isinstance(item, dict))
    return ""
