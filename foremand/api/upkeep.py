"""The calls that look after what is kept: prune, verify, export."""

from collections.abc import AsyncIterator

from foremand.engine.reading import CHUNK
from foremand.v1 import foremand_pb2 as pb

from .base import Base, Context
from .errors import stream, unary


class Upkeep(Base):
    """What is on disk: what may go, whether it is right, and all of it about one task."""

    @unary
    async def Prune(self, request: pb.PruneRequest, _context: Context) -> pb.PruneResponse:  # noqa: N802
        """Remove what has been kept long enough. Safe to repeat as it is: what is gone is not there again."""
        pruner = self._engine.pruner
        pruned = await pruner.prune(request.dry_run)
        return pb.PruneResponse(
            pruned=[pb.Pruned(task=each.task, what=each.what, path=each.path, bytes=each.bytes) for each in pruned],
            keep=pruner.keep,
        )

    @stream
    async def Verify(  # noqa: N802
        self, request: pb.VerifyRequest, _context: Context
    ) -> AsyncIterator[pb.VerifyFinding]:
        """Prove again what the journal says."""
        if request.id:
            self._desk.task(request.id)
        async for each in self._engine.verifier.verify(request.id or None):
            yield pb.VerifyFinding(task=each.task, ok=each.ok, check=each.check, detail=each.detail)

    @stream
    async def ExportTask(  # noqa: N802
        self, request: pb.TaskRequest, _context: Context
    ) -> AsyncIterator[pb.ExportChunk]:
        """A gzipped tar of one task."""
        task = self._desk.task(request.id)
        async for block in self._engine.export(task):
            for start in range(0, len(block), CHUNK):
                yield pb.ExportChunk(data=block[start : start + CHUNK])
