"""A small model of everything around the core, which answers its steps at random.

Trees are real here (a few files with numbers in them), so that merges, changes and what a gate is about can be worked
out a second time, by other means than the core's. Several tasks work on one branch whose tip others move too. Every
choice is one byte of the walk's script; the first choice is always the good one, so a script that has run out leads
to the end.
"""

from collections.abc import Callable, Iterator, Sequence

from msgspec.structs import replace
from playbook import gate, human, line, stage

from foremand.core import commands, queue
from foremand.core import facts as f
from foremand.core import steps as s
from foremand.core.course import next_steps
from foremand.core.fold import apply
from foremand.core.landing import intend, intended
from foremand.core.spec import POLICY_GATE, Limits, Pipeline
from foremand.core.task import Task, approvers

Files = dict[str, int]

START: Files = dict.fromkeys(("src/a.py", "src/b.py", "src/c.py", "docs/x.md", "docs/y.md", ".foremand/p.toml"), 0)

PATHS = {"docs": "docs/", "owner": "src/b.py", POLICY_GATE: ".foremand/"}
"""What each gate with paths sees: the start of a path."""

LIMITS = Limits(cost_usd=20.0, attempts=12)

PLAIN = line(stage("implement", "tests"), limits=LIMITS)
GUARDED = line(
    stage("plan", "plan-ok", access="read"),
    stage("implement", "tests", "docs", "owner"),
    stage("harden", "tests", "lint", goto="implement", limit=1, allow_empty=True),
    gates=[
        human("plan-ok"),
        gate("docs", "command", "docs/**"),
        human("owner", "src/b.py"),
        human(POLICY_GATE, ".foremand/**"),
        human("final"),
    ],
    land=("audit", POLICY_GATE, "final"),
    limits=LIMITS,
)
LEAST = line(stage("draft", "lint"), stage("implement", "docs", "tests"), gates=[gate("docs", "command", "docs/**")])
PIPELINES = (PLAIN, GUARDED, LEAST)


def tree_id(files: Files) -> str:
    return "tree:" + ",".join(f"{name}={value}" for name, value in sorted(files.items()))


def seen(name: str, base: Files, files: Files) -> list[tuple[str, int | None, int | None]]:
    """The change from `base`, as far as the gate's paths see it."""
    touched = [path for path in sorted(base.keys() | files.keys()) if base.get(path) != files.get(path)]
    return [(path, base.get(path), files.get(path)) for path in touched if path.startswith(PATHS.get(name, ""))]


class Script:
    """The walk's choices: bytes, then the good ones."""

    def __init__(self, script: bytes) -> None:
        self._bytes = iter(script)
        self.over = False

    def among(self, number: int) -> int:
        value = next(self._bytes, None)
        self.over = self.over or value is None
        return 0 if value is None else value % number

    def mostly(self, rarely: int = 6) -> bool:
        """True in all but one of `rarely` cases."""
        return self.among(rarely) != 1


