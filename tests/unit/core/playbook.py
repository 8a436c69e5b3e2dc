"""A task's story as it reads in the contract: what happens (`>>`), and what foremand wants next (`<<`).

    Playbook() << "run implement#1" >> started(1) >> ended(1) << "seal 1"

Facts that follow from others alone (`Record`) are written down at once, as the engine does; their names are in
`recorded`. Time stands still unless `later` moves it.
"""

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from msgspec.structs import replace

from foremand.core import commands, steering
from foremand.core import facts as f
from foremand.core import steps as s
from foremand.core.course import next_steps
from foremand.core.fold import fold
from foremand.core.spec import (
    Access,
    Agent,
    Floor,
    Gate,
    Land,
    Limits,
    OnFail,
    Pipeline,
    Profile,
    Session,
    Stage,
    Workspace,
)
from foremand.core.status import Status, status
from foremand.core.task import Hold, Task
from foremand.core.verdicts import run_on

BASE, BASE_TREE = "ba5e" * 10, "tree-base"
TIP, TIP_TREE = "0a71" * 10, "tree-tip"
ANN = commands.Who(name="ann", at=0.0)


def rev(number: int) -> str:
    """The revision that sealing attempt `number` gives."""
    return f"{number:02x}ace" * 8


def commit(number: int) -> str:
    """The candidate with that number."""
    return (f"{number:02x}c0de" * 7)[:40]


def tree(number: int) -> str:
    """The tree that attempt `number` leaves."""
    return f"tree-{number}"


def gate(name: str, kind: str = "command", *paths: str, definition: str = "", **fields: object) -> Gate:
    return Gate(name=name, kind=kind, definition=definition or f"definition-of-{name}", paths=paths, **fields)  # type: ignore[arg-type]


def human(name: str, *paths: str) -> Gate:
    return gate(name, "human", *paths)


def review(name: str, *reviewers: str, quorum: int = 0, **fields: object) -> Gate:
    """A review gate; without `quorum` all must approve, as `foremand.pipeline` fills it in."""
    return gate(name, "review", reviewers=reviewers, quorum=quorum or len(reviewers), **fields)


def secrets(name: str = "secrets", **fields: object) -> Gate:
    return gate(name, "secrets", **fields)


def protected(name: str, *paths: str, **fields: object) -> Gate:
    return gate(name, "protected", *paths, **fields)


def stage(
    name: str,
    *gates: str,
    access: Access = "write",
    goto: str = "",
    limit: int = 2,
    session: Session = "resume",
    limits: Limits | None = None,
    allow_empty: bool = False,
    agent: str = "coder",
    others: tuple[str, ...] = (),
) -> Stage:
    return Stage(
        name=name,
        agent=agent,
        others=others,
        access=access,
        prompt="{{ task }}",
        gates=gates,
        on_fail=OnFail(goto=goto or name, limit=limit, session=session),
        limits=limits or Limits(),
        allow_empty=allow_empty,
    )


def checkpoint(name: str, *gates: str, goto: str, limit: int = 2) -> Stage:
    """A stage without an agent: gates on what the stage before it left."""
    return stage(name, *gates, agent="", goto=goto, limit=limit)


def line(
    *stages: Stage,
    gates: Iterable[Gate] = (),
    land: tuple[str, ...] = (),
    on_fail: int = 1,
    on_conflict: int = 1,
    goto: str = "",
    limits: Limits | None = None,
    profiles: Iterable[Profile] = (),
    default_profile: str = "",
    floor: Floor | None = None,
) -> Pipeline:
    """A pipeline. Every gate that is named and not given is a command without paths; every agent exists."""
    rules = {each.name: each for each in profiles}
    added = [name for each in rules.values() for names in each.gates.values() for name in names]
    names = [name for each in stages for name in each.gates] + list(land) + added + list(floor.gates if floor else ())
    known = {name: gate(name) for name in names} | {each.name: each for each in gates}
    writer = goto or [each.name for each in stages if each.writes][-1]
    doing = [name for each in stages for name in (each.agent, *each.others) if name]
    judging = [name for each in known.values() for name in each.reviewers]
    return Pipeline(
        version=1,
        limits=limits or Limits(cost_usd=5.0, attempts=12),
        workspace=Workspace(),
        agents={name: Agent(name=name, adapter="command", command=(name,)) for name in ("coder", *doing, *judging)},
        gates=known,
        stages=stages,
        land=Land(
            gates=land, on_fail=OnFail(goto=writer, limit=on_fail), on_conflict=OnFail(goto=writer, limit=on_conflict)
        ),
        profiles=rules,
        default_profile=default_profile,
        floor=floor or Floor(),
    )


