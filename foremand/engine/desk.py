"""The desk: what people may ask of the engine. Every request is checked by `core.commands` and written down first."""

import asyncio
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from foremand.core import commands, steering
from foremand.core.commands import Refused, Who
from foremand.core.facts import AnyFact, TaskSubmitted, Work
from foremand.core.feedback import headline
from foremand.core.spec import Limits, Pipeline
from foremand.core.status import status
from foremand.core.task import Task
from foremand.git import branch_for_person
from foremand.journal import AlreadyAnswered, Journal, Request
from foremand.paths import Places

from . import environments
from .intake import Intake, check_profile
from .lander import branch_name
from .ledger import Ledger
from .repositories import Repositories
from .sealing import redescribe

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
    profile: str = ""
    after: tuple[int, ...] = ()
    priority: int = 0


T = TypeVar("T")

_WHEN = {
    (False, True): "the agent hears it now, in the middle of its work; if it ends first, the next attempt does",
    (False, False): "it opens the next attempt, if there is one: this agent cannot be told while it works",
    (True, True): "the agent is interrupted, and goes on with it in the same session; if it ends first, the next "
    "attempt hears it",
    (True, False): "nothing is interrupted: no agent that can be told while it works is at work. It opens the next "
    "attempt, if there is one; to end this one for it: foremanctl pause {task}, then resume {task}",
}
"""When the agent hears what it is told, by whether it is to be interrupted for it, and whether it listens."""


class Desk:
    """Takes requests. `request_id` makes each safe to repeat: the second time nothing is done."""

    def __init__(
        self, places: Places, ledger: Ledger, journal: Journal, intake: Intake, repositories: Repositories
    ) -> None:
        self._places = places
        self._repositories = repositories
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
        check_profile(target.pipeline, submission.profile)
        steering.check_floor(target.pipeline, submission.limits)
        for before in submission.after:
            self.task(before)
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
            profile=submission.profile,
            after=tuple(dict.fromkeys(submission.after)),
            priority=submission.priority,
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
        return await self._decide(task, request_id, lambda known: steering.limit(known, limits, self._who(by)))

    async def prioritize(self, task: int, priority: int, request_id: str, by: str) -> Task:
        """A person gives it another place among those that wait for a slot."""
        return await self._decide(task, request_id, lambda known: steering.prioritize(known, priority, self._who(by)))

    async def retry(
        self,
        task: int,
        *,
        stage: str,
        gate: str,
        agent: str,
        fresh: bool,
        message: str,
        request_id: str,
        by: str,
    ) -> Task:
        """A person lets the task go on."""
        return await self._decide(
            task,
            request_id,
            lambda known: commands.retry(
                known, self._who(by), stage=stage, gate=gate, agent=agent, fresh=fresh, message=message
            ),
        )

    async def waive(self, task: int, gate: str, revision: str, message: str, request_id: str, by: str) -> Task:
        """A person lets one gate pass on one revision."""
        return await self._decide(
            task, request_id, lambda known: steering.waive(known, gate, revision, self._who(by), message)
        )

    async def pause(self, task: int, request_id: str, by: str) -> Task:
        """A person has the task stand still."""
        return await self._decide(task, request_id, lambda known: steering.pause(known, self._who(by)))

    async def resume(self, task: int, request_id: str, by: str) -> Task:
        """A person lets a paused task go on."""
        return await self._decide(task, request_id, lambda known: steering.resume(known, self._who(by)))

    async def send(
        self, task: int, text: str, request_id: str, by: str, *, interrupt: bool = False
    ) -> tuple[Task, str]:
        """A person tells the agent something; also in words when it will hear it, and what becomes of its turn."""
        key = str(uuid.uuid4())
        told = await self._decide(
            task, request_id, lambda known: steering.say(known, text, self._who(by), key, interrupt=interrupt)
        )
        running = told.running_attempt
        listens = running is not None and steering.listens(told, running.number)
        return told, _WHEN[interrupt, listens].format(task=task)

    async def answer(self, task: int, question: str, allow: bool, message: str, request_id: str, by: str) -> Task:
        """A person answers what an agent asks."""
        return await self._decide(
            task, request_id, lambda known: steering.answer(known, question, allow, message, self._who(by))
        )

    async def take(self, task: int, request_id: str, by: str) -> Task:
        """A person wants the workspace. It is theirs once the task is `handed_over`."""
        return await self._decide(task, request_id, lambda known: steering.take(known, self._who(by)))

    async def give(self, task: int, message: str, rework: bool, request_id: str, by: str) -> Task:
        """A person gives the workspace back."""
        return await self._decide(
            task, request_id, lambda known: steering.give(known, message, self._who(by), rework=rework)
        )

    async def repin(self, task: int, request_id: str, by: str) -> Task:
        """A person has the task take today's pipeline file. Raises what `Intake.today` raises, too."""
        known = self.task(task)
        if known.started is None or known.over is not None:  # there is nothing to read a file for
            return await self._decide(task, request_id, lambda now: steering.repin(now, None, self._who(by)))
        today = await self._intake.today(known)
        described = await self._describe(known, today.pipeline)
        return await self._decide(
            task, request_id, lambda now: steering.repin(now, replace(today, works=described), self._who(by))
        )

    async def checkout(self, task: int) -> tuple[Task, str, str]:
        """Show the present revision as a branch of the user's repository; its name and where it stands."""
        known = self.task(task)
        now = status(known)
        if known.started is None or not now.revision:
            raise Refused("WRONG_STATE", f"task {task} has made nothing yet", f"foremanctl wait {task}")
        refused = next((s for s in now.standings if s.gate.kind == "secrets" and s.verdict == "fail"), None)
        if refused is not None:
            said = f"the revision holds a secret ({refused.gate.name}): a branch of it might be pushed"
            raise Refused("SECRETS", said, f"look at it where it is: foremanctl diff {task}")
        name = branch_name(known)
        await branch_for_person(Path(known.submitted.repo), self._repositories.work(known), now.revision, name)
        return known, name, now.revision

    async def _describe(self, task: Task, pipeline: Pipeline) -> dict[int, Work]:
        """The work that stands, as the gates of another pipeline see it."""
        work = self._repositories.work(task)
        return {
            attempt.number: await redescribe(work, pipeline, attempt.work)
            for attempt in task.attempts
            if attempt.work is not None and not attempt.void
        }

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
