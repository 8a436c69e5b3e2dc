"""The person of the morning: dispatches three tasks, looks where one waits, and answers, each time by `foremanctl`."""

import asyncio
from typing import Any

import msgspec

from foremanctl.demo.house import DemoFailed, House
from foremanctl.demo.monday import Errand
from foremanctl.demo.narrator import Narrator

Shown = dict[str, Any]
"""A task, or a part of one, as `foremanctl show --format json` gives it."""

ENDED = frozenset({"LANDED", "REJECTED", "FAILED", "CANCELLED"})
GRACE = 8
"""Seconds in which a task that waits for something else than a person may go on by itself."""


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

        Raises `DemoFailed` when the task waits where this morning does not expect it, and goes on waiting.
        """
        answered = False
        while (task := await self.stands(errand))["state"] not in ENDED:
            gate = _open_gate(errand, task)
            if gate is not None and not answered:
                await self._answer(errand, task, gate)
                answered = True
                if errand.answer is None:
                    await self._wait(errand, "done")
            elif task["state"] == "WAITING":
                task = await self._wait(errand, "done", "--timeout", str(GRACE))
                if task["state"] == "WAITING":
                    raise DemoFailed(f"it waits, and nobody expected it to: {task['reason']}")

    async def witness(self, errand: Errand) -> None:
        """Stays with a task that somebody else answers, until it has ended."""
        if errand.gate is not None and _open_gate(errand, await self.stands(errand)) is not None:
            await self._note_main(errand)
        await self._wait(errand, "done")

    async def stands(self, errand: Errand) -> Shown:
        """The task once it waits or has ended."""
        return await self._wait(errand, "waiting,done")

    async def show(self, errand: Errand) -> Shown:
        """The task as it is now."""
        shown: Shown = msgspec.json.decode(await self._do("show", str(self.ids[errand.name]), "--format", "json"))
        return shown

    async def _wait(self, errand: Errand, states: str, *more: str) -> Shown:
        task_id = str(self.ids[errand.name])
        said = await self._house.ctl("wait", task_id, "--for", states, "--format", "json", *more)
        try:
            (task,) = msgspec.json.decode(said.out)
        except (msgspec.DecodeError, ValueError):  # its time was over, or nobody answered: then this says so
            return await self.show(errand)
        return dict(task)

    async def _answer(self, errand: Errand, task: Shown, gate: Shown) -> None:
        task_id = str(task["id"])
        await self._note_main(errand)
        self._narrator.command("diff", task_id)
        diff = await self._do("diff", task_id)
        for line in diff.splitlines():
            if line.startswith(("+", "-")) and line[1:].strip() and not line.startswith(("+++", "---")):
                self._narrator.tell("you", f"    {line}")
        if errand.answer == "approve":
            await self._say("approve", task_id, gate["name"], "--revision", gate["revision"][:12], "-m", errand.message)
        elif errand.answer == "reject":
            await self._say("reject", task_id, "-m", errand.message)

    async def _note_main(self, errand: Errand) -> None:
        self.main_when_asked[errand.name] = (await asyncio.to_thread(self._house.git, "rev-parse", "main")).strip()

    async def _say(self, *arguments: str) -> None:
        self._narrator.command(*arguments)
        await self._do(*arguments)

    async def _do(self, *arguments: str) -> str:
        said = await self._house.ctl(*arguments)
        if said.code != 0:
            raise DemoFailed(f"foremanctl {' '.join(arguments)} ended with {said.code}: {said.err.strip()}")
        return said.out


def _open_gate(errand: Errand, task: Shown) -> Shown | None:
    """The gate at which the task is expected to wait, if it is open now."""
    gates: list[Shown] = task["gates"]
    return next((gate for gate in gates if gate["name"] == errand.gate and gate["verdict"] == "waiting"), None)