SIMPLE = line(stage("implement", "tests"), gates=[human("final")], land=("final",))
"""One writing stage with a test gate, and a person at landing."""

PLANNED = line(
    stage("plan", "plan-ok", access="read"),
    stage("implement", "tests", "owner"),
    stage("harden", "tests", "lint", goto="implement"),
    gates=[human("plan-ok"), human("owner"), human("final")],
    land=("audit", "final"),
)
"""A plan that a person approves, two writing stages, a machine's and a person's gate at landing."""


def submitted(**fields: object) -> f.TaskSubmitted:
    given = {"title": "Add X", "prompt": "Add X.", "repo": "/repo", "into": "main", "by": "ann"} | fields
    return f.TaskSubmitted(task=1, at=0.0, **given)  # type: ignore[arg-type]


def begun(pipeline: Pipeline = SIMPLE, base: str = BASE, base_tree: str = BASE_TREE) -> f.TaskStarted:
    return f.TaskStarted(
        task=1,
        at=0.0,
        base=base,
        base_tree=base_tree,
        pipeline=pipeline,
        pipeline_hash="hash",
        origin=".foremand/pipeline.toml",
        sandboxed=True,
    )


def started(number: int, at_stage: str = "implement", session: str = "", **fields: object) -> f.AttemptStarted:
    given = {"entered": BASE, "resumes": None, "agent": "coder"} | fields
    return f.AttemptStarted(
        task=1, at=0.0, number=number, stage=at_stage, session_id=session or f"session-{number}", **given
    )  # type: ignore[arg-type]


def ended(number: int, outcome: f.OutcomeKind = "done", reason: str = "ended", **fields: object) -> f.AttemptEnded:
    return f.AttemptEnded(task=1, at=0.0, number=number, outcome=outcome, reason=reason, **fields)  # type: ignore[arg-type]


def work(number: int, pipeline: Pipeline = SIMPLE, **fields: object) -> f.Work:
    """What attempt `number` made: every gate without paths sees a change of its own."""
    given = {
        "revision": rev(number),
        "tree": tree(number),
        "base": BASE,
        "base_tree": BASE_TREE,
        "changes": {name: f"change-{number}" for name, each in pipeline.gates.items() if not each.paths},
        "commits": (rev(number),),
    } | fields
    return f.Work(**given)  # type: ignore[arg-type]


def sealed(number: int, pipeline: Pipeline = SIMPLE, *, changed: bool = True, **fields: object) -> f.WorkSealed:
    return f.WorkSealed(task=1, at=0.0, number=number, work=work(number, pipeline, **fields), changed=changed)


def ran(
    name: str, on: str, result: f.Result = "pass", reason: str = "", output: str = "", *, on_base: bool = False
) -> f.GateRan:
    return f.GateRan(
        task=1,
        at=0.0,
        gate=name,
        definition=f"definition-of-{name}",
        tree=on,
        result=result,
        reason=reason or f"exit {0 if result == 'pass' else 1}",
        output=output,
        on_base=on_base,
    )


def scanned(made: f.Work, result: f.Result = "pass", reason: str = "", name: str = "secrets") -> f.GateRan:
    """A secrets gate has read the commits of this work."""
    asked = secrets(name)
    return ran(name, run_on(asked, made), result, reason or f"{result}ed")


