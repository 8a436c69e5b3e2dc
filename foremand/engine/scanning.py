"""Secrets gates: every line that any commit adds which would land is looked at."""

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing

from foremand.core.spec import Gate
from foremand.gates.command import Judged
from foremand.git import GitError, WorkRepo, added_lines


async def scan(work: WorkRepo, gate: Gate, commits: Sequence[str]) -> tuple[Judged, str]:
    """The gate's judgement on these commits, and what it has to say: never a secret itself."""
    from foremand.gates.secrets import ScanFailed, judge, report, scan_lines

    try:
        scanned = await scan_lines(_lines(work, commits), gate.timeout)
    except (ScanFailed, GitError, OSError) as error:
        return Judged("error", f"the scan failed: {error}"), ""
    return judge(scanned, gate.allow), report(scanned, gate.allow)


async def _lines(work: WorkRepo, commits: Sequence[str]) -> AsyncIterator[object]:
    from foremand.gates.secrets import Line

    for commit in commits:
        async with aclosing(added_lines(work, commit)) as lines:
            async for line in lines:
                if not line.binary:
                    yield Line(commit, line.path, line.line_number, line.text)
