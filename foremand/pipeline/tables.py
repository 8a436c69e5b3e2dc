"""What the tables of a pipeline file have in common, and the bounds that several of them hold."""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from foremand.pipeline import values as v


def says(description: str) -> Meta:
    """What editors show of a key."""
    return Meta(description=description)


class Table(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the file."""


class TaskLimits(Table, frozen=True, kw_only=True):
    """Bounds on a whole task. Only time in which an attempt, setup or gate of the task runs is counted."""

    cost_usd: Annotated[v.Dollars, says("US dollars that all attempts together may cost.")] = 5.0
    tokens: Annotated[v.Tokens | UnsetType, says("Tokens of agents, all attempts together.")] = UNSET
    turns: Annotated[v.Count | UnsetType, says("Turns of agents, all attempts together.")] = UNSET
    wall_clock: Annotated[v.Duration, says("Running time, such as 90s, 45m, 2h.")] = "2h"
    stall: Annotated[v.Duration, says("An attempt ends after this long without output and without CPU use.")] = "20m"
    attempts: Annotated[v.Attempts, says("Agent runs in all.")] = 12


class AttemptLimits(Table, frozen=True, kw_only=True):
    """Bounds on one attempt of this stage."""

    cost_usd: Annotated[v.Dollars | UnsetType, says("US dollars that one attempt may cost.")] = UNSET
    tokens: Annotated[v.Tokens | UnsetType, says("Tokens of one attempt.")] = UNSET
    turns: Annotated[v.Count | UnsetType, says("Turns of one attempt.")] = UNSET
    wall_clock: Annotated[v.Duration | UnsetType, says("Running time of one attempt.")] = UNSET
    stall: Annotated[v.Duration | UnsetType, says("It ends after this long without output and CPU use.")] = UNSET


class LowerLimits(Table, frozen=True, kw_only=True):
    """Bounds on a task that are at most those of [limits]."""

    cost_usd: Annotated[v.Dollars | UnsetType, says("US dollars that all attempts together may cost.")] = UNSET
    tokens: Annotated[v.Tokens | UnsetType, says("Tokens of agents, all attempts together.")] = UNSET
    turns: Annotated[v.Count | UnsetType, says("Turns of agents, all attempts together.")] = UNSET
    wall_clock: Annotated[v.Duration | UnsetType, says("Running time.")] = UNSET
    stall: Annotated[v.Duration | UnsetType, says("How long an attempt may show no sign of life.")] = UNSET
    attempts: Annotated[v.Attempts | UnsetType, says("Agent runs in all.")] = UNSET
