"""A small model of everything around the core, which answers its steps at random.

Trees are real here (a few files with numbers in them), so that merges, changes and what a gate is about can be worked
out a second time, by other means than the core's. Several tasks work on one branch whose tip others move too. Every
choice is one byte of the walk's script; the first choice is always the good one, so a script that has run out leads
to the end.
"""

from collections.abc import Callable, Iterator, Sequence

from msgspec.structs import replace
from playbook import APPROVES, REJECTS
from walk_pipelines import JUDGES, PATHS, PIPELINES, RAISES, TIPS_OWN, todays

from foremand.core import commands, questions, queue, steering
from foremand.core import facts as f
from foremand.core import steps as s
from foremand.core.course import next_steps
from foremand.core.fold import apply
from foremand.core.landing import intend, intended
from foremand.core.needs import needs
from foremand.core.spec import Gate, Limits, Pipeline
from foremand.core.status import status
from foremand.core.task import Hold, Task, approvers

Files = dict[str, int]

SOURCES = ("src/a.py", "src/b.py", "src/c.py", "src/d.py", "src/e.py", "src/f.py")
START: Files = dict.fromkeys((*SOURCES, "docs/x.md", "docs/y.md", ".foremand/p.toml"), 0)

SECRET = 7
"""What no file may ever have held in a commit that lands."""


def tree_id(files: Files) -> str:
    return "tree:" + ",".join(f"{name}={value}" for name, value in sorted(files.items()))


