"""The desk: what people may ask of the engine. Every request is checked by `core.commands` and written down first."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from msgspec import Struct

from foremand.core import commands
from foremand.core.commands import Refused, Who
from foremand.core.facts import AnyFact, TaskSubmitted
from foremand.core.feedback import headline
from foremand.core.spec import Limits
from foremand.core.task import Task
from foremand.journal import AlreadyAnswered, Journal, Request
from foremand.paths import Places

from . import environments
from .intake import Intake
from .ledger import Ledger

TITLE_LIMIT = 120
"""Characters of a title that is made from the prompt's first line."""


class TaskUnknown(Exception):
    """There is no task with this id."""

    def __init__(self, task: int) -> None:
        super().__init__(f"there is no task {task}")
        self.task = task


class Submission(Struct, frozen=True, kw_only=True):
    """A task as a client hands it in. `environment` is the client's own; its values are shown to nobody."""

    prompt: str
    repo: Path
    title: str = ""
    into: str = ""
    pipeline_file: str | None = None
    environment: Mapping[str, str] = {}
    limits: Limits = Limits()


T = TypeVar("T")


class Desk:
    """Takes requests. `request_id` makes each safe to repeat: the second time nothing is done."""

    def __init__(self, places: Places, ledger: Ledger, journal: Journal, intake: Intake) -> None:
        self._places = places
        self._ledger = ledger
        self._journal = journal
        self._intake = intake

    def task(self, task: int) -> Task:
        """One task. Raises TaskUnknown."""
        found = self._ledger.get(task)
        if found is None:
            raise TaskUnknown(task)
        return found

    def tasks(self) -> Iterable[Task]:
        """All tasks, the oldest first."""
        return self._ledger.all()

    async def settle(self) -> None:
        """Wait until every task is as the journal's last fact of this moment has it."""
        await self._ledger.settle()

    async def as_of(self, task: int, seq: int) -> Task:
        """One task with the fact of this number in it."""
        return await self._ledger.as_of(task, seq)

    async def submit(self, submission: Submission, request_id: str, by: str) -> Task:
        """Dispatch a task. Raises what `Intake.look` raises, and Refused for a prompt that says nothing."""
        _check_prompt(submission.prompt)
        known = await self._journal.answer(request_id) if request_id else None
        if known is not None:
            return self.task(int(known))
        target = await self._intake.look(
            submission.repo, submission.into, submission.pipeline_file, submission.environment
        )
        number = await self._journal.next_task_id()
        await asyncio.to_thread(environments.keep, self._places.environment(number), submission.environment)
        fact = TaskSubmitted(
            task=number,
            at=self._ledger.now(),
            title=submission.title or _title(submission.prompt),
            prompt=submission.prompt,
            repo=str(target.info.top),
            into=target.into,
            branch=target.info.branch,
            pipeline_file=submission.pipeline_file,
            limits=submission.limits,
            by=by,
        )
        try:
            return await self._ledger.submit(fact, _request(request_id, number))
        except AlreadyAnswered as answered:
            return self.task(int(answered.answer))

    async def approve(self, task: int, gate: str, revision: str, message: str, request_id: str, by: str) -> Task:
        """A person approves. Raises TaskUnknown and Refused, as do the other verbs."""
        return await self._decide(
            task, request_id, lambda known: commands.approve(known, gate, revision, self._who(by), message)
        )

    async def reject(self, task: int, revision: str, message: str, request_id: str, by: str) -> Task:
        """A person ends the task at their gate."""
        return await self._decide(
            task, request_id, lambda known: commands.reject(known, revision, self._who(by), message)
        )

    async def rework(self, task: int, revision: str, message: str, request_id: str, by: str) -> Task:
        """A person sends the work back with words."""
        return await self._decide(
            task, request_id, lambda known: commands.rework(known, revision, self._who(by), message)
        )

    async def cancel(self, task: int, message: str, request_id: str, by: str) -> Task:
        """A person stops the task."""
        return await self._decide(task, request_id, lambda known: commands.cancel(known, self._who(by), message))

    async def limit(self, task: int, limits: Limits, request_id: str, by: str) -> Task:
        """A person sets limits anew."""
        return await self._decide(task, request_id, lambda known: commands.limit(known, limits, self._who(by)))

    async def retry(
        self, task: int, *, stage: str, gate: str, fresh: bool, message: str, request_id: str, by: str
    ) -> Task:
        """A person lets the task go on."""
        return await self._decide(
            task,
            request_id,
            lambda known: commands.retry(known, self._who(by), stage=stage, gate=gate, fresh=fresh, message=message),
        )

    async def _decide(self, task: int, request_id: str, command: Callable[[Task], Sequence[AnyFact]]) -> Task:
        self.task(task)
        if request_id and (answer := await self._journal.answer(request_id)) is not None:
            return self.task(int(answer))
        try:
            return await self._ledger.decide(task, command, _request(request_id, task))
        except AlreadyAnswered as answered:
            return self.task(int(answered.answer))

    def _who(self, name: str) -> Who:
        return Who(name=name, at=self._ledger.now())


def _request(request_id: str, task: int) -> Request | None:
    return Request(request_id, str(task).encode()) if request_id else None


def _check_prompt(prompt: str) -> None:
    if not prompt.strip():
        raise Refused("PROMPT_EMPTY", "the prompt is empty", "say what is to be done, or use -f FILE")
    if "\0" in prompt:
        raise Refused("PROMPT_INVALID", "the prompt has a NUL byte: it is not text", "check the file given with -f")


def _title(prompt: str) -> str:
    line = headline(prompt)
    return line if len(line) <= TITLE_LIMIT else f"{line[: TITLE_LIMIT - 1]}…"
