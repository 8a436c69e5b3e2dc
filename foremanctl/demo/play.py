"""Plays a Monday from its first line to the last check."""

import asyncio
import shutil
import sys
import textwrap
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from functools import partial
from typing import TextIO

import msgspec

from foremanctl.demo import proof, shop
from foremanctl.demo.hand import PAUSE, Hand
from foremanctl.demo.house import DemoFailed, House, end
from foremanctl.demo.monday import Monday
from foremanctl.demo.narrator import Narrator
from foremanctl.demo.person import Person
from foremanctl.demo.proof import Finding

OPENING = """\
A Monday morning: three tasks, three agents at once, one repository.
The agents are scripts: no tokens, no network.
All of it lies in {home}; nothing of yours is touched.
The pipeline: plan, implement, then the gates build and tests; a person (api-owner) where the API is touched, and \
a person (final-review) where a dependency changes.
"""
KEPT = """
The daemon is still up, for you to look around:
    export FOREMAND_SOCKET={socket}
    foremanctl list --all; foremanctl show 1; foremanctl logs 1; foremanctl diff 3
    git -C {repository} log --stat
To stop it and to remove everything:
    kill {pid}; rm -rf {home}
"""


async def play(
    monday: Monday | None = None, *, keep: bool = False, by_hand: bool = False, out: TextIO | None = None
) -> bool:
    """Plays `monday` and tells it to `out`. Returns whether all of it really happened.

    With `keep` the daemon and its home stay; with `by_hand` whoever sits at this terminal is its person. Raises
    `DemoFailed` where there is no place to play it in.
    """
    monday = monday or (Monday(files=shop.files(PAUSE)) if by_hand else Monday())
    narrator = Narrator(out or sys.stdout)
    house = await asyncio.to_thread(House.build, monday.files)
    stays = False
    try:
        narrator.say(_wrapped(OPENING.format(home=house.home), shutil.get_terminal_size().columns))
        hand = Hand(house, narrator, monday) if by_hand else None
        findings = await _morning(house, narrator, monday, hand)
        if not keep:
            findings += await _evening(house)
        happened = _report(narrator, findings, by_hand=by_hand)
        if not happened and not by_hand:
            narrator.say(f"\nThe end of the daemon's log:\n{house.log_end()}")
        if keep and house.daemon_pid is not None:
            stays = True
            narrator.say(
                KEPT.format(
                    socket=house.socket_path, repository=house.repository, pid=house.daemon_pid, home=house.home
                )
            )
        return happened
    finally:
        if not stays:
            await _clear(house)


def _wrapped(text: str, columns: int) -> str:
    """Broken between words, so that the terminal breaks none. Paths stay whole, to be copied."""
    lines = (textwrap.fill(each, columns, break_long_words=False, break_on_hyphens=False) for each in text.split("\n"))
    return "\n".join(lines)


async def _morning(house: House, narrator: Narrator, monday: Monday, hand: Hand | None) -> list[Finding]:
    """From the daemon's start to the last task's end, and what is then found."""
    person = Person(house, narrator)
    findings: list[Finding] = []
    try:
        if hand is not None:
            await hand.begin()
        await house.start_daemon()
        async with _narrated(house, narrator):
            for errand in monday.errands:
                await person.dispatch(errand)
            if hand is None:
                findings += await _see_all_through(person, narrator, monday)
            else:
                findings += await _answered_by(hand, person, monday)
            told = await proof.record(house, person, monday)
            narrated = await narrator.heard(told.events[-1]["seq"] if told.events else 0)
            findings.append(Finding("it was told as it happened", narrated, "the events came to an early end"))
        findings += _findings(lambda: proof.of_the_pipeline(told, monday))
        findings += await asyncio.to_thread(_findings, lambda: proof.of_the_branch(house, told, person, monday))
        findings += await asyncio.to_thread(_findings, lambda: proof.of_the_kept_work(house, told))
        findings.append(await _settled(house, daemon_stays=True))
    except DemoFailed as failure:
        findings.append(Finding("the morning could be played to its end", False, str(failure)))
    return findings


