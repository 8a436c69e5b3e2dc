"""Telling the user of what only they can move, and of how it ended: each situation at most once.

What there is to tell is read off the task, as its next steps are. That it will be told is a fact before it is, how it
went another: a daemon that died in between leaves it untold, and the next one does not tell it twice.
"""

import asyncio
import hashlib
import logging
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec
from msgspec import Struct

from foremand.core.facts import Notified, NotifyRequested
from foremand.core.questions import open_questions
from foremand.core.status import Status, status
from foremand.core.steps import WaitsFor
from foremand.core.task import Task
from foremand.core.why import commands
from foremand.journal import JournalError
from foremand.settings import Notify

from .ledger import Ledger
from .telling import SENT, tell

log = logging.getLogger("foremand.notifier")

FOR_A_PERSON: frozenset[WaitsFor] = frozenset({"person", "stuck", "error", "trouble", "budget", "needs", "question"})
"""Waits that end only when a person moves. Whoever paused or took a task knows it already."""

AT_ONCE = 4
"""Messages under way at once."""

NEWS = 86400.0
"""Seconds for which the end of a task is news to a daemon that finds it at its start."""

CLOSING = 2.0
"""Seconds that messages under way have when the daemon stops."""


class Situation(Struct, frozen=True, kw_only=True):
    """Something to tell of. `key` is the same for as long as it lasts, and another when it comes again."""

    key: str
    state: str
    reason: str


def situation(task: Task, *, needs_help: bool = False) -> Situation | None:
    """What there is to tell of the task now. `needs_help`: a task that it comes after has ended without landing."""
    if task.over in ("LANDED", "FAILED"):
        key = _key(task.over, len(task.attempts), task.forgiven_at)
        return Situation(key=key, state=task.over, reason=task.over_reason or task.over.lower())
    if task.over is not None:
        return None  # a person ended it
    now = status(task)
    if _only_a_person_ends_it(task, now, needs_help=needs_help):
        key = _key(f"{now.waiting_for}:{now.stage}", *_marks(task, now))
        return Situation(key=key, state=now.state, reason=now.reason)
    return _quota_over(task, now)


def _only_a_person_ends_it(task: Task, now: Status, *, needs_help: bool) -> bool:
    """What other tasks' facts hold up goes on with them, or tomorrow; unless one that is needed will never land."""
    if task.held is not None and task.held.on == now.waiting_for:
        return task.held.on == "needs" and needs_help
    return now.waiting_for in FOR_A_PERSON


def _marks(task: Task, now: Status) -> tuple[Any, ...]:
    """What tells this wait from the next one of its kind at the same place."""
    if now.waiting_for == "person":
        # One of two people's approval, or a candidate built anew, leaves the question the same.
        asked = sorted(
            (s.gate.name, s.about) for s in now.standings if s.gate.kind == "human" and s.verdict is not None
        )
        return (len(task.attempts), asked)
    if now.waiting_for == "question":
        return tuple(question.key for question in open_questions(task))
    return (now.revision, len(task.attempts), len(task.decisions), task.forgiven_at, task.limits)


def _quota_over(task: Task, now: Status) -> Situation | None:
    """The time that a service had named is there, and the attempt that goes on is the next one or about to be."""
    ended = next((a for a in reversed(task.attempts) if a.outcome is not None), None)
    if ended is None or ended.outcome != "quota" or ended.reset_at is None or now.waiting_for == "quota":
        return None
    if f"quota#{ended.number}" not in task.times:
        return None  # a person did not wait for it
    return Situation(key=f"quota#{ended.number}", state=now.state, reason=f"the quota of {ended.agent} is there again")


def _key(kind: str, *marks: Any) -> str:
    return f"{kind}:{hashlib.sha256(msgspec.json.encode(marks)).hexdigest()[:12]}"


class Notifier:
    """Watches all tasks and tells the user. `describe` gives a task as `show --format json` does."""

    def __init__(
        self, ledger: Ledger, notify: Notify, describe: Callable[[Task], dict[str, Any]], group: asyncio.TaskGroup
    ) -> None:
        self._ledger = ledger
        self._notify = notify
        self._describe = describe
        self._group = group
        self._places = asyncio.Semaphore(AT_ONCE)
        self._telling: dict[int, asyncio.Task[bool]] = {}
        self._old: set[tuple[int, str]] = set()
        self._closing = False
        if notify:
            ledger.listen(self.look)

    def start(self) -> None:
        """Look at every task once. One that waits is told of however long it has, one that is over while it is news."""
        if not self._notify:
            return
        since = self._ledger.now() - NEWS
        for task in list(self._ledger.all()):
            found = self._situation(task)
            if found is not None and task.over is not None and task.updated_at < since:
                self._old.add((task.id, found.key))
            self.look(task.id)

    def look(self, task_id: int) -> None:
        """Tell of the task's situation, if there is one that is not told yet."""
        if not self._closing and task_id not in self._telling and self._news(task_id) is not None:
            telling = self._group.create_task(self._tell(task_id), name=f"notify:{task_id}")
            self._telling[task_id] = telling
            telling.add_done_callback(partial(self._done, task_id))

    async def close(self) -> None:
        """Begin nothing more; what is under way has a moment left, then its command is ended."""
        self._closing = True
        under_way = tuple(self._telling.values())
        if under_way:
            _, late = await asyncio.wait(under_way, timeout=CLOSING)
            for telling in late:
                telling.cancel()
            if late:
                await asyncio.wait(late)

    def _done(self, task_id: int, telling: asyncio.Task[bool]) -> None:
        del self._telling[task_id]
        if not telling.cancelled() and telling.result():
            self.look(task_id)  # it may have become another at the very end

    def _news(self, task_id: int) -> Situation | None:
        task = self._ledger[task_id]
        found = self._situation(task)
        if found is None or found.key in task.told or (task_id, found.key) in self._old:
            return None
        return found

    def _situation(self, task: Task) -> Situation | None:
        before = (self._ledger.get(number) for number in task.after)
        return situation(task, needs_help=any(other and other.over not in (None, "LANDED") for other in before))

    async def _tell(self, task_id: int) -> bool:
        """One message after the other, for as long as there is something new. False where that cannot be done now."""
        async with self._places:
            try:
                while not self._closing and (found := self._news(task_id)) is not None:
                    await self._tell_of(self._ledger[task_id], found)
            except JournalError as error:
                log.error("task %d: not told, since the journal cannot be written: %s", task_id, error)  # noqa: TRY400
            except Exception:
                log.exception("task %d: cannot be told of", task_id)
            else:
                return True
        return False

    async def _tell_of(self, task: Task, found: Situation) -> None:
        text = f"task {task.id} {found.state}: {found.reason}\n{task.submitted.title}"
        ways = commands(task, status(task))
        if ways:
            text = f"{text}\n\n" + "\n".join(ways)
        message = msgspec.json.encode({**self._describe(task), "text": text, "commands": ways})
        about = {
            "FOREMAND_TASK": str(task.id),
            "FOREMAND_STATE": found.state,
            "FOREMAND_REASON": found.reason,
            "FOREMAND_TEXT": text,
        }
        requested = NotifyRequested(
            task=task.id, at=self._ledger.now(), key=found.key, state=found.state, reason=found.reason
        )
        await self._ledger.record(requested)
        outcome = await tell(self._notify, message, about)
        if outcome != SENT:
            log.warning("task %d: the user was not told: %s", task.id, outcome)
        await self._ledger.record(Notified(task=task.id, at=self._ledger.now(), key=found.key, outcome=outcome))
