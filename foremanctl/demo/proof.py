"""What really happened, looked at from the outside.

The daemon's word is not taken for what git can be asked: the branch is read with git, its tests are run in a fresh
clone, processes are looked for under /proc. Only what git cannot know (that a gate refused, that a person answered)
is taken from what `foremanctl` shows and from the agent's own transcript.
"""

import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from foremanctl.demo import scripted, shop
from foremanctl.demo.house import House
from foremanctl.demo.monday import Errand, Monday
from foremanctl.demo.person import Person, Shown

Event = dict[str, Any]


class Finding(msgspec.Struct, frozen=True):
    """One thing that had to happen, and whether it did. `instead` says what was found where it did not."""

    claim: str
    holds: bool
    instead: str = ""


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """What foremand says at the end of the morning. `transcript` is the log of the bug fix's last attempt."""

    bug_fix: Shown
    feature: Shown
    upgrade: Shown
    events: tuple[Event, ...]
    transcript: str
    rejected_diff: str


async def record(house: House, person: Person, monday: Monday) -> Record:
    """Asks foremand for everything that it has to say. Raises `DemoFailed` where it does not answer."""
    bug_fix, upgrade = str(person.ids[monday.bug_fix.name]), str(person.ids[monday.upgrade.name])
    events = await house.ctl("events", "--after", "0", "--format", "jsonl")
    return Record(
        bug_fix=await person.show(monday.bug_fix),
        feature=await person.show(monday.feature),
        upgrade=await person.show(monday.upgrade),
        events=tuple(msgspec.json.decode(line) for line in events.out.splitlines()),
        transcript=(await house.ctl("logs", bug_fix, "--stage", "implement")).out,
        rejected_diff=(await house.ctl("diff", upgrade)).out,
    )


def of_the_pipeline(told: Record, monday: Monday) -> Iterator[Finding]:
    """Whether gates refused, fed back and asked as they should."""
    refusals = [
        event
        for event in told.events
        if (event["type"], event.get("gate"), event.get("verdict")) == ("VerdictGiven", "tests", "fail")
    ]
    by_task = [event["task"] for event in refusals]
    yield Finding(
        "the test gate refused the bug fix once, and nothing else",
        by_task == [told.bug_fix["id"]],
        f"it refused {len(by_task)} times, tasks {by_task}",
    )
    attempts = [attempt["number"] for attempt in told.bug_fix["attempts"] if attempt["stage"] == "implement"]
    yield Finding("the bug fix took two attempts", len(attempts) == 2, f"it took {len(attempts)}")
    heard = [line for line in told.transcript.splitlines() if scripted.HALF_A_CENT in line]
    yield Finding(
        "the second attempt was told which test had failed",
        bool(heard) and len(attempts) > 1,
        f"its transcript never names {scripted.HALF_A_CENT}",
    )
    yield from _answered(told.feature, monday.feature, "approved", "LANDED")
    yield from _answered(told.upgrade, monday.upgrade, "rejected", "REJECTED")
    yield Finding("the bug fix landed", told.bug_fix["state"] == "LANDED", _stands(told.bug_fix))


def _answered(task: Shown, errand: Errand, decision: str, state: str) -> Iterator[Finding]:
    answers = [(answer["gate"], answer["decision"]) for answer in task["approvals"]]
    yield Finding(
        f"the {errand.name} was {decision} by a person at {errand.gate}",
        answers == [(errand.gate, decision)],
        f"the answers were {answers}",
    )
    yield Finding(f"the {errand.name} ended {state}", task["state"] == state, _stands(task))


def _stands(task: Shown) -> str:
    return f"it is {task['state']}: {task['reason']}"


def of_the_branch(house: House, told: Record, person: Person, monday: Monday) -> Iterator[Finding]:
    """Whether `main` holds the two good changes and nothing else. Reads the repository with git alone."""
    first = house.git("rev-list", "--max-parents=0", "main").strip()
    commits = house.git("rev-list", f"{first}..main").split()
    landed = {str(task["landed_commit"]) for task in (told.bug_fix, told.feature)}
    yield Finding("main has one commit for each landed task", set(commits) == landed, f"it has {commits}")
    changed = set(house.git("diff", "--name-only", first, "main").split())
    wanted = {"shop/cart.py", "tests/test_cart.py", "shop/api.py", "tests/test_api.py"}
    yield Finding("they change what they should and nothing else", changed == wanted, f"they change {sorted(changed)}")
    yield Finding(
        "the upgrade is not on main",
        house.git("show", "main:requirements.txt") == monday.files["requirements.txt"],
        "requirements.txt is another there",
    )
    asked = person.main_when_asked.get(monday.feature.name)
    yield Finding(
        "the feature was not on main before it was approved",
        asked is not None and "/stock" not in house.git("show", f"{asked}:shop/api.py"),
        "it was, or nobody was asked",
    )
    dirt = house.git("status", "--porcelain")
    yield Finding("the checked-out files moved along", not dirt, f"git status says\n{dirt}")
    yield from _works(house)


def _works(house: House) -> Iterator[Finding]:
    clone = house.home / "proof"
    house.git("clone", "--quiet", "--branch=main", str(house.repository), str(clone))
    tests = _python(house, clone, ["-m", "unittest", "discover", "-t", ".", "-s", "tests"])
    yield Finding("the tests pass in a fresh clone of main", tests.returncode == 0, tests.stderr[-800:])
    oracle = "from shop.cart import discounted as d; from shop.api import ROUTES; "
    oracle += "assert (d(999, 15), d(5, 50), d(7, 0)) == (849, 3, 7); assert '/stock' in ROUTES"
    asked = _python(house, clone, ["-c", oracle])
    yield Finding("it rounds rightly and answers /stock", asked.returncode == 0, asked.stderr[-400:])


def _python(house: House, at: Path, arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
    environment = {**house.environment, "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [shop.interpreter(), *arguments],
        cwd=at,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def of_the_kept_work(house: House, told: Record) -> Iterator[Finding]:
    """Whether the rejected work can still be had: from foremand, and as a commit in its state folder."""
    yield Finding("the rejected work can be looked at", "+moneylib==3.0.0" in told.rejected_diff, "the diff is gone")
    revision = told.upgrade["revision"]
    stores = [head.parent for head in (house.home / "state").rglob("HEAD") if (head.parent / "objects").is_dir()]
    kept = any(_holds(store, revision) for store in stores)
    yield Finding("it is kept as a commit", kept, f"no repository of the state folder has {revision}")


def _holds(store: Path, revision: str) -> bool:
    shown = subprocess.run(
        ["git", f"--git-dir={store}", "show", f"{revision}:requirements.txt"],
        capture_output=True,
        text=True,
        check=False,
    )
    return shown.returncode == 0 and "moneylib==3.0.0" in shown.stdout


def of_what_runs(house: House, *, daemon_stays: bool) -> Finding:
    """Whether nothing is left running: nothing at all, or nothing but the daemon."""
    left = house.processes()
    if not daemon_stays:
        return Finding("nothing is left running", not left, f"{left}")
    if house.daemon_pid is not None:
        left.pop(house.daemon_pid, None)
    return Finding("no agent or gate is left running", not left, f"{left}")
