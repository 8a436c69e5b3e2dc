"""Watch: a snapshot, then batches of events. A slow client loses its stream with a reason, never an event."""

from collections.abc import AsyncIterator

from foremand.engine.desk import Desk
from foremand.journal import AGENT_EVENT, Item, Journal
from foremand.v1 import foremand_pb2 as pb

from .convert import Wire, when


async def watch(desk: Desk, journal: Journal, wire: Wire, request: pb.WatchRequest) -> AsyncIterator[pb.WatchResponse]:
    """What `Watch` streams. Raises CursorAhead and SlowConsumer."""
    only = request.task or None
    if only is not None:
        desk.task(only)
    cursor = journal.last_seq
    if request.HasField("after"):
        cursor = request.after
    else:
        await desk.settle()
        shown = [task for task in desk.tasks() if only in (None, task.id)]
        yield pb.WatchResponse(cursor=cursor, snapshot=[wire.task(task) for task in shown])
    async with journal.subscribe(cursor, only) as batches:
        async for batch in batches:
            yield await _response(desk, wire, batch, agent_events=request.agent_events)


async def _response(desk: Desk, wire: Wire, batch: list[Item], *, agent_events: bool) -> pb.WatchResponse:
    events = [event(item) for item in batch if agent_events or item.type != AGENT_EVENT]
    facts = {item.task: item.seq for item in batch if item.type != AGENT_EVENT}
    tasks = [wire.task(await desk.as_of(task, seq)) for task, seq in facts.items()]
    return pb.WatchResponse(cursor=batch[-1].seq, events=events, tasks=tasks)


def event(item: Item) -> pb.Event:
    """A fact or an agent's event, as clients see it."""
    return pb.Event(
        seq=item.seq, at=when(item.at), task=item.task, type=item.type, data=item.body, attempt=item.attempt or 0
    )