def candidate(
    number: int,
    of: int,
    pipeline: Pipeline = SIMPLE,
    *,
    tip: str = TIP,
    by: tuple[str, ...] = (),
    empty: bool = False,
    gates: tuple[Gate, ...] = (),
    signs: bool = False,
    **fields: object,
) -> f.CandidateBuilt:
    """The work of attempt `of`, as the same change on the tip; `by` approved it; `gates` are the tip's own."""
    given = {
        "revision": commit(number),
        "tree": "tree-on-tip",
        "base": tip,
        "base_tree": TIP_TREE,
        "commits": (rev(of), commit(number)),
    } | fields
    made = work(of, pipeline, **given)
    return f.CandidateBuilt(
        task=1,
        at=0.0,
        number=number,
        source=rev(of),
        tip=tip,
        work=made,
        empty=empty,
        approved_by=by,
        gates=gates,
        signs=signs,
    )


def conflicted(number: int, of: int) -> f.CandidateConflicted:
    return f.CandidateConflicted(
        task=1,
        at=0.0,
        number=number,
        source=rev(of),
        tip=TIP,
        tip_tree=TIP_TREE,
        files="tree-with-markers",
        paths=("src/a.py",),
    )


def intended(number: int) -> f.LandingIntended:
    return f.LandingIntended(task=1, at=0.0, candidate=number, old=TIP, new=commit(number))


def locked(number: int, path: str = "main.lock") -> f.LandingLocked:
    lock = f.LockFile(path=path, device=1, inode=number, mtime_ns=1)
    return f.LandingLocked(task=1, at=0.0, candidate=number, locks=(lock,))


def refused(number: int, kind: str = "moved", reason: str = "edits in the way: a.py") -> f.LandingRefused:
    return f.LandingRefused(task=1, at=0.0, candidate=number, kind=kind, reason=reason)  # type: ignore[arg-type]


def landed(number: int) -> f.Landed:
    return f.Landed(task=1, at=0.0, commit=commit(number))


def troubled(step: str, reason: str = "disk full") -> f.Troubled:
    return f.Troubled(task=1, at=0.0, step=step, reason=reason)


def cancelled() -> f.CancelRequested:
    return f.CancelRequested(task=1, at=0.0, by="ann")


class Playbook:
    """A task, told forward."""

    def __init__(self, pipeline: Pipeline | None = SIMPLE, *facts: f.AnyFact, **submit: object) -> None:
        self.now = 1000.0
        self.turn = True
        self.hold: Hold | None = None
        self.left_usd: float | None = None
        self.free: frozenset[str] = frozenset()
        self.facts: list[f.AnyFact] = []
        self.recorded: list[str] = []
        self.pipeline = pipeline or SIMPLE
        self._take(submitted(**submit))
        if pipeline is not None:
            self._take(begun(pipeline))
        for fact in facts:
            self._take(fact)
        self._write()

    @property
    def task(self) -> Task:
        task = fold(self.facts)
        assert task is not None
        return task

    @property
    def world(self) -> s.World:
        return s.World(queue_turn=self.turn, hold=self.hold, left_usd=self.left_usd, free=self.free)

    @property
    def steps(self) -> tuple[s.Step, ...]:
        return next_steps(self.task, self.world, self.now)

    @property
    def status(self) -> Status:
        return status(self.task)

    def __rshift__(self, fact: f.AnyFact | tuple[f.AnyFact, ...]) -> "Playbook":
        """This happens."""
        for each in fact if isinstance(fact, tuple) else (fact,):
            self._take(each)
        self._write()
        return self

    def __lshift__(self, wanted: str) -> "Playbook":
        """This is wanted now: steps as `shape` tells them, separated by ` + `."""
        found = " + ".join(shape(step) for step in self.steps)
        if found != wanted:
            raise AssertionError(f"wanted {wanted!r}, found {found!r} after {self.recorded}")
        return self

    def later(self, seconds: float) -> "Playbook":
        """Time passes."""
        self.now += seconds
        self._write()
        return self

    def only(self, kind: type[s.Step]) -> s.Step:  # type: ignore[type-arg, valid-type]
        """The one step of this kind."""
        (step,) = [step for step in self.steps if isinstance(step, kind)]
        return step

    def _take(self, fact: f.AnyFact) -> None:
        self.facts.append(replace(fact, at=self.now))

    def _write(self) -> None:
        for _ in range(100):
            records = [step for step in self.steps if isinstance(step, s.Record)]
            if not records:
                return
            for step in records:
                self.recorded.append(shape(step))
                self.facts.append(step.fact)
        raise AssertionError(f"facts follow from facts without end: {self.recorded[-4:]}")


