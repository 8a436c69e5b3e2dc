"""Watch: a snapshot, then batches of events. A slow client loses its stream with a reason, never an event.

What other tasks change about one (its place in the queue, what it overlaps with) is no event of it. It is sent all the
same, with the next batch, or in one without events: under the last cursor, since there is nothing to be resumed.
"""

from collections.abc import AsyncIterator, Iterable

from foremand.engine.desk import Desk
from foremand.engine.neighbours import Neighbours
from foremand.journal import AGENT_EVENT, Item, Journal
from foremand.v1 import foremand_pb2 as pb

from .convert import Wire, when


async def watch(
    desk: Desk, journal: Journal, wire: Wire, neighbours: Neighbours, request: pb.WatchRequest
) -> AsyncIterator[pb.WatchResponse]:
    """What `Watch` streams. Raises CursorAhead and SlowConsumer."""
    only = request.task or None
    if only is not None:
        desk.task(only)
    resumes = request.HasField("after")
    cursor = request.after if resumes else journal.last_seq
    sent: dict[int, pb.Task] = {}
    others: set[int] = set()

    def hear(task: int) -> None:
        if only in (None, task):
            others.add(task)
            batches.nudge()

    def fresh(tasks: Iterable[pb.Task], *, always: bool) -> list[pb.Task]:
        """Those that the client does not have in just this form; remembered as sent."""
        found = [task for task in tasks if always or sent.get(task.id) is not task]
        sent.update({task.id: task for task in found})
        return found

    async with journal.subscribe(cursor, only) as batches:
        with neighbours.told_to(hear):
            if not resumes:
                await desk.settle()
                shown = (wire.task(task) for task in desk.tasks() if only in (None, task.id))
                yield pb.WatchResponse(cursor=cursor, snapshot=fresh(shown, always=True))
            else:
                for task in desk.tasks():  # who was away may have missed what others changed
                    if task.over is None:
                        hear(task.id)
            async for batch in batches:
                cursor = batch[-1].seq if batch else cursor
                heard = sorted(others)
                others.clear()  # before anything is waited for: what is heard meanwhile is for the next batch
                facts = {item.task: item.seq for item in batch if item.type != AGENT_EVENT}
                told = [wire.task(await desk.as_of(task, seq)) for task, seq in facts.items()]
                tasks = fresh(told, always=True)
                tasks += fresh((wire.task(desk.task(task)) for task in heard), always=False)
                events = _events(batch, request.agent_events)
                # Agent events that nobody asked for say nothing, not even a cursor: the next response brings that, and
                # who resumes before it only has them passed over again.
                if events or tasks:
                    yield pb.WatchResponse(cursor=cursor, events=events, tasks=tasks)


def _events(batch: list[Item], agent_events: bool) -> list[pb.Event]:
    return [event(item) for item in batch if agent_events or item.type != AGENT_EVENT]


def event(item: Item) -> pb.Event:
    """A fact or an agent's event, as clients see it."""
    return pb.Event(
        seq=item.seq, at=when(item.at), task=item.task, type=item.type, data=item.body, attempt=item.attempt or 0
    )
