"""Make `journals/vN.db`, a small journal as this version writes it, and `journals/vN.json`, what it must always say.

    python tests/replay/make_journal.py

Run it once for each version of the schema, before that version is released; from then on the two files are
history and never made anew (the script refuses to). Four tasks live in the journal: one lands after being sent
back once, one is rejected, one is steered by people in every way, one meets everything else. Every type of fact is
in it.
"""

import asyncio
import json
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, get_args

import msgspec

from foremand.core import facts as f
from foremand.core import spec
from foremand.core.fold import fold
from foremand.journal import Ingested, Journal, Request
from foremand.journal.schema import STEPS

JOURNALS = Path(__file__).with_name("journals")


def sha(number: int) -> str:
    return f"{number:040x}"


def work(number: int) -> f.Work:
    return f.Work(
        revision=sha(number),
        tree=sha(number + 100),
        base=sha(1),
        base_tree=sha(101),
        changes={"tests": "change-1", "final-review": "change-1"},
        files=2,
        added=12,
        removed=3,
        filtered=("logo.png",),
    )


GATES = {
    "tests": spec.Gate(name="tests", kind="command", definition="def-tests", run="pytest -q", junit="report.xml"),
    "final-review": spec.Gate(name="final-review", kind="human", definition="def-review", message="Look at the API"),
}
PIPELINE = spec.Pipeline(
    version=1,
    limits=spec.Limits(cost_usd=5.0, wall_clock=7200.0, attempts=12),
    workspace=spec.Workspace(setup="make venv", setup_key=("pyproject.toml",), setup_paths=(".venv",)),
    agents={"claude": spec.Agent(name="claude", adapter="claude", model="sonnet", env=("ANTHROPIC_API_KEY",))},
    gates=GATES,
    stages=(
        spec.Stage(
            name="plan", agent="claude", access="read", prompt="Plan it", on_fail=spec.OnFail(goto="plan", limit=2)
        ),
        spec.Stage(
            name="implement",
            agent="claude",
            prompt="Do {{ task }}",
            gates=("tests",),
            on_fail=spec.OnFail(goto="implement", limit=2),
        ),
    ),
    land=spec.Land(
        into="main",
        gates=("final-review",),
        on_fail=spec.OnFail(goto="implement", limit=1),
        on_conflict=spec.OnFail(goto="implement", limit=1),
    ),
)


def begun(task: int, at: float, pipeline: spec.Pipeline = PIPELINE) -> list[f.AnyFact]:
    return [
        f.TaskSubmitted(
            task=task,
            at=at,
            title=f"Fix #{task} Rundung „½“",
            prompt="Fix it,\nall of it.",
            repo="/home/u/r",
            into="main",
            branch="main",
            limits=spec.Limits(turns=40),
            by="u",
        ),
        f.TaskStarted(
            task=task,
            at=at + 1,
            base=sha(1),
            base_tree=sha(101),
            pipeline=pipeline,
            pipeline_hash="abc",
            origin="main:.foremand/pipeline.toml",
            sandboxed=True,
        ),
    ]


def attempt(task: int, at: float, number: int, stage: str, resumes: str | None = None) -> list[f.AnyFact]:
    usage = f.Usage(cost_usd=0.25, bound_usd=0.25, tokens=1200, turns=3)
    return [
        f.Preparing(task=task, at=at - 1, number=number),
        f.AttemptStarted(
            task=task,
            at=at,
            number=number,
            stage=stage,
            agent="claude",
            entered=sha(1),
            session_id=f"s{number}",
            resumes=resumes,
        ),
        f.AttemptEnded(
            task=task,
            at=at + 1,
            number=number,
            outcome="done",
            reason="finished",
            exit_code=0,
            session_id=f"s{number}",
            output="Done.",
            usage=usage,
            running=1.0,
        ),
        f.WorkSealed(
            task=task, at=at + 2, number=number, work=work(10 + number), changed=stage != "plan", notes=("a note",)
        ),
    ]


def ran(task: int, at: float, tree: int, result: f.Result, on_base: bool = False) -> list[f.AnyFact]:
    about = {"task": task, "gate": "tests", "definition": "def-tests", "tree": sha(tree), "on_base": on_base}
    started = f.GateStarted(at=at, run=f"run-{tree}", **about)
    return [
        started,
        f.GateRan(at=at + 1, run=started.run, result=result, reason="exit", output="1 failed", running=0.5, **about),
    ]