async def _see_all_through(person: Person, narrator: Narrator, monday: Monday) -> list[Finding]:
    """All three tasks at once; one that goes astray does not stop the others. Returns what went astray."""
    astray: list[Finding] = []
    try:
        async with narrator.patience(monday.patience), asyncio.TaskGroup() as group:
            for errand in monday.errands:
                group.create_task(_followed(errand.name, partial(person.see_through, errand), astray), name=errand.name)
    except TimeoutError:
        astray.append(Finding("all three tasks ended", False, f"nothing happened for {monday.patience:g} s"))
    return astray


async def _answered_by(hand: Hand, person: Person, monday: Monday) -> list[Finding]:
    """The same, where it is for somebody else to answer. Tasks that they leave unanswered are left so."""
    astray: list[Finding] = []
    async with asyncio.TaskGroup() as group:
        witnesses = [
            group.create_task(_followed(errand.name, partial(person.witness, errand), astray), name=errand.name)
            for errand in monday.errands
        ]
        await _followed("terminal", partial(hand.answer, person), astray)
        for witness in witnesses:
            witness.cancel()
    return astray


async def _followed(name: str, way: Callable[[], Awaitable[None]], astray: list[Finding]) -> None:
    try:
        await way()
    except DemoFailed as failure:
        astray.append(Finding(f"the {name} went its way", False, str(failure)))


@asynccontextmanager
async def _narrated(house: House, narrator: Narrator) -> AsyncIterator[None]:
    """Tells the daemon's events from the first one on, for as long as the block lasts."""
    process = await house.start_ctl("events", "-f", "--after", "0", "--format", "jsonl")

    async def listen() -> None:
        assert process.stdout is not None  # noqa: S101 (it was opened as a pipe)
        async for line in process.stdout:
            await narrator.hear(msgspec.json.decode(line))

    failure: DemoFailed | None = None
    async with asyncio.TaskGroup() as group:
        group.create_task(listen(), name="narrator")
        try:
            yield
        except DemoFailed as raised:  # the group would wrap it
            failure = raised
        finally:
            await end(process)
    if failure is not None:
        raise failure


def _findings(look: Callable[[], Iterator[Finding]]) -> list[Finding]:
    """What a look finds; a look that cannot be had is itself a finding that does not hold."""
    found: list[Finding] = []
    try:
        found.extend(look())
    except DemoFailed as failure:
        found.append(Finding("it could be looked at from the outside", False, str(failure)))
    return found


async def _evening(house: House) -> list[Finding]:
    """Stops everything, and says whether it stopped."""
    await house.cancel_tasks()
    code = await house.stop_daemon()
    stopped = Finding("the daemon stopped when asked", code == 0, f"its exit code was {code}")
    return [stopped, await _settled(house, daemon_stays=False)]


async def _settled(house: House, *, daemon_stays: bool) -> Finding:
    """Whether nothing is left running, with a moment's grace for what is about to end."""
    for _ in range(30):
        finding = await asyncio.to_thread(proof.of_what_runs, house, daemon_stays=daemon_stays)
        if finding.holds:
            break
        await asyncio.sleep(0.1)
    return finding


def _report(narrator: Narrator, findings: Iterable[Finding], *, by_hand: bool) -> bool:
    """Says of every finding whether it holds. Returns whether all do."""
    narrator.say("\nWhat really happened, seen from the outside (git, the transcripts, the processes):")
    failed = []
    for finding in findings:
        narrator.say(f"  {'yes' if finding.holds else 'NO '}  {finding.claim}")
        if not finding.holds:
            narrator.say(f"       {finding.instead}".replace("\n", "\n       "))
            failed.append(finding.claim)
    if failed:
        what = "It was another Monday than this one" if by_hand else "The demo FAILED"
        narrator.say(f"\n{what}. It is not true that: {'; '.join(failed)}.")
    else:
        narrator.say("\nAll of it really happened: two changes landed, the third was refused.")
    return not failed


async def _clear(house: House) -> None:
    await house.cancel_tasks()
    await house.stop_daemon()
    await asyncio.to_thread(house.sweep)
    await asyncio.to_thread(house.remove)
