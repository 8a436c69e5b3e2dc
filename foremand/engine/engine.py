"""The engine, put together: every part gets what it needs here and nowhere else."""

import asyncio
from collections.abc import Callable
from functools import partial

from foremand.core.steps import (
    BuildCandidate,
    HandOver,
    Land,
    RunAttempt,
    RunGate,
    Seal,
    Sign,
    Start,
    Step,
    StopAttempt,
)
from foremand.core.task import Task
from foremand.executors import LocalExecutor, Sandbox, Unsandboxed, own_program
from foremand.journal import Journal
from foremand.paths import Places
from foremand.settings import Settings

from .attempts import Attempts
from .checkouts import Checkouts
from .conductor import Conductor
from .described import described
from .desk import Desk
from .export import export
from .gatekeeper import Gatekeeper
from .growth import Growth
from .housekeeping import Housekeeper
from .intake import Intake
from .lander import Lander
from .ledger import Ledger
from .neighbours import Neighbours
from .notifier import Notifier
from .others import Others
from .overlaps import Overlaps
from .pruning import Pruner
from .reading import ReadingRoom
from .recovery import sweep
from .repositories import Repositories
from .sealing import Sealer
from .setups import Setups
from .slots import Slots
from .supervision import Supervisor
from .verify import Verifier
from .workplace import Workplace
from .workspaces import Workspaces
from .worlds import Worlds


class Engine:
    """Everything that works on tasks. `desk` and `reading` are its doors."""

    def __init__(
        self,
        places: Places,
        settings: Settings,
        journal: Journal,
        sandbox: Sandbox | Unsandboxed,
        state_id: str,
        group: asyncio.TaskGroup,
    ) -> None:
        sandboxed = isinstance(sandbox, Sandbox)
        self._places = places
        self._group = group
        self._growth = growth = Growth()
        self.executor = executor = LocalExecutor(sandbox, own_program(places.state / "shim"))
        self.ledger = ledger = Ledger(journal, group)
        accounts = {name: each.max_concurrent for name, each in settings.agents.items() if each.max_concurrent}
        self.agent_slots = Slots(settings.max_agents, accounts)
        self.gate_slots = Slots(settings.max_gates)
        repositories = Repositories(places)
        workplace = Workplace(places, settings, state_id, sandboxed=sandboxed)
        closing: Callable[[], bool] = lambda: self.conductor.closing  # noqa: E731 (asked later than it is made)
        setups = Setups(places, executor, workplace, closing)
        checkouts = Checkouts(places, repositories, setups, workplace)
        self._intake = Intake(places, settings, ledger, repositories, sandboxed=sandboxed)
        self._worlds = Worlds(ledger, settings)
        self.money_today = self._worlds.today
        self._workspaces = Workspaces(ledger, repositories, workplace, setups)
        self._attempts = Attempts(
            places,
            ledger,
            executor,
            repositories,
            workplace,
            self._workspaces,
            checkouts,
            self.agent_slots,
            Supervisor(ledger, journal, executor, growth),
            self._worlds.of,
        )
        self._gatekeeper = Gatekeeper(
            places, ledger, journal, executor, repositories, workplace, checkouts, self.gate_slots, closing
        )
        self._sealer = Sealer(places, ledger, repositories)
        self._lander = Lander(ledger, repositories, self._intake, Others(ledger, repositories))
        self.conductor = Conductor(ledger, self._worlds.of, self._carry_out, group)
        self._housekeeper = Housekeeper(places, ledger, group)
        self._notifier = Notifier(ledger, settings.notify, described, group)
        self.overlaps = Overlaps(ledger, repositories, group)
        self.neighbours = Neighbours(ledger, self.overlaps)
        self.pruner = Pruner(places, ledger, journal, repositories, settings.keep)
        self.verifier = Verifier(places, ledger, journal, repositories, state_id)
        self.export = partial(export, places=places, journal=journal, repositories=repositories)
        self.desk = Desk(places, ledger, journal, self._intake, repositories)
        self.reading = ReadingRoom(places, journal, executor, repositories, growth)

    async def start(self) -> None:
        """Fold what is on disk, end what is not wanted, and go on with all the rest."""
        await asyncio.to_thread(self.ledger.load)
        self._watching = self._group.create_task(self._growth.run(), name="growth")
        await sweep(self._places, self.ledger, self.executor)
        self._worlds.start(self.conductor.look)
        self.conductor.start()
        self._housekeeper.start()
        self.overlaps.start()
        self._notifier.start()

    async def close(self) -> None:
        """Let go of everything. Agents and gates run on, and are taken up by the next daemon."""
        await self.conductor.close()
        self.overlaps.close()
        await self._notifier.close()
        self._watching.cancel()

    async def _carry_out(self, task: Task, step: Step) -> None:
        match step:
            case Start():
                await self._intake.start(task)
            case RunAttempt():
                await self._attempts.run(task, step)
            case StopAttempt():
                await self._attempts.stop(task, step)
            case HandOver():
                await self._workspaces.hand_over(task, step)
            case Seal():
                await self._sealer.run(task, step)
            case RunGate():
                await self._gatekeeper.run(task, step)
            case BuildCandidate():
                await self._lander.build(task, step)
            case Sign():
                await self._lander.sign(task, step)
            case Land():
                await self._lander.land(task, step)
            case _:
                raise TypeError(f"no effect for {type(step).__name__}")