def landing_work(task: int) -> list[f.AnyFact]:
    """Task 1: planned, red once, sent back, green, approved, landed after the tip had moved."""
    review = {"gate": "final-review", "definition": "def-review", "about": "change-1", "revision": sha(13)}
    tests = {"gate": "tests", "stage": "implement", "definition": "def-tests"}
    return [
        *attempt(task, 10, 1, "plan"),
        *attempt(task, 20, 2, "implement"),
        *ran(task, 23, 112, "fail"),
        *ran(task, 25, 101, "pass", on_base=True),
        f.VerdictGiven(
            task=task, at=27, about=sha(112), revision=sha(12), verdict="fail", reason="1 failed of 48", **tests
        ),
        f.SentBack(task=task, at=28, stage="implement", to="implement", feedback="1 failed"),
        *attempt(task, 30, 3, "implement", resumes="s2"),
        *ran(task, 33, 113, "pass"),
        f.VerdictGiven(task=task, at=35, about=sha(113), revision=sha(13), verdict="pass", reason="", **tests),
        f.CandidateBuilt(task=task, at=40, number=1, source=sha(13), tip=sha(1), work=work(14)),
        f.PersonAsked(task=task, at=41, stage=spec.LAND, message="Look at the API", **review),
        f.Approved(task=task, at=50, stage=spec.LAND, by="u", message="nice", **review),
        f.QueueEntered(task=task, at=51, candidate=1),
        f.LandingIntended(task=task, at=52, candidate=1, old=sha(1), new=sha(14)),
        f.LandingRefused(task=task, at=53, candidate=1, kind="moved", reason="main is at another commit"),
        f.CandidateBuilt(task=task, at=54, number=2, source=sha(13), tip=sha(2), work=work(15)),
        f.LandingIntended(task=task, at=55, candidate=2, old=sha(2), new=sha(15)),
        f.LandingLocked(
            task=task,
            at=55,
            candidate=2,
            locks=(f.LockFile(path="/repo/.git/refs/heads/main.lock", device=2049, inode=77, mtime_ns=55_000_000_001),),
        ),
        f.Landed(task=task, at=56, commit=sha(15)),
    ]


def rejected_work(task: int) -> list[f.AnyFact]:
    """Task 2: a person says no."""
    return [
        *attempt(task, 60, 1, "plan"),
        f.Rejected(task=task, at=70, gate="final-review", revision=sha(11), by="u", message="not now"),
        f.TaskEnded(task=task, at=71, state="REJECTED", reason="rejected by u: not now"),
    ]


def troubled_work(task: int) -> list[f.AnyFact]:
    """Task 3: what the others did not meet, not as one life would have it."""
    tests = {"gate": "tests", "stage": "implement", "definition": "def-tests", "about": sha(113), "revision": sha(13)}
    return [
        f.StartRefused(task=task, at=80, reason="no pipeline at the tip"),
        f.Troubled(task=task, at=81, step="setup", reason="exit 1", output="no network", running=3.0),
        f.LimitsChanged(task=task, at=82, limits=spec.Limits(cost_usd=9.0), by="u"),
        f.Prioritized(task=task, at=82, priority=7, by="u"),
        *attempt(task, 83, 1, "implement"),
        f.Waived(task=task, at=86, by="u", message="known flake", **tests),
        f.Reworked(
            task=task, at=87, gate="tests", stage="implement", revision=sha(13), by="u", message="another way please"
        ),
        f.TimeCame(task=task, at=88, key="backoff:1"),
        f.CandidateConflicted(
            task=task,
            at=89,
            number=1,
            source=sha(13),
            tip=sha(2),
            tip_tree=sha(102),
            files=sha(300),
            paths=("a.py", "b.py"),
        ),
        f.QueueLeft(task=task, at=90, reason="conflict"),
        f.Retried(task=task, at=91, by="u", stage="implement", message="again", fresh=True),
        f.CancelRequested(task=task, at=92, by="u", message="enough"),
        f.TaskEnded(task=task, at=93, state="CANCELLED", reason="cancelled by u"),
    ]


