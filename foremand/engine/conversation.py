"""Talking to an agent as it works: it is told what people say, each thing once, and let go when it has done it all.

What was said is a fact before it is told. That it was told need not be one: asked a second time, by this daemon or
the next, the agent's shim does nothing. That it was heard is read in the transcript, and then is a fact too.
"""

from pathlib import Path

from foremand.agents.port import Adapter, Job, Reader
from foremand.core.facts import Heard
from foremand.core.steering import unheard
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
        if self._over:
            return
        for message in unheard(self._ledger[self._task], self._attempt):
            if message.key not in self._told:
                words = self._adapter.words(message.text, message.key)
                await self._executor.tell(self._run, message.key, words)
                self._told.add(message.key)
        if self._reader.rests():
            self._over = True
            await self._executor.end_input(self._run)

    async def note(self) -> None:
        """Write down what was heard."""
        said = {message.key for message in self._ledger[self._task].said if message.key}
        for key in self._reader.heard():
            if key in said:
                await self._ledger.record(Heard(task=self._task, at=self._ledger.now(), number=self._attempt, key=key))
