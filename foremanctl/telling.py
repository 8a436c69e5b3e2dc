"""What happened, in words: one line for each kind of event."""

import re
from collections.abc import Mapping
from string import Formatter
from typing import Any

from .harmless import cut, line
from .output import counted

Phrase = str | tuple[str, str]
"""What is said of an event's fields, if all that it names are there. Of a pair only if the first, a field, is true;
with a `!` before its name, only if it is not."""

_LONGEST = 60  # columns of one field
_ABSENT: tuple[object, ...] = (None, "", [], {})
_MANY = 3  # of a list that are named

SAYINGS: dict[str, tuple[Phrase, ...]] = {
    "TaskSubmitted": (
        "{by} submits: {title}",
        ", to land on {into}",
        ", profile {profile}",
        ", after {after}",
        ("priority", ", priority {priority}"),
    ),
    "TaskStarted": ("starts at {base}", ", pipeline {pipeline_hash} {origin}", ("!sandboxed", ", unsandboxed")),
    "StartRefused": ("{reason}",),
    "Held": ("is held up: {reason}",),
    "Released": ("is held up no longer",),
    "ProfileRaised": ("profile {profile} holds from now on", ": it touches {paths}"),
    "Repinned": ("{by} has it take the pipeline of today", ", {pipeline_hash} {origin}"),
    "Troubled": ("{step}: {reason}",),
    "TimeCame": ("the wait for {key} is over",),
    "TaskEnded": ("{state}: {reason}",),
    "LimitsChanged": ("{by} sets limits: {limits}",),
    "Prioritized": ("{by} gives it priority {priority}",),
    "NotifyRequested": ("the user is to be told: {state}", ", {reason}"),
    "Notified": ("the user was told: {outcome}",),
    "Preparing": ("attempt {number} is made ready",),
    "AttemptStarted": (
        "attempt {number}, ",
        ("!gate", "{stage}: "),
        ("gate", "a review for {gate}: "),
        ("!by", "{agent} begins"),
        ("by", "{by} by hand"),
        ("resumes", ", in the session it had"),
    ),
    "Heard": ("attempt {number} hears what was said",),
    "AttemptEnded": (
        "attempt {number}: {outcome}",
        ", exit {exit_code}",
        ("usage[cost_usd]", ", ${usage[cost_usd]:.2f}"),
        ("usage[turns]", ", {usage[turns]:turn}"),
        ", {reason}",
    ),
    "WorkSealed": (
        "attempt {number} left {work[revision]}",
        (
            "changed",
            ", {work[files]:file} +{work[added]} -{work[removed]} in all",
        ),
        ("!changed", ", no file changed"),
        ", left out: {notes}",
    ),
    "SentBack": ("goes back from {stage} to {to}", ("!charged", ", which counts as no try"), ": {feedback}"),
    "QuestionAsked": ("attempt {number} asks for {tool}: {text}",),
    "QuestionAnswered": (("allow", "{by} allows it"), ("!allow", "{by} denies it"), ": {message}"),
    "QuestionWithdrawn": ("attempt {number} asks that no longer",),
    "GateStarted": ("gate {gate} runs", ("on_base", " on the base"), ", tree {tree}"),
    "GateRan": (
        "gate {gate} ran",
        ("on_base", " on the base"),
        ": {result}",
        ", {reason}",
        ", {running:.0f} s",
    ),
    "VerdictGiven": ("{stage}: gate {gate}: {verdict}", ", {reason}", ", revision {revision}"),
    "PersonAsked": ("{stage}: gate {gate} asks a person", ": {message}", ", revision {revision}"),
    "Approved": ("{by} approves {gate}", ", revision {revision}", ": {message}"),
    "Waived": ("{by} waives {gate}", ", revision {revision}", ": {message}"),
    "Rejected": ("{by} rejects it", " at {gate}", ", revision {revision}", ": {message}"),
    "Reworked": ("{by} wants it reworked", ", revision {revision}", ": {message}"),
    "Retried": (
        "{by} has it go on",
        " from {to}",
        ", asks {gate} again",
        ", with {agent}",
        ("fresh", ", with the files as they were"),
        ": {message}",
    ),
    "Paused": ("{by} pauses it",),
    "Resumed": ("{by} lets it go on",),
    "Said": ("{by} says", ("interrupt", ", breaking off its turn"), ": {message}"),
    "Taken": ("{by} takes the workspace", " of {stage}"),
    "HandedOver": ("the workspace is ready: {path}",),
    "Given": ("{by} gives the workspace back", ": {message}"),
    "CancelRequested": ("{by} cancels it", ": {message}"),
    "CandidateBuilt": (
        "candidate {number}: {source} on {tip} is {work[revision]}",
        ("empty", ", and the branch has it all already"),
        ", approved by {approved_by}",
    ),
    "CandidateConflicted": ("candidate {number}: {source} conflicts with {tip}", " in {paths}"),
    "Signed": ("candidate {candidate} is signed: {commit}",),
    "QueueEntered": ("candidate {candidate} stands in the queue",),
    "QueueLeft": ("leaves the queue: {reason}",),
    "LandingIntended": ("candidate {candidate}: the branch is to go from {old} to {new}",),
    "LandingLocked": ("candidate {candidate}: the branch is held for it",),
    "LandingRefused": ("candidate {candidate}: {kind}, {reason}",),
    "Landed": ("landed as {commit}", ", {reason}"),
}
"""By the kind of event. Every kind of this version is here."""


