"""Talking to an agent as it works: it is told what people say, each thing once, and let go when it has done it all.

What was said is a fact before it is told. That it was told need not be one: asked a second time, by this daemon or
the next, the agent's shim does nothing. That it was heard is read in the transcript, and then is a fact too.
"""

from functools import partial
from pathlib import Path

from foremand.agents.port import Adapter, Job, Reader
from foremand.core import questions
from foremand.core.facts import Heard, QuestionAsked, QuestionWithdrawn
from foremand.core.steering import listens, unheard
from foremand.executors import LocalExecutor

from .ledger import Ledger


class Conversation:
    """What passes between people and one attempt, the run in `run`."""

    def __init__(
        self, ledger: Ledger, executor: LocalExecutor, adapter: Adapter, reader: Reader, job: Job, run: Path
    ) -> None:
        self._ledger = ledger
        self._executor = executor
        self._adapter = adapter
        self._reader = reader
        self._task = job.task
        self._attempt = job.attempt
        self._run = run
        self._told: set[str] = set()
        self._over = False

    async def go_on(self) -> None:
        """Write down what was heard, and tell what is left to tell. Cheap when there is nothing; never waits for it.

        Raises OSError.
        """
        await self.note()
        await self._hear()
        if self._over:
            return
        await self._answer()
        waiting = unheard(self._ledger[self._task], self._attempt)
        for message in waiting:
            if message.key not in self._told:
                words = self._adapter.words(message.text, message.key, interrupt=message.interrupt)
                await self._executor.tell(self._run, message.key, words)
                self._told.add(message.key)
        if self._reader.rests() and not waiting:  # a turn that was interrupted is over too, and another begins
            self._over = True
            await self._executor.end_input(self._run)

    async def _hear(self) -> None:
        """Write down what the agent asks, and what it does not wait for any more."""
        asked = {question.key: question for question in self._reader.questions()}
        task = self._ledger[self._task]
        if not listens(task, self._attempt):
            return
        known = {question.key for question in task.questions}
        for question in asked.values():
            if question.key not in known:
                fact = QuestionAsked(
                    task=self._task,
                    at=self._ledger.now(),
                    number=self._attempt,
                    key=question.key,
                    tool=question.tool,
                    text=question.text,
                    digest=question.digest,
                    omitted=question.omitted,
                )
                await self._ledger.decide(self._task, partial(questions.ask, fact=fact))
        for waiting in questions.open_questions(self._ledger[self._task], self._attempt):
            if waiting.key not in asked and not questions.is_put_off(task, waiting):
                gone = QuestionWithdrawn(task=self._task, at=self._ledger.now(), number=self._attempt, key=waiting.key)
                await self._ledger.record(gone)

    async def _answer(self) -> None:
        """Tell the agent what people have answered."""
        for question in self._ledger[self._task].questions:
            if question.attempt == self._attempt and question.allow is not None and question.key not in self._told:
                words = self._adapter.answer(question.key, question.allow, question.message)
                await self._executor.tell(self._run, question.key, words)
                self._told.add(question.key)

    async def note(self) -> None:
        """Write down what was heard."""
        said = {message.key for message in self._ledger[self._task].said if message.key}
        for key in self._reader.heard():
            if key in said:
                await self._ledger.record(Heard(task=self._task, at=self._ledger.now(), number=self._attempt, key=key))
