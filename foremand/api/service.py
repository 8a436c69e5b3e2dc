"""The service: each call in a few lines, from the wire to the engine's doors and back."""

from foremand.v1.foremand_pb2_grpc import ForemandServicer

from .reading import Reading
from .upkeep import Upkeep
from .verbs import Verbs


class Service(Verbs, Reading, Upkeep, ForemandServicer):
    """`foremand.v1.Foremand`."""
