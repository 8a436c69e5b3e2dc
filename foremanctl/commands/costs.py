"""`costs`: what agents have cost."""

import time
from typing import TYPE_CHECKING

import click

from foremanctl.durations import seconds
from foremanctl.exits import Usage
from foremanctl.nearest import nearest
from foremanctl.options import Asked, Command
from foremanctl.output import Format, talk

if TYPE_CHECKING:
    from foremand.v1 import foremand_pb2 as pb

_KEYS = ("day", "agent", "repo", "task")


def _by(_context: click.Context, _parameter: click.Parameter, value: str) -> tuple[str, ...]:
    keys = tuple(dict.fromkeys(key for key in value.replace(" ", "").split(",") if key))
    for key in keys:
        if key not in _KEYS:
            raise Usage(f"--by: costs are not kept by {key!r}{nearest(key, _KEYS)}", hint=f"by {', '.join(_KEYS)}")
    return keys or ("day",)


@click.command(
    cls=Command,
    short_help="What agents have cost.",
    examples=["costs", "costs --since 7d --by agent", "costs --by day,task", "costs --by repo --format json"],
)
@click.option("--since", metavar="SPAN", help="Only of the last 90m, 24h or 7d [everything].")
@click.option("--by", metavar="KEYS", default="day", callback=_by, help="day, agent, repo, task (comma-separated).")
@click.pass_obj
def command(asked: Asked, *, since: str | None, by: tuple[str, ...]) -> None:
    """Sum up what ended attempts cost. Where the cost of one is not known, the sum says "at least"."""
    from foremanctl import records
    from foremanctl.grid import grid
    from foremand.v1 import foremand_pb2 as pb

    length = None if since is None else seconds(since)
    if since is not None and length is None:
        raise Usage(f"--since {since}: this is no length of time", hint="for example 90m, 24h or 7d")
    out = asked.out
    request = pb.GetCostsRequest(since=time.time() - length if length else 0, by=by)
    costs = asked.client().ask("GetCosts", request).costs
    if out.quiet:
        out.page("".join(" ".join(str(getattr(cost, key)) for key in by) + "\n" for cost in costs))
    elif out.form is not Format.TABLE:
        out.records(records.cost(cost, by) for cost in costs)
    elif costs:
        rows = [(*(str(getattr(cost, key)) for key in by), *_figures(cost)) for cost in costs]
        rows.append(("all", *("" for _ in by[1:]), *_figures(_sum(costs))))
        heads = (*(key.upper() for key in by), "COST", "TOKENS", "ATTEMPTS", "UNKNOWN")
        out.page("\n".join(grid(rows, heads, right=heads[-4:])) + "\n")
    else:
        talk("no attempt has ended" + (f" in the last {since}" if since else ""))


def _figures(cost: "pb.Cost") -> tuple[str, ...]:
    return money(cost), str(cost.tokens), str(cost.attempts), str(cost.unknown or "")


def money(cost: "pb.Cost") -> str:
    """Dollars; where some of it is not known, what it is at least."""
    if not cost.unknown:
        return f"${cost.known_usd:.2f}"
    return f"at least ${cost.known_usd:.2f}" if cost.known_usd else "unknown"


def _sum(costs: "list[pb.Cost]") -> "pb.Cost":
    from foremand.v1 import foremand_pb2 as pb

    return pb.Cost(
        known_usd=sum(cost.known_usd for cost in costs),
        tokens=sum(cost.tokens for cost in costs),
        attempts=sum(cost.attempts for cost in costs),
        unknown=sum(cost.unknown for cost in costs),
    )
