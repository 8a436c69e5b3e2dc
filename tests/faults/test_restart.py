"""Who stops and who goes on: cancelled tasks, a daemon that stops cleanly, and what is found at a restart."""

import time
from glob import glob
from pathlib import Path
from typing import Any

import pytest

from foremand.core.facts import CancelRequested
from foremand.executors import Spool
from foremand.journal import Journal

PIPELINE = """
version = 1

[workspace]
setup = "test ! -e slow-setup || {{ echo ready; sleep 300; }}"
setup_key = ["slow-setup"]

[agent.slow]
adapter = "command"
command = ["sh", "-c", '''
echo partial > made
test ! -e slow-agent || {{ echo ready; {agent}; }}
echo done
''']

[gate.slow]
kind = "command"
run = '''
test ! -e slow-gate || {{ echo ready; {gate}; }}
'''

[[stage]]
name = "implement"
agent = "slow"
gates = ["slow"]
"""

FOR_EVER = "sleep 300"
DEAF = "trap '' INT TERM; while :; do sleep 0.1; done"
UNTIL_GO = "while ! test -e go; do sleep 0.02; done"


class Slow:
    """Tasks that are slow at one thing."""

    def __init__(self, house: Any, caller: Any) -> None:
        self._house = house
        self._caller = caller

    def begin(self, what: str, agent: str = FOR_EVER, gate: str = DEAF) -> int:
        """A task whose `what` (setup, agent or gate) is slow, and under way."""
        task = self.submit(what, agent, gate)
        places = {
            "setup": ("setups/*/run/out", f"workspaces/{task}/setup-*/out"),
            "agent": (f"attempts/{task}/1/out",),
            "gate": (f"gates/{task}/*/out",),
        }
        outs = [str(self._house.state / place) for place in places[what]]

        def ready() -> bool:
            return any(Path(out).read_bytes() == b"ready\n" for place in outs for out in glob(place))

        self._house.until(ready, f"{what} is under way")
        return task

    def submit(self, what: str, agent: str = FOR_EVER, gate: str = DEAF) -> int:
        """A task whose `what` will be slow."""
        pipeline = PIPELINE.format(agent=agent, gate=gate)
        return int(self._caller.submit(self._house.repo({".foremand/pipeline.toml": pipeline, f"slow-{what}": ""})))

    def running(self) -> list[tuple[int, str]]:
        """All that runs of any task, shims included."""
        return [found for found in self._house.processes() if found[0] != self._house.daemon.pid]


@pytest.fixture
def slow(house: Any, caller: Any) -> Slow:
    """Makes slow tasks."""
    return Slow(house, caller)


def test_a_cancelled_task_stops_at_once_whatever_it_is_at(house: Any, caller: Any, slow: Slow) -> None:
    house.start("--max-agents", "2")
    gate, agent, setup = (slow.begin(what) for what in ("gate", "agent", "setup"))
    queued = slow.submit("agent")
    house.until(lambda: house.show(queued)["reason"] == "waits for an agent slot", "the last one waits for a slot")
    began = time.monotonic()
    for task in (queued, gate, agent, setup):
        caller.cancel(task)
    shown = {task: house.wait(task, "CANCELLED") for task in (queued, gate, agent, setup)}
    assert not slow.running()
    assert not list((house.state / "checkouts").iterdir())
    assert time.monotonic() - began < 10

    assert not shown[queued]["attempts"]
    assert not shown[setup]["attempts"]
    assert shown[agent]["attempts"][0]["outcome"] == "stopped"
    for task in (agent, gate):
        assert "+partial" in house.ok("diff", str(task)).stdout
    assert all("cancelled by" in each["reason"] for each in shown.values())


@pytest.mark.parametrize("sandbox", ["auto", "off"])
async def test_what_nobody_wants_any_more_is_ended_at_a_restart(house: Any, slow: Slow, sandbox: str) -> None:
    house.start("--sandbox", sandbox)
    tasks = [slow.begin(what) for what in ("gate", "agent", "setup")]
    house.kill()
    assert len({path.split("/attempts/")[0] for _, path in slow.running()}) > 1, "they run without a daemon"
    async with Journal.open(house.state / "journal.db") as journal:
        await journal.append([CancelRequested(task=task, at=time.time(), by="mona") for task in tasks])
    house.start("--sandbox", sandbox)
    for task in tasks:
        house.wait(task, "CANCELLED")
    assert not slow.running()
    assert "+partial" in house.ok("diff", str(tasks[1])).stdout


def test_agents_and_gates_run_on_without_a_daemon_and_are_taken_up(house: Any, caller: Any, slow: Slow) -> None:
    house.start()
    gate, agent = slow.begin("gate", gate=UNTIL_GO), slow.begin("agent", agent=UNTIL_GO)
    shim = Spool(house.state / "attempts" / str(agent) / "1").shim()
    house.stop()
    assert house.daemon.returncode == 0
    assert Spool(house.state / "attempts" / str(agent) / "1").state() == "running"
    (run,) = (house.state / "gates" / str(gate)).iterdir()
    assert Spool(run).state() == "running"

    house.start()
    (house.state / "workspaces" / str(agent) / "tree" / "go").touch()
    (house.state / "checkouts" / f"{gate}-{run.name}" / "tree" / "go").touch()
    for task in (gate, agent):
        shown = house.wait(task, "LANDED")
        assert [attempt["outcome"] for attempt in shown["attempts"]] == ["done"]
    assert Spool(house.state / "attempts" / str(agent) / "1").shim() == shim
    assert caller.log(agent) == b"ready\ndone\n"
    assert list((house.state / "gates" / str(gate)).iterdir()) == [run]
