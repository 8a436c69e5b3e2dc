"""How a Claude Code attempt ended.

Measured with 2.1.330: `subtype` says "success" for most API errors, and an interrupted run exits with code 0. So
an attempt is done only if the last result is no error *and* the process ended well; and without a result for its
last turn it crashed, whatever the exit code.
"""

from msgspec import Struct

from foremand.agents.port import OutcomeKind
from foremand.agents.words import ending, last_line, one_line

BY_ERROR: dict[str, OutcomeKind] = {
    "authentication_failed": "denied",
    "billing_error": "denied",
    "model_not_found": "denied",
    "oauth_org_not_allowed": "denied",
    "verification_required": "denied",
    "rate_limit": "quota",
    "overloaded": "unavailable",
    "server_error": "unavailable",
    "invalid_request": "failed",
    "max_output_tokens": "failed",
}
"""What the CLI's own names for API errors mean here. "unknown" is judged by the HTTP status."""

ABORTED = ("aborted_tools", "aborted_streaming")
"""How a turn ends that was interrupted: by an answer or a message of ours, or from outside."""

BY_TERMINAL_REASON: dict[str, OutcomeKind] = {
    "max_turns": "limit",
    "budget_exhausted": "limit",
    "prompt_too_long": "failed",
    **dict.fromkeys(ABORTED, "crashed"),
}

NOT_STARTED = (126, 127)

EXPLAINED: dict[OutcomeKind, str] = {
    "limit": "the attempt's limit is reached",
    "quota": "the account's limit is reached",
    "unavailable": "the model is out of reach",
    "denied": "the model refuses us (claude takes ANTHROPIC_API_KEY or CLAUDE_CODE_OAUTH_TOKEN from the shell "
    "that submitted the task)",
    "failed": "claude gave up",
    "crashed": "claude was interrupted from outside",
}


class Result(Struct, frozen=True):
    """What the judgement needs of a `result` line. A line that does not say is an error."""

    text: str
    is_error: bool = True
    terminal_reason: str | None = None
    status: int | None = None
    denials: int = 0


def by_status(status: int | None) -> OutcomeKind:
    """What an API error means by its HTTP status; None: no answer came at all."""
    if status is None or status >= 500 or status == 408:
        return "unavailable"
    if status == 429:
        return "quota"
    return "denied" if status in (401, 402, 403, 404) else "failed"


def error_kind(result: Result, api_error: str | None) -> OutcomeKind:
    """What kind of end an error result is. `api_error` is the name that its last message gave."""
    if result.terminal_reason in BY_TERMINAL_REASON:
        return BY_TERMINAL_REASON[result.terminal_reason]
    if api_error in BY_ERROR:
        return BY_ERROR[api_error]
    return by_status(result.status) if result.terminal_reason == "api_error" else "failed"


def judge(
    result: Result | None, api_error: str | None, exit_code: int | None, signal: int | None, stderr_tail: str
) -> tuple[OutcomeKind, str]:
    """The kind of an attempt's end, and the reason in one line. `result` is that of the last turn."""
    if result is None:
        said = last_line(stderr_tail)
        if exit_code in NOT_STARTED:
            return "missing", said or f"claude could not be started (exit code {exit_code})"
        told = f": {said}" if said else ""
        return "crashed", f"claude {ending(exit_code, signal)} and left no result{told}"
    if result.is_error:
        kind = error_kind(result, api_error)
        return kind, one_line(f"{EXPLAINED[kind]}: {result.text or ending(exit_code, signal)}")
    if signal is not None or exit_code != 0:
        return "crashed", f"claude said it was done, then {ending(exit_code, signal)}"
    refused = f", {result.denials} tool calls were not permitted" if result.denials else ""
    return "done", f"claude is done{refused}"
