"""Other tasks that change the same files, in words."""

from collections.abc import Iterable

from foremand.v1 import foremand_pb2 as pb


def touches(overlap: pb.Overlap, most: int = 3) -> str:
    """`touches src/a.py with 12; would conflict`: the files that would conflict first, at most `most` of them."""
    files = [*overlap.conflicts, *(file for file in overlap.files if file not in overlap.conflicts)]
    more = f" and {len(files) - most} more" if len(files) > most else ""
    conflict = "; would conflict" if overlap.conflicts else ""
    return f"touches {', '.join(files[:most])}{more} with {overlap.id}{conflict}"


def ordered(overlaps: Iterable[pb.Overlap]) -> list[pb.Overlap]:
    """Those that would conflict first."""
    return sorted(overlaps, key=lambda overlap: (not overlap.conflicts, overlap.id))
