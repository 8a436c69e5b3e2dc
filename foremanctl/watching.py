"""Following tasks as they go, without polling and over restarts of the daemon."""

import json
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing

from foremand.v1 import foremand_pb2 as pb

from .client import PATIENCE_SECONDS, Client
from .exits import Failure, NotFound, TimedOut, Unreachable
from .harmless import line, stream
from .output import Output, talk
from .records import state
from .states import ENDED, needs_person

_PAGE = 1000
_BROKEN_IN_A_ROW = 20
"""Streams that may break before one word came over them: what only ever breaks is not worth another try."""


def watch(
    client: Client, *, task: int = 0, after: int | None = None, deadline: float | None = None
) -> Generator[pb.WatchResponse]:
    """The daemon's stream, without an end. Where it breaks it goes on behind the last cursor, so that nothing is
    lost or repeated. `deadline` is on the monotonic clock: TimedOut. Unreachable if the daemon stays away."""
    broken = 0
    while True:
        request = pb.WatchRequest(task=task, after=after)
        try:
            for response in client.stream("Watch", request, _left(deadline)):
                after = response.cursor
                broken = 0
                yield response
        except TimedOut as failure:
            raise _time_is_over() from failure
        except Failure as failure:
            broken += 1
            if not failure.lost or broken > _BROKEN_IN_A_ROW:
                raise
        try:
            client.reopen(min(_left(deadline) or PATIENCE_SECONDS, PATIENCE_SECONDS))
        except Unreachable:
            _left(deadline)
            raise


def history(client: Client, task: int, after: int = 0) -> Iterator[pb.Event]:
    """What happened to a task until now, behind the event `after`."""
    while True:
        page: pb.ListEventsResponse = client.ask(
            "ListEvents", pb.ListEventsRequest(id=task, after=after, page_size=_PAGE)
        )
        yield from page.events
        if not page.more or not page.events:
            return
        after = page.events[-1].seq


def changes(client: Client, ids: Sequence[int], deadline: float | None = None) -> Generator[pb.Task]:
    """Each of the tasks as it is now, then whenever it changes. NotFound for an unknown id."""
    wanted = dict.fromkeys(ids)
    first = True
    with closing(watch(client, task=ids[0] if len(wanted) == 1 else 0, deadline=deadline)) as responses:
        for response in responses:
            now = {task.id: task for task in (*response.snapshot, *response.tasks)}
            if first:
                # A snapshot need not hold what has ended. Asked for after it, no change falls between the two.
                for missing in [id_ for id_ in wanted if id_ not in now]:
                    now[missing] = client.ask("GetTask", pb.GetTaskRequest(id=missing)).task
                first = False
            yield from (task for id_, task in now.items() if id_ in wanted)


def settled(
    client: Client, ids: Sequence[int], settles: Callable[[pb.Task], bool], timeout: float | None = None
) -> Generator[pb.Task]:
    """Each of the tasks once, as it settles. TimedOut after `timeout` seconds, NotFound for an unknown id."""
    left = set(ids)
    deadline = None if timeout is None else time.monotonic() + timeout
    with closing(changes(client, ids, deadline)) as tasks:
        for task in tasks:
            if task.id in left and settles(task):
                left.remove(task.id)
                yield task
                if not left:
                    return


def is_over(task: pb.Task) -> bool:
    """It has ended, or nothing but a person will move it."""
    return task.state in ENDED or needs_person(task)


def follow(client: Client, out: Output, task_id: int, *, seen: int = 0) -> pb.Task:
    """Prints the log of every attempt after number `seen` as it grows, and on stderr where the task stands, until
    the task has ended or needs a person. Gives the task as it is then."""
    said, cursor = "", None
    while True:
        task = pb.Task()
        # The watch is let go while a log is read, and goes on behind its cursor afterwards: nothing piles up.
        with closing(watch(client, task=task_id, after=cursor)) as responses:
            for response in responses:
                cursor = response.cursor
                for event in response.events:
                    _tell_verdict(event)
                for task in (*response.snapshot, *response.tasks):
                    if (standing := stands(task)) != said:
                        said = standing
                        talk(standing)
                if task.id and (task.attempt > seen or is_over(task)):
                    break
        for number in range(seen + 1, task.attempt + 1):
            talk(f"{task_id} attempt {number}:")
            _print_log(client, out, pb.ReadLogRequest(id=task_id, attempt=number, follow=True))
        seen = max(seen, task.attempt)
        if is_over(task):
            return task


def _tell_verdict(event: pb.Event) -> None:
    """What a gate said, and that it sent the work back: gone from the task itself as soon as it goes on."""
    if event.type == "VerdictGiven":
        data = json.loads(event.data)
        if data["verdict"] != "skipped":
            talk(line(f"{event.task}  gate {data['gate']}: {data['verdict']} ({data['reason']})"))
    elif event.type == "SentBack":
        data = json.loads(event.data)
        talk(line(f"{event.task}  sent back to {data['to']}"))


def read_log(client: Client, request: pb.ReadLogRequest) -> Iterator[bytes]:
    """A log's bytes, over restarts of the daemon when it is followed."""
    sent = 0
    while True:
        skip = sent
        try:
            for chunk in client.stream("ReadLog", request):
                if not (request.gate or request.setup):
                    request.attempt = chunk.attempt or request.attempt  # the last one may be another by then
                fresh = chunk.data[skip:]
                skip = max(0, skip - len(chunk.data))
                sent += len(fresh)
                yield fresh
        except Failure as failure:
            if not (failure.lost and request.follow):
                raise
        else:
            return
        client.reopen()


def stands(task: pb.Task) -> str:
    """Where a task stands, in one line."""
    return line("  ".join(part for part in (str(task.id), state(task), task.stage, task.reason) if part))


def _print_log(client: Client, out: Output, request: pb.ReadLogRequest) -> None:
    try:
        for text in stream(read_log(client, request)):
            out.write(text)
    except NotFound:
        talk("it has no log")  # its agent could not even be started


def _time_is_over() -> TimedOut:
    return TimedOut("the time is over; the tasks go on")


def _left(deadline: float | None) -> float | None:
    if deadline is None:
        return None
    left = deadline - time.monotonic()
    if left <= 0:
        raise _time_is_over()
    return left
