"""Secrets gates: every line that any commit adds which would land is looked at."""

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing

from foremand.core.spec import Gate
from foremand.gates.command import Judged
from foremand.gates.secrets import Added, ScanFailed, judge, output
from foremand.gates.secrets_scan import scan as look
from foremand.git import GitError, WorkRepo, added_lines, message_of

MESSAGE = "(commit message)"
"""Where a secret is that stands in no file."""


async def scan(work: WorkRepo, gate: Gate, commits: Sequence[str], path: str) -> tuple[Judged, str]:
    """The gate's judgement on these commits, and what it has to say: never a secret itself.

    `path` is the PATH on which further scanners are looked for.
    """
    try:
        scanned = await look(_lines(work, commits), timeout=gate.timeout, path=path)
    except (ScanFailed, GitError, OSError) as error:
        return Judged("error", f"the scan failed: {error}"), ""
    return judge(scanned, gate.allow), output(scanned, gate.allow)


async def _lines(work: WorkRepo, commits: Sequence[str]) -> AsyncIterator[Added]:
    for commit in commits:
        for number, words in enumerate((await message_of(work, commit)).splitlines(), 1):
            yield Added(commit, MESSAGE, number, words)
        async with aclosing(added_lines(work, commit)) as lines:
            async for line in lines:
                yield Added(commit, line.path, line.line_number, line.text, line.binary)