WHOLE = msgspec.structs.replace(
    PIPELINE,
    agents=PIPELINE.agents
    | {name: spec.Agent(name=name, adapter="command", command=("review",)) for name in ("critic", "spare")},
    gates=GATES
    | {
        "review": spec.Gate(
            name="review", kind="review", definition="def-critic", reviewers=("critic",), quorum=1, prompt="Judge it"
        ),
        "secrets": spec.Gate(name="secrets", kind="secrets", definition="def-secrets", allow=("f00",)),
        "guard": spec.Gate(name="guard", kind="protected", definition="def-guard", paths=("infra/**",), advisory=True),
        "red": spec.Gate(name="red", kind="command", definition="def-red", scope="stage", flaky_retries=1, dir="api"),
    },
    stages=(
        *PIPELINE.stages[:1],
        msgspec.structs.replace(PIPELINE.stages[1], gates=("tests", "review", "secrets", "guard"), others=("spare",)),
        spec.Stage(name="check", prompt="", gates=("red",), on_fail=spec.OnFail(goto="implement", limit=1)),
    ),
    land=msgspec.structs.replace(PIPELINE.land, strategy="merge", publish="push", fetch=True),
    profiles={
        "strict": spec.Profile(
            name="strict",
            gates={"land": ("final-review",)},
            skip=("plan",),
            limits=spec.Limits(tokens=100_000, stall=600.0),
            paths=("pay/**",),
        )
    },
    floor=spec.Floor(gates=("tests",), limits=spec.Limits(cost_usd=8.0)),
)


def steered_work(task: int) -> list[f.AnyFact]:
    """Task 4: held, told, asked, raised, reviewed, paused, taken, given back, repinned, signed and landed."""
    seen = msgspec.structs.replace(
        work(22),
        commits=(sha(22),),
        touched={"guard": ("infra/a.tf",)},
        raises={"strict": ("pay/a.py",)},
        unresolved=("b.py",),
    )
    review = {"gate": "review", "definition": "def-critic", "about": "change:change-1"}
    key = "0e7e9f1a-0000-4000-8000-000000000001"
    return [
        f.Held(task=task, at=100, on="budget", reason="the day's budget of $20.00 is spent"),
        f.Released(task=task, at=101),
        f.AttemptStarted(
            task=task,
            at=102,
            number=1,
            stage="implement",
            agent="claude",
            entered=sha(1),
            session_id="s1",
            reserved_usd=5.0,
            hears=True,
        ),
        f.Said(task=task, at=103, by="u", message="mind the „½“", key=key),
        f.Heard(task=task, at=104, number=1, key=key),
        f.Said(task=task, at=104, by="u", message="stop, look at b.py", key=key.replace("1", "2"), interrupt=True),
        f.QuestionAsked(task=task, at=105, number=1, key="q1", tool="Bash", text="rm -r build", digest="d1"),
        f.QuestionAnswered(task=task, at=106, number=1, key="q1", allow=False, by="u", message="make clean"),
        f.QuestionAsked(task=task, at=107, number=1, key="q2", tool="Bash", text="make clean", digest="d2"),
        f.QuestionWithdrawn(task=task, at=108, number=1, key="q2"),
        f.AttemptEnded(task=task, at=109, number=1, outcome="done", reason="finished", output="Done.", running=7.0),
        f.WorkSealed(task=task, at=110, number=1, work=seen, changed=True),
        f.ProfileRaised(task=task, at=111, profile="strict", revision=sha(22), paths=("pay/a.py",)),
        f.AttemptStarted(
            task=task,
            at=112,
            number=2,
            stage="implement",
            agent="critic",
            entered=sha(22),
            session_id="s2",
            **review,
        ),
        f.AttemptEnded(
            task=task, at=113, number=2, outcome="done", reason="finished", output='{"verdict": "approve"}', running=3.0
        ),
        f.VerdictGiven(
            task=task, at=114, stage="implement", revision=sha(22), verdict="pass", reason="1 of 1 approve", **review
        ),
        f.Paused(task=task, at=115, by="u"),
        f.Resumed(task=task, at=116, by="u"),
        f.Taken(task=task, at=117, by="u", stage="implement"),
        f.HandedOver(task=task, at=118, path="/home/u/.local/state/foremand/workspaces/4/tree"),
        f.Given(task=task, at=119, by="u", message="by hand"),
        f.AttemptStarted(
            task=task, at=119, number=3, stage="implement", agent="", entered=sha(1), session_id="", by="u"
        ),
        f.AttemptEnded(
            task=task, at=119, number=3, outcome="done", reason="by u, by hand", usage=f.Usage(cost_usd=0.0)
        ),
        f.WorkSealed(task=task, at=120, number=3, work=work(23), changed=True),
        f.SentBack(task=task, at=121, stage="implement", to="implement", feedback="a key", charged=False, flatten=True),
        f.Retried(task=task, at=122, by="u", stage="implement", agent="spare", to="implement"),
        f.Repinned(
            task=task,
            at=123,
            pipeline=WHOLE,
            pipeline_hash="def",
            origin="main:.foremand/pipeline.toml",
            by="u",
            works={3: work(23)},
        ),
        f.CandidateBuilt(
            task=task,
            at=124,
            number=4,
            source=sha(23),
            tip=sha(2),
            work=work(24),
            approved_by=("u",),
            gates=(spec.Gate(name="audit@main", kind="command", definition="def-audit", run="make audit", floor=True),),
            old=sha(1),
            signs=True,
        ),
        f.Signed(task=task, at=125, candidate=4, commit=sha(25)),
        f.NotifyRequested(task=task, at=126, key="landed", state="LANDED", reason="landed on main"),
        f.Notified(task=task, at=127, key="landed", outcome="exit 0"),
        f.LandingIntended(task=task, at=128, candidate=4, old=sha(1), new=sha(25)),
        f.Landed(task=task, at=129, commit=sha(25)),
    ]


