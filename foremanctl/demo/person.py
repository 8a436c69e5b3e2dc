"""The person of the morning: dispatches three tasks, looks where one waits, and answers, each time by `foremanctl`."""

import asyncio
from typing import Any

import msgspec

from foremanctl.demo.house import DemoFailed, House
from foremanctl.demo.monday import Errand
from foremanctl.demo.narrator import Narrator

Shown = dict[str, Any]
"""A task as `foremanctl show --format json` gives it."""


class Person:
    """Does what a user would do in a terminal. `ids` names the tasks that were dispatched, `main_when_asked` is what
    `main` pointed to while a task waited for an answer.
    """

    def __init__(self, house: House, narrator: Narrator) -> None:
        self.ids: dict[str, int] = {}
        self.main_when_asked: dict[str, str] = {}
        self._house = house
        self._narrator = narrator

    async def dispatch(self, errand: Errand) -> None:
        """Submits the task."""
        self._narrator.command("submit", errand.prompt)
        task = msgspec.json.decode(await self._do("submit", errand.prompt, "--format", "json"))
        self.ids[errand.name] = task["id"]
        self._narrator.names[task["id"]] = errand.name

    async def see_through(self, errand: Errand) -> None:
        """Stays with a task until it has ended, and answers at its human gate if there is an answer to give.

        Raises `DemoFailed` when the task waits where this morning does not expect it.
        """
        task = await self._wait(errand, "waiting,done")
        if errand.gate is not None and task["state"] == "WAITING":
            await self._answer(errand, task)
            task = await self._wait(errand, "waiting,done" if errand.answer else "done")
        if task["state"] == "WAITING":
            raise DemoFailed(f"the {errand.name} waits, and nobody expected it to: {task['reason']}")

    async def show(self, errand: Errand) -> Shown:
        """The task as it is now."""
        shown: Shown = msgspec.json.decode(await self._do("show", str(self.ids[errand.name]), "--format", "json"))
        return shown

    async def _wait(self, errand: Errand, states: str) -> Shown:
        await self._house.ctl("wait", str(self.ids[errand.name]), "--for", states)
        return await self.show(errand)

    async def _answer(self, errand: Errand, task: Shown) -> None:
        task_id = str(task["id"])
        open_gates = [gate for gate in task["gates"] if gate["name"] == errand.gate and gate["verdict"] == "waiting"]
        if not open_gates:
            raise DemoFailed(f"the {errand.name} waits, but not at {errand.gate}: {task['reason']}")
        self.main_when_asked[errand.name] = await asyncio.to_thread(self._house.git, "rev-parse", "main")
        self._narrator.command("diff", task_id)
        diff = await self._do("diff", task_id)
        for line in diff.splitlines():
            if line.startswith(("+", "-")):
                self._narrator.tell("you", f"    {line}".rstrip())
        revision = open_gates[0]["revision"]
        if errand.answer == "approve":
            await self._say("approve", task_id, str(errand.gate), "--revision", revision, "-m", errand.message)
        elif errand.answer == "reject":
            await self._say("reject", task_id, "-m", errand.message)

    async def _say(self, *arguments: str) -> None:
        self._narrator.command(*arguments)
        await self._do(*arguments)

    async def _do(self, *arguments: str) -> str:
        said = await self._house.ctl(*arguments)
        if said.code != 0:
            raise DemoFailed(f"foremanctl {' '.join(arguments)} ended with {said.code}: {said.err.strip()}")
        return said.out
