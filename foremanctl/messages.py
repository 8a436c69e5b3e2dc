"""What people sent the agents of a task, and which attempt heard it: read off the task's own events."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from foremand.v1 import foremand_pb2 as pb

from .harmless import line
from .output import age
from .watching import history

if TYPE_CHECKING:
    from .client import Client


@dataclass(frozen=True)
class Message:
    """`attempt` is the one that heard it, at `heard_at`; 0 as long as none has. `begun`: that attempt began with it,
    instead of hearing it as it worked. `key` tells it from all others, as far as one that works may hear it."""

    by: str
    at: str
    text: str
    key: str = ""
    attempt: int = 0
    heard_at: str = ""
    begun: bool = False


def of_task(client: "Client", task: int) -> list[Message]:
    """The messages to the agents of this task, the oldest first."""
    return heard([], history(client, task))


def heard(before: list[Message], events: Iterable[pb.Event]) -> list[Message]:
    """The messages after these events, which follow those that `before` was read off."""
    found = list(before)
    for event in events:
        if event.type not in {"Said", "Heard", "AttemptStarted"}:
            continue
        data: dict[str, Any] = json.loads(event.data)
        if event.type == "Said":
            found.append(Message(data.get("by", ""), event.at, data.get("message", ""), data.get("key", "")))
            continue
        begun = event.type == "AttemptStarted"
        if begun and (data.get("gate") or data.get("by")):
            continue  # neither reviewers nor people are told
        for index, each in enumerate(found):
            if not each.attempt and (begun or each.key == data.get("key")):
                found[index] = replace(each, attempt=data.get("number", 0), heard_at=event.at, begun=begun)
    return found


def told(message: Message) -> str:
    """One message in a line: whose, whether it was heard, and what it says."""
    how = "began with it" if message.begun else "heard it as it worked"
    state = f"attempt {message.attempt} {how}" if message.attempt else "no attempt has heard it yet"
    return line(f"{message.by}, {age(message.at)} ago; {state}: {message.text}")


def record(message: Message) -> dict[str, Any]:
    """With the stable names."""
    return {
        "by": message.by,
        "at": message.at,
        "message": message.text,
        "attempt": message.attempt or None,
        "heard_at": message.heard_at or None,
    }
