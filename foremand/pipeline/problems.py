"""What can be wrong with a pipeline file, and how it is said: every problem at once, each with table and key."""

import json
import re

from msgspec import Struct

from foremand.core.nearest import nearest as nearest  # said of pipeline files in the same words

_BARE = re.compile(r"[A-Za-z0-9_-]+")


class Problem(Struct, frozen=True):
    """One thing that is wrong. `table` as it is written in the file (`[gate.tests]`), empty for the top;
    `key` inside it, dotted where it is nested, empty where the whole table is meant."""

    table: str
    key: str
    message: str

    def __str__(self) -> str:
        where = " ".join(part for part in (self.table, self.key) if part)
        return f"{where}: {self.message}" if where else self.message


class PipelineInvalid(Exception):
    """A pipeline file was refused. `problems` are all of them, in the order of the file; `origin` says which file."""

    def __init__(self, problems: tuple[Problem, ...], origin: str) -> None:
        self.problems = problems
        self.origin = origin
        count = "1 error" if len(problems) == 1 else f"{len(problems)} errors"
        super().__init__("\n".join([f"{origin}: {count}", *(f"  {problem}" for problem in problems)]))


def bare(key: str) -> str:
    """A key as TOML would have it written: quoted where it holds more than letters, digits, `_` and `-`."""
    return key if _BARE.fullmatch(key) else json.dumps(key)


def named(table: str, name: str) -> str:
    """How `[agent.NAME]` and `[gate.NAME]` are called in a problem."""
    return f"[{table}.{bare(name)}]"


def stage_label(name: str, place: int) -> str:
    """How a `[[stage]]` is called in a problem: by its name, or where it has none by its place, from 0."""
    return f"[[stage]] {json.dumps(name)}" if name else f"[[stage]] number {place + 1}"


def shown(value: object) -> str:
    """A value as its author wrote it, short enough for one line."""
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        return "a list of tables or lists"
    try:
        text = json.dumps(value, default=str, ensure_ascii=False)
    except ValueError:  # an integer of more than 4300 digits has no decimal text in Python
        return "a very large number"
    return text if len(text) <= 60 else text[:57] + "..."