class World:
    """Tasks, a branch, a clock, and what has been recorded."""

    def __init__(self, script: bytes, tasks: int = 3, pipelines: Sequence[Pipeline] = PIPELINES) -> None:
        self.script = Script(script)
        self.pipelines = pipelines
        self.now = 1000.0
        self.commits: dict[str, Files] = {}
        self.tip = self._commit(dict(START))
        self.facts: dict[int, list[f.AnyFact]] = {}
        self.tasks: dict[int, Task] = {}
        self.workspaces: dict[int, Files] = {}
        self.landings: list[f.Landed] = []
        self.keys: dict[tuple[int, str], s.Step] = {}
        for number in range(1, tasks + 1):
            submission = f.TaskSubmitted(task=number, at=self.now, title="t", prompt="p", repo="/r", into="main")
            self.record(submission)

    def record(self, *facts: f.AnyFact) -> None:
        for fact in facts:
            self.facts.setdefault(fact.task, []).append(fact)
            task = apply(self.tasks.get(fact.task), fact)
            assert task is not None
            self.tasks[fact.task] = task

    def world(self, task: Task) -> s.World:
        return s.World(queue_turn=task.id in queue.heads(self.tasks.values()))

    def steps(self, task: Task) -> tuple[s.Step, ...]:
        return next_steps(task, self.world(task), self.now)

    def turn(self) -> None:
        """One thing happens: a step is carried out, a person speaks, others land, time passes."""
        self.now += 1
        doing = [(task, step) for task in self.tasks.values() for step in self._doable(task)]
        kind = self.script.among(16)
        if kind in (7, 8, 9):
            self._person()
        elif kind == 10 and not self.script.over:
            self._others_land()
        elif doing:
            task, step = doing[self.script.among(len(doing))]
            self._do(task, step)
        else:
            self.now = max(self.now, min(self._alarms(), default=self.now))

    def _alarms(self) -> Iterator[float]:
        for task in self.tasks.values():
            yield from (step.at for step in self.steps(task) if isinstance(step, s.WakeAt))

    def _doable(self, task: Task) -> list[s.Step]:
        return [step for step in self.steps(task) if not isinstance(step, s.Wait | s.WakeAt)]

    def _commit(self, files: Files) -> str:
        revision = f"{len(self.commits) + 1:040x}"
        self.commits[revision] = files
        return revision

    # what the engine does ------------------------------------------------------------------------------------

    def _do(self, task: Task, step: s.Step) -> None:
        if isinstance(step, s.Record):
            self.record(step.fact)
        elif not isinstance(step, s.StopAttempt) and not self.script.mostly(40):
            self.record(f.Troubled(task=task.id, at=self.now, step=step.key, reason="disk full"))
        else:
            self._DO[type(step)](self, task, step)

    def _start(self, task: Task, _step: s.Start) -> None:
        if not self.script.mostly(20):
            self.record(f.StartRefused(task=task.id, at=self.now, reason="no branch"))
            return
        pipeline = self.pipelines[self.script.among(len(self.pipelines))]
        self.record(
            f.TaskStarted(
                task=task.id,
                at=self.now,
                base=self.tip,
                base_tree=tree_id(self.commits[self.tip]),
                pipeline=pipeline,
                pipeline_hash="h",
                origin="o",
                sandboxed=True,
            )
        )

    def _attempt(self, task: Task, step: s.RunAttempt) -> None:
        if not step.begun:
            if step.files is not None:
                self.workspaces[task.id] = dict(self._files(step.files))
            self.record(f.Preparing(task=task.id, at=self.now, number=step.number))
            self.record(
                f.AttemptStarted(
                    task=task.id,
                    at=self.now,
                    number=step.number,
                    stage=step.stage,
                    agent=step.agent,
                    entered=step.entered,
                    session_id=step.resumes or f"s{step.number}",
                    resumes=step.resumes,
                )
            )
            return
        outcomes: Sequence[f.OutcomeKind] = ("done",) * 24 + (
            "failed",
            "crashed",
            "quota",
            "unavailable",
            "lost",
            "denied",
            "limit",
        )
        outcome = outcomes[self.script.among(len(outcomes))]
        self._work_on(task, step.stage)
        self._end(task, step.number, outcome)

    def _work_on(self, task: Task, at_stage: str) -> None:
        files = self.workspaces[task.id]
        access = task.pipeline.stage(at_stage).access
        if self.script.mostly() if access == "write" else not self.script.mostly():
            names = sorted(START)
            for _ in range(1 + self.script.among(2)):
                files[names[self.script.among(len(names))]] = 1 + self.script.among(3)

    def _end(self, task: Task, number: int, outcome: f.OutcomeKind) -> None:
        cost = None if not self.script.mostly() else 0.1
        self.record(
            f.AttemptEnded(
                task=task.id,
                at=self.now,
                number=number,
                outcome=outcome,
                reason=outcome,
                usage=f.Usage(cost_usd=cost, bound_usd=0.2, turns=1),
                running=1.0,
                reset_at=self.now + 30 if outcome == "quota" and self.script.mostly(2) else None,
            )
        )

    def _stop(self, task: Task, step: s.StopAttempt) -> None:
        self._end(task, step.number, "stopped")

    def _seal(self, task: Task, step: s.Seal) -> None:
        attempt = task.attempt(step.number)
        assert attempt is not None
        entered, left = self.commits[attempt.entered], self.workspaces[task.id]
        reads = task.pipeline.stage(attempt.stage).access == "read"
        changed = left != (self._files(attempt.given) if reads else entered)
        revision = self._commit(dict(entered if reads else left))
        work = self._describe(task, task.base, revision)
        self.record(f.WorkSealed(task=task.id, at=self.now, number=step.number, work=work, changed=changed))

    def _describe(self, task: Task, base: str, revision: str) -> f.Work:
        before, files = self.commits[base], self.commits[revision]
        changes = {name: seen(name, before, files) for name in task.pipeline.gates}
        return f.Work(
            revision=revision,
            tree=tree_id(files),
            base=base,
            base_tree=tree_id(before),
            changes={name: str(change) for name, change in changes.items() if change or name not in PATHS},
        )

    def _gate(self, task: Task, step: s.RunGate) -> None:
        results: Sequence[f.Result] = ("pass",) * 14 + ("fail", "fail", "error")
        result = results[self.script.among(len(results))]
        said = {"task": task.id, "at": self.now, "gate": step.gate.name, "definition": step.gate.definition}
        if not self.script.mostly(4):
            self.record(f.GateStarted(**said, tree=step.tree, run=step.key, on_base=step.on_base))  # type: ignore[arg-type]
            return
        self.record(
            f.GateRan(**said, tree=step.tree, result=result, reason=result, on_base=step.on_base, running=1.0)  # type: ignore[arg-type]
        )

    def _build(self, task: Task, step: s.BuildCandidate) -> None:
        base, source, tip = (self.commits[each] for each in (step.base, step.source, self.tip))
        said = {"task": task.id, "at": self.now, "number": step.number, "source": step.source, "tip": self.tip}
        merged, conflicts = dict(tip), []
        for path in sorted(source):
            if source[path] != base[path]:
                if tip[path] not in (base[path], source[path]):
                    conflicts.append(path)
                merged[path] = source[path]
        if conflicts:
            marked = merged | {path: 1000 + merged[path] for path in conflicts}
            files = self._commit(marked)
            self.record(
                f.CandidateConflicted(**said, tip_tree=tree_id(tip), files=files, paths=tuple(conflicts))  # type: ignore[arg-type]
            )
            return
        revision = self._commit(merged)
        work = self._describe(task, self.tip, revision)
        self.record(f.CandidateBuilt(**said, work=work, empty=merged == tip, approved_by=approvers(task)))  # type: ignore[arg-type]

    def _land(self, task: Task, step: s.Land) -> None:
        said = {"task": task.id, "at": self.now, "candidate": step.candidate}
        if intended(task) is None:
            self.record(*intend(task, step, self.now))
        elif not task.locks and not self.script.mostly(8):
            lock = f.LockFile(path="main.lock", device=1, inode=step.candidate, mtime_ns=1)
            self.record(f.LandingLocked(**said, locks=(lock,)))  # type: ignore[arg-type]
        elif self.tip == step.old and self.script.mostly(8):
            self.tip = step.new  # a crash may come before the fact
        elif self.tip == step.new:
            fact = f.Landed(task=task.id, at=self.now, commit=step.new)
            self.landings.append(fact)
            self.record(fact)
        elif self.tip == step.old:
            self.record(f.LandingRefused(**said, kind="blocked", reason="edits"))  # type: ignore[arg-type]
        else:
            self.record(f.LandingRefused(**said, kind="moved", reason="moved"))  # type: ignore[arg-type]

    def _files(self, name: str) -> Files:
        return self.commits[name]

    _DO: dict[type, Callable[..., None]] = {  # noqa: RUF012 (a table, never changed)
        s.Start: _start,
        s.RunAttempt: _attempt,
        s.StopAttempt: _stop,
        s.Seal: _seal,
        s.RunGate: _gate,
        s.BuildCandidate: _build,
        s.Land: _land,
    }

    # what others do ------------------------------------------------------------------------------------------

    def _others_land(self) -> None:
        names = sorted(START)
        files = self.commits[self.tip] | {names[self.script.among(len(names))]: 1 + self.script.among(3)}
        if files != self.commits[self.tip] and not any(t.intent for t in self.tasks.values()):
            self.tip = self._commit(files)

    def _person(self) -> None:
        everyone = list(self.tasks.values())
        waiting = [task for task in everyone if any(isinstance(step, s.Wait) for step in self.steps(task))]
        chosen = waiting if waiting and self.script.mostly() else everyone
        task, who = chosen[self.script.among(len(chosen))], commands.Who(name="ann", at=self.now)
        works = [attempt.work for attempt in task.attempts] + [task.candidate.work if task.candidate else None]
        revisions = [work.revision for work in works if work is not None]
        revision = revisions[-1] if revisions else "0" * 40
        if revisions and not self.script.mostly():
            revision = revisions[self.script.among(len(revisions))]
        stages = [each.name for each in task.pipeline.stages] if task.started else ["implement"]
        at_stage = ("", *stages)[self.script.among(len(stages) + 1)]
        asks: Sequence[Callable[[], Sequence[f.AnyFact]]] = (
            *[lambda: commands.approve(task, "", revision, who)] * 12,
            *[lambda: commands.retry(task, who)] * 4,
            lambda: commands.approve(task, "final", revision, who),
            lambda: commands.rework(task, "", who, "another way"),
            lambda: commands.retry(task, who, stage=at_stage, fresh=self.script.among(2) == 1),
            lambda: commands.retry(task, who, gate="tests"),
            lambda: commands.reject(task, revision, who),
            lambda: commands.cancel(task, who),
        )
        try:
            self.record(*asks[self.script.among(len(asks))]())
        except commands.Refused as refused:
            assert refused.reason
            assert refused.message


def replayed(facts: Sequence[f.AnyFact]) -> Task:
    """The fold of the facts, from nothing."""
    task: Task | None = None
    for fact in facts:
        task = apply(task, fact)
    assert task is not None
    return task


def renamed(fact: f.AnyFact, at_stage: str) -> f.AnyFact:
    """The fact at another stage, where it has one."""
    return replace(fact, stage=at_stage) if hasattr(fact, "stage") else fact
