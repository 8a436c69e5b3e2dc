"""What a shell offers when TAB is pressed: ids with their titles, stages, gates, profiles. Asks a daemon that runs;
never starts one, and is silent where none answers."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from foremand.v1 import foremand_pb2 as pb

    from .client import Client

    Items = list[CompletionItem[str]]

_TITLE = 60  # columns of a title, at most


def tasks(ctx: click.Context, incomplete: str, *, live: bool) -> "Items":
    """Ids with titles, who needs you first; with `live` only those that have not ended."""
    from foremand.v1 import foremand_pb2 as pb

    from .choosing import listed
    from .fleet import ordered
    from .records import state

    def found(client: "Client") -> Iterator[tuple[str, str]]:
        given = ctx.params.get("tasks") or ()
        for task in ordered(listed(client, pb.ListTasksRequest(all=not live))):
            if task.id not in given:
                yield str(task.id), f"{state(task)} {task.title}"

    return _items(_asked(ctx, found), incomplete)


def stages(ctx: click.Context, _param: click.Parameter, incomplete: str) -> "Items":
    """The stages of the task that was named."""
    return _items(_of_task(ctx, lambda task: ((name, "") for name in task.stages)), incomplete)


def gates(ctx: click.Context, _param: click.Parameter, incomplete: str) -> "Items":
    """The gates of the task that was named."""
    return _items(_of_task(ctx, lambda task: map(_gate, task.gates)), incomplete)


def open_gates(ctx: click.Context, _param: click.Parameter, incomplete: str) -> "Items":
    """The gates that a person is asked at."""
    return _items(_of_task(ctx, lambda task: (_gate(g) for g in task.gates if g.verdict == "waiting")), incomplete)


def red_gates(ctx: click.Context, _param: click.Parameter, incomplete: str) -> "Items":
    """The gates that said fail or error."""
    red = {"fail", "error"}
    return _items(_of_task(ctx, lambda task: (_gate(g) for g in task.gates if g.verdict in red)), incomplete)


def revisions(ctx: click.Context, _param: click.Parameter, incomplete: str) -> "Items":
    """What the attempts of the task that was named left."""
    from foremand.v1 import foremand_pb2 as pb

    def found(client: "Client") -> Iterator[tuple[str, str]]:
        detail = client.ask("GetTask", pb.GetTaskRequest(id=_named(ctx)))
        for each in (each for each in detail.attempts if each.revision):
            yield each.revision[:12], f"attempt {each.number}, {each.stage}"

    return _items(_asked(ctx, found) if _named(ctx) else [], incomplete)


def profiles(ctx: click.Context, _param: click.Parameter, incomplete: str) -> "Items":
    """The profiles of the repository's pipeline file."""
    from .options import repository
    from .worktree import top

    return _items(_tables(top(repository(ctx.params.get("repo"))), "profile"), incomplete)


def agents(ctx: click.Context, _param: click.Parameter, incomplete: str) -> "Items":
    """The agents in the pipeline file of the repository of the task that was named."""
    return _items(_of_task(ctx, lambda task: _tables(task.repo, "agent")), incomplete)


def states(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> "Items":
    """The states that a task can be in."""
    from foremand.v1 import foremand_pb2 as pb

    before, comma, last = incomplete.lower().rpartition(",")
    names = (name.lower() for name, number in pb.TaskState.items() if number)
    return _items(((f"{before}{comma}{name}", "") for name in names if name.startswith(last)), incomplete.lower())


def _gate(gate: "pb.Gate") -> tuple[str, str]:
    return gate.name, " ".join(part for part in (gate.stage, gate.kind, gate.verdict) if part)


def _tables(repo: str, kind: str) -> list[tuple[str, str]]:
    """The names of one kind of tables in a repository's pipeline file."""
    import tomllib

    try:
        text = Path(repo, ".foremand", "pipeline.toml").read_text()
        found = tomllib.loads(text).get(kind)
    except (OSError, ValueError):
        return []
    return [(name, "") for name in found] if isinstance(found, dict) else []


def _of_task(ctx: click.Context, names: Callable[["pb.Task"], Iterable[tuple[str, str]]]) -> list[tuple[str, str]]:
    from foremand.v1 import foremand_pb2 as pb

    id_ = _named(ctx)
    if id_ is None:
        return []
    return _asked(ctx, lambda client: names(client.ask("GetTask", pb.GetTaskRequest(id=id_)).task))


def _named(ctx: click.Context) -> int | None:
    """The task that was named so far. While an option's value is being typed, click has not sorted the rest out."""
    named = [ctx.params.get("task"), *(ctx.params.get("tasks") or ()), *map(int, filter(str.isdecimal, ctx.args))]
    return next(filter(None, named), None)


def _asked(ctx: click.Context, names: Callable[["Client"], Iterable[tuple[str, str]]]) -> list[tuple[str, str]]:
    from .exits import Failure
    from .options import Asked

    try:
        return list(names(ctx.ensure_object(Asked).client()))
    except Failure:
        return []


def _items(names: Iterable[tuple[str, str]], incomplete: str) -> "Items":
    from click.shell_completion import CompletionItem

    from .harmless import cut, line

    fitting = {name: told for name, told in names if name.startswith(incomplete) and name == line(name)}
    return [CompletionItem(name, help=cut(line(told), _TITLE) or None) for name, told in fitting.items()]
