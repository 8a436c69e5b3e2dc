"""What an attempt was begun with, kept beside its transcript."""

from pathlib import Path

import msgspec

from foremand.agents.port import Job

from . import durable


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What an attempt was begun with, stored beside its transcript: enough to take it up again.

    `wall_clock` is its deadline in seconds of running, `day_usd` what the day's budget had left for it. `began` is the
    tree that its files made, where the stage only reads and nothing but our looking keeps it from writing.
    `setup_running`: seconds that the workspace's setup ran for it; `notes` are for the person.
    """

    job: Job
    wall_clock: float | None
    day_usd: float | None = None
    began: str | None
    setup_running: float = 0.0
    notes: tuple[str, ...] = ()


def plan_file(run: Path) -> Path:
    """Beside the run's own folder: the shim makes that one."""
    return run.with_name(f"{run.name}.plan.json")


def write_plan(run: Path, plan: Plan) -> None:
    """Store what the attempt is begun with, whole or not at all, before the fact that says so."""
    durable.write(plan_file(run), msgspec.json.encode(plan, enc_hook=str))


def read_plan(run: Path) -> Plan:
    """What the attempt was begun with."""
    return msgspec.json.decode(plan_file(run).read_bytes(), type=Plan, dec_hook=lambda kind, text: kind(text))