class _Words(Formatter):
    """Fills a phrase in. LookupError where a field is not there, or says nothing."""

    def get_field(self, field_name: str, args: Any, kwargs: Any) -> Any:
        found, key = super().get_field(field_name, args, kwargs)
        if found in _ABSENT:
            raise LookupError(field_name)
        return found, key

    def format_field(self, value: Any, format_spec: str) -> str:
        if format_spec.isalpha():  # what is counted
            return counted(int(value), format_spec)
        return format(value, format_spec) if format_spec else _text(value)


_WORDS = _Words()


def told(type_: str, fields: Mapping[str, Any]) -> str:
    """An event's fields as one line. Those of a kind that only a later version knows, by their names."""
    phrases = SAYINGS.get(type_)
    if phrases is None:
        return " ".join(f"{name}={_text(value)}" for name, value in fields.items() if _is_plain(value))
    return "".join(_said(phrase, fields) for phrase in phrases).lstrip(" ,:")


def _said(phrase: Phrase, fields: Mapping[str, Any]) -> str:
    if isinstance(phrase, tuple):
        field, phrase = phrase
        if _is_so(field.removeprefix("!"), fields) == field.startswith("!"):
            return ""
    try:
        return _WORDS.vformat(phrase, (), fields)
    except (LookupError, TypeError, ValueError):  # a journal of another version may have it otherwise
        return ""


def _is_so(field: str, fields: Mapping[str, Any]) -> bool:
    try:
        return bool(_WORDS.get_field(field, (), fields)[0])
    except (LookupError, TypeError):
        return False


def _text(value: object) -> str:
    if isinstance(value, Mapping):
        return _text([f"{name}={_text(each)}" for name, each in value.items() if each not in _ABSENT])
    if isinstance(value, list | tuple):
        more = f" and {len(value) - _MANY} more" if len(value) > _MANY else ""
        return ", ".join(map(_text, value[:_MANY])) + more
    shown = f"{value:g}" if isinstance(value, float) else str(value)
    return cut(_short(line(shown)), _LONGEST)


def _short(text: str) -> str:
    """Git's ids and hashes as people read them."""
    return re.sub(r"\b[0-9a-f]{40,}\b", lambda found: found[0][:12], text)


def _is_plain(value: object) -> bool:
    """Numbers, words, yes and no; nothing empty, and no structures, for which there is JSON."""
    return isinstance(value, str | int | float) and value != ""