def shape(step: s.Step) -> str:
    """A step in a few words."""
    if isinstance(step, s.Record):
        tell = _FACTS.get(type(step.fact))
        return tell(step.fact) if tell else type(step.fact).__name__
    return _STEPS[type(step)](step)


_STEPS: dict[type, Callable[[Any], str]] = {
    s.Start: lambda step: "start",
    s.RunAttempt: lambda step: (
        f"{'supervise' if step.begun else 'run'} {step.stage}#{step.number}"
        + (f" {step.agent} for {step.gate}" if step.gate else "")
    ),
    s.HandOver: lambda _: "hand over",
    s.Sign: lambda step: f"sign {step.candidate}",
    s.StopAttempt: lambda step: f"stop {step.number}",
    s.Seal: lambda step: f"seal {step.number}",
    s.RunGate: lambda step: f"{step.gate.name} on {step.tree}",
    s.BuildCandidate: lambda step: f"build {step.number}",
    s.Land: lambda step: f"land {step.candidate}",
    s.Wait: lambda step: f"wait {step.on}",
    s.WakeAt: lambda step: "wake",
}

_FACTS: dict[type, Callable[[Any], str]] = {
    f.VerdictGiven: lambda fact: f"{fact.gate} {fact.verdict}",
    f.SentBack: lambda fact: f"{fact.stage} back to {fact.to}",
    f.PersonAsked: lambda fact: f"ask {fact.gate}",
    f.ProfileRaised: lambda fact: f"raise to {fact.profile}",
    f.Held: lambda fact: f"held: {fact.reason}",
}


def attempt(
    number: int, at_stage: str = "implement", pipeline: Pipeline = SIMPLE, **fields: object
) -> tuple[f.AnyFact, ...]:
    """A whole attempt that changed something, from its start to its seal."""
    return (started(number, at_stage), ended(number), sealed(number, pipeline, **fields))  # type: ignore[arg-type]


def read(number: int, at_stage: str = "plan", pipeline: Pipeline = PLANNED) -> tuple[f.AnyFact, ...]:
    """A whole attempt of a stage that only reads."""
    return (
        started(number, at_stage),
        ended(number),
        sealed(number, pipeline, changed=False, tree=BASE_TREE, changes={}),
    )


APPROVES = '```json\n{"verdict": "approve", "findings": [], "summary": "It is right."}\n```'
REJECTS = '```json\n{"verdict": "reject", "findings": [{"file": "a.py", "line": 3, "text": "It loses data."}]}\n```'


def reviewed(
    step: s.Step, output: str = APPROVES, outcome: f.OutcomeKind = "done", **fields: object
) -> tuple[f.AnyFact, ...]:
    """The reviewer that this step wants, from its start to its end."""
    assert isinstance(step, s.RunAttempt)
    about = {"agent": step.agent, "gate": step.gate, "definition": step.definition, "about": step.about}
    begins = started(step.number, step.stage, entered=step.entered, **about)
    return (begins, ended(step.number, outcome, output=output, **fields))


def refusal(ask: Callable[[], object]) -> commands.Refused:
    """How somebody is refused."""
    with pytest.raises(commands.Refused) as caught:
        ask()
    return caught.value


MACHINES = line(stage("implement", "tests"))
ONCE = line(stage("implement", "tests", limit=0))


def handed_over(play: Playbook) -> Playbook:
    """The person has the workspace."""
    play >> steering.take(play.task, ANN) << "hand over"
    return play >> f.HandedOver(task=1, at=0.0, path="/w/1/tree") << "wait taken"


def stuck(pipeline: Pipeline = ONCE) -> Playbook:
    """Its test gate is red and there is no try left."""
    play = Playbook(pipeline, *attempt(1, pipeline=pipeline)) >> ran("tests", tree(1), "fail", "2 failed")
    return play >> ran("tests", BASE_TREE, on_base=True) << "wait stuck"
