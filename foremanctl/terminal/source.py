"""The daemon as a stream of the model's events, over restarts: a snapshot, then what changes, nothing twice."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import grpc
from google.protobuf.message import Message

from foremanctl import exits
from foremanctl.client import OPTIONS, check_revision, fail
from foremanctl.place import Operator, Place
from foremand.v1 import foremand_pb2 as pb
from foremand.v1.foremand_pb2_grpc import ForemandStub

from .model import Back, Began, Changed, Event, Lost

PATIENCE_SECONDS = 10.0
"""How long a call waits for a daemon that went away."""

_INFO_SECONDS = 1.0
"""The header's numbers are asked for at most this often, and only when something has changed."""


class Source:
    """A connection to the daemon that is made anew whenever it breaks. `open` it first; `run` tells of all tasks."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._info = pb.ServerInfo()
        self._stale = asyncio.Event()
        self._times = 0  # that a connection was made
        self._changed = asyncio.Condition()
        self._operator: Operator | None = None
        self._channel: Any = None
        self._stub: Any = None
        self._first: Any = None

    async def open(self) -> None:
        """The first connection. Unreachable, Denied or VersionMismatch."""
        operator = await asyncio.to_thread(self._place.greet)
        channel = grpc.aio.insecure_channel(f"unix:{self._place.path}", options=OPTIONS)
        before, self._operator = self._operator, operator
        old, self._channel, self._stub = self._channel, channel, ForemandStub(channel)
        if before is not None:
            before.close()
            await old.close()
        if self._times == 0:  # the snapshot comes while the screen is made ready
            self._first = self._stub.Watch(pb.WatchRequest(), metadata=self._metadata())
        self._info = await self._call("GetServerInfo", pb.GetServerInfoRequest())
        check_revision(self._info)
        self._times += 1
        async with self._changed:
            self._changed.notify_all()

    async def close(self) -> None:
        """Ends the operator's token with the connection."""
        if self._operator is not None:
            self._operator.close()
            await self._channel.close()

    async def run(self, tell: Callable[[Event], None]) -> None:
        """Watches for ever. Denied or VersionMismatch if the daemon that came back is not for us."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._inform(tell))
            after: int | None = None
            while True:
                tell(Back(self._info))
                after = await self._watch(after, tell)
                tell(Lost())
                await self._reopen()

    async def ask(self, verb: str, request: Message) -> Any:
        """One call, one answer. One that lost the connection is made once more over the next: mutations carry a
        request id, so that a repeated one does nothing twice. Raises Failure."""
        times = self._times
        try:
            return await self._call(verb, request)
        except exits.Failure as failure:
            if not failure.lost:
                raise
            try:
                async with asyncio.timeout(PATIENCE_SECONDS), self._changed:
                    await self._changed.wait_for(lambda: self._times > times)
            except TimeoutError:
                raise failure from None
        return await self._call(verb, request)

    async def stream(self, verb: str, request: Message) -> AsyncIterator[Any]:
        """One call, many answers. Raises Failure; where to go on after a `lost` one only the caller knows."""
        with _translated():
            call = getattr(self._stub, verb)(request, metadata=self._metadata())
        async for answer in _answers(call):
            yield answer

    async def _watch(self, after: int | None, tell: Callable[[Event], None]) -> int | None:
        """Until the stream breaks; the cursor to go on from, None where only a new snapshot helps."""
        first, self._first = self._first, None
        try:
            async for response in _answers(first) if first else self.stream("Watch", pb.WatchRequest(after=after)):
                begins = after is None
                after = response.cursor
                if begins:
                    tell(Began(after, response.snapshot))
                elif response.tasks or response.events:
                    tell(Changed(after, response.tasks))
                    self._stale.set()
        except exits.Usage:
            return None  # the journal there is another one, and our cursor means nothing to it
        except exits.Failure as failure:
            if not failure.lost:
                raise
        return after

    async def _reopen(self) -> None:
        pause = 0.05
        while True:
            await asyncio.sleep(pause)
            pause = min(1.0, pause * 2)
            try:
                return await self.open()
            except exits.Failure as failure:
                if not failure.lost:
                    raise

    async def _inform(self, tell: Callable[[Event], None]) -> None:
        while True:
            await self._stale.wait()
            self._stale.clear()
            with contextlib.suppress(exits.Failure):
                tell(Back(await self._call("GetServerInfo", pb.GetServerInfoRequest())))
            await asyncio.sleep(_INFO_SECONDS)

    async def _call(self, verb: str, request: Message) -> Any:
        with _translated():
            return await getattr(self._stub, verb)(request, metadata=self._metadata())

    def _metadata(self) -> tuple[tuple[str, str], ...]:
        return (("foremand-token", self._operator.token if self._operator else ""),)


async def _answers(call: Any) -> AsyncIterator[Any]:
    """What comes of a call, until it ends or nobody wants more."""
    with _translated():
        try:
            async for answer in call:
                yield answer
        finally:
            call.cancel()


@contextlib.contextmanager
def _translated() -> Any:
    """grpc's errors as ours."""
    try:
        yield
    except grpc.aio.AioRpcError as error:
        fail(error)
    except grpc.aio.UsageError as error:  # the channel was closed as the call was about to begin
        raise _gone() from error
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        raise _gone() from error  # a closed channel cancels its calls, not those who wait for them


def _gone() -> exits.Unreachable:
    return exits.Unreachable("the connection to the daemon broke", lost=True)
