"""What a run printed, as far as a person or an agent wants to see it: the end."""

import contextlib
from pathlib import Path

from foremand.core.feedback import OUTPUT_LIMIT
from foremand.executors import Spool


def output_of(run: Path) -> str:
    """The end of what a run printed: standard output, then standard error."""
    parts = [text for file in (Spool(run).out, Spool(run).err) if (text := tail_of(file, OUTPUT_LIMIT).strip())]
    return "\n".join(parts)[-OUTPUT_LIMIT:]


def tail_of(file: Path, size: int) -> str:
    """The last `size` bytes of a file as text; empty where there is none."""
    with contextlib.suppress(OSError), file.open("rb") as stream:
        stream.seek(max(0, stream.seek(0, 2) - size))
        return stream.read().decode(errors="replace")
    return ""