def seen(name: str, base: Files, files: Files) -> list[tuple[str, int | None, int | None]]:
    """The change from `base`, as far as the gate's paths see it."""
    start = (PATHS | RAISES).get(name.partition("@")[0], "")
    touched = [path for path in sorted(base.keys() | files.keys()) if base.get(path) != files.get(path)]
    return [(path, base.get(path), files.get(path)) for path in touched if path.startswith(start)]


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
        self.parents: dict[str, str] = {}
        self.tip = self._commit(dict(START))
        self.broke = False
        self.sealed: dict[int, set[str]] = {}
        self.runs_allowed: dict[int, int] = {}
        self.facts: dict[int, list[f.AnyFact]] = {}
        self.tasks: dict[int, Task] = {}
        self.workspaces: dict[int, Files] = {}
        self.landings: list[f.Landed] = []
        self.keys: dict[tuple[int, str], s.Step] = {}
        for number in range(1, tasks + 1):
            submission = f.TaskSubmitted(
                task=number,
                at=self.now,
                title="t",
                prompt="p",
                repo="/r",
                into="main",
                profile=("", "fast")[self.script.among(2)],
                after=() if number == 1 or self.script.mostly(4) else (number - 1,),
            )
            self.record(submission)

    def record(self, *facts: f.AnyFact) -> None:
        for fact in facts:
            self.facts.setdefault(fact.task, []).append(fact)
            task = apply(self.tasks.get(fact.task), fact)
            assert task is not None
            self.tasks[fact.task] = task
            most = self.runs_allowed.get(fact.task, 0)
            self.runs_allowed[fact.task] = max(most, task.limits.attempts or 0)

    def world(self, task: Task) -> s.World:
        broke = Hold(on="budget", reason="the day's budget is spent") if self.broke and not task.excused else None
        turn = task.id in queue.heads(self.tasks.values())
        return s.World(queue_turn=turn, hold=needs(task, self.tasks) or broke)

    def steps(self, task: Task) -> tuple[s.Step, ...]:
        return next_steps(task, self.world(task), self.now)

    def turn(self) -> None:
        """One thing happens: a step is carried out, a person speaks, others land, time passes."""
        self.now += 1
        doing = [(task, step) for task in self.tasks.values() for step in self._doable(task)]
        kind = self.script.among(16)
        if kind in (7, 8):
            self._person()
        elif kind == 10 and not self.script.over and not self.script.mostly(3):
            self._others_land()
        elif kind == 11 and not self.script.over:
            self.broke = not self.broke and not self.script.mostly(5)
        elif doing:
            task, step = doing[self.script.among(len(doing))]
            self._do(task, step)
        else:
            self.now = max(self.now, min(self._alarms(), default=self.now))

    def _alarms(self) -> Iterator[float]:
        for task in self.tasks.values():
            yield from (step.at for step in self.steps(task) if isinstance(step, s.WakeAt))

    def _doable(self, task: Task) -> list[s.Step]:
        steps = [step for step in self.steps(task) if not isinstance(step, s.Wait | s.WakeAt)]
        stands = bool(questions.open_questions(task)) and self.script.among(8) != 1
        return [step for step in steps if not (stands and isinstance(step, s.RunAttempt))]

    def _commit(self, files: Files, parent: str = "") -> str:
        revision = f"{len(self.commits) + 1:040x}"
        self.commits[revision] = files
        if parent:
            self.parents[revision] = parent
        return revision

    def _line(self, revision: str) -> list[str]:
        """The commit and all before it."""
        made = [revision]
        while made[-1] in self.parents:
            made.append(self.parents[made[-1]])
        return made

    def between(self, base: str, revision: str) -> tuple[str, ...]:
        """What `git rev-list base..revision` says, the oldest first."""
        known = set(self._line(base))
        return tuple(each for each in reversed(self._line(revision)) if each not in known)

    def has_secret(self, revision: str) -> bool:
        """Whether this very commit brings one in."""
        before = self.commits[self.parents[revision]] if revision in self.parents else {}
        return any(value == SECRET != before.get(path) for path, value in self.commits[revision].items())

    # what the engine does ------------------------------------------------------------------------------------

    def _do(self, task: Task, step: s.Step) -> None:
        if isinstance(step, s.Record):
            self.record(step.fact)
        elif not isinstance(step, s.StopAttempt) and not self.script.mostly(60):
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

    def _lay(self, task: Task, files: str | None) -> None:
        """Make the workspace ready. What was in it before is kept somewhere, whatever becomes of it (I4)."""
        left = self.workspaces.get(task.id)
        last = next((a for a in reversed(task.attempts) if not a.gate), None)
        given_up = last is not None and task.trouble.get(f"seal:{last.number}") is not None
        if left is not None and files is not None and not given_up:
            assert tree_id(left) in self.sealed[task.id], "work is overwritten that nobody has sealed"
        if files is not None:
            self.workspaces[task.id] = dict(self._files(files))
            self.sealed.setdefault(task.id, set()).add(tree_id(self.workspaces[task.id]))

    def _attempt(self, task: Task, step: s.RunAttempt) -> None:
        assert step.gate or step.agent not in JUDGES, "a reviewer writes"
        if not step.begun:
            if not step.gate:
                self._lay(task, step.files)
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
                    gate=step.gate,
                    definition=step.definition,
                    about=step.about,
                    hears=self.script.mostly(2),
                )
            )
            return
        if not self.script.mostly(8) and status(task).state == "RUNNING":
            who = commands.Who(name="ann", at=self.now)
            self.record(*steering.say(task, "as it works", who, key=f"key-{self.now}"))
            task = self.tasks[task.id]
        for message in steering.unheard(task, step.number)[:1]:
            self.record(f.Heard(task=task.id, at=self.now, number=step.number, key=message.key))
        if self._stands_still(task, step):
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
        if not step.gate:
            self._work_on(task, step.stage)
        said = (APPROVES, APPROVES, APPROVES, REJECTS, "no verdict")[self.script.among(5)] if step.gate else ""
        self._end(task, step.number, outcome, said)

    def _work_on(self, task: Task, at_stage: str) -> None:
        files = self.workspaces[task.id]
        access = task.pipeline.stage(at_stage).access
        if task.feedback.get(at_stage) and self.script.mostly(4):  # it puts right what was refused
            files |= {"docs/y.md": self.commits[task.base]["docs/y.md"]}
            files |= {name: 1 for name, value in files.items() if value == SECRET}
        if self.script.mostly() if access == "write" else not self.script.mostly():
            names = sorted(START)
            for _ in range(1 + self.script.among(2)):
                value = 1 + self.script.among(3) if self.script.mostly(12) else SECRET
                files[names[self.script.among(len(names))]] = value

    def _hand_over(self, task: Task, step: s.HandOver) -> None:
        assert all(attempt.outcome is not None for attempt in task.attempts), "an agent and a person at once"
        self._lay(task, step.files)
        self.record(f.HandedOver(task=task.id, at=self.now, path="/w"))

    def _end(self, task: Task, number: int, outcome: f.OutcomeKind, said: str = "") -> None:
        cost = None if not self.script.mostly() else 0.1
        self.record(
            f.AttemptEnded(
                task=task.id,
                at=self.now,
                number=number,
                outcome=outcome,
                reason=outcome,
                output=said,
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
        assert all(a.outcome is not None for a in task.attempts), "it is sealed while an agent runs"
        self.sealed.setdefault(task.id, set()).add(tree_id(left))
        reads = task.pipeline.stage(attempt.stage).access == "read"
        changed = left != (self._files(attempt.given) if reads else entered)
        revision = self._commit(dict(entered if reads else left), attempt.entered)
        work = self._describe(task.pipeline, task.base, revision)
        self.record(f.WorkSealed(task=task.id, at=self.now, number=step.number, work=work, changed=changed))

    def _describe(
        self,
        pipeline: Pipeline,
        base: str,
        revision: str,
        more: Sequence[Gate] = (),
        seals: tuple[str, ...] = (),
    ) -> f.Work:
        before, files = self.commits[base], self.commits[revision]
        gates = {gate.name: gate for gate in (*pipeline.gates.values(), *more)}
        changes = {name: seen(name, before, files) for name in gates}
        raised = {name: seen(name, before, files) for name, profile in pipeline.profiles.items() if profile.paths}
        return f.Work(
            revision=revision,
            tree=tree_id(files),
            base=base,
            base_tree=tree_id(before),
            changes={name: str(change) for name, change in changes.items() if change or not gates[name].paths},
            commits=(*seals, *self.between(base, revision)),
            touched={name: ("touched",) for name in gates if gates[name].kind == "protected" and changes[name]},
            raises={name: ("touched",) for name, change in raised.items() if change},
        )

    def _gate(self, task: Task, step: s.RunGate) -> None:
        results: Sequence[f.Result] = ("pass",) * 20 + ("fail", "fail", "error")
        result = results[self.script.among(len(results))]
        if step.gate.kind == "secrets" and result != "error":
            assert step.commits
            result = "fail" if any(self.has_secret(each) for each in step.commits) else "pass"
        said = {"task": task.id, "at": self.now, "gate": step.gate.name, "definition": step.gate.definition}
        if not self.script.mostly(8):
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
            files = self._commit(marked, self.tip)
            self.record(
                f.CandidateConflicted(**said, tip_tree=tree_id(tip), files=files, paths=tuple(conflicts))  # type: ignore[arg-type]
            )
            return
        revision = self._commit(merged, self.tip)
        theirs = () if self.script.mostly(5) else TIPS_OWN[self.script.among(len(TIPS_OWN))]
        seals = self.between(task.base, step.source)
        work = self._describe(task.pipeline, self.tip, revision, theirs, seals)
        self.record(
            f.CandidateBuilt(
                **said,  # type: ignore[arg-type]
                work=work,
                empty=merged == tip,
                approved_by=approvers(task),
                gates=theirs,
                signs=not self.script.mostly(4),
            )
        )

    def _sign(self, task: Task, step: s.Sign) -> None:
        signed = self._commit(dict(self.commits[step.commit]), self.parents[step.commit])
        self.record(f.Signed(task=task.id, at=self.now, candidate=step.candidate, commit=signed))

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
        s.HandOver: _hand_over,
        s.Seal: _seal,
        s.Sign: _sign,
        s.RunGate: _gate,
        s.BuildCandidate: _build,
        s.Land: _land,
    }

    # what others do ------------------------------------------------------------------------------------------

    def _others_land(self) -> None:
        names = sorted(START)
        files = self.commits[self.tip] | {names[self.script.among(len(names))]: 1 + self.script.among(3)}
        if files != self.commits[self.tip] and not any(t.intent for t in self.tasks.values()):
            self.tip = self._commit(files, self.tip)

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
            lambda: commands.retry(task, who, agent=("coder", "spare", "critic")[self.script.among(3)]),
            lambda: commands.cancel(task, who) if self.script.among(3) == 1 else (),
            *[lambda: self._waive(task, who)] * 8,
            lambda: steering.pause(task, who),
            *[lambda: steering.resume(task, who)] * 4,
            *[lambda: steering.say(task, "a hint", who, key=(f"key-{self.now}", "")[self.script.among(2)])] * 2,
            *[lambda: steering.answer(task, "", self.script.among(2) == 1, "", who)] * 4,
            lambda: steering.take(task, who),
            *[lambda: self._give(task, who)] * 4,
            lambda: self._repin(task, who),
            lambda: steering.limit(task, Limits(attempts=20 + self.script.among(24)), who),
            lambda: steering.prioritize(task, self.script.among(3), who),
        )
        try:
            self.record(*asks[self.script.among(len(asks))]())
        except commands.Refused as refused:
            assert refused.reason
            assert refused.message

    def _stands_still(self, task: Task, step: s.RunAttempt) -> bool:
        """Whether the agent begins to wait for an answer, or gives up waiting for one."""
        waits = questions.open_questions(task, step.number)
        if step.gate or not (waits or self.script.among(12) == 1):
            return False
        if waits:
            self.record(f.QuestionWithdrawn(task=task.id, at=self.now, number=step.number, key=waits[0].key))
            return True
        asked = f.QuestionAsked(
            task=task.id,
            at=self.now,
            number=step.number,
            key=f"q-{self.now}",
            tool="Bash",
            text="make install",
            digest=f"d{self.script.among(2)}",
        )
        self.record(*questions.ask(self.tasks[task.id], asked))
        return True

    def _waive(self, task: Task, who: commands.Who) -> Sequence[f.AnyFact]:
        names = [each.gate.name for each in status(task).standings] or ["tests"]
        return steering.waive(task, names[self.script.among(len(names))], "", who, "it is all right")

    def _give(self, task: Task, who: commands.Who) -> Sequence[f.AnyFact]:
        rework = self.script.among(3) == 1
        facts = steering.give(task, "a bit", who, rework=rework)
        at_stage = next(fact.stage for fact in facts if isinstance(fact, f.AttemptStarted))
        self._work_on(task, at_stage)
        return facts

    def _repin(self, task: Task, who: commands.Who) -> Sequence[f.AnyFact]:
        if task.started is None:
            return steering.repin(task, None, who)
        pipeline = todays(task.started.pipeline) if "today" not in task.pipeline.gates else task.started.pipeline
        works = {
            a.number: self._describe(pipeline, a.work.base, a.work.revision)
            for a in task.attempts
            if a.work is not None and not a.void
        }
        digest = "today" if "today" in pipeline.gates else "h"
        return steering.repin(task, steering.Today(pipeline=pipeline, digest=digest, origin="o", works=works), who)


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