async def write(path: Path) -> None:
    async with Journal.open(path) as journal:
        lives = ((1, landing_work), (2, rejected_work), (3, troubled_work), (4, steered_work))
        for task, life in lives:
            number = await journal.next_task_id()
            assert number == task
            pipeline = WHOLE if life is steered_work else PIPELINE
            await journal.append(
                begun(task, task, pipeline), request=Request(f"submit-{task}", f"task {task}".encode())
            )
            await journal.append(life(task))
            events = [b'{"kind":"text","text":"line %d of task %d"}' % (line, task) for line in range(5)]
            await journal.ingest(
                Ingested(
                    task=task,
                    attempt=1,
                    at=float(task),
                    inode=40 + task,
                    start=0,
                    offset=500,
                    events=events,
                    usage=b"{}",
                    reader_state=b"state",
                )
            )
        await journal.remember(1, journal.last_seq, b"task 1 as it was")


async def describe(path: Path) -> Any:
    """What a journal says, as plain data."""
    async with Journal.open(path) as journal:
        entries = list(journal.facts())
        tasks = sorted({entry.fact.task for entry in entries})
        folded = [fold(entry.fact for entry in entries if entry.fact.task == task) for task in tasks]
        items = (await journal.page(0)).items
        assert items[-1].seq == journal.last_seq
        said = msgspec.json.encode(
            {
                "last_seq": journal.last_seq,
                "facts": entries,
                "tasks": [
                    {"id": task.id, "over": task.over, "landed": task.landed_commit, "attempts": len(task.attempts)}
                    for task in folded
                    if task is not None
                ],
                "items": [[item.seq, item.at, item.task, item.type, item.attempt] for item in items],
                "events": [json.loads(item.body) for item in items if item.attempt is not None],
                "cursors": [journal.cursor(task, 1) for task in tasks],
                "answers": [await journal.answer(f"submit-{task}") for task in tasks],
                "base_run": journal.base_run("def-tests", sha(101)),
                "folded": {str(task): folded for task, folded in journal.folded().items()},
                "next_task": await journal.next_task_id(),
            }
        )
        return json.loads(said)


def main() -> None:
    target = JOURNALS / f"v{len(STEPS)}.db"
    if target.exists():
        sys.exit(f"{target} stands already: a stored journal is history and not made anew")
    asyncio.run(write(target))
    with TemporaryDirectory() as directory:
        said = asyncio.run(describe(Path(shutil.copy(target, directory))))
    missing = {kind.__name__ for kind in get_args(f.AnyFact)} - {entry["fact"]["type"] for entry in said["facts"]}
    if missing:
        target.unlink()
        sys.exit(f"write a life that has these facts too: {sorted(missing)}")
    target.with_suffix(".json").write_text(json.dumps(said, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
