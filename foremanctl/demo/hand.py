"""The morning answered by whoever sits there: the full-screen terminal opens on it until all three tasks have ended."""

import asyncio
import sys

from foremanctl.demo.house import DemoFailed, House
from foremanctl.demo.monday import Monday
from foremanctl.demo.narrator import Narrator
from foremanctl.demo.person import ENDED, Person

INVITATION = """\
This time the person is you. Three agents set out, and the terminal opens in which you watch them:
    the bug fix     needs nobody: its test gate refuses it once, it tries again
    the feature     asks you: tab goes to it, d shows the change; a and y approve it
    the upgrade     asks you: it goes over a major version, so x, a reason, enter and y reject it
q leaves; nothing stops by that, and you can come back. ? shows all keys.
"""
PAUSE = 1.0
"""Seconds that agents think before each word, so that there is something to watch."""


class Hand:
    """Lets a person play. Needs a terminal on stdin and stdout."""

    def __init__(self, house: House, narrator: Narrator, monday: Monday) -> None:
        self._house = house
        self._narrator = narrator
        self._monday = monday

    async def begin(self) -> None:
        """Says what there is to do, and waits for the person. Raises `DemoFailed` where there is none."""
        self._narrator.say(INVITATION)
        if not await self._enter("Enter begins."):
            raise DemoFailed("nobody is there to play it")

    async def answer(self, person: Person) -> None:
        """Opens the terminal, and again for as long as a task waits for the person and they come back.

        Raises `DemoFailed` when it cannot be opened, or when nothing happens any more.
        """
        while True:
            with self._narrator.held():
                code = await self._house.attach()
            if code != 0:
                raise DemoFailed(f"foremanctl attach ended with {code}")
            if not await self._is_waiting(person) or not await self._enter("Enter goes back to it, Ctrl-C ends all."):
                return

    async def _is_waiting(self, person: Person) -> bool:
        """Whether any task waits, once none is under way; says which."""
        patience = self._monday.patience
        try:
            async with self._narrator.patience(patience):
                tasks = [(errand.name, await person.stands(errand)) for errand in self._monday.errands]
        except TimeoutError:
            raise DemoFailed(f"nothing happened for {patience:g} s") from None
        waiting = [(name, task) for name, task in tasks if task["state"] not in ENDED]
        for name, task in waiting:
            self._narrator.tell(name, f"waits for you: {task['reason']}")
        return bool(waiting)

    async def _enter(self, word: str) -> bool:
        """Whether the person pressed Enter; no, where nothing more can come from them."""
        self._narrator.say(word)
        loop = asyncio.get_running_loop()
        pressed = asyncio.Event()
        loop.add_reader(sys.stdin, pressed.set)  # a thread that reads could not be interrupted
        try:
            await pressed.wait()
        finally:
            loop.remove_reader(sys.stdin)
        return bool(sys.stdin.readline())
